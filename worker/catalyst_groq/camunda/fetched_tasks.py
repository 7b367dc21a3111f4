"""Tasks that another client has fetched: read from the engine in the form in which a worker of its own fetches them."""

from urllib.parse import quote

from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.camunda.scope_variables import visible_variables_url
from catalyst_groq.domain.external_task import ExternalTask


class FetchedTasks:
    """Reads single tasks with their variables. Raises `EngineUnreachable` or `EngineRefused`."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def read(self, task_id: str) -> ExternalTask:
        """Return the task with all variables that it sees, not deserialised. Raises `TaskLost` if it is gone.

        It has no extension properties, which the engine shows in a fetch only: they are in the diagram.
        """
        task = await self._rest.get(f"{self._rest.url}/external-task/{quote(task_id, safe='')}", dict)
        with self._rest.parsing():
            variables_url = visible_variables_url(self._rest.url, str(task["executionId"]))
        variables = await self._rest.get(f"{variables_url}?deserializeValues=false", dict)
        with self._rest.parsing():
            return ExternalTask({**task, "variables": variables})
