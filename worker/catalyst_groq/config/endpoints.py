"""The setting `endpoints`: parsing and validation. Messages never show a value that may be a key by mistake."""

import re
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_settings import NoDecode

from catalyst_groq.config.endpoint_headers import FIXED_HEADERS, HEADER_NAME, check_headers, check_query
from catalyst_groq.connector.access.urls import base_url
from catalyst_groq.domain.redaction import KEY_PREFIX
from catalyst_groq.groq.api.server_kinds import ServerKind

ENDPOINT_NAME = re.compile(r"[\w.-]{1,40}", re.ASCII)
"""An endpoint's name appears in logs and metric labels."""

NOT_A_LIST = "is not a list of endpoints. Write lines such as - {name: backup, url: https://…, key: groq_backup_key}"


def _parse_list(value: Any) -> Any:
    """Parse the list; the environment writes it as YAML or JSON."""
    try:
        entries = yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        entries = None
    if not isinstance(entries, list | tuple):
        raise ValueError(NOT_A_LIST)  # noqa: TRY004 -- pydantic catches ValueError only
    return entries


def _parse_models(value: Any) -> Any:
    """Turn a list of models into a mapping: the endpoint uses the same names."""
    return {str(name): str(name) for name in value} if isinstance(value, list) else value


def _check_fields(value: Any) -> Any:
    unknown = sorted(map(str, set(value) - set(EndpointSettings.model_fields))) if isinstance(value, dict) else ()
    if unknown:
        known = ", ".join(EndpointSettings.model_fields)
        raise ValueError(f"unknown field {', '.join(unknown)}. Must be one of {known}")
    return value


def _check_name(name: str) -> str:
    if not ENDPOINT_NAME.fullmatch(name):
        raise ValueError("must be 1 to 40 letters, digits, dots, hyphens or underscores")
    return name


def _check_key_name(name: str) -> str:
    if name.startswith(KEY_PREFIX):
        raise ValueError("contains a key instead of a secret's name such as groq_backup_key. Revoke that key")
    return name


def _check_url(text: str) -> str:
    if "?" in text:
        raise ValueError("contains a query. Write what is after the ? as query: {name: value}")
    return base_url(text)


def _check_key_header(name: str) -> str:
    if not HEADER_NAME.fullmatch(name) or name.lower() in FIXED_HEADERS:
        raise ValueError("is not the name of a header for a key. Write for example api-key")
    return name


def _check_unique_names(entries: tuple["EndpointSettings", ...]) -> tuple["EndpointSettings", ...]:
    names = [entry.name for entry in entries]
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"duplicate name {', '.join(duplicates)}. Give each endpoint a unique name")
    return entries


def _check_servers(entries: tuple["EndpointSettings", ...]) -> tuple["EndpointSettings", ...]:
    named: dict[str | None, EndpointSettings] = {}
    for entry in entries:
        if entry.server and named.setdefault(entry.url, entry).server is not entry.server:
            problem = f"{named[entry.url].name} and {entry.name} have the same URL, but different servers"
            raise ValueError(f"{problem}. Write the same server")
    return entries


class EndpointSettings(BaseModel):
    """One entry of `endpoints`; a field that is not set has Groq's value."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, AfterValidator(_check_name)]
    url: Annotated[str, AfterValidator(_check_url)] | None = None
    """Base URL; `GROQ_API_URL` if not set."""
    key: Annotated[str, AfterValidator(_check_key_name)] | None = None
    """Name of the secret that contains its API key."""
    models: Annotated[dict[str, str], BeforeValidator(_parse_models)] | None = None
    """Models that it serves: a list, or its own name by Groq's name of the model. Any model if not set."""
    priority: int = 0
    """Endpoints with a lower number come first."""
    key_header: Annotated[str, AfterValidator(_check_key_header)] | None = None
    """The header that contains the key alone; `Authorization: Bearer` if not set."""
    headers: Annotated[dict[str, str], BeforeValidator(check_headers)] = {}
    """Further headers; `${name}` in a value stands for a secret."""
    query: Annotated[dict[str, str], BeforeValidator(check_query)] = {}
    """The query of its URLs."""
    server: ServerKind | None = None
    """What kind of server it is; by its URL if not set."""

    @model_validator(mode="after")
    def _check_one_key(self) -> Self:
        name = (self.key_header or "authorization").lower()
        if name in map(str.lower, self.headers):
            raise ValueError(f"headers: {name} is the header of the key. Write the secret's name as key instead")
        return self


Endpoints = Annotated[
    tuple[Annotated[EndpointSettings, BeforeValidator(_check_fields)], ...],
    NoDecode,
    BeforeValidator(_parse_list),
    AfterValidator(_check_unique_names),
    AfterValidator(_check_servers),
]
