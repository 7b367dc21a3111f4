"""One outage: how it is induced, and where it must be seen."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from catalyst_groq.sandbox.emulator import Emulator
from support.worker_process import WorkerProcess


class Parts(NamedTuple):
    """What an outage may disturb."""

    worker: WorkerProcess
    groq: Emulator
    name: str
    """The text of the tasks, which rules of the emulator are for."""
    resource: Any
    """What only this worker uses; see `Outage.resource`."""


@dataclass(frozen=True, kw_only=True)
class Outage:
    """An outage of one part of a worker that has completed a task before.

    In the texts that must be seen, `…` stands for anything.
    """

    name: str
    """Unlike the others'."""
    part: str
    induced: str
    """What is done, in words."""
    induce: Callable[[Parts], object]
    ready: bool | None
    """Whether the worker stays ready; None where no worker is left."""
    log: str = ""
    metric: str = ""
    """A line of `/metrics`."""
    check: str = ""
    """The check of `/readyz` that sees it."""
    problem: str = ""
    """What the check says."""
    alert: str
    alert_labels: Mapping[str, str] = field(default_factory=dict)
    """Of an alert that sums over instances; otherwise its instance is compared."""
    resource: Callable[[str], Any] = nullcontext
    """A context manager of what only this worker uses, given the engine's URL; yields None or what has a URL."""
    settings: Callable[[Any], Mapping[str, str]] = lambda _: {}
    """The worker's settings, given the resource."""
    faults: Mapping[str, str] = field(default_factory=dict)
    """Environment variables for `fault_injection/sitecustomize.py`."""
    tasks: int = 0
    """How many are started afterwards."""
    diagram: Mapping[str, Any] = field(default_factory=dict)
    """What the diagram of the tasks has."""
