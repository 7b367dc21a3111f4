"""Which failed tasks a command is about: by process, instance, cause and text. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from catalyst_groq.camunda.failed_tasks import FailedTask
from catalyst_groq.common.texts import closest
from catalyst_groq.connector.fields.error_causes import KINDS_BY_CAUSE
from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, PAYLOAD, TRANSCRIPTION_DEFAULTS
from catalyst_groq.connector.results.incident_causes import CAUSES, find_causes
from catalyst_groq.errors import CatalystError
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS
from catalyst_groq.groq.api.errors import INCOMPATIBLE_MODEL

STATUS = re.compile(r"[1-5]\d\d")


class UnknownCause(CatalystError):  # noqa: N818 -- named after the state
    """An option names a cause that no incident can have."""


@dataclass(frozen=True, slots=True)
class TaskSelection:
    """Criteria that all must be met; one with several values is met by each of them, an empty one by every task."""

    processes: Sequence[str] = ()
    instances: Sequence[str] = ()
    causes: Sequence[str] = ()
    texts: Sequence[str] = ()
    tenants: Sequence[str] = ()

    def matches(self, task: FailedTask) -> bool:
        """Whether a task meets all criteria."""
        message = task.message.casefold()
        return (
            _is_in(task.process, self.processes)
            and _is_in(task.instance_id, self.instances)
            and _is_in(task.tenant, self.tenants)
            and (not self.causes or not set(find_causes(task.message)).isdisjoint(self.causes))
            and (not self.texts or any(text.casefold() in message for text in self.texts))
        )


def _is_in(value: str, allowed: Sequence[str]) -> bool:
    return not allowed or value in allowed


def check_cause(written: str) -> str:
    """Return the name of a cause as incidents have it. Raises `UnknownCause`, perhaps with what was meant."""
    name = re.sub(r"[\s-]+", "_", written.strip())
    by_name = {cause.lower(): cause for cause in (*CAUSES, *CHAT_DEFAULTS, *TRANSCRIPTION_DEFAULTS)}
    if STATUS.fullmatch(name):
        return name
    if name.lower() in by_name:
        return by_name[name.lower()]
    if kinds := KINDS_BY_CAUSE.get(name.lower()):
        # What the payload asks of the task's own model is checked before a request exists.
        of_payload = [PAYLOAD] if name.lower() == INCOMPATIBLE_MODEL else []
        names = " or ".join([*sorted(kind.name for kind in kinds), *of_payload])
        raise UnknownCause(f"--cause {written}: a cause of the Error Mapping. An incident has it as {names}.")
    if of_blame := sorted(kind.name for kind in ERROR_KINDS if kind.blame == name.lower()):
        raise UnknownCause(f"--cause {written}: a blame, not a cause. Its causes are {', '.join(of_blame)}.")
    near = closest(name, by_name.values())
    fix = f"Did you mean {near}?" if near else f"Write a status, a field, or one of {', '.join(CAUSES)}."
    raise UnknownCause(f"--cause {written}: unknown cause. {fix}")


class TaskGroup(NamedTuple):
    """Failed tasks with the same process version, activity and cause, and the message of one of them."""

    process: str
    definition_id: str
    activity: str
    cause: str
    size: int
    message: str


def group_tasks(tasks: Iterable[FailedTask]) -> list[TaskGroup]:
    """Return the groups of tasks, the largest first."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    messages: dict[tuple[str, str, str, str], str] = {}
    for task in tasks:
        key = (task.process, task.definition_id, task.activity, find_causes(task.message)[0])
        counts[key] += 1
        messages.setdefault(key, task.message)
    return [TaskGroup(*key, size, messages[key]) for key, size in counts.most_common()]
