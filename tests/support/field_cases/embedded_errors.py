"""Family 3: a failure inside a response with status 200."""

from support.field_cases.case import STREAM, Case, Completed, ErrorEvent, Incident
from support.field_cases.responses import answered, chat, chunk, http, streamed


def provider_limit(raw: str) -> bytes:
    metadata = {"raw": raw, "provider_name": "Groq"}
    return http(200, {"error": {"message": "Provider returned error", "code": 429, "metadata": metadata}})


HALF_SENTENCE = {
    "error": {"message": "Upstream error from provider: connection lost", "code": 502},
    "finish_reason": "error",
    "native_finish_reason": "error",
    "index": 0,
    "message": {"role": "assistant", "content": "The sum is", "refusal": None},
}
ERROR_CHUNK = {
    **chunk({"content": ""}, "error"),
    "provider": "Groq",
    "error": {"code": 429, "message": "Rate limit exceeded"},
}

CASES = (
    Case(
        "11a-200-error-429",
        "sends an error 429 with status 200, three times",
        [provider_limit("openai/gpt-oss-120b is temporarily rate-limited upstream. Please retry shortly.")] * 3
        + [answered("late")],
        Completed({"aiReply": "late"}),
        calls=4,
        boundary=True,
    ),
    Case(
        "11b-200-choice-error",
        "sends half a sentence with status 200, and an error 502 in the choice",
        [http(200, {**chat(), "choices": [HALF_SENTENCE]})],
        Incident(("502 Upstream error from provider: connection lost",)),
        calls=3,
        paid=0,
        boundary=True,
    ),
    Case(
        "11c-200-error-401",
        "sends an error 401 with status 200",
        [http(200, {"error": {"message": "No auth credentials found", "code": 401}})],
        ErrorEvent("AUTH_FAILED", "No auth credentials found"),
        paid=0,
        boundary=True,
    ),
    Case(
        "11d-200-choices-null",
        "sends `choices: null`",
        [http(200, {"id": None, "choices": None, "model": "m", "usage": None})],
        Incident(("The response has no choices",)),
        calls=3,
        paid=0,
        boundary=True,
    ),
    Case(
        "11e-200-choices-empty",
        "sends an empty list of choices",
        [http(200, {**chat(), "choices": []})],
        Incident(("The response has no choices",)),
        paid=0,
        boundary=True,
    ),
    Case(
        "11f-stream-choice-error",
        "ends a stream with an error 429 after its first words",
        [
            streamed(b": OPENROUTER PROCESSING", chunk({"role": "assistant", "content": "The sum"}), ERROR_CHUNK),
            answered("late"),
        ],
        Completed({"aiReply": "late"}),
        calls=2,
        payload=STREAM,
        boundary=True,
    ),
)
