"""Checks the servers of the requests: reachable, key accepted, models, limits."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from catalyst_groq.commands.doctor.findings import Area, Finding
from catalyst_groq.commands.models import MODELS_TIMEOUT_SECONDS
from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.operations import LIST_MODELS
from catalyst_groq.groq.api.requests import Account, GroqClient, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse
from catalyst_groq.groq.models.catalog import ModelCatalog

AREA = Area("Endpoints")
CHECK_URL = "Check the URL in CATALYST_ENDPOINTS or GROQ_API_URL"
CHECK_NETWORK = "Check the URL, the network and the proxy (CATALYST_GROQ_PROXY, HTTPS_PROXY, CATALYST_GROQ_CA_FILE)"
NEW_KEY = "Store a key that the server accepts, then restart the worker if it is in the environment"


class Server(NamedTuple):
    """A server with a name, and the models that it must have under its own names."""

    name: str
    account: Account
    models: Collection[str] = ()


async def check_server(client: GroqClient, server: Server) -> list[Finding]:
    """Return the findings about a server."""
    where = f"{server.name} ({hide_user_info(server.account.url)})"
    response = await client.send(GroqRequest(LIST_MODELS, server.account, {}, MODELS_TIMEOUT_SECONDS, caller=""))
    if isinstance(response, NoResponse):
        return [AREA.fault(f"{where} cannot be reached: {response.reason}: {response.message}", CHECK_NETWORK)]
    body = response.body if response.is_success else None
    entries = body.get("data") if isinstance(body, dict) else None
    if isinstance(entries, list):
        active = (entry for entry in entries if isinstance(entry, dict) and entry.get("active", True))
        offered = frozenset(str(entry["id"]) for entry in active if entry.get("id"))
        found = AREA.ok(f"{where} accepts the key and offers {len(offered)} models")
        return [found, *_find_missing_models(server, offered)]
    error = classify(response)
    message = (error.message if error else "unexpected response").rstrip(".")
    if error and error.kind is ErrorKind.AUTHENTICATION:
        return [AREA.fault(f"{where} refuses the key: {message}", NEW_KEY)]
    if error and error.kind.pauses_account:
        return [AREA.fault(f"{where} refuses the account: {message}", error.kind.remedy.rstrip("."))]
    return [AREA.hint(f"{where} does not list its models: {message}", CHECK_URL)]


def _find_missing_models(server: Server, offered: Collection[str]) -> Sequence[Finding]:
    if not (missing := sorted(set(server.models) - set(offered))):
        return []
    text = f"{server.name} does not offer {', '.join(missing)}"
    return [AREA.fault(text, "Correct the models of the endpoint in CATALYST_ENDPOINTS, or add them to the server")]


def describe_limits(plan: str, catalog: ModelCatalog) -> Finding:
    """Return the rate limits that the worker enforces at first. Without a plan Groq's answers tell them."""
    if plan == "off":
        return AREA.hint("rate limits are off: Groq refuses what is too much", "Set CATALYST_LIMITS=auto")
    model = catalog[catalog.default]
    limits = model.limits.get(plan) if plan in ("free", "developer") else None  # type: ignore[call-overload]
    if limits is None:
        return AREA.ok("rate limits are those that the answers of the servers report (CATALYST_LIMITS=auto)")
    figures = ", ".join(f"{name} {figure:,}" for name, figure in limits.model_dump().items() if figure is not None)
    return AREA.ok(f"rate limits are those of the plan {plan}: {model.id} has {figures}")
