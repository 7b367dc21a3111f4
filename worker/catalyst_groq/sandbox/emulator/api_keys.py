"""API keys: which are accepted, and which organization each belongs to."""

from collections.abc import Mapping

KEY_PREFIX = "gsk_"
INVALID_MARKER = "invalid"
"""A key that contains this word is rejected, so that a wrong key can be tested without settings."""


class ApiKeys:
    """The accepted keys. No key leaves this object; other modules see organizations only."""

    def __init__(self, accepted: Mapping[str, str]) -> None:
        self._accepted = dict(accepted)
        self._accepts_any = not accepted

    def organization(self, authorization: str | None) -> str | None:
        """Return the organization of the key in an Authorization header, or None for a rejected key."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        if self._accepts_any and key not in self._accepted and key.startswith(KEY_PREFIX) and INVALID_MARKER not in key:
            self._accepted[key] = f"org_01emulator{len(self._accepted) + 1:012d}"
        return self._accepted.get(key)
