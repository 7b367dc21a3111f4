"""What an incident tells beyond its message: what it took, what was answered, and what was asked. Pure.

The engine keeps error details whole and shows them in Cockpit, beside the incident; they are read by people.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worker.connector.written import API_KEY, PAYLOAD, PROMPT
from worker.groq.answers import Answer, NoAnswer
from worker.groq.waiting import Exchange

MOST = 20_000
"""Characters of the request, as many of the answer, and as many of the fields: all details are below 50,000."""

MOST_OF_A_TEXT = 2000
DEEPEST = 20
CONTENTS = {"messages", "choices", "failed_generation", "prompt", "text", "segments", "words"}
"""What stands below these names is what people and models say to each other …"""

PLAIN = {"role", "type", "finish_reason", "index"}
"""… except for these."""

HEADER = re.compile(r"x-request-id|retry-after|content-type|x-groq-region|cf-ray|x-ratelimit-.+")
"""The headers that tell Groq's support or an operator something."""

DATA = re.compile(r"data:[^,]{0,100},")


@dataclass(frozen=True, slots=True)
class Details:
    """How the details of a failure are told. All that is handed in is without keys already."""

    mask_contents: bool = False
    """Whether only the length is told of what people and models say to each other."""

    def of(self, request: Mapping[str, Any], exchange: Exchange) -> str:
        """Tell what came of asking Groq for something."""
        took = [f"Attempts: {exchange.attempts}, waited for limits: {exchange.waited:.1f} s"]
        took += [f"{step.model} at {step.endpoint}: {step.said}" for step in exchange.way]
        asked = ["", "The request:", _cut(self._pretty(request))]
        return "\n".join([*took, *self._answered(exchange.answer), *asked])

    def of_fields(self, fields: Mapping[str, str | Mapping[str, Any]]) -> str:
        """Tell what a task's edited fields hold, where Groq was not asked. One that may hold a key is left out."""
        lines = [f"{name}:\n{self._field(name, text)}" for name, text in fields.items() if name != API_KEY]
        return _cut("\n\n".join(["Groq was not asked. The fields that are not as the template has them:", *lines]))

    def _answered(self, answer: Answer | NoAnswer) -> Iterator[str]:
        if isinstance(answer, NoAnswer):
            yield f"{answer.loss}: {answer.reason}"
            yield f"The request {'may have reached' if answer.sent else 'did not reach'} Groq."
            return
        yield f"Groq's request id: {answer.request_id or 'none'}"
        yield f"Status: {answer.status}"
        yield from (f"{name}: {value}" for name, value in answer.headers.items() if HEADER.fullmatch(name))
        if answer.body is None:
            yield _length(answer.text) if self.mask_contents else _cut(answer.text)
        else:
            yield _cut(self._pretty(answer.body))

    def _field(self, name: str, text: str | Mapping[str, Any]) -> str:
        written = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        return _length(written) if self.mask_contents and name in {PAYLOAD, PROMPT} else written

    def _pretty(self, structure: Any) -> str:
        return json.dumps(self._shown(structure), ensure_ascii=False, indent=2)

    def _shown(self, value: Any, depth: int = 0, *, masked: bool = False) -> Any:
        """Shorten what is long, leave out what is deep, and mask what is below one of the names of contents."""
        match value:
            case str():
                return _length(value) if masked else _shortened(value)
            case dict() | list() if depth == DEEPEST:
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
        return self.mask_contents and name not in PLAIN and (outside or name in CONTENTS)


def _shortened(text: str) -> str:
    if data := DATA.match(text):
        return f"{data[0]}… {_length(text)}"
    return text if len(text) <= MOST_OF_A_TEXT else f"{text[:MOST_OF_A_TEXT]}… {_length(text)}"


def _cut(text: str) -> str:
    return text if len(text) <= MOST else f"{text[:MOST]}\n… {_length(text)}"


def _length(text: str) -> str:
    return f"({len(text):,} characters)"
