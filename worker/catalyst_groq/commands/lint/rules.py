"""The rules: one table (`rules.yaml`), which the findings, SARIF and docs/lint.md are made of."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from string import Formatter

import yaml
from pydantic import BaseModel, ConfigDict

DOCUMENTATION_URL = "https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/lint.md"

Example = Mapping[str, str] | str
"""Fields of a task by name, or a part of a diagram's process as XML."""


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    ERROR = "error"
    """The task will fail or do the wrong thing."""
    WARNING = "warning"
    """It may."""
    HINT = "hint"


SEVERITIES = tuple(Severity)


class Message(BaseModel):
    """What is said of a mistake, with places for values: `{field}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    problem: str
    fix: str

    @property
    def places(self) -> frozenset[str]:
        """The names of the values."""
        parts = (part for text in (self.problem, self.fix) for part in Formatter().parse(text))
        return frozenset(name for _, name, _, _ in parts if name)


class Rule(BaseModel):
    """One kind of mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    severity: Severity
    title: str
    why: str
    fix: str = ""
    """What `--fix` does; empty if it leaves the mistake to the modeller."""
    messages: tuple[Message, ...] = ()
    wrong: Example
    right: Example

    def describe(self, message: str = "", /, **values: object) -> tuple[str, str]:
        """Return the problem and the fix: of the first message of that name whose values are all known (not None)."""
        known = {name: value for name, value in values.items() if value is not None}
        named = (candidate for candidate in self.messages if candidate.name == message)
        found = next(candidate for candidate in named if known.keys() >= candidate.places)
        return found.problem.format_map(known), found.fix.format_map(known)

    @property
    def url(self) -> str:
        """The rule's page."""
        return f"{DOCUMENTATION_URL}#{self.id}"


@cache
def all_rules() -> Mapping[str, Rule]:
    """Return the rules by id, in the order of the table."""
    entries = yaml.safe_load(files("catalyst_groq.commands.lint").joinpath("rules.yaml").read_text("utf-8"))
    return {entry["id"]: Rule.model_validate(entry) for entry in entries}
