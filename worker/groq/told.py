"""What Groq tells of its limits: in headers with every answer, and in the text of a refusal. Pure.

Source: reference/groq-api.md, sections 2.3 and 3.1. The headers tell requests per day and tokens per minute only; all
other limits stand nowhere but in the refusals that they cause.
"""

import re
from collections.abc import Iterator

from worker.groq.answers import Answer
from worker.groq.buckets import Dimension
from worker.groq.lines import Told

IN_HEADERS = {"requests": Dimension.RPD, "tokens": Dimension.TPM}
IN_TEXT = re.compile(r"\((?P<name>[A-Z]+)\): Limit (?P<limit>[1-9]\d*),(?: Used (?P<used>\d+),)? Requested \d+")


def told_by(answer: Answer) -> Iterator[Told]:
    """Yield what an answer tells of the limits."""
    for name, dimension in IN_HEADERS.items():
        limit = _figure(answer.headers.get(f"x-ratelimit-limit-{name}"))
        remaining = _figure(answer.headers.get(f"x-ratelimit-remaining-{name}"))
        if limit:
            # The headers of a stream were written before it had used anything.
            yield Told(dimension, limit, remaining if answer.first_token is None else None)
    found = None if answer.ok else IN_TEXT.search(answer.message)
    if found and found["name"] in Dimension.__members__:
        most, used = int(found["limit"]), _figure(found["used"])
        yield Told(Dimension[found["name"]], most, None if used is None else most - used)


def _figure(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
