"""What Groq tells of its limits: in headers with every answer, and in the text of a refusal. Pure.

Source: reference/groq-api.md, sections 2.3 and 3.1. The headers tell requests per day and tokens per minute only; all
other limits stand nowhere but in the refusals that they cause.
"""

import re
from collections.abc import Iterator

from catalyst_groq.groq.api.errors import ErrorKind, classify
from catalyst_groq.groq.api.requests import Payload
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import Model
from catalyst_groq.groq.models.token_estimate import estimate_prompt, max_output_tokens
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.queue import LimitUpdate

LIMIT_HEADERS = (
    (LimitKind.RPD, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"),
    (LimitKind.TPM, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens"),
)
LIMIT_FIGURES = re.compile(r"Limit (?P<limit>[1-9]\d*),(?: Used (?P<used>\d+),)? Requested (?P<requested>\d+)")
LIMIT_MESSAGE = re.compile(rf"\((?P<name>[A-Z]+)\): {LIMIT_FIGURES.pattern}")
SAFETY_FACTOR = 0.95
"""What is made to fit is made a little smaller."""


def parse_limit_updates(answer: Response) -> Iterator[LimitUpdate]:
    """Yield what an answer tells of the limits."""
    for dimension, header_of_limit, header_of_rest in LIMIT_HEADERS:
        limit, remaining = (
            _parse_figure(answer.headers.get(header_of_limit)),
            _parse_figure(answer.headers.get(header_of_rest)),
        )
        if limit:
            # The headers of a stream were written before it had used anything.
            yield LimitUpdate(dimension, limit, remaining if answer.first_token is None else None)
    found = None if answer.ok else LIMIT_MESSAGE.search(answer.message)
    if found and found["name"] in LimitKind.__members__:
        most, used = int(found["limit"]), _parse_figure(found["used"])
        yield LimitUpdate(LimitKind[found["name"]], most, None if used is None else most - used)


def fraction_that_fits(answer: Response | NoResponse, payload: Payload, model: Model) -> float | None:
    """Return what share of the prompt would fit where a request is too large; None where a shorter one would not help.

    A refusal because of the model's context tells no figures: there an estimate takes their place.
    """
    why_not, output = classify(answer), max_output_tokens(payload)
    if why_not is None or why_not.kind is not ErrorKind.TOO_LARGE or f"({LimitKind.OTPM.name})" in why_not.message:
        return None
    if found := LIMIT_FIGURES.search(why_not.message):
        limit, prompt = int(found["limit"]), int(found["requested"]) - output
    else:
        limit, prompt = model.context_window or 0, estimate_prompt(payload, model)
    return SAFETY_FACTOR * min((limit - output) / prompt, 1.0) if limit > output and prompt > 0 else None


def _parse_figure(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
