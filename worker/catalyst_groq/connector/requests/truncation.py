"""Truncation of a request that is too large, by the strategy that the modeller chose. Pure."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from math import ceil, floor
from typing import Any

from catalyst_groq.connector.requests.conversation import first_turn_that_fits
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.models.catalog import Model, ModelCatalog
from catalyst_groq.groq.models.token_estimate import cut_to_tokens, estimate_prompt, estimate_tokens
from catalyst_groq.groq.routing.call import Truncated

OMISSION_MARK = "\n[…]\n"
"""Marks where something was cut out."""

ROUNDING_TOKENS = 4
"""The pieces of a text may have so many more tokens than the text, because each is rounded up."""


class OverflowStrategy(StrEnum):
    """What to do with a request that exceeds the model's context or a rate limit."""

    FAIL = "fail"
    DROP_TURNS = "dropTurns"
    CUT_VARIABLE = "cutVariable"


def truncate(
    payload: Payload, fraction: float, strategy: OverflowStrategy, variables: Mapping[str, Any], catalog: ModelCatalog
) -> Truncated | None:
    """Truncate a chat request to a fraction of its prompt; None when that is impossible, or the strategy forbids it."""
    model = catalog.assume(payload["model"])
    max_tokens = floor(estimate_prompt(payload, model) * fraction)
    match strategy:
        case OverflowStrategy.DROP_TURNS:
            return drop_oldest_turns(payload, max_tokens, model)
        case OverflowStrategy.CUT_VARIABLE:
            return cut_longest_variable(payload, max_tokens, model, variables)
        case OverflowStrategy.FAIL:
            return None


def drop_oldest_turns(payload: Payload, max_tokens: int, model: Model) -> Truncated | None:
    """Drop the oldest turns until the prompt is estimated at no more than `max_tokens`.

    System messages and the last question stay. Returns None when they alone are too long.
    """
    messages = payload["messages"]
    turns = [number for number, message in enumerate(messages) if not _is_system(message)]
    system = {**payload, "messages": [message for message in messages if _is_system(message)]}
    dropped = set(turns[: first_turn_that_fits([messages[number] for number in turns], system, max_tokens, model)])
    if len(dropped) == len(turns):
        return None
    remaining = [message for number, message in enumerate(messages) if number not in dropped]
    return Truncated({**payload, "messages": remaining}, f"the oldest {len(dropped)} of {len(messages)} messages")


def cut_longest_variable(
    payload: Payload, max_tokens: int, model: Model, variables: Mapping[str, Any]
) -> Truncated | None:
    """Cut the longest text variable in the messages in its middle, so that the prompt is no more than `max_tokens`.

    Returns None when that does not make it short enough.
    """
    longest = _longest_variable(payload, variables)
    if longest is None:
        return None
    name, text = longest
    excess = estimate_prompt(payload, model) - max_tokens
    occurrences = sum(content.count(text) for content in _texts(payload["messages"]))
    remaining = estimate_tokens(text) - ceil(excess / occurrences) - estimate_tokens(OMISSION_MARK) - ROUNDING_TOKENS
    if remaining <= 0:
        return None
    cut = cut_middle(text, remaining)
    messages = _map_text(payload["messages"], lambda content: content.replace(text, cut))
    truncated = {**payload, "messages": messages}
    if estimate_prompt(truncated, model) > max_tokens:
        return None
    omitted = len(text) - len(cut) + len(OMISSION_MARK)
    return Truncated(truncated, f"{omitted} of {len(text)} characters of the variable '{name}'")


def cut_middle(text: str, tokens: int) -> str:
    """Return the beginning and the end of a text, of `tokens` tokens together."""
    head = cut_to_tokens(text, tokens - tokens // 2)
    tail = cut_to_tokens(text[: len(head) - len(text) - 1 : -1], tokens // 2)[::-1] if len(head) < len(text) else ""
    return head + OMISSION_MARK + tail


def _is_system(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") == "system"


def _longest_variable(payload: Payload, variables: Mapping[str, Any]) -> tuple[str, str] | None:
    texts = list(_texts(payload["messages"]))
    used = [
        (name, value)
        for name, value in variables.items()
        if isinstance(value, str) and value and any(value in text for text in texts)
    ]
    return max(used, key=lambda variable: len(variable[1]), default=None)


def _texts(content: Any) -> Iterator[str]:
    """Yield all texts of messages, whole ones and parts."""
    match content:
        case str(text) | {"type": "text", "text": str(text)}:
            yield text
        case list():
            for part in content:
                yield from _texts(part)
        case {"content": inside}:
            yield from _texts(inside)
        case _:
            return


def _map_text(content: Any, change: Callable[[str], str]) -> Any:
    """Change all texts of messages, whole ones and parts."""
    match content:
        case str():
            return change(content)
        case list():
            return [_map_text(part, change) for part in content]
        case {"type": "text", "text": str(text)}:
            return {**content, "text": change(text)}
        case {"content": inside}:
            return {**content, "content": _map_text(inside, change)}
        case _:
            return content
