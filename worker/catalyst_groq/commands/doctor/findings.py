"""What the doctor finds."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

SENTENCE_END = re.compile(r"(?<=[^.\s][.?]) (?=[A-Z])")


class Status(StrEnum):
    """How a check has ended."""

    OK = "ok"
    HINT = "hint"
    """Worth a look; the worker works."""
    FAULT = "fault"
    """Tasks fail, or wait, because of it."""
    UNKNOWN = "unknown"
    """It could not be checked, because of another finding."""


class Finding(NamedTuple):
    """One result of the doctor."""

    area: str
    """What was checked, such as `Engine`."""
    status: Status
    text: str
    fix: str = ""
    """What to do about a fault or a hint."""

    def as_json(self) -> dict[str, str]:
        """Return the finding for programs."""
        return {"area": self.area, "status": self.status.value, "text": self.text, "fix": self.fix}


class Area(NamedTuple):
    """Makes the findings of one area."""

    name: str

    def ok(self, text: str) -> Finding:
        """Return that something is as it should be."""
        return Finding(self.name, Status.OK, text)

    def unknown(self, text: str) -> Finding:
        """Return that something could not be checked."""
        return Finding(self.name, Status.UNKNOWN, text)

    def hint(self, text: str, fix: str) -> Finding:
        """Return a hint."""
        return Finding(self.name, Status.HINT, text, fix)

    def fault(self, text: str, fix: str) -> Finding:
        """Return a fault."""
        return Finding(self.name, Status.FAULT, text, fix)

    def fault_of(self, message: str, fix: str) -> Finding:
        """Return the fault of an error message; its last sentence is the fix, and `fix` if it has one sentence."""
        problem, remedy = split_message(message)
        return self.fault(problem, remedy or fix)


def split_message(message: str) -> tuple[str, str]:
    """Return the problem and the remedy of a message (*field: problem. remedy.*), without full stops at their ends."""
    first, *rest = SENTENCE_END.split(message.strip(), maxsplit=1)
    return first.rstrip("."), " ".join(rest).removesuffix(".")


def has_faults(findings: Sequence[Finding]) -> bool:
    """Whether there is any fault."""
    return any(finding.status is Status.FAULT for finding in findings)
