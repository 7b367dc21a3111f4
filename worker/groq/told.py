"""What Groq tells of its limits: in headers with every answer, and in the text of a refusal. Pure.

Source: reference/groq-api.md, sections 2.3 and 3.1. The headers tell requests per day and tokens per minute only; all
other limits stand nowhere but in the refusals that they cause.
"""

import re
from collections.abc import Iterator

from worker.groq.accounts import Payload
from worker.groq.answers import Answer, NoAnswer
from worker.groq.buckets import Dimension
from worker.groq.errors import Problem, refusal
from worker.groq.lines import Told
from worker.groq.models import Model
from worker.groq.tokens import estimate_prompt, most_output

IN_HEADERS = (
    (Dimension.RPD, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"),
    (Dimension.TPM, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens"),
)
FIGURES = re.compile(r"Limit (?P<limit>[1-9]\d*),(?: Used (?P<used>\d+),)? Requested (?P<requested>\d+)")
IN_TEXT = re.compile(rf"\((?P<name>[A-Z]+)\): {FIGURES.pattern}")
CAUTION = 0.95
"""What is made to fit is made a little smaller."""


def told_by(answer: Answer) -> Iterator[Told]:
    """Yield what an answer tells of the limits."""
    for dimension, header_of_limit, header_of_rest in IN_HEADERS:
        limit, remaining = _figure(answer.headers.get(header_of_limit)), _figure(answer.headers.get(header_of_rest))
        if limit:
            # The headers of a stream were written before it had used anything.
            yield Told(dimension, limit, remaining if answer.first_token is None else None)
    found = None if answer.ok else IN_TEXT.search(answer.message)
    if found and found["name"] in Dimension.__members__:
        most, used = int(found["limit"]), _figure(found["used"])
        yield Told(Dimension[found["name"]], most, None if used is None else most - used)


def share_that_fits(answer: Answer | NoAnswer, payload: Payload, model: Model) -> float | None:
    """Return what share of the prompt would fit where a request is too large; None where a shorter one would not help.

    A refusal because of the model's context tells no figures: there an estimate takes their place.
    """
    why_not, output = refusal(answer), most_output(payload)
    if why_not is None or why_not.problem is not Problem.TOO_LARGE or f"({Dimension.OTPM.name})" in why_not.message:
        return None
    if found := FIGURES.search(why_not.message):
        limit, prompt = int(found["limit"]), int(found["requested"]) - output
    else:
        limit, prompt = model.context_window or 0, estimate_prompt(payload, model)
    return CAUTION * min((limit - output) / prompt, 1.0) if limit > output and prompt > 0 else None


def _figure(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
