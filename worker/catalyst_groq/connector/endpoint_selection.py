"""Where a task's question goes, and with whose key."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from catalyst_groq.connector.access.secrets import VARIABLE_SOURCE, Secrets
from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls, base_url
from catalyst_groq.connector.fields.names import API_KEY, CHAT_DEFAULTS, URL
from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.routing.endpoints import Endpoint

CACHED_ENDPOINTS = 64


def resolve_base_url(fields: TaskRequest, urls: AllowedUrls) -> str:
    """Return the base URL that a task's URL field stands for. Raises `FieldError`."""
    try:
        base = urls.resolve(fields.url)
    except ValueError as error:
        raise FieldError(URL, str(error), f"Write {CHAT_DEFAULTS[URL]}") from error
    if base is None:
        mend = "Use an allowed URL, or ask the operator to add it to CATALYST_ALLOWED_URLS"
        raise FieldError(URL, f"'{fields.url}' is not allowed here, so no key is sent there", mend)
    return base


async def select_endpoints(
    fields: TaskRequest, variables: Mapping[str, Any], base: str, secrets: Secrets, configured: Sequence[Endpoint]
) -> Sequence[Endpoint]:
    """Return who may be asked for a task: the operator's endpoints, or the one that the task itself brings.

    A task that leaves URL and key to the worker goes to the endpoints, in their order. One that names a URL, a secret
    of another name or the key itself is asked there and with that key alone: nobody else pays for it, nobody else reads
    it. `base` is where it goes then. The task's key also serves an endpoint at that address which has none of its own.
    Raises `FieldError`.
    """
    left_to_the_worker = bool(configured) and _uses_worker_defaults(fields)
    if left_to_the_worker and not any(each.needs_key_of(Account(base, "")) for each in configured):
        return configured
    key = await secrets.resolve(fields.secret_source, fields.api_key, variables)
    own = _endpoint(base, key.reveal())
    if left_to_the_worker:
        return [replace(each, account=own.account) if each.needs_key_of(own.account) else each for each in configured]
    return [own]


def _uses_worker_defaults(fields: TaskRequest) -> bool:
    named = fields.secret_source != VARIABLE_SOURCE and fields.api_key.lower() == CHAT_DEFAULTS[API_KEY]
    return named and base_url(fields.url) == GROQ_URL


@lru_cache(CACHED_ENDPOINTS)
def _endpoint(base: str, key: str) -> Endpoint:
    """One and the same for all tasks, so that what is known of an account is found out once."""
    return Endpoint(urlsplit(base).netloc, Account(base, key))
