"""The names that gateways and other servers give to models of the catalog. Pure.

Sources: the model lists of LiteLLM (`groq/…`, `azure/…`, `bedrock/…`), OpenRouter (`…:free`), Cloudflare (`@cf/…`),
Amazon Bedrock (`openai.gpt-oss-120b-1:0`) and Fireworks (`accounts/fireworks/models/…`).
"""

import re
from collections.abc import Collection
from typing import NamedTuple

FREE_VARIANT = "free"
MAX_NAME_CHARS = 200
VARIANT = re.compile(r":(?P<variant>[a-z][a-z-]*)$")
"""How a gateway serves the model: OpenRouter's `:free` and `:nitro`, a provider, Ollama's `:latest`."""

VERSION = re.compile(r"(?:-v?\d+:\d+|[-@]\d{4}-\d{2}-\d{2}|[-@]\d{8})$")
"""A version of Bedrock, or a date."""

GATEWAYS = frozenset(
    (
        "accounts",
        "azure",
        "azure_ai",
        "bedrock",
        "cerebras",
        "fireworks",
        "fireworks_ai",
        "groq",
        "models",
        "openrouter",
    )
)
"""Prefixes after which a name may leave out who has made the model. Any other prefix may be its maker."""


class GatewayName(NamedTuple):
    """What a gateway's name of a model says."""

    id: str
    """The model in the catalog."""
    is_free: bool = False


def find_gateway_name(name: str, ids: Collection[str]) -> GatewayName | None:
    """Return the model whose whole id a name contains; None where only a part is alike, or several are meant.

    The name may have prefixes before the id, and a variant, a version and a date behind it.
    """
    if len(name) > MAX_NAME_CHARS:
        return None
    lower = name.strip().lower()
    match = VARIANT.search(lower)
    text = lower[: match.start()] if match else lower
    for candidate in dict.fromkeys((text, VERSION.sub("", text))):
        if id_ := _find_id(candidate, ids):
            return GatewayName(id_, is_free=match is not None and match["variant"] == FREE_VARIANT)
    return None


def _find_id(name: str, ids: Collection[str]) -> str | None:
    """Return the longest id that the name ends with, or the only one that it means without its maker."""
    bounded = f"/{name}"
    if whole := [id_ for id_ in ids if bounded.endswith(_endings(id_.lower()))]:
        return max(whole, key=len)
    *prefixes, model = name.split("/")
    short = [id_ for id_ in ids if "/" in id_ and id_.lower().rpartition("/")[2] == model]
    is_clear = len(short) == 1 and GATEWAYS.issuperset(prefixes) and any(map(str.isdigit, model))
    return short[0] if is_clear else None


def _endings(id_: str) -> tuple[str, ...]:
    """Return how a name ends that contains the id; Bedrock writes dots."""
    with_dots = id_.replace("/", ".")
    return (f"/{id_}", f"/{with_dots}", f".{with_dots}") if "/" in id_ else (f"/{id_}",)
