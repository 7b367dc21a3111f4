"""Whether something catches a BPMN error; where nothing does, the engine ends the instance as completed, silently."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from catalyst_groq.domain.definitions import CallingProcess, Definition
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.errors import CallerHidden, DefinitionError, EngineRefused

GRANT_READ = "grant the worker's user READ on process instances and definitions and raise this task's retries, or"
IF_HANDLED = "If the process shall handle it,"
"""The error itself may be corrected instead."""


@dataclass(frozen=True, slots=True)
class Catchers:
    """Looks for events that catch BPMN errors, in the process of a task and in those that call it."""

    definition_of: Callable[[str], Awaitable[Definition]]
    calling_process: Callable[[str], Awaitable[CallingProcess | None]]

    async def explain_missing(self, task: ExternalTask, definition: Definition, code: str) -> str | None:
        """Return why a BPMN error must not be thrown, and what helps; None if something catches it.

        Raises `EngineUnreachable`.
        """
        if definition.catches(task.activity_id, code):
            return None
        where = definition.where_to_catch(task.activity_id)
        try:
            if await self._caller_catches(task.process_instance_id, code):
                return None
        except (CallerHidden, DefinitionError, EngineRefused) as error:
            problem = f"Nothing in this process catches the BPMN error {code}, and the calling process cannot be read"
            return f"{problem}: {error}. {IF_HANDLED} {GRANT_READ} {where}."
        return f"Nothing catches the BPMN error {code}. {IF_HANDLED} {where}."

    async def _caller_catches(self, process_instance_id: str, code: str) -> bool:
        caller = await self.calling_process(process_instance_id)
        while caller:
            if (await self.definition_of(caller.definition_id)).catches_from_calls(code):
                return True
            caller = await self.calling_process(caller.instance_id)
        return False
