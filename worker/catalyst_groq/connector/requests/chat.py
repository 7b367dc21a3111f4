"""Builds a chat request from a task's fields, with its files and the earlier turns of its conversation. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.connector.fields.mappings import check_name
from catalyst_groq.connector.fields.names import CONVERSATION, MODEL, PAYLOAD, WHEN_TOO_LONG
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.requests.conversation import Conversation
from catalyst_groq.connector.requests.files import Contents, check_image_urls, insert_files
from catalyst_groq.connector.requests.message_content import join_texts
from catalyst_groq.connector.requests.payload import render_payload
from catalyst_groq.connector.requests.truncation import OverflowStrategy, truncate
from catalyst_groq.groq.api.operations import CHAT_COMPLETION, Operation
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.call import Truncated

OVERFLOW_STRATEGIES = tuple(OverflowStrategy)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A checked chat request: a payload template whose placeholders `variables` fill."""

    template: Mapping[str, Any]
    model: str | None
    """The Model field; None where it is blank."""
    conversation: Conversation | None
    when_too_long: OverflowStrategy
    variables: Mapping[str, Any]
    catalog: ModelCatalog

    @classmethod
    def from_fields(cls, fields: RawFields, catalog: ModelCatalog) -> "ChatRequest":
        """Check the fields. Raises `FieldError`."""
        return cls(
            conversation=_read_conversation(fields.text(CONVERSATION), fields.variables),
            when_too_long=OverflowStrategy(fields.one_of(WHEN_TOO_LONG, OVERFLOW_STRATEGIES)),
            model=fields.text(MODEL) or None,
            template=fields.parse_object(PAYLOAD),
            variables=fields.variables,
            catalog=catalog,
        )

    @property
    def operation(self) -> Operation:
        """The API operation."""
        return CHAT_COMPLETION

    def payload(self, *, stream: bool) -> dict[str, Any]:
        """Fill the payload; File variables are left in it for `with_files`. Raises `FieldError`."""
        return render_payload(
            self.template, self.variables, self.model, default_model=self.catalog.default, stream=stream
        )

    def with_files(self, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
        """Return the payload with the contents of its files and the earlier turns. Raises `FieldError`."""
        check_image_urls(payload, self.template, self.variables)
        filled = insert_files(payload, contents, self.catalog)
        filled["messages"] = join_texts(filled["messages"])
        return self.conversation.prepend_turns(filled, self.catalog) if self.conversation else filled

    def output_variables(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the process variable of the conversation with this turn added to it."""
        return self.conversation.updated_turns(payload, answer) if self.conversation else {}

    def truncate(self, payload: Mapping[str, Any], fraction: float) -> Truncated | None:
        """Return a payload with that fraction of the prompt (0 to 1); None when that is impossible or not wanted."""
        return truncate(payload, fraction, self.when_too_long, self.variables, self.catalog)


def _read_conversation(name: str, variables: Mapping[str, Any]) -> Conversation | None:
    check_name(CONVERSATION, name)
    return Conversation.read(CONVERSATION, name, variables) if name else None
