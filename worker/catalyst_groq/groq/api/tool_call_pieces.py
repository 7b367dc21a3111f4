"""Puts the pieces of streamed tool calls together, in every form in which servers send them. Pure.

By the protocol, each piece has the index of its call, and the first one its id and name. Servers also send index 0 for
all calls, no index, indexes from 1, the id, the name or the arguments again, another id with each piece, or the
arguments as an object.
"""

from collections.abc import Mapping
from typing import Any

from catalyst_groq.common.json_codec import is_json, to_text

MAX_CALLS = 1000
NO_IDS = ("", "null", "none")
"""Texts that stand for no id."""


class ToolCallPieces:
    """The tool calls of one message, while their pieces arrive."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._latest_by_id: dict[str, _Call] = {}
        self._latest_by_index: dict[Any, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, piece: Mapping[str, Any]) -> None:
        """Add a piece. Raises `TypeError`, `ValueError` for one of unknown shape."""
        function = piece.get("function") or {}
        name, arguments = function.get("name") or "", function.get("arguments")
        if not isinstance(name, str):
            raise TypeError(name)
        text = arguments if isinstance(arguments, str) else "" if arguments is None else to_text(arguments, str)
        call_id, index = str(piece.get("id") or ""), piece.get("index")
        call_id = "" if call_id.lower() in NO_IDS else call_id
        call = self._find(call_id, index, name, text)
        if call is None:
            if len(self._calls) >= MAX_CALLS:
                raise ValueError(f"more than {MAX_CALLS} tool calls")
            self._calls.append(call := _Call(index))
        call.add(call_id, piece.get("type"), name, text)
        self._latest_by_id[call.id] = self._latest_by_index[call.index] = call

    def join(self) -> list[dict[str, Any]]:
        """Return the calls as a response that is not streamed has them."""
        return [call.join() for call in self._calls]

    def _find(self, call_id: str, index: Any, name: str, arguments: str) -> "_Call | None":
        """Return the call to which a piece belongs; None for a new one. Pieces belong to the latest call that fits."""
        last = self._calls[-1] if self._calls else None
        latest = last if index is None else self._latest_by_index.get(index)
        if not call_id:
            has_index = index is not None
            return None if latest and latest.is_followed_by(name, arguments, has_index=has_index) else latest
        known = self._latest_by_id.get(call_id)
        if known and (index is None or known.index in (None, index)):
            return known
        # A piece without a name goes on with a call, whatever its id is.
        is_continued = latest is not None and (not name or (index is not None and not latest.id))
        return latest if is_continued else None


class _Call:
    def __init__(self, index: Any) -> None:
        self.index = index
        self.id = ""
        self._type = "function"
        self._name = ""
        self._pieces: list[str] = []

    def is_followed_by(self, name: str, arguments: str, *, has_index: bool) -> bool:
        """Whether a piece with a name, but without an id, begins another call."""
        if not (name and self._name):
            return False
        is_other = name != self._name
        if has_index:
            begins = is_other or (arguments.startswith("{") and arguments != self._pieces[-1])
            return begins and self._is_whole()
        return is_other or self._is_whole()

    def _is_whole(self) -> bool:
        """Whether the arguments so far are complete."""
        return bool(self._pieces) and self._pieces[-1].rstrip().endswith("}") and is_json("".join(self._pieces))

    def add(self, call_id: str, kind: Any, name: str, arguments: str) -> None:
        self.id = self.id or call_id
        self._type = kind or self._type
        if name != self._name:
            self._name += name
        if arguments:
            self._pieces.append(arguments)

    def join(self) -> dict[str, Any]:
        call = {"type": self._type, "function": {"name": self._name, "arguments": self._join_arguments()}}
        return {"id": self.id, **call} if self.id else call

    def _join_arguments(self) -> str:
        """Return the arguments. A piece that repeats all of those before it takes their place, and that of `{}`."""
        arguments = "".join(self._pieces)
        if len(self._pieces) > 1 and not is_json(arguments):
            first, *rest = self._pieces
            if first == "{}" and is_json("".join(rest)):
                return "".join(rest)
            *earlier, last = self._pieces
            is_repetition = last.startswith("".join(earlier)) or all(map(last.startswith, earlier))
            if is_repetition and is_json(last):
                return last
        return arguments
