"""Where a task's request may be sent, and with which key."""

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


def resolve_base_url(request: TaskRequest, urls: AllowedUrls) -> str:
    """Return the base URL that a task's URL field stands for. Raises `FieldError`."""
    try:
        base = urls.resolve(request.url)
    except ValueError as error:
        raise FieldError(URL, str(error), f"Write {CHAT_DEFAULTS[URL]}") from error
    if base is None:
        fix = "Use an allowed URL, or ask the operator to add it to CATALYST_ALLOWED_URLS"
        raise FieldError(URL, f"'{request.url}' is not allowed here, so no key is sent there", fix)
    return base


async def select_endpoints(
    request: TaskRequest, variables: Mapping[str, Any], base: str, secrets: Secrets, configured: Sequence[Endpoint]
) -> Sequence[Endpoint]:
    """Return the endpoints a task's request may be sent to: the operator's, or the one that the task itself brings.

    A task that leaves URL and key to the worker uses the operator's endpoints, in their order. One that names a URL, a
    secret of another name or the key itself is sent to that URL (`base`) with that key alone: no other account is
    charged, no other server receives it. The task's key also serves an endpoint at that URL which has no key of its
    own. Raises `FieldError`.
    """
    uses_defaults = bool(configured) and _uses_worker_defaults(request)
    if uses_defaults and not any(endpoint.needs_key_of(Account(base, "")) for endpoint in configured):
        return configured
    key = await secrets.resolve(request.secret_source, request.api_key, variables)
    own = _make_endpoint(base, key.reveal(), is_operators=request.secret_source != VARIABLE_SOURCE)
    if not uses_defaults:
        return [own]
    return [
        replace(endpoint, account=own.account) if endpoint.needs_key_of(own.account) else endpoint
        for endpoint in configured
    ]


def _uses_worker_defaults(request: TaskRequest) -> bool:
    has_default_key = request.secret_source != VARIABLE_SOURCE and request.api_key.lower() == CHAT_DEFAULTS[API_KEY]
    return has_default_key and base_url(request.url) == GROQ_URL


@lru_cache(CACHED_ENDPOINTS)
def _make_endpoint(base: str, key: str, *, is_operators: bool) -> Endpoint:
    """Return one object for all tasks, so that an account's id is computed once."""
    return Endpoint(urlsplit(base).netloc, Account(base, key), is_operators=is_operators)
