"""Puts the pieces of streamed tool calls together, in every form in which servers send them. Pure.

By the protocol, each piece has the index of its call, and the first one its id and name. Servers also send index 0 for
all calls, no index, indexes from 1, the id, the name or the arguments again, or the arguments as an object.
"""

from collections.abc import Mapping
from typing import Any

from catalyst_groq.common.json_codec import is_json, to_text

MAX_CALLS = 1000


class ToolCallPieces:
    """The tool calls of one message, while their pieces arrive."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, piece: Mapping[str, Any]) -> None:
        """Add a piece. Raises `TypeError`, `ValueError` for one of unknown shape."""
        function = piece.get("function") or {}
        name, arguments = function.get("name") or "", function.get("arguments")
        if not isinstance(name, str):
            raise TypeError(name)
        call = self._find(piece.get("id"), piece.get("index"), name)
        if call is None:
            if len(self._calls) >= MAX_CALLS:
                raise ValueError(f"more than {MAX_CALLS} tool calls")
            self._calls.append(call := _Call(piece.get("index")))
        call.add(piece, name, arguments)

    def join(self) -> list[dict[str, Any]]:
        """Return the calls as a response that is not streamed has them."""
        return [call.join() for call in self._calls]

    def _find(self, call_id: Any, index: Any, name: str) -> "_Call | None":
        """Return the call to which a piece belongs; None for a new one. Pieces belong to the latest call that fits."""
        if call_id:
            known = [call for call in self._calls if call.id == call_id]
            unnamed = [call for call in self._calls if not call.id and index is not None and call.index == index]
            return next(reversed(known or unnamed), None)
        with_index = [call for call in self._calls if index is None or call.index == index]
        last = with_index[-1] if with_index else None
        return None if last and last.is_followed_by(name, has_index=index is not None) else last


class _Call:
    def __init__(self, index: Any) -> None:
        self.index = index
        self._fields: dict[str, Any] = {"type": "function"}
        self._name = ""
        self._pieces: list[str] = []

    @property
    def id(self) -> Any:
        return self._fields.get("id")

    def is_followed_by(self, name: str, *, has_index: bool) -> bool:
        """Whether a piece with a name, but without an id, begins another call."""
        if not (name and self._name):
            return False
        is_other, is_whole = name != self._name, is_json("".join(self._pieces))
        return is_other and is_whole if has_index else is_other or is_whole

    def add(self, piece: Mapping[str, Any], name: str, arguments: Any) -> None:
        self._fields |= {key: piece[key] for key in ("id", "type") if piece.get(key)}
        if name != self._name:
            self._name += name
        if arguments is not None:
            self._pieces.append(arguments if isinstance(arguments, str) else to_text(arguments, str))

    def join(self) -> dict[str, Any]:
        return {**self._fields, "function": {"name": self._name, "arguments": self._join_arguments()}}

    def _join_arguments(self) -> str:
        """Return the arguments. A piece that repeats all of those before it takes their place."""
        arguments = "".join(self._pieces)
        if len(self._pieces) > 1 and not is_json(arguments):
            *earlier, last = self._pieces
            is_repetition = last.startswith("".join(earlier)) or all(map(last.startswith, earlier))
            if is_repetition and is_json(last):
                return last
        return arguments
