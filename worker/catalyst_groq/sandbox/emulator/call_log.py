"""The requests the emulator has seen, for assertions. Keys are not among what is remembered."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what was asked, by which organization, and with which status it was answered.

    `status` is `None` while there is no answer, and for good when the connection was broken. `seconds` is how long
    the answer took.
    """

    number: int
    at: datetime
    method: str
    path: str
    organization: str | None
    body: Any
    status: int | None = None
    seconds: float | None = None

    @property
    def model(self) -> str | None:
        """The model that was asked."""
        return self.body.get("model") if isinstance(self.body, Mapping) else None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages that were sent."""
        return list(self.body.get("messages") or ()) if isinstance(self.body, Mapping) else []

    def as_json(self) -> dict[str, Any]:
        """Return what `GET /_emulator/calls` tells."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "method": self.method,
            "path": self.path,
            "organization": self.organization,
            "model": self.model,
            "status": self.status,
            "seconds": self.seconds,
            "body": self.body,
        }


OnCall: TypeAlias = Callable[[Call], None]
"""Told about every request once it has its answer."""


def ignore_call(_call: Call) -> None:
    """Show nothing."""


class CallLog:
    """The newest calls. It may be read from another thread than the server's."""

    def __init__(self, max_calls: int, on_call: OnCall = ignore_call) -> None:
        self._max_calls = max_calls
        self._on_call = on_call
        self._lock = threading.Lock()
        self._calls: dict[int, Call] = {}
        self._next_number = 1

    def __call__(self) -> tuple[Call, ...]:
        """Return the calls, oldest first."""
        with self._lock:
            return tuple(self._calls.values())

    def begin(self, method: str, path: str, organization: str | None, body: Any) -> Call:
        """Note that a request has come."""
        with self._lock:
            call = Call(self._next_number, datetime.now(UTC), method, path, organization, body)
            self._next_number += 1
            self._calls[call.number] = call
            while len(self._calls) > self._max_calls:
                del self._calls[next(iter(self._calls))]
            return call

    def end(self, call: Call, status: int | None, seconds: float) -> None:
        """Note how it was answered."""
        ended = replace(call, status=status, seconds=seconds)
        with self._lock:
            if call.number in self._calls:
                self._calls[call.number] = ended
        self._on_call(ended)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()
