"""A conversation: a process variable holds the earlier turns, which go before the question. Pure.

Turns are chat messages. System messages come from the payload each time and are not stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalyst_groq.connector.expressions.jmespath import evaluate
from catalyst_groq.connector.expressions.placeholder_values import describe_variable
from catalyst_groq.domain.variables import OpaqueValue
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import Model, ModelCatalog
from catalyst_groq.groq.models.token_estimate import estimate_message, estimate_prompt, max_output_tokens

Message = dict[str, Any]

INPUT_KEYS_BY_ROLE = {
    "user": ("role", "content"),
    "assistant": ("role", "content", "tool_calls"),
    "tool": ("role", "content", "tool_call_id"),
}
"""By role the keys that Groq accepts in a request; it refuses others, some of which its own answers contain."""

SAFETY_FACTOR = 1.1
"""The estimate of a prompt's tokens may be too low by this factor."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns so far, in the process variable `name`."""

    name: str
    turns: tuple[Message, ...] = ()

    @classmethod
    def read(cls, field: str, name: str, variables: Mapping[str, Any]) -> "Conversation":
        """Read the turns; there are none while the variable does not exist. Raises `FieldError`."""
        stored = variables.get(name)
        if stored is None:
            return cls(name)
        if isinstance(stored, OpaqueValue):
            raise FieldError(field, describe_variable(name, stored), "It holds a list of messages that the worker sets")
        if not isinstance(stored, list):
            raise FieldError(
                field, f"the process variable '{name}' is no list of messages", "Let only the worker set it"
            )
        turns = tuple(turn for message in stored if (turn := _to_input_message(message)))
        if len(turns) < len(stored) - sum(map(_is_empty_answer, stored)):
            raise FieldError(
                field, f"the process variable '{name}' holds entries that are no messages", "Let only the worker set it"
            )
        return cls(name, turns)

    def prepend_turns(self, payload: Mapping[str, Any], catalog: ModelCatalog) -> dict[str, Any]:
        """Return the payload with the turns after its system messages and before its other messages.

        The oldest turns are left out until the prompt fits the model's context: always a question together with
        everything that followed it.
        """
        messages = payload["messages"]
        system = [message for message in messages if _role(message) == "system"]
        question = [message for message in messages if _role(message) != "system"]
        model = catalog.get(payload["model"])
        first = 0
        if self.turns and model and model.context_window:
            max_tokens = (model.context_window - max_output_tokens(payload)) / SAFETY_FACTOR
            first = first_turn_that_fits(self.turns, payload, max_tokens, model)
        return {**payload, "messages": [*system, *self.turns[first:], *question]}

    def updated_turns(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the process variable with the turns that were sent, the question and the answer."""
        sent = [_without_images(turn) for message in request["messages"] if (turn := _to_input_message(message))]
        reply = _to_input_message(evaluate("choices[0].message", answer))
        return {self.name: [*sent, reply] if reply else sent}


def _to_input_message(message: Any) -> Message | None:
    """Return the part of a message that Groq accepts in a request; None for a system message or no message at all."""
    keys = INPUT_KEYS_BY_ROLE.get(_role(message))
    if keys is None or _is_empty_answer(message):
        return None
    return {name: message[name] for name in keys if name in message and (name == "content" or message[name])}


def _is_empty_answer(message: Any) -> bool:
    """Whether a turn is an answer without content and calls, which servers refuse."""
    return _role(message) == "assistant" and not message.get("content") and not message.get("tool_calls")


def _without_images(message: Message) -> Message:
    """Drop images: they would be sent, and paid for, with every further question."""
    if not isinstance(message.get("content"), list):
        return message
    texts = [part for part in message["content"] if isinstance(part, dict) and part.get("type") == "text"]
    return {**message, "content": texts or "(an image)"}


def _role(message: Any) -> str:
    return str(message.get("role")) if isinstance(message, dict) else ""


def first_turn_that_fits(turns: Sequence[Any], rest: Mapping[str, Any], max_tokens: float, model: Model) -> int:
    """Return the index of the oldest turn that, with all newer ones and the rest of a request, fits into `max_tokens`.

    It is always a question, because Groq refuses results of tools without the call before them. `len(turns)` where no
    turn fits.
    """
    remaining = max_tokens - estimate_prompt(rest, model)
    first = len(turns)
    for index in reversed(range(len(turns))):
        remaining -= estimate_message(turns[index], model)
        if remaining < 0:
            break
        if index == 0 or _role(turns[index]) == "user":
            first = index
    return first
