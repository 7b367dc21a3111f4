"""Where a task's request may be sent, with which key, and whether a server there may accept it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from catalyst_groq.connector.access.secrets import VARIABLE_SOURCE, Secrets
from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls, UrlError, base_url
from catalyst_groq.connector.fields.names import API_KEY, CHAT_DEFAULTS, PAYLOAD, URL
from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.request_validation import UnsupportedParameter
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.server_kinds import ServerKind, has_host_of_groq
from catalyst_groq.groq.routing.endpoints import Endpoint

CACHED_ACCOUNTS = 64


def resolve_base_url(request: TaskRequest, urls: AllowedUrls) -> str:
    """Return the base URL that a task's URL field stands for. Raises `FieldError`."""
    try:
        base = urls.resolve(request.url)
    except UrlError as error:
        raise FieldError(URL, error.problem, error.fix or f"Write {CHAT_DEFAULTS[URL]}") from error
    if base is None:
        fix = "Use an allowed URL, or ask the operator to add it to CATALYST_ALLOWED_URLS"
        raise FieldError(URL, f"'{request.url}' is not allowed here, so no key is sent there", fix)
    return base


async def select_endpoints(
    request: TaskRequest,
    variables: Mapping[str, Any],
    server: Account,
    secrets: Secrets,
    configured: Sequence[Endpoint],
) -> Sequence[Endpoint]:
    """Return the endpoints a task's request may be sent to: the operator's, or the one that the task itself brings.

    A task that leaves URL and key to the worker uses the operator's endpoints, in their order. One that names a URL, a
    secret of another name or the key itself is sent to that URL (`server`, an account without a key) with that key
    alone: no other account is charged, no other server receives it. The task's key also serves an endpoint at that URL
    which has no key of its own. Raises `FieldError`.
    """
    uses_defaults = bool(configured) and _uses_worker_defaults(request)
    if uses_defaults and not any(endpoint.needs_key_of(server) for endpoint in configured):
        return configured
    key = await secrets.resolve(request.secret_source, request.api_key, variables)
    if not uses_defaults:
        is_operators = request.secret_source != VARIABLE_SOURCE
        account = _add_key(server, key.reveal())
        return [Endpoint(urlsplit(server.url).netloc, account, is_operators=is_operators)]
    return [
        replace(endpoint, account=_add_key(endpoint.account, key.reveal()))
        if endpoint.needs_key_of(server)
        else endpoint
        for endpoint in configured
    ]


def check_parameters(
    request: TaskRequest, payload: Payload, endpoints: Sequence[Endpoint]
) -> UnsupportedParameter | None:
    """Return why Groq would refuse the request, which other servers may get. Raises `FieldError` if there are none."""
    unsupported = request.builder.operation.find_unsupported(payload)
    models = {payload["model"], *request.fallback_models}
    accounts = [endpoint.account for endpoint in endpoints if any(map(endpoint.serves, models))]
    if unsupported is None or not accounts or any(account.server is not ServerKind.GROQ for account in accounts):
        return unsupported
    assumed = [account.url for account in accounts if not has_host_of_groq(account.url)]
    hint = f". If {assumed[0]} is not Groq, ask the operator to set 'server: other' for it" if assumed else ""
    raise FieldError(PAYLOAD, unsupported.problem, unsupported.fix + hint)


def _uses_worker_defaults(request: TaskRequest) -> bool:
    has_default_key = request.secret_source != VARIABLE_SOURCE and request.api_key.lower() == CHAT_DEFAULTS[API_KEY]
    return has_default_key and base_url(request.url) == GROQ_URL


@lru_cache(CACHED_ACCOUNTS)
def _add_key(account: Account, key: str) -> Account:
    """Return one object for all tasks, so that an account's id is computed once."""
    return account.with_key(key)
