"""How an operator writes endpoints: entries that check themselves, and say nothing of what may be a key by mistake."""

import re
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_settings import NoDecode

from catalyst_groq.connector.access.redaction import KEY_PREFIX
from catalyst_groq.connector.access.urls import base_url

ENDPOINT_NAME = re.compile(r"[\w.-]{1,40}", re.ASCII)
"""What logs and metrics show of an endpoint."""

NOT_A_LIST = "is no list of endpoints; write lines such as - {name: backup, url: https://…, key: groq_backup_key}"


def _listed(value: Any) -> Any:
    """Read a list, which the environment holds as YAML or JSON."""
    try:
        found = yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        found = None
    if not isinstance(found, list | tuple):
        raise ValueError(NOT_A_LIST)  # noqa: TRY004 -- the one that pydantic catches
    return found


def _named_alike(value: Any) -> Any:
    return {str(name): str(name) for name in value} if isinstance(value, list) else value


def _only_known(value: Any) -> Any:
    unknown = sorted(map(str, set(value) - set(EndpointSettings.model_fields))) if isinstance(value, dict) else ()
    if unknown:
        known = ", ".join(EndpointSettings.model_fields)
        raise ValueError(f"{', '.join(unknown)} cannot be said of an endpoint; there are {known}")
    return value


def _short_name(name: str) -> str:
    if not ENDPOINT_NAME.fullmatch(name):
        raise ValueError("must be 1 to 40 letters, digits, dots, hyphens or underscores")
    return name


def _no_key(name: str) -> str:
    if name.startswith(KEY_PREFIX):
        raise ValueError("holds a key instead of the name of one, such as groq_backup_key: withdraw the key")
    return name


def _unlike(entries: tuple["EndpointSettings", ...]) -> tuple["EndpointSettings", ...]:
    names = [entry.name for entry in entries]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"several are named {', '.join(doubled)}: give each a name of its own")
    return entries


class EndpointSettings(BaseModel):
    """One endpoint as an operator writes it; what is left out is Groq's."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, AfterValidator(_short_name)]
    url: Annotated[str, AfterValidator(base_url)] | None = None
    """Base URL; `GROQ_API_URL` if left out."""
    key: Annotated[str, AfterValidator(_no_key)] | None = None
    """Name of the secret that holds its key."""
    models: Annotated[dict[str, str], BeforeValidator(_named_alike)] | None = None
    """The models it has: a list, or its own name for each. Any, if left out."""
    priority: int = 0
    """The lower, the sooner it is asked."""


Endpoints = Annotated[
    tuple[Annotated[EndpointSettings, BeforeValidator(_only_known)], ...],
    NoDecode,
    BeforeValidator(_listed),
    AfterValidator(_unlike),
]
