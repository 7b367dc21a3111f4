"""The log of requests, for assertions. It contains no keys."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its content, its organization, and the status of the response.

    `status` is `None` until the response, and stays so when the connection was broken. `seconds` is the duration until
    the response was sent.
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
        """The requested model."""
        return self.body.get("model") if isinstance(self.body, Mapping) else None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of the request."""
        return list(self.body.get("messages") or ()) if isinstance(self.body, Mapping) else []

    def as_json(self) -> dict[str, Any]:
        """Return the entry of `GET /_emulator/calls`."""
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
"""Receives each call after its response."""


def ignore_call(_call: Call) -> None:
    """Ignore the call."""


class CallLog:
    """The newest calls. Thread-safe."""

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
        """Add a call."""
        with self._lock:
            call = Call(self._next_number, datetime.now(UTC), method, path, organization, body)
            self._next_number += 1
            self._calls[call.number] = call
            while len(self._calls) > self._max_calls:
                del self._calls[next(iter(self._calls))]
            return call

    def end(self, call: Call, status: int | None, seconds: float) -> None:
        """Record the response of a call."""
        finished = replace(call, status=status, seconds=seconds)
        with self._lock:
            if call.number in self._calls:
                self._calls[call.number] = finished
        self._on_call(finished)

    def clear(self) -> None:
        """Delete all calls."""
        with self._lock:
            self._calls.clear()
