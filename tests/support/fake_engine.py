"""A fake of the engine's REST API: HTTP over `engine_rules`, with long polls and with faults on demand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from support.engine_rules import ExternalTasks, RestError, Task

MAX_ASYNC_RESPONSE_TIMEOUT_MS = 1_800_000
QUERY_INTERVAL_SECONDS = 30.0
"""Seconds after which a waiting poll queries again: the end of a lock or of a retry timeout does not wake it."""

DEFINITION_ID = "contract:1:fake"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeEngine:
    """An engine whose tasks are created by a call instead of a process. Its tasks outlive `stop()`, as in a database.

    Like the real one it continues a poll whose client has disconnected, and locks the next task for it.
    """

    def __init__(self, *, json_format: bool = True, bpmn: str | bytes = "") -> None:
        self.tasks = ExternalTasks(json_format=json_format)
        self.bpmn = bpmn.encode() if isinstance(bpmn, str) else bpmn
        self.hides_deployments = False
        """Whether the worker's user may not read deployments."""
        self.hides_variables = False
        """Whether the worker's user may not read the variables of process instances."""
        self.hides_callers = False
        """Whether the worker's user may not see the process instances that call others."""
        self.waiting_polls = 0
        self.response_delay_seconds = 0.0
        """Seconds between the end of a report or an unlock and its response; polls get their responses meanwhile."""
        self._next_errors: list[RestError] = []
        self._more = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def rest_url(self) -> str:
        """The URL of the REST API; it stays the same after a restart."""
        return f"http://127.0.0.1:{self._port}/engine-rest"

    def create(self, task: Task) -> Task:
        """Let a process arrive at an external task."""
        self.tasks.all[task.id] = task
        self._wake()
        return task

    def refuse(self, times: int, status: int, kind: str, message: str, code: int = 0) -> None:
        """Respond with this error to the next reports."""
        self._next_errors += [RestError(status, kind, message, code)] * times

    async def start(self) -> None:
        """Listen; after `stop()` on the same port as before."""
        self._runner = web.AppRunner(self._application(), shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Refuse new connections and close the existing ones."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[_render_rest_errors])
        task = "/engine-rest/external-task"
        application.add_routes(
            [
                web.post(f"{task}/fetchAndLock", self._fetch_and_lock),
                web.post(f"{task}/{{id}}/{{report:complete|bpmnError|failure}}", self._report),
                web.post(f"{task}/{{id}}/lock", self._lock),
                web.post(f"{task}/{{id}}/extendLock", self._extend_lock),
                web.post(f"{task}/{{id}}/unlock", self._unlock),
                web.get(task, self._list),
                web.post(task, self._query),
                web.get(f"{task}/count", self._count),
                web.get(f"{task}/{{id}}", self._task),
                web.get("/engine-rest/process-instance/{id}/variables", self._variables),
                web.get("/engine-rest/process-definition/{id}/xml", self._xml),
                web.get("/engine-rest/process-definition/{id}", self._definition),
                web.get("/engine-rest/deployment/d1/resources", self._resources),
                web.get("/engine-rest/deployment/d1/resources/r2/data", self._resource),
                web.get("/engine-rest/process-instance", self._callers),
            ]
        )
        return application

    async def _fetch_and_lock(self, request: web.Request) -> web.Response:
        body = await request.json()
        timeout_milliseconds = body.get("asyncResponseTimeout", 0)
        if timeout_milliseconds > MAX_ASYNC_RESPONSE_TIMEOUT_MS:
            message = "The asynchronous response timeout cannot be set to a value greater than "
            message += f"{MAX_ASYNC_RESPONSE_TIMEOUT_MS} milliseconds"
            raise RestError(400, "InvalidRequestException", message, None)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_milliseconds / 1000
        self.waiting_polls += 1
        try:
            while not (locked := self._fetch(body)) and (left := deadline - loop.time()) > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._more.wait(), min(left, QUERY_INTERVAL_SECONDS))
        finally:
            self.waiting_polls -= 1
        topics = {topic["topicName"]: topic for topic in body["topics"]}
        return web.json_response([_fetch_result(task, topics[task.topic]) for task in locked])

    def _fetch(self, body: dict[str, Any]) -> list[Task]:
        return self.tasks.fetch(
            body["workerId"],
            {topic["topicName"]: topic["lockDuration"] for topic in body["topics"]},
            body["maxTasks"],
            by_priority=body.get("usePriority", False),
            oldest_first={"sortBy": "createTime", "sortOrder": "asc"} in (body.get("sorting") or []),
        )

    async def _report(self, request: web.Request) -> web.Response:
        body, task_id = await request.json(), request.match_info["id"]
        if self._next_errors:
            raise self._next_errors.pop(0)
        worker_id, variables = body["workerId"], body.get("variables") or {}
        match request.match_info["report"]:
            case "complete":
                self.tasks.complete(task_id, worker_id, variables)
            case "bpmnError":
                self.tasks.bpmn_error(task_id, worker_id, body["errorCode"], body.get("errorMessage", ""), variables)
            case _:
                self.tasks.failure(
                    task_id,
                    worker_id,
                    body.get("errorMessage", ""),
                    body.get("errorDetails", ""),
                    retries=body.get("retries", 0),
                    retry_timeout=body.get("retryTimeout", 0),
                    variables=variables,
                )
        await asyncio.sleep(self.response_delay_seconds)
        return web.Response(status=204)

    async def _lock(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.tasks.lock(request.match_info["id"], body["workerId"], body["lockDuration"])
        return web.Response(status=204)

    async def _extend_lock(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.tasks.extend_lock(request.match_info["id"], body["workerId"], body["newDuration"])
        return web.Response(status=204)

    async def _unlock(self, request: web.Request) -> web.Response:
        self.tasks.unlock(request.match_info["id"])
        self._wake()
        await asyncio.sleep(self.response_delay_seconds)
        return web.Response(status=204)

    async def _list(self, request: web.Request) -> web.Response:
        worker_id, locked = request.query.get("workerId"), request.query.get("locked")
        tasks = [
            _query_result(task)
            for task in self.tasks.waiting()
            if worker_id in {None, task.worker_id} and (locked != "true" or task.is_locked)
        ]
        return web.json_response(tasks)

    async def _query(self, request: web.Request) -> web.Response:
        ids = (await request.json())["externalTaskIdIn"]
        found = [_query_result(task) for task in self.tasks.waiting() if task.id in ids]
        return web.json_response(found[: int(request.query["maxResults"])])

    async def _count(self, _: web.Request) -> web.Response:
        return web.json_response({"count": len(self.tasks.waiting())})

    async def _task(self, request: web.Request) -> web.Response:
        return web.json_response(_query_result(self.tasks.get(request.match_info["id"])))

    async def _variables(self, request: web.Request) -> web.Response:
        if self.hides_variables:
            raise RestError(403, "AuthorizationException", "The user does not have READ permission on ProcessInstance")
        [task] = (task for task in self.tasks.all.values() if task.process_instance_id == request.match_info["id"])
        return web.json_response(_show(task.variables, as_bean=request.query.get("deserializeValues") != "false"))

    async def _xml(self, request: web.Request) -> web.Response:
        definition_id = request.match_info["id"]
        if definition_id != DEFINITION_ID:
            raise RestError(404, "InvalidRequestException", f"No matching definition with id {definition_id}")
        return web.json_response({"id": definition_id, "bpmn20Xml": self.bpmn.decode("utf-8", "replace")})

    async def _definition(self, _: web.Request) -> web.Response:
        return web.json_response({"id": DEFINITION_ID, "deploymentId": "d1", "resource": "b.bpmn"})

    async def _resources(self, _: web.Request) -> web.Response:
        if self.hides_deployments:
            raise RestError(403, "AuthorizationException", "no READ on Deployment")
        return web.json_response([{"id": "r1", "name": "a.bpmn"}, {"id": "r2", "name": "b.bpmn"}])

    async def _resource(self, _: web.Request) -> web.Response:
        return web.Response(body=self.bpmn)

    async def _callers(self, request: web.Request) -> web.Response:
        called = {task.process_instance_id for task in self.tasks.all.values() if task.called}
        if (asked := request.query.get("processInstanceIds")) and request.query["rootProcessInstances"] == "true":
            return web.json_response([] if asked in called else [{"id": asked, "definitionId": DEFINITION_ID}])
        caller = {"id": "caller", "definitionId": DEFINITION_ID}
        if self.hides_callers:
            return web.json_response([])
        return web.json_response([caller] if request.query["subProcessInstance"] in called else [])

    def _wake(self) -> None:
        """Let every waiting poll query again."""
        self._more.set()
        self._more = asyncio.Event()


@web.middleware
async def _render_rest_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RestError as error:
        return web.json_response(error.body, status=error.status)


def _query_result(task: Task) -> dict[str, Any]:
    """One task as a query shows it."""
    return {
        "id": task.id,
        "topicName": task.topic,
        "activityId": "Ask",
        "processInstanceId": task.process_instance_id,
        "executionId": task.process_instance_id,
        "processDefinitionId": DEFINITION_ID,
        "processDefinitionKey": "contract",
        "priority": task.priority,
        "retries": task.retries,
        "workerId": task.worker_id,
        "createTime": _format_time(task.create_time),
        "lockExpirationTime": _format_time(task.locked_until) if task.locked_until else None,
        "errorMessage": task.error_message,
        "suspended": False,
    }


def _fetch_result(task: Task, topic: dict[str, Any]) -> dict[str, Any]:
    """One task as a fetch returns it."""
    names = topic.get("variables")
    fetched = {name: typed for name, typed in task.variables.items() if names is None or name in names}
    variables = _show(fetched, as_bean=topic.get("deserializeValues", False))
    properties = dict(task.extension_properties) if topic.get("includeExtensionProperties", False) else None
    return _query_result(task) | {
        "variables": variables,
        "extensionProperties": properties,
        "errorDetails": task.error_details,
    }


def _show(variables: dict[str, Any], *, as_bean: bool) -> dict[str, Any]:
    """Variables as the engine returns them: deserialised values are Java beans instead of their texts."""
    return {
        name: typed | {"value": {"nodeType": "OBJECT"}} if as_bean and typed["type"] in {"Json", "Object"} else typed
        for name, typed in variables.items()
    }


def _format_time(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


@asynccontextmanager
async def running_fake_engine(*, json_format: bool = True, bpmn: str | bytes = "") -> AsyncIterator[FakeEngine]:
    """Run a fake engine on a free port for as long as the block runs."""
    engine = FakeEngine(json_format=json_format, bpmn=bpmn)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()
