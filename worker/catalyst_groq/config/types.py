"""How an operator writes a setting: durations, lists, pairs and URLs, each as a type that checks itself."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from catalyst_groq.connector.access.urls import base_url
from catalyst_groq.connector.fields.retry_cycle import parse_duration
from catalyst_groq.groq.models.catalog import ModelLimits
from catalyst_groq.groq.rate_limits.bucket import LimitKind

LIMIT_NAMES = tuple(dimension.name.lower() for dimension in LimitKind)


def between(shortest: timedelta, longest: timedelta) -> AfterValidator:
    """Make a duration one that is neither shorter nor longer."""

    def check(value: timedelta) -> timedelta:
        if not shortest <= value <= longest:
            raise ValueError(f"must be between {shortest.total_seconds():g} s and {longest.total_seconds():g} s")
        return value

    return AfterValidator(check)


def _duration(value: Any) -> Any:
    return value if isinstance(value, timedelta) else parse_duration(str(value))


def _names(value: Any) -> Any:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def _pairs(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in _names(value)]
    if any(not name.strip() or not equals for name, equals, _ in pairs):
        raise ValueError("write name=value,name=value")
    return {name.strip(): text.strip() for name, _, text in pairs}


def _model_limits(value: Any) -> Any:
    """Read `model rpm=30 tpm=8000, model …`, and find limits that are none."""
    limits = dict(map(_limits_of_one, _names(value))) if isinstance(value, str) else value
    for model, figures in limits.items() if isinstance(limits, dict) else ():
        for name in figures if isinstance(figures, dict) else ():
            if name not in LIMIT_NAMES:
                raise ValueError(f"'{name}' of {model} is no limit that is kept; there are {', '.join(LIMIT_NAMES)}")
    return limits


def _limits_of_one(entry: str) -> tuple[str, dict[str, str]]:
    model, *figures = entry.split()
    pairs = [figure.partition("=") for figure in figures]
    if not pairs or not all(name and figure for name, _, figure in pairs):
        raise ValueError("write model rpm=30 tpm=8000, model …")
    return model, {name: figure for name, _, figure in pairs}


def _redis_url(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://")):
        raise ValueError("is no address such as redis://localhost:6379/0")
    return text


def _http_url(text: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and not re.search(r"\s", text)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"is not an http(s) URL such as {example}")
    return parts


def _url_like(example: str, user: str, password: str) -> AfterValidator:
    """Make a text an http(s) URL without a password in it, for which there are settings of their own."""

    def check(text: str) -> str:
        parts = _http_url(text, example)
        if parts.username or parts.password:
            raise ValueError(f"holds a password, which would be in logs: use {user} and {password}")
        return text

    return AfterValidator(check)


def _proxy(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        _http_url(value.get_secret_value(), "http://proxy.example.com:3128")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Dollars = Annotated[Decimal, Field(gt=0)]
Pairs = Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)]
"""`a=x,b=y`, as the environment has to write a mapping."""

LimitsPlan = Literal["auto", "off", "free", "developer"]
LimitsByModel = Annotated[dict[str, ModelLimits], NoDecode, BeforeValidator(_model_limits)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
BaseUrls = Annotated[Names, AfterValidator(lambda urls: tuple(map(base_url, urls)))]
Proxy = Annotated[SecretStr | None, AfterValidator(_proxy)]
EngineUrl = Annotated[
    str, _url_like("http://localhost:8080/engine-rest", "CATALYST_ENGINE_USER", "CATALYST_ENGINE_PASSWORD")
]
TokenUrl = Annotated[
    str,
    _url_like("https://login.example.com/oauth2/token", "CATALYST_ENGINE_CLIENT_ID", "CATALYST_ENGINE_CLIENT_SECRET"),
]
