"""The requests the emulator has seen, for assertions. Keys are not among what is remembered."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class LoggedCall:
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


OnCall: TypeAlias = Callable[[LoggedCall], None]
"""Told about every request once it has its answer."""


def unseen(_call: LoggedCall) -> None:
    """Show nothing."""


class CallLog:
    """The newest calls. It may be read from another thread than the server's."""

    def __init__(self, kept: int, on_call: OnCall = unseen) -> None:
        self._kept = kept
        self._on_call = on_call
        self._lock = threading.Lock()
        self._calls: dict[int, LoggedCall] = {}
        self._next = 1

    def __call__(self) -> tuple[LoggedCall, ...]:
        """Return the calls, oldest first."""
        with self._lock:
            return tuple(self._calls.values())

    def begin(self, method: str, path: str, organization: str | None, body: Any) -> LoggedCall:
        """Note that a request has come."""
        with self._lock:
            call = LoggedCall(self._next, datetime.now(UTC), method, path, organization, body)
            self._next += 1
            self._calls[call.number] = call
            while len(self._calls) > self._kept:
                del self._calls[next(iter(self._calls))]
            return call

    def end(self, call: LoggedCall, status: int | None, seconds: float) -> None:
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
