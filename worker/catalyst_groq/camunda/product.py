"""Which engine a REST API belongs to: its name, version and database. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

NAME_SUFFIX = " BPM Runtime"
"""Of the name that Camunda and Operaton report."""


class EngineProduct(NamedTuple):
    """An engine's name (`Camunda`, `Operaton`), version and database (`H2`); empty where unknown."""

    name: str
    version: str
    database: str

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "EngineProduct":
        """Read the response of `/telemetry/data`, or one with the version alone."""
        product = _object(body, "product")
        database = _object(_object(product, "internals"), "database")
        name = _text(product, "name").removesuffix(NAME_SUFFIX)
        return cls(name, _text(product, "version"), _text(database, "vendor"))

    def __str__(self) -> str:
        name = f"{self.name or 'unknown'} {self.version}".rstrip()
        return f"{name} on {self.database}" if self.database else name


def _object(container: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = container.get(name)
    return value if isinstance(value, dict) else {}


def _text(container: Mapping[str, Any], name: str) -> str:
    value = container.get(name)
    return value if isinstance(value, str) else ""
