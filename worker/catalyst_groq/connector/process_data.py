"""What the processing of a task reads from the engine, besides the task itself."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from catalyst_groq.domain.definitions import CallingProcess, Definition
from catalyst_groq.domain.variables_to_fetch import VariablesToFetch


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessData:
    """Functions that read data of processes."""

    definition_of: Callable[[str], Awaitable[Definition]]
    """Returns the deployed definition by its id. Raises `DefinitionError`, `EngineError`."""
    variables_to_fetch: VariablesToFetch
    calling_process: Callable[[str], Awaitable[CallingProcess | None]]
    """Returns the process instance that called one. Raises `EngineError`."""
    read_file: Callable[[str, str], Awaitable[bytes]]
    """Returns the content of the File variable that an execution sees. Raises `EngineError`."""
    visible_variables: Callable[[str], Awaitable[Collection[str]]]
    """Returns the names of the variables that an execution sees. Raises `EngineError`."""
