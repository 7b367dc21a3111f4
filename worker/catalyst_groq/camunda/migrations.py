"""Migration of process instances to another version of their process, with the plan that the engine makes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from catalyst_groq.camunda.rest_client import NO_CONTENT, RestClient


class MigrationPlan(NamedTuple):
    """Which activity of one version becomes which of another one. `body` is the plan as the REST API has it."""

    body: Mapping[str, Any]
    activities: frozenset[str]
    """The activities of the source that have a counterpart."""


class Migrations:
    """The REST API for migrations. Every method raises `EngineUnreachable` or `EngineRefused`."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._url = f"{rest.url}/migration"

    async def make_plan(self, source_definition_id: str, target_definition_id: str) -> MigrationPlan:
        """Have the engine map the activities that have the same ids. Timers and messages are those of the target."""
        request = {
            "sourceProcessDefinitionId": source_definition_id,
            "targetProcessDefinitionId": target_definition_id,
            "updateEventTriggers": True,
        }
        body = await self._rest.post(f"{self._url}/generate", request, dict)
        with self._rest.parsing():
            activities = {str(id_) for entry in body["instructions"] for id_ in entry["sourceActivityIds"]}
        return MigrationPlan(body, frozenset(activities))

    async def migrate(self, plan: MigrationPlan, process_instance_id: str) -> None:
        """Migrate one instance; nothing has changed if the engine refuses it."""
        request = {"migrationPlan": plan.body, "processInstanceIds": [process_instance_id]}
        await self._rest.post(f"{self._url}/execute", request, NO_CONTENT)
