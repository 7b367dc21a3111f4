"""Error details of a failure: attempts, Groq's response and the request, in full beside the incident's message. Pure.

The engine stores error details without cutting them, and shows them to a person in Cockpit.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.common.durations import format_duration
from catalyst_groq.connector.fields.names import API_KEY, PAYLOAD, PROMPT, URL
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.routing.call_result import CallResult

MAX_SECTION_CHARS = 20_000
"""Maximum for the request, for the response and for the fields, each; so all details are below 50,000 characters."""

MAX_TEXT_CHARS = 2000
MAX_DEPTH = 20
CONTENT_KEYS = {"messages", "choices", "failed_generation", "prompt", "input", "text", "segments", "words"}
"""Keys whose values are prompt or completion text, masked with CATALYST_MASK_CONTENTS."""

UNMASKED_KEYS = {"role", "type", "finish_reason", "index"}
"""Keys below `CONTENT_KEYS` that are never masked."""

SHOWN_HEADERS = re.compile(
    r"x-request-id|retry-after(?:-ms)?|date|content-type|x-groq-region|cf-ray|(?:x-|anthropic-)?ratelimit-.+"
)
"""Headers that help Groq's support or an operator."""

DATA_URL = re.compile(r"data:[^,]{0,100},")


@dataclass(frozen=True, slots=True)
class ErrorDetails:
    """Writes the details of a failure. The caller has removed all keys before."""

    mask_contents: bool = False
    """Whether to replace prompts and completions by their length."""

    def describe_call(self, request: Mapping[str, Any], result: CallResult) -> str:
        """Describe a failed call: its attempts, the last response, and the request."""
        attempts = [f"Attempts: {result.attempt_count}, waited for rate limits: {format_duration(result.waited)}"]
        attempts += [f"{attempt.route}: {attempt.result}" for attempt in result.attempts_by_route()]
        sent = ["", "The request:", _cut_section(self._format_json(request))]
        return "\n".join([*attempts, *self._describe_response(result.response), *sent])

    def describe_fields(self, fields: Mapping[str, str | Mapping[str, Any]], *, before_request: bool) -> str:
        """Describe the fields of a task that failed without a request. The field that may hold a key is left out.

        `before_request`: it is certain that Groq was not called.
        """
        title = f"{'Groq was not called. ' if before_request else ''}Fields that differ from the template's defaults:"
        sections = [f"{name}:\n{self._format_field(name, value)}" for name, value in fields.items() if name != API_KEY]
        return _cut_section("\n\n".join([title, *sections]))

    def _describe_response(self, response: Response | NoResponse) -> Iterator[str]:
        if isinstance(response, NoResponse):
            yield f"{response.reason}: {response.message}"
            yield f"The request {'may have reached' if response.sent else 'did not reach'} Groq."
            return
        yield f"Groq's request id: {response.request_id or 'none'}"
        yield f"Status: {response.status}"
        yield from (f"{name}: {value}" for name, value in response.headers.items() if SHOWN_HEADERS.fullmatch(name))
        if response.body is None:
            yield _length_note(response.text) if self.mask_contents else _cut_section(response.text)
        else:
            yield _cut_section(self._format_json(response.body))

    def _format_field(self, name: str, value: str | Mapping[str, Any]) -> str:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        if name == URL:
            return hide_user_info(text)
        return _length_note(text) if self.mask_contents and name in {PAYLOAD, PROMPT} else text

    def _format_json(self, structure: Any) -> str:
        return json.dumps(self.abridge(structure), ensure_ascii=False, indent=2, default=str)

    def abridge(self, value: Any, depth: int = 0, *, masked: bool = False) -> Any:
        """Shorten long texts, leave out what is nested too deeply, and mask what is below `CONTENT_KEYS`."""
        match value:
            case str():
                return _length_note(value) if masked else _cut_text(value)
            case dict() | list() if depth == MAX_DEPTH:
                return "…"
            case dict():
                return {
                    name: self.abridge(part, depth + 1, masked=self._is_masked(name, parent_masked=masked))
                    for name, part in value.items()
                }
            case list():
                return [self.abridge(part, depth + 1, masked=masked) for part in value]
            case _:
                return value

    def _is_masked(self, name: str, *, parent_masked: bool) -> bool:
        return self.mask_contents and name not in UNMASKED_KEYS and (parent_masked or name in CONTENT_KEYS)


def _cut_text(text: str) -> str:
    if data := DATA_URL.match(text):
        return f"{data[0]}… {_length_note(text)}"
    return text if len(text) <= MAX_TEXT_CHARS else f"{text[:MAX_TEXT_CHARS]}… {_length_note(text)}"


def _cut_section(text: str) -> str:
    return text if len(text) <= MAX_SECTION_CHARS else f"{text[:MAX_SECTION_CHARS]}\n… {_length_note(text)}"


def _length_note(text: str) -> str:
    return f"({len(text):,} characters)"
