"""What a caller adds to a worker without changing the package."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catalyst_groq.connector.access.providers import SecretProvider
from catalyst_groq.connector.task_request import TASK_OPERATIONS, TaskOperation
from catalyst_groq.domain.task_observation import TaskObserver
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.routing.router import Classify


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """What a caller adds to a worker without changing the package."""

    secret_providers: Mapping[str, SecretProvider] = field(default_factory=dict)
    """Further secret sources, by the names that the Secret Source field uses."""
    operations: Mapping[str, TaskOperation] = field(default_factory=lambda: TASK_OPERATIONS)
    """The operations, by the names that the Operation field uses."""
    classify: Classify = classify
    """Classifies the results of requests, perhaps into further error kinds."""
    observers: Sequence[TaskObserver] = ()
    """See every task, after the log and the metrics; see `TaskObserver`."""


NO_EXTENSIONS = Extensions()
