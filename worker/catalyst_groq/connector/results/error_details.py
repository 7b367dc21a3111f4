"""What an incident tells beyond its message: what it took, what was answered, and what was asked. Pure.

The engine keeps error details whole and shows them in Cockpit, beside the incident; they are read by people.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.connector.fields.names import API_KEY, PAYLOAD, PROMPT
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.routing.call_result import CallResult

MAX_SECTION_CHARS = 20_000
"""Characters of the request, as many of the answer, and as many of the fields: all details are below 50,000."""

MAX_TEXT_CHARS = 2000
MAX_DEPTH = 20
CONTENT_KEYS = {"messages", "choices", "failed_generation", "prompt", "text", "segments", "words"}
"""What stands below these names is what people and models say to each other …"""

UNMASKED_KEYS = {"role", "type", "finish_reason", "index"}
"""… except for these."""

SHOWN_HEADERS = re.compile(r"x-request-id|retry-after|content-type|x-groq-region|cf-ray|x-ratelimit-.+")
"""The headers that tell Groq's support or an operator something."""

DATA_URL = re.compile(r"data:[^,]{0,100},")


@dataclass(frozen=True, slots=True)
class ErrorDetails:
    """How the details of a failure are told. All that is handed in is without keys already."""

    mask_contents: bool = False
    """Whether only the length is told of what people and models say to each other."""

    def of(self, request: Mapping[str, Any], exchange: CallResult) -> str:
        """Tell what came of asking Groq for something."""
        took = [f"Attempts: {exchange.attempt_count}, waited for limits: {exchange.waited:.1f} s"]
        took += [f"{attempt.route}: {attempt.result}" for attempt in exchange.attempts_by_route()]
        asked = ["", "The request:", _cut_section(self._pretty(request))]
        return "\n".join([*took, *self._answered(exchange.response), *asked])

    def of_fields(self, fields: Mapping[str, str | Mapping[str, Any]]) -> str:
        """Tell what a task's edited fields hold, where Groq was not asked. One that may hold a key is left out."""
        lines = [f"{name}:\n{self._field(name, text)}" for name, text in fields.items() if name != API_KEY]
        return _cut_section(
            "\n\n".join(["Groq was not asked. The fields that are not as the template has them:", *lines])
        )

    def _answered(self, answer: Response | NoResponse) -> Iterator[str]:
        if isinstance(answer, NoResponse):
            yield f"{answer.reason}: {answer.message}"
            yield f"The request {'may have reached' if answer.sent else 'did not reach'} Groq."
            return
        yield f"Groq's request id: {answer.request_id or 'none'}"
        yield f"Status: {answer.status}"
        yield from (f"{name}: {value}" for name, value in answer.headers.items() if SHOWN_HEADERS.fullmatch(name))
        if answer.body is None:
            yield _length_note(answer.text) if self.mask_contents else _cut_section(answer.text)
        else:
            yield _cut_section(self._pretty(answer.body))

    def _field(self, name: str, text: str | Mapping[str, Any]) -> str:
        written = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        return _length_note(written) if self.mask_contents and name in {PAYLOAD, PROMPT} else written

    def _pretty(self, structure: Any) -> str:
        return json.dumps(self._shown(structure), ensure_ascii=False, indent=2, default=str)

    def _shown(self, value: Any, depth: int = 0, *, masked: bool = False) -> Any:
        """Shorten what is long, leave out what is deep, and mask what is below one of the names of contents."""
        match value:
            case str():
                return _length_note(value) if masked else _abbreviate(value)
            case dict() | list() if depth == MAX_DEPTH:
                return "…"
            case dict():
                return {
                    name: self._shown(part, depth + 1, masked=self._masks(name, outside=masked))
                    for name, part in value.items()
                }
            case list():
                return [self._shown(part, depth + 1, masked=masked) for part in value]
            case _:
                return value

    def _masks(self, name: str, *, outside: bool) -> bool:
        return self.mask_contents and name not in UNMASKED_KEYS and (outside or name in CONTENT_KEYS)


def _abbreviate(text: str) -> str:
    if data := DATA_URL.match(text):
        return f"{data[0]}… {_length_note(text)}"
    return text if len(text) <= MAX_TEXT_CHARS else f"{text[:MAX_TEXT_CHARS]}… {_length_note(text)}"


def _cut_section(text: str) -> str:
    return text if len(text) <= MAX_SECTION_CHARS else f"{text[:MAX_SECTION_CHARS]}\n… {_length_note(text)}"


def _length_note(text: str) -> str:
    return f"({len(text):,} characters)"
