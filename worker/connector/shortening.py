"""Shortening a request that is too large, the way the modeller chose. Pure, but for `Shortener`'s asking again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, floor
from typing import Any, NamedTuple

from worker.connector.conversation import first_that_fits
from worker.groq.accounts import Account, Payload
from worker.groq.answers import Answer, NoAnswer
from worker.groq.asking import SendTo
from worker.groq.models import Model, known_models
from worker.groq.tokens import cut_to_tokens, estimate_prompt, estimate_tokens
from worker.groq.told import share_that_fits

LEFT_OUT = "\n[…]\n"
"""What stands where something was cut out."""


ROUNDING = 4
"""Tokens by which the pieces of a text may be more than the text, each being rounded up."""


class WhenTooLong(StrEnum):
    """What to do with a request that is larger than the model's context or a limit."""

    FAIL = "fail"
    DROP_TURNS = "dropTurns"
    CUT_VARIABLE = "cutVariable"


class Shorter(NamedTuple):
    """A shorter request, and what was left out of it."""

    payload: dict[str, Any]
    left_out: str


@dataclass(slots=True)
class Shortener:
    """Asks once more for less where a request is too large, and goes on with that when the request comes again."""

    shorter: Callable[[Payload, float], Shorter | None]
    """Makes a payload of a share of the prompt."""
    _whole: Payload | None = field(default=None, init=False)
    """The request that came last."""
    _made: Shorter | None = field(default=None, init=False)
    """What was made of it."""

    @property
    def left_out(self) -> str:
        """What was left out of the request that was sent last."""
        return self._made.left_out if self._made else ""

    def around(self, send: SendTo) -> SendTo:
        """Put it around sending."""

        async def send_what_fits(account: Account, payload: Payload) -> Answer | NoAnswer:
            if payload is not self._whole:
                self._whole, self._made = payload, None
            if self._made is None:
                answer = await send(account, payload)
                share = share_that_fits(answer, payload, _model(payload))
                if share is None or not (shorter := self.shorter(payload, share)):
                    return answer
                self._made = shorter
            return await send(account, self._made.payload)

        return send_what_fits


def shortened(payload: Payload, share: float, how: WhenTooLong, variables: Mapping[str, Any]) -> Shorter | None:
    """Make a chat request shorter, to a share of its prompt. Nothing is returned where that cannot be, or shall not."""
    model = _model(payload)
    most = floor(estimate_prompt(payload, model) * share)
    match how:
        case WhenTooLong.DROP_TURNS:
            return without_oldest_turns(payload, most, model)
        case WhenTooLong.CUT_VARIABLE:
            return with_variable_cut(payload, most, model, variables)
        case WhenTooLong.FAIL:
            return None


def without_oldest_turns(payload: Payload, most: int, model: Model) -> Shorter | None:
    """Leave out the oldest turns until the prompt is estimated at no more than so many tokens.

    System messages and the last question stay. Nothing is returned where they alone are too long.
    """
    messages = payload["messages"]
    turns = [number for number, message in enumerate(messages) if not _is_system(message)]
    system = {**payload, "messages": [message for message in messages if _is_system(message)]}
    dropped = set(turns[: first_that_fits([messages[number] for number in turns], system, most, model)])
    if len(dropped) == len(turns):
        return None
    kept = [message for number, message in enumerate(messages) if number not in dropped]
    return Shorter({**payload, "messages": kept}, f"the oldest {len(dropped)} of {len(messages)} messages")


def with_variable_cut(payload: Payload, most: int, model: Model, variables: Mapping[str, Any]) -> Shorter | None:
    """Cut the longest text variable in the messages in its middle, so that the prompt is no more than so many tokens.

    Nothing is returned where that does not make it short enough.
    """
    longest = _longest_variable(payload, variables)
    if longest is None:
        return None
    name, text = longest
    excess = estimate_prompt(payload, model) - most
    times = sum(whole.count(text) for whole in _texts(payload["messages"]))
    keep = estimate_tokens(text) - ceil(excess / times) - estimate_tokens(LEFT_OUT) - ROUNDING
    if keep <= 0:
        return None
    cut = cut_in_the_middle(text, keep)
    shorter = {**payload, "messages": _changed(payload["messages"], lambda whole: whole.replace(text, cut))}
    if estimate_prompt(shorter, model) > most:
        return None
    return Shorter(
        shorter, f"{len(text) - len(cut) + len(LEFT_OUT)} of {len(text)} characters of the variable '{name}'"
    )


def cut_in_the_middle(text: str, tokens: int) -> str:
    """Keep the beginning and the end of a text, of so many tokens together."""
    head = cut_to_tokens(text, tokens - tokens // 2)
    tail = cut_to_tokens(text[: len(head) - len(text) - 1 : -1], tokens // 2)[::-1] if len(head) < len(text) else ""
    return head + LEFT_OUT + tail


def _model(payload: Payload) -> Model:
    name = payload["model"]
    return known_models().get(name) or Model(id=name, status="production")


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


def _changed(content: Any, change: Callable[[str], str]) -> Any:
    """Change all texts of messages, whole ones and parts."""
    match content:
        case str():
            return change(content)
        case list():
            return [_changed(part, change) for part in content]
        case {"type": "text", "text": str(text)}:
            return {**content, "text": change(text)}
        case {"content": inside}:
            return {**content, "content": _changed(inside, change)}
        case _:
            return content
