"""What is known of the worker that a diagram is for: its settings, as far as they decide what a task may do."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from catalyst_groq.connector.access.secrets import BUILT_IN_SOURCES, VARIABLE_SOURCE, Secrets
from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls
from catalyst_groq.connector.task_request import TaskRequestReader
from catalyst_groq.domain.redaction import KEY_PREFIX
from catalyst_groq.groq.api.server_kinds import ServerKinds
from catalyst_groq.groq.models.catalog import ModelCatalog, shipped_catalog
from catalyst_groq.groq.routing.endpoints import Endpoint

T = TypeVar("T")
SAMPLE_KEY = f"{KEY_PREFIX}{'0' * 32}"

TEMPLATE_VERSIONS: Mapping[str, int] = {"io.catalyst.template.groq": 2, "io.catalyst.template.groq.transcribe": 2}
"""The newest version of each element template, by its id."""


class SampleProvider:
    """A `SecretProvider` that has every secret: whether one exists is known only to the worker's machine."""

    async def get(self, name: str) -> str | None:
        """Return a sample."""
        del name
        return SAMPLE_KEY


class InlineExecutor:
    """A `BoundedExecutor` for a process that is bounded itself."""

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return the function's result."""
        return function(*args)


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine of the worker that waits for nothing here, so that it needs no event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("the coroutine waits")


@dataclass(frozen=True, slots=True, kw_only=True)
class LintContext:
    """The rules of one installation. The defaults are those of a worker without any settings."""

    topics: tuple[str, ...] = ("catalyst-groq",)
    catalog: ModelCatalog
    allowed_secrets: tuple[str, ...] = ("groq*",)
    allow_variable_secrets: bool = True
    secret_sources: tuple[str, ...] = BUILT_IN_SOURCES
    urls: AllowedUrls = field(default_factory=lambda: AllowedUrls(GROQ_URL))
    servers: ServerKinds = field(default_factory=lambda: ServerKinds(GROQ_URL))
    endpoints: tuple[Endpoint, ...] = ()
    """The operator's, with a sample in the place of each key."""
    is_deployed: bool = False
    """Whether the diagrams are those that the engine executes with this worker."""

    @property
    def reader(self) -> TaskRequestReader:
        """The worker's reader of fields."""
        return TaskRequestReader(self.catalog, secret_sources=self.secret_sources)

    @property
    def secrets(self) -> Secrets:
        """The worker's checks of secrets, with a sample of each."""
        providers = {name: SampleProvider() for name in self.secret_sources if name != VARIABLE_SOURCE}
        return Secrets(providers=providers, allowed=self.allowed_secrets, allow_variables=self.allow_variable_secrets)


def default_context() -> LintContext:
    """Return the rules of a worker without settings."""
    return LintContext(catalog=shipped_catalog())
