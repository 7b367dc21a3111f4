"""A task that asks a model: its payload, with files and earlier turns in it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.connector.fields.mappings import check_name
from catalyst_groq.connector.fields.names import CONVERSATION, MODEL, PAYLOAD, WHEN_TOO_LONG
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.requests.conversation import Conversation
from catalyst_groq.connector.requests.files import Contents, with_files
from catalyst_groq.connector.requests.payload import render_payload
from catalyst_groq.connector.requests.truncation import OverflowStrategy, Truncated, truncate

OVERFLOW_STRATEGIES = tuple(OverflowStrategy)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked: the payload is still a template, and `variables` fill it."""

    template: Mapping[str, Any]
    model: str | None
    conversation: Conversation | None
    when_too_long: OverflowStrategy
    variables: Mapping[str, Any]

    @classmethod
    def from_fields(cls, written: RawFields) -> "ChatRequest":
        """Check the fields. Raises `FieldError`."""
        conversation = _conversation(written.text(CONVERSATION), written.variables)
        when_too_long = OverflowStrategy(written.one_of(WHEN_TOO_LONG, OVERFLOW_STRATEGIES))
        model = written.text(MODEL) or None
        return cls(written.parse_object(PAYLOAD), model, conversation, when_too_long, written.variables)

    def payload(self, *, stream: bool) -> dict[str, Any]:
        """Fill the payload; where it uses Files, they stand in it. Raises `FieldError`."""
        return render_payload(PAYLOAD, self.template, self.variables, self.model, stream=stream)

    def with_files(self, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
        """Put files and earlier turns into the payload. Raises `FieldError`."""
        filled = with_files(PAYLOAD, payload, contents)
        return self.conversation.prepend_turns(filled) if self.conversation else filled

    def output_variables(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the process variables that the next question needs."""
        return self.conversation.updated_turns(payload, answer) if self.conversation else {}

    def truncate(self, payload: Mapping[str, Any], share: float) -> Truncated | None:
        """Return a payload of so much of the prompt, if the modeller wants it shortened and it can be."""
        return truncate(payload, share, self.when_too_long, self.variables)


def _conversation(name: str, variables: Mapping[str, Any]) -> Conversation | None:
    check_name(CONVERSATION, name)
    return Conversation.read(CONVERSATION, name, variables) if name else None
