"""Cache of parsed process definitions."""

from collections.abc import Awaitable, Callable

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.common.shared_calls import SharedCalls
from catalyst_groq.domain.definitions import Definition, is_parsed_quickly, parse_or_explain
from catalyst_groq.errors import DefinitionError


class DefinitionCache:
    """The engine's process definitions, each fetched and parsed once: a deployed definition never changes."""

    def __init__(self, fetch_xml: Callable[[str], Awaitable[str]], executor: BoundedExecutor) -> None:
        self._fetch_xml = fetch_xml
        self._executor = executor
        self._cached: dict[str, Definition] = {}
        self._fetches: SharedCalls[Definition] = SharedCalls()

    async def get(self, process_definition_id: str) -> Definition:
        """Return the definition; concurrent callers share one fetch.

        Raises `DefinitionError` if it cannot be read, and what the fetch raises.
        """
        if cached := self._cached.get(process_definition_id):
            return cached
        return await self._fetches.get(process_definition_id, lambda: self._fetch(process_definition_id))

    async def _fetch(self, process_definition_id: str) -> Definition:
        xml = await self._fetch_xml(process_definition_id)
        result = parse_or_explain(xml) if is_parsed_quickly(xml) else await self._executor.run(parse_or_explain, xml)
        if isinstance(result, Definition):
            self._cached[process_definition_id] = result
            return result
        reason = result.reason if isinstance(result, Unfinished) else result
        raise DefinitionError(f"The BPMN of the process definition {process_definition_id} {reason}")
