"""Catalyst Groq worker: BPMN service tasks of Camunda 7, Operaton and CIB seven ask Groq.

The names of `__all__` are the public Python API; docs/python-api.md describes it. They are imported when they are used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalyst_groq.config.extensions import Extensions
    from catalyst_groq.config.settings import Settings
    from catalyst_groq.connector.access.providers import SecretProvider
    from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure
    from catalyst_groq.domain.task_observation import TaskObserver, TaskRecord
    from catalyst_groq.errors import CatalystError, EngineError, FieldError, JournalError, SettingsError
    from catalyst_groq.integrations.camunda_client import GroqHandler, groq_handler
    from catalyst_groq.worker import Worker

    __version__: str

__all__ = [
    "BpmnError",
    "CatalystError",
    "Completion",
    "EngineError",
    "Extensions",
    "Failure",
    "FieldError",
    "GroqHandler",
    "JournalError",
    "SecretProvider",
    "Settings",
    "SettingsError",
    "TaskObserver",
    "TaskRecord",
    "Worker",
    "__version__",
    "groq_handler",
]

_MODULES = {
    "BpmnError": "domain.outcomes",
    "CatalystError": "errors",
    "Completion": "domain.outcomes",
    "EngineError": "errors",
    "Extensions": "config.extensions",
    "Failure": "domain.outcomes",
    "FieldError": "errors",
    "GroqHandler": "integrations.camunda_client",
    "JournalError": "errors",
    "SecretProvider": "connector.access.providers",
    "Settings": "config.settings",
    "SettingsError": "errors",
    "TaskObserver": "domain.task_observation",
    "TaskRecord": "domain.task_observation",
    "Worker": "worker",
    "groq_handler": "integrations.camunda_client",
}
"""By public name the module that defines it."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("catalyst-groq-worker")
    elif name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
