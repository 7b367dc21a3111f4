"""What servers report about their limits: in the headers of each response, and in the message of a refusal. Pure.

Source for Groq: reference/groq-api.md, sections 2.3 and 3.1. Its headers report requests per day and tokens per minute
only; all other limits appear only in the refusals that they cause. The same headers of other servers have other
windows (`other_servers.py`).
"""

import re
from collections.abc import Iterator

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import MAX_SEARCHED_CHARS, ApiError
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.models.catalog import Model
from catalyst_groq.groq.models.token_estimate import estimate_prompt, max_output_tokens
from catalyst_groq.groq.rate_limits.bucket import GROQ_LIMIT_KINDS, LimitKind
from catalyst_groq.groq.rate_limits.other_servers import parse_reports
from catalyst_groq.groq.rate_limits.queue import LimitUpdate

LIMIT_HEADERS = (
    (LimitKind.RPD, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"),
    (LimitKind.TPM, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens"),
)
MAX_DIGITS = 18
"""Of a count; Python refuses to convert thousands of them."""

LIMIT_FIGURES = re.compile(
    r"Limit (?P<limit>[1-9]\d{0,17}),(?: Used (?P<used>\d{1,18}),)? Requested ~?(?P<requested>\d{1,18})"
)
CONTEXT_FIGURES = re.compile(
    r"maximum context length is (?P<limit>\d{1,18}) tokens.{0,60}?\((?P<prompt>\d{1,18}) (?:in the|of text)"
)
"""Of vLLM and OpenRouter: their limit, and the tokens of the prompt."""

LIMIT_MESSAGE = re.compile(
    rf"\((?P<name>{'|'.join(kind.name for kind in GROQ_LIMIT_KINDS)})\): {LIMIT_FIGURES.pattern}"
)
TRUNCATION_SAFETY_FACTOR = 0.95
"""A truncated request is made this much smaller than what fits, because sizes are estimates."""


def parse_limit_updates(response: Response) -> Iterator[LimitUpdate]:
    """Yield what a response reports about limits."""
    yield from _parse_groq_headers(response) if response.is_from_groq else parse_reports(response.headers)
    if match := _limit_message(response):
        limit, used = int(match["limit"]), _parse_count(match["used"])
        yield LimitUpdate(LimitKind[match["name"]], limit, None if used is None else limit - used)


def _parse_groq_headers(response: Response) -> Iterator[LimitUpdate]:
    for kind, limit_header, remaining_header in LIMIT_HEADERS:
        if limit := _parse_count(response.headers.get(limit_header)):
            # The headers of a stream were written before it had used anything.
            remaining = _parse_count(response.headers.get(remaining_header)) if response.first_token is None else None
            yield LimitUpdate(kind, limit, remaining)


def names_limit(response: Response) -> bool:
    """Whether a refusal has the figures of the limit that caused it, so that the queue knows how long to wait."""
    match = _limit_message(response)
    return match is not None and match["used"] is not None


def _limit_message(response: Response) -> re.Match[str] | None:
    return None if response.ok else LIMIT_MESSAGE.search(response.message[:MAX_SEARCHED_CHARS])


def fraction_that_fits(error: ApiError, payload: Payload, model: Model) -> float | None:
    """Return the fraction of the prompt that would fit after a `TOO_LARGE` error; None when truncation cannot help.

    Groq's refusal because of the model's context window has no figures, so that an estimate is used.
    """
    if error.kind is not ErrorKind.TOO_LARGE or f"({LimitKind.OTPM.name})" in error.message:
        return None
    output = max_output_tokens(payload)
    if match := LIMIT_FIGURES.search(error.message[:MAX_SEARCHED_CHARS]):
        limit, prompt = int(match["limit"]), int(match["requested"]) - output
    elif match := CONTEXT_FIGURES.search(error.message[:MAX_SEARCHED_CHARS]):
        limit, prompt = int(match["limit"]), int(match["prompt"])
    else:
        limit, prompt = model.context_window or 0, estimate_prompt(payload, model)
    if limit <= output or prompt <= 0:
        return None
    return TRUNCATION_SAFETY_FACTOR * min((limit - output) / prompt, 1.0)


def _parse_count(text: str | None) -> int | None:
    return int(text) if text and len(text) <= MAX_DIGITS and text.isdecimal() else None
