"""Requests the tokens used with each stream, except from servers that refuse the parameter for it."""

from http import HTTPStatus

from catalyst_groq.common.lru_cache import LruCache
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, Response

STREAM_OPTIONS = "stream_options"
INCLUDE_USAGE = {"include_usage": True}
REFUSAL_STATUSES = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
MAX_SEARCHED_CHARS = 10_000

MAX_TRACKED = 1000
"""Accounts whose refusal is remembered: tasks may bring keys of their own."""


class StreamUsage:
    """Adds `stream_options` to streamed requests. A payload that has the parameter itself is left as it is."""

    def __init__(self) -> None:
        self._refused_by: LruCache[None] = LruCache(MAX_TRACKED)

    def add_options(self, payload: Payload, account: Account) -> Payload:
        """Return the payload with the parameter, if the response is streamed and the account has not refused it."""
        if payload.get("stream") is not True or STREAM_OPTIONS in payload or account.id in self._refused_by:
            return payload
        return {**payload, STREAM_OPTIONS: INCLUDE_USAGE}

    def note_refusal(self, response: Response | NoResponse, account: Account) -> bool:
        """Remember the account if its server refuses the parameter that was added to the request; return whether."""
        is_refused = (
            isinstance(response, Response)
            and response.status in REFUSAL_STATUSES
            and STREAM_OPTIONS in response.text[:MAX_SEARCHED_CHARS]
        )
        if is_refused:
            self._refused_by.put(account.id, None)
        return is_refused
