"""A task that asks a model: its payload, with files and earlier turns in it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.connector.conversation import Conversation
from worker.connector.files import Contents, with_files
from worker.connector.mapping import check_name
from worker.connector.payload import render_payload
from worker.connector.shortening import Shorter, WhenTooLong, shortened
from worker.connector.written import CONVERSATION, MODEL, PAYLOAD, WHEN_TOO_LONG, Written


@dataclass(frozen=True, slots=True)
class Chat:
    """What is asked: the payload is still a template, and `variables` fill it."""

    template: Mapping[str, Any]
    model: str | None
    conversation: Conversation | None
    when_too_long: WhenTooLong
    variables: Mapping[str, Any]

    @classmethod
    def read(cls, written: Written) -> "Chat":
        """Check the fields. Raises `FieldError`."""
        conversation = _conversation(written.text(CONVERSATION), written.variables)
        when_too_long = written.choice(WHEN_TOO_LONG, WhenTooLong, "way to shorten")
        model = written.text(MODEL) or None
        return cls(written.structure(PAYLOAD), model, conversation, when_too_long, written.variables)

    def payload(self, *, stream: bool) -> dict[str, Any]:
        """Fill the payload; where it uses Files, they stand in it. Raises `FieldError`."""
        return render_payload(PAYLOAD, self.template, self.variables, self.model, stream=stream)

    def with_files(self, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
        """Put files and earlier turns into the payload. Raises `FieldError`."""
        filled = with_files(PAYLOAD, payload, contents)
        return self.conversation.before(filled) if self.conversation else filled

    def remembered(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the process variables that the next question needs."""
        return self.conversation.after(payload, answer) if self.conversation else {}

    def shorter(self, payload: Mapping[str, Any], share: float) -> Shorter | None:
        """Return a payload of so much of the prompt, if the modeller wants it shortened and it can be."""
        return shortened(payload, share, self.when_too_long, self.variables)


def _conversation(name: str, variables: Mapping[str, Any]) -> Conversation | None:
    check_name(CONVERSATION, name)
    return Conversation.read(CONVERSATION, name, variables) if name else None
