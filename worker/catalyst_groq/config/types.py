"""Annotated types of settings: durations, lists, pairs, limits and URLs, each with its parsing and validation."""

import re
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from catalyst_groq.connector.access.urls import base_url
from catalyst_groq.connector.fields.retry_cycle import parse_duration
from catalyst_groq.groq.models.catalog import ModelLimits
from catalyst_groq.groq.rate_limits.bucket import GROQ_LIMIT_KINDS
from catalyst_groq.journal.encryption import check_keys

HOST_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE | re.ASCII)
MAX_DOCS_URL_CHARS = 200
DOCS_EXAMPLE = "https://catalyst-groq.github.io/catalyst-groq-worker/latest"
LIMIT_NAMES = tuple(kind.name.lower() for kind in GROQ_LIMIT_KINDS)


def between(minimum: timedelta, maximum: timedelta) -> AfterValidator:
    """Return a validator of durations; both limits are allowed values."""

    def check(value: timedelta) -> timedelta:
        if not minimum <= value <= maximum:
            raise ValueError(f"must be between {minimum.total_seconds():g} s and {maximum.total_seconds():g} s")
        return value

    return AfterValidator(check)


def _parse_duration(value: Any) -> Any:
    return value if isinstance(value, timedelta) else parse_duration(str(value))


def _to_lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _to_upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _parse_names(value: Any) -> Any:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def _parse_pairs(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in _parse_names(value)]
    if any(not name.strip() or not equals for name, equals, _ in pairs):
        raise ValueError("write name=value,name=value")
    return {name.strip(): text.strip() for name, _, text in pairs}


def _parse_model_limits(value: Any) -> Any:
    """Parse `model rpm=30 tpm=8000, model …`. Raises `ValueError` for an unknown limit."""
    limits = dict(map(_parse_limits_of_model, _parse_names(value))) if isinstance(value, str) else value
    for model, figures in limits.items() if isinstance(limits, dict) else ():
        for name in figures if isinstance(figures, dict) else ():
            if name not in LIMIT_NAMES:
                raise ValueError(f"unknown limit '{name}' of {model}. Must be one of {', '.join(LIMIT_NAMES)}")
    return limits


def _parse_limits_of_model(entry: str) -> tuple[str, dict[str, str]]:
    model, *figures = entry.split()
    pairs = [figure.partition("=") for figure in figures]
    if not pairs or not all(name and figure for name, _, figure in pairs):
        raise ValueError("write model rpm=30 tpm=8000, model …")
    return model, {name: figure for name, _, figure in pairs}


def check_host(text: str) -> str:
    """Return a host name or an IP address without the brackets that URLs need. Raises `ValueError`."""
    host = text.removeprefix("[").removesuffix("]")
    try:
        ip_address(host)
    except ValueError:
        if not HOST_NAME.fullmatch(host):
            raise ValueError("is no IP address and no host name. Write an address such as 127.0.0.1 or ::1") from None
    return host


def _check_redis_url(text: str) -> str:
    if text and not _is_redis_url(text):
        raise ValueError(f"is not a Redis URL such as redis://localhost:6379/0{_hint_at_scheme(text)}")
    return text


def _check_journal(text: str) -> str:
    """Refuse a URL other than Redis's: as a file's name it would show its password."""
    if "://" in text and not _is_redis_url(text):
        raise ValueError(f"is neither a file, redis://… nor off{_hint_at_scheme(text)}")
    return text


def _hint_at_scheme(text: str) -> str:
    """Return what to write instead of a URL of another client."""
    scheme = text.lower().partition("://")[0]
    if "sentinel" in scheme or "cluster" in scheme:
        return ". Sentinel and Cluster are not supported: write redis:// and the address of one server, the primary"
    return ". Write redis://, or rediss:// with TLS" if "valkey" in scheme else ""


def _is_redis_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return text.startswith(("redis://", "rediss://")) and text.isprintable() and parts.port != 0
    except ValueError:
        return False


def _check_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("contains control characters")
    return text


def _parse_http_url(text: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        is_valid = (
            parts.scheme in {"http", "https"}
            and parts.hostname
            and parts.port != 0
            and text.isprintable()
            and " " not in text
        )
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError(f"is not an http(s) URL such as {example}")
    return parts


def _check_url_without_password(example: str, user: str, password: str) -> AfterValidator:
    """Return a validator of http(s) URLs that refuses a password, because logs show the URL."""

    def check(text: str) -> str:
        parts = _parse_http_url(text, example)
        if parts.username or parts.password:
            raise ValueError(f"contains a password, which logs would show. Use {user} and {password}")
        return text

    return AfterValidator(check)


def _check_docs_url(text: str) -> str:
    """Return a base URL without its final slash. It stands in messages, so it must be short and hold no secret."""
    if not text:
        return text
    parts = _parse_http_url(text, DOCS_EXAMPLE)
    if parts.username or parts.password or parts.query or parts.fragment or len(text) > MAX_DOCS_URL_CHARS:
        raise ValueError(
            f"is not a URL of at most {MAX_DOCS_URL_CHARS} characters, without user, query or anchor: {DOCS_EXAMPLE}"
        )
    return text.rstrip("/")


def _check_proxy(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        _parse_http_url(value.get_secret_value(), "http://proxy.example.com:3128")
    return value


def _check_journal_keys(value: SecretStr | None) -> SecretStr | None:
    """Return Fernet keys, or None for an empty text. Raises `ValueError`."""
    if value is None or not value.get_secret_value():
        return None
    check_keys(value.get_secret_value())
    return value


Duration = Annotated[timedelta, BeforeValidator(_parse_duration)]
StreamTimeout = Annotated[Duration, between(timedelta(milliseconds=100), timedelta(hours=1))]
DebugPart = Annotated[Literal["requests", "responses", "latency", "limits"], BeforeValidator(_to_lower)]
DebugParts = Annotated[tuple[DebugPart, ...], NoDecode, BeforeValidator(_parse_names)]
LogFormat = Annotated[Literal["console", "json"], BeforeValidator(_to_lower)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_to_upper)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_names)]
DocsUrl = Annotated[str, AfterValidator(_check_docs_url)]
Dollars = Annotated[Decimal, Field(gt=0)]
Pairs = Annotated[dict[str, str], NoDecode, BeforeValidator(_parse_pairs)]
"""A mapping; the environment writes it as `a=x,b=y`."""

LimitsPlan = Literal["auto", "off", "free", "developer"]
LimitsByModel = Annotated[dict[str, ModelLimits], NoDecode, BeforeValidator(_parse_model_limits)]
Printable = Annotated[str, AfterValidator(_check_printable)]
Journal = Annotated[str, AfterValidator(_check_journal)]
JournalKeys = Annotated[SecretStr | None, AfterValidator(_check_journal_keys)]
RedisUrl = Annotated[str, AfterValidator(_check_redis_url)]
BaseUrls = Annotated[Names, AfterValidator(lambda urls: tuple(map(base_url, urls)))]
Proxy = Annotated[SecretStr | None, AfterValidator(_check_proxy)]
EngineUrl = Annotated[
    str,
    _check_url_without_password(
        "http://localhost:8080/engine-rest", "CATALYST_ENGINE_USER", "CATALYST_ENGINE_PASSWORD"
    ),
]
TokenUrl = Annotated[
    str,
    _check_url_without_password(
        "https://login.example.com/oauth2/token", "CATALYST_ENGINE_CLIENT_ID", "CATALYST_ENGINE_CLIENT_SECRET"
    ),
]
