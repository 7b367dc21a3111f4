"""A conversation: earlier turns, kept in a process variable, go before the question; the answer is added to them. Pure.

Turns are chat messages. System messages come from the payload each time and are not kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalyst_groq.connector.expressions.jmespath import evaluate
from catalyst_groq.domain.variables import OpaqueValue
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import Model, known_models
from catalyst_groq.groq.models.token_estimate import estimate_message, estimate_prompt, max_output_tokens

Message = dict[str, Any]

KEPT_ROLES = {
    "user": ("role", "content"),
    "assistant": ("role", "content", "tool_calls"),
    "tool": ("role", "content", "tool_call_id"),
}
"""By role the keys that Groq takes back; it refuses others, some of which its own answers hold."""

SAFETY_FACTOR = 1.1
"""Estimates of tokens may be too low by so much."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns so far, in the process variable `name`."""

    name: str
    turns: tuple[Message, ...] = ()

    @classmethod
    def read(cls, field: str, name: str, variables: Mapping[str, Any]) -> "Conversation":
        """Read the turns; a variable that is not there yet has none. Raises `FieldError`."""
        found = variables.get(name)
        if found is None:
            return cls(name)
        if isinstance(found, OpaqueValue) or not isinstance(found, list):
            raise FieldError(
                field, f"the process variable '{name}' is no list of messages", "Let only the worker set it"
            )
        turns = tuple(clean for message in found if (clean := _to_input_message(message)))
        if len(turns) < len(found):
            raise FieldError(
                field, f"the process variable '{name}' holds what is no message", "Let only the worker set it"
            )
        return cls(name, turns)

    def prepend_turns(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return the payload with the turns in it: after its system messages, before its other ones.

        The oldest turns are left out, a question with all that followed from it at a time, until the rest fits what
        the model can read.
        """
        messages = payload["messages"]
        system = [message for message in messages if _role(message) == "system"]
        question = [message for message in messages if _role(message) != "system"]
        model = known_models().get(payload["model"])
        first = 0
        if self.turns and model and model.context_window:
            most = (model.context_window - max_output_tokens(payload)) / SAFETY_FACTOR
            first = first_turn_that_fits(self.turns, payload, most, model)
        return {**payload, "messages": [*system, *self.turns[first:], *question]}

    def updated_turns(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the process variable with the turns that were sent, the question and the answer."""
        sent = [_without_images(clean) for message in request["messages"] if (clean := _to_input_message(message))]
        clean = _to_input_message(evaluate("choices[0].message", answer))
        return {self.name: [*sent, clean] if clean else sent}


def _to_input_message(message: Any) -> Message | None:
    """Return what Groq takes back of a message; None for a system message and for what is no message."""
    keys = KEPT_ROLES.get(_role(message))
    if keys is None:
        return None
    return {name: message[name] for name in keys if name in message and (name == "content" or message[name])}


def _without_images(message: Message) -> Message:
    """Keep what was written only: images would be sent, and paid, with every further question."""
    if not isinstance(message.get("content"), list):
        return message
    written = [part for part in message["content"] if isinstance(part, dict) and part.get("type") == "text"]
    return {**message, "content": written or "(an image)"}


def _role(message: Any) -> str:
    return str(message.get("role")) if isinstance(message, dict) else ""


def first_turn_that_fits(turns: Sequence[Any], rest: Mapping[str, Any], most: float, model: Model) -> int:
    """Return where the newest turns begin that make, with the rest of a request, a prompt of at most so many tokens.

    They begin with a question: the answers of tools may not come without the call before them.
    """
    room = most - estimate_prompt(rest, model)
    first = len(turns)
    for number in reversed(range(len(turns))):
        room -= estimate_message(turns[number], model)
        if room < 0:
            break
        if number == 0 or _role(turns[number]) == "user":
            first = number
    return first
