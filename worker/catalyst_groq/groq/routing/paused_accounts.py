"""Accounts that are refused (the key, the credit, the organization): they are paused, and one request tries them."""

from collections.abc import Iterable, Sequence

from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.routing.circuit_breaker import OVERDUE_SECONDS, CircuitBreakers, Wording
from catalyst_groq.groq.routing.endpoints import Endpoint

REFUSALS_UNTIL_PAUSE = 3
"""Refusals in a row: a single one may be the mistake of a gateway, and the next request shows whether it was."""

MAX_PROBE_INTERVAL_SECONDS = 300.0
MAX_KNOWN_ACCOUNTS = 100

WORDING = Wording(
    (),
    "The account of the endpoint {} is refused, the next attempt is in {} ({} refused so far): {}",
    "The key or account of the endpoint %s is refused: the account is paused. Its tasks throw a BPMN error that their "
    "process catches, or wait in the engine. One request tries it in about %s, then less often (%d refused so far): %s",
    "The pause of the endpoint %s has ended: its key is accepted, or is no longer used",
)


class PausedAccounts:
    """The operator's accounts: which are known to work, and which are paused. Each worker has its own.

    A key that a task brings itself is not the operator's: its refusal is that task's error alone. `probe_interval`:
    seconds until the key is tried again; it doubles up to MAX_PROBE_INTERVAL_SECONDS.
    """

    def __init__(self, probe_interval: float = 30.0, configured: Iterable[Endpoint] = ()) -> None:
        longest = max(probe_interval, MAX_PROBE_INTERVAL_SECONDS)
        self._probe_interval = probe_interval
        self._breakers: CircuitBreakers[Endpoint] = CircuitBreakers(
            REFUSALS_UNTIL_PAUSE, probe_interval, longest, WORDING
        )
        self._known: dict[str, str] = {endpoint.id: endpoint.name for endpoint in configured}
        """Names of endpoints by account, the one whose key was accepted longest ago first."""
        self._configured = frozenset(self._known)
        self._maybe_replaced: dict[str, frozenset[str]] = {}
        """By account whose key is refused: the others at its endpoint that have had no key accepted since then."""

    def check(self, endpoint: Endpoint) -> ApiError | None:
        """Return the error of a paused account, with the seconds to wait; None when a request may be sent."""
        return self._breakers.check(endpoint) if endpoint.is_operators else None

    def wait(self, endpoint: Endpoint) -> float | None:
        """Return the seconds until a task whose key was refused may be sent again; None for a key of its own."""
        if not endpoint.is_operators:
            return None
        pause = self._breakers.wait(endpoint)
        return self._probe_interval if pause is None else pause

    def record_refused(self, endpoint: Endpoint, error: ApiError) -> None:
        """Pause the account after REFUSALS_UNTIL_PAUSE refusals in a row."""
        if not endpoint.is_operators:
            return
        was_paused = self._breakers.wait(endpoint) is not None
        self._breakers.record_failure(endpoint, error)
        if was_paused:
            return
        if endpoint.id not in self._maybe_replaced:
            if len(self._maybe_replaced) >= MAX_KNOWN_ACCOUNTS:
                del self._maybe_replaced[next(iter(self._maybe_replaced))]
            same_endpoint = {account for account, name in self._known.items() if name == endpoint.name}
            self._maybe_replaced[endpoint.id] = frozenset(same_endpoint - self._configured)
        if self._breakers.wait(endpoint) is not None:
            # A key that was used before this one, and not since then, was replaced: it serves no further task.
            for account in self._maybe_replaced.pop(endpoint.id):
                self._known.pop(account, None)

    def record_accepted(self, endpoint: Endpoint) -> None:
        """End the account's pause, if the request has tried that out; count the refusals anew."""
        if not endpoint.is_operators:
            return
        self._breakers.record_success(endpoint, only_probe=True)
        if self._maybe_replaced:
            self._maybe_replaced.pop(endpoint.id, None)
            for refused, others in self._maybe_replaced.items():
                self._maybe_replaced[refused] = others - {endpoint.id}
        if self._known.pop(endpoint.id, None) is None and len(self._known) >= MAX_KNOWN_ACCOUNTS:
            del self._known[next(iter(self._known))]
        self._known[endpoint.id] = endpoint.name

    def release_probe(self, endpoint: Endpoint) -> None:
        """Let the next request try the key: this one could not show anything."""
        self._breakers.release_probe(endpoint)

    def paused(self) -> Sequence[Endpoint]:
        """Return the endpoints whose accounts are paused, without those that no task has used for a while."""
        return list(self._breakers.open_subjects(OVERDUE_SECONDS))

    def blocked(self) -> Sequence[str]:
        """Return the names of the paused endpoints if no account of the operator is known to work; else nothing."""
        paused = {endpoint.id: endpoint.name for endpoint in self.paused()}
        return sorted(set(paused.values())) if paused.keys() >= self._known.keys() else ()
