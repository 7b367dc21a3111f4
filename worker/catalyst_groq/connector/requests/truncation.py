"""Shortening a request that is too large, the way the modeller chose. Pure, but for `Shortener`'s asking again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, floor
from typing import Any, NamedTuple

from catalyst_groq.connector.requests.conversation import first_turn_that_fits
from catalyst_groq.groq.api.requests import Account, Payload
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import Model, known_models
from catalyst_groq.groq.models.token_estimate import cut_to_tokens, estimate_prompt, estimate_tokens
from catalyst_groq.groq.rate_limits.headers import fraction_that_fits
from catalyst_groq.groq.routing.failover import SendTo

OMISSION_MARK = "\n[…]\n"
"""What stands where something was cut out."""


ROUNDING_TOKENS = 4
"""Tokens by which the pieces of a text may be more than the text, each being rounded up."""


class OverflowStrategy(StrEnum):
    """What to do with a request that is larger than the model's context or a limit."""

    FAIL = "fail"
    DROP_TURNS = "dropTurns"
    CUT_VARIABLE = "cutVariable"


class Truncated(NamedTuple):
    """A shorter request, and what was left out of it."""

    payload: dict[str, Any]
    omitted: str


@dataclass(slots=True)
class Truncator:
    """Asks once more for less where a request is too large, and goes on with that when the request comes again."""

    shorter: Callable[[Payload, float], Truncated | None]
    """Makes a payload of a share of the prompt."""
    _whole: Payload | None = field(default=None, init=False)
    """The request that came last."""
    _made: Truncated | None = field(default=None, init=False)
    """What was made of it."""

    @property
    def omitted(self) -> str:
        """What was left out of the request that was sent last."""
        return self._made.omitted if self._made else ""

    def around(self, send: SendTo) -> SendTo:
        """Put it around sending."""

        async def send_what_fits(account: Account, payload: Payload) -> Response | NoResponse:
            if payload is not self._whole:
                self._whole, self._made = payload, None
            if self._made is None:
                answer = await send(account, payload)
                share = fraction_that_fits(answer, payload, _model(payload))
                if share is None or not (shorter := self.shorter(payload, share)):
                    return answer
                self._made = shorter
            return await send(account, self._made.payload)

        return send_what_fits


def truncate(payload: Payload, share: float, how: OverflowStrategy, variables: Mapping[str, Any]) -> Truncated | None:
    """Make a chat request shorter, to a share of its prompt. Nothing is returned where that cannot be, or shall not."""
    model = _model(payload)
    most = floor(estimate_prompt(payload, model) * share)
    match how:
        case OverflowStrategy.DROP_TURNS:
            return without_oldest_turns(payload, most, model)
        case OverflowStrategy.CUT_VARIABLE:
            return with_variable_cut(payload, most, model, variables)
        case OverflowStrategy.FAIL:
            return None


def without_oldest_turns(payload: Payload, most: int, model: Model) -> Truncated | None:
    """Leave out the oldest turns until the prompt is estimated at no more than so many tokens.

    System messages and the last question stay. Nothing is returned where they alone are too long.
    """
    messages = payload["messages"]
    turns = [number for number, message in enumerate(messages) if not _is_system(message)]
    system = {**payload, "messages": [message for message in messages if _is_system(message)]}
    dropped = set(turns[: first_turn_that_fits([messages[number] for number in turns], system, most, model)])
    if len(dropped) == len(turns):
        return None
    kept = [message for number, message in enumerate(messages) if number not in dropped]
    return Truncated({**payload, "messages": kept}, f"the oldest {len(dropped)} of {len(messages)} messages")


def with_variable_cut(payload: Payload, most: int, model: Model, variables: Mapping[str, Any]) -> Truncated | None:
    """Cut the longest text variable in the messages in its middle, so that the prompt is no more than so many tokens.

    Nothing is returned where that does not make it short enough.
    """
    longest = _longest_variable(payload, variables)
    if longest is None:
        return None
    name, text = longest
    excess = estimate_prompt(payload, model) - most
    times = sum(whole.count(text) for whole in _texts(payload["messages"]))
    keep = estimate_tokens(text) - ceil(excess / times) - estimate_tokens(OMISSION_MARK) - ROUNDING_TOKENS
    if keep <= 0:
        return None
    cut = cut_in_the_middle(text, keep)
    shorter = {**payload, "messages": _map_text(payload["messages"], lambda whole: whole.replace(text, cut))}
    if estimate_prompt(shorter, model) > most:
        return None
    return Truncated(
        shorter, f"{len(text) - len(cut) + len(OMISSION_MARK)} of {len(text)} characters of the variable '{name}'"
    )


def cut_in_the_middle(text: str, tokens: int) -> str:
    """Keep the beginning and the end of a text, of so many tokens together."""
    head = cut_to_tokens(text, tokens - tokens // 2)
    tail = cut_to_tokens(text[: len(head) - len(text) - 1 : -1], tokens // 2)[::-1] if len(head) < len(text) else ""
    return head + OMISSION_MARK + tail


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
