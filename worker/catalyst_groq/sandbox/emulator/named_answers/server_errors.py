"""Errors of other servers in their own words."""

from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from time import time
from typing import Any

from catalyst_groq.sandbox.emulator.named_answers.answer import (
    MakeAnswer,
    NamedAnswer,
    NamedRequest,
    RawAnswer,
    RequestKind,
    json_answer,
    same_for_all,
)
from catalyst_groq.sandbox.emulator.named_answers.completions import completion

WAIT_SECONDS = 2

_NEVER_FITS = "on tokens per minute (TPM): Limit 8000, Requested 12328, please reduce your message size and try again."


def _other(name: str, description: str, body: Any, status: int = HTTPStatus.OK) -> NamedAnswer:
    """Return an error in the form of another server."""
    return NamedAnswer(name, description, same_for_all(json_answer(body, status)))


def _limited(headers: Mapping[str, str] | None = None) -> RawAnswer:
    return json_answer({"error": {"message": "Too many requests", "type": "rate_limit"}}, 429, headers)


def _limited_until_date(_: NamedRequest) -> RawAnswer:
    return _limited({"retry-after": formatdate(time() + WAIT_SECONDS, usegmt=True)})


def _with_choices(choices: Any) -> MakeAnswer:
    return lambda request: json_answer({**completion({"content": None}, "stop", request.model), "choices": choices})


_HALF_SENTENCE = {
    "index": 0,
    "message": {"role": "assistant", "content": "The sum is"},
    "finish_reason": "error",
    "error": {"message": "Upstream error from provider: connection lost", "code": 502},
}

ACCOUNT_ERRORS = (
    _other(
        "insufficient_quota",
        "OpenAI: no credit is left (429, although no wait helps)",
        {
            "error": {
                "message": "You exceeded your current quota, please check your plan and billing details.",
                "type": "insufficient_quota",
                "param": None,
                "code": "insufficient_quota",
            }
        },
        429,
    ),
    _other(
        "payment_required",
        "OpenRouter: no credit is left (402)",
        {"error": {"message": "Insufficient credits. Add more using the settings page.", "code": 402}},
        402,
    ),
    _other(
        "refused_by_gateway",
        "LiteLLM: the key of the gateway is refused (401)",
        {
            "error": {
                "message": "Authentication Error, Invalid proxy server token passed.",
                "type": "auth_error",
                "param": "None",
                "code": "401",
            }
        },
        401,
    ),
)

INSIDE_SUCCESS = (
    _other(
        "error_inside_200",
        "OpenRouter: an error 429 with status 200",
        {"error": {"message": "Provider returned error", "code": 429, "metadata": {"provider_name": "Groq"}}},
    ),
    _other(
        "unauthorized_inside_200",
        "OpenRouter: an error 401 with status 200",
        {"error": {"message": "No auth credentials found", "code": 401}},
    ),
    NamedAnswer(
        "choice_error",
        "OpenRouter: half a sentence and an error 502 with status 200",
        _with_choices([_HALF_SENTENCE]),
        RequestKind.CHAT,
    ),
    NamedAnswer("choices_null", "`choices: null` with status 200", _with_choices(None), RequestKind.CHAT),
    NamedAnswer("choices_empty", "an empty list of choices with status 200", _with_choices([]), RequestKind.CHAT),
)

TOO_LONG = (
    _other(
        "context_length_vllm",
        "vLLM: the request is longer than the context",
        {
            "error": {
                "message": "This model's maximum context length is 4096 tokens. However, you requested 5124 tokens "
                "(4100 in the messages, 1024 in the completion). Please reduce the length of the messages or "
                "completion.",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            }
        },
        400,
    ),
    _other(
        "context_length_litellm",
        "LiteLLM: the request is larger than Groq's limit (429, although no wait helps)",
        {
            "error": {
                "message": "litellm.RateLimitError: RateLimitError: GroqException - "
                f'{{"error":{{"message":"Request too large for model `openai/gpt-oss-120b` {_NEVER_FITS}"}}}}',
                "type": "throttling_error",
                "param": None,
                "code": "429",
            }
        },
        429,
    ),
    _other(
        "context_length_tgi",
        "TGI: the request is longer than the context (422)",
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3500 `inputs` "
            "tokens and 1024 `max_new_tokens`",
            "error_type": "validation",
        },
        422,
    ),
    _other(
        "context_length_azure",
        "Azure: the request is longer than the context",
        {
            "error": {
                "message": "This model's maximum context length is 4096 tokens. However, your messages resulted in "
                "5124 tokens. Please reduce the length of the messages.",
                "type": "invalid_request_error",
                "param": "messages",
                "code": "context_length_exceeded",
            }
        },
        400,
    ),
    _other(
        "context_length_openrouter",
        "OpenRouter: the request is longer than the context",
        {
            "error": {
                "message": "This endpoint's maximum context length is 4096 tokens. However, you requested about 5124 "
                "tokens. Please reduce the length of either one.",
                "code": 400,
            }
        },
        400,
    ),
)

LIMITS = (
    NamedAnswer("retry_after_date", "429 with `retry-after` as a date", _limited_until_date),
    NamedAnswer(
        "retry_after_go_duration",
        "429 with `retry-after` as a duration of Go",
        same_for_all(_limited({"retry-after": f"{WAIT_SECONDS}.0s"})),
    ),
    NamedAnswer(
        "retry_after_ms", "429 with `retry-after-ms`", same_for_all(_limited({"retry-after-ms": f"{WAIT_SECONDS}000"}))
    ),
    NamedAnswer("rate_limit_without_wait", "429 that names no wait", same_for_all(_limited())),
)

UNKNOWN_MODELS = (
    _other(
        "unknown_model_azure",
        "Azure: there is no such model",
        {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}},
        404,
    ),
    _other(
        "unknown_model_ollama",
        "Ollama: there is no such model",
        {"error": {"message": 'model "gpt-oss:20b" not found, try pulling it first', "type": "api_error"}},
        404,
    ),
    _other(
        "unknown_model_openrouter",
        "OpenRouter: there is no such model (400)",
        {"error": {"message": "openai/gpt-oss-120b is not a valid model ID", "code": 400}},
        400,
    ),
    _other(
        "unknown_model_vllm",
        "vLLM: there is no such model",
        {
            "object": "error",
            "message": "The model `openai/gpt-oss-120b` does not exist.",
            "type": "NotFoundError",
            "param": None,
            "code": 404,
        },
        404,
    ),
    _other(
        "fastapi_validation",
        "FastAPI: the form of the request is wrong (`detail`, 422)",
        {"detail": [{"type": "missing", "loc": ["body", "messages"], "msg": "Field required"}]},
        422,
    ),
)

ERRORS = (*ACCOUNT_ERRORS, *INSIDE_SUCCESS, *TOO_LONG, *LIMITS, *UNKNOWN_MODELS)
