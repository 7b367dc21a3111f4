"""The asynchronous worker of camunda-external-task-client-python3; the handler's own calls are pooled."""

import asyncio

import httpx
from camunda.external_task.async_external_task_worker import AsyncExternalTaskWorker
from camunda.external_task.external_task import ExternalTask, TaskResult

from bench.clients.work import LOCK_MS, POLL_MS, assignment, request, variables


async def _main() -> None:
    given = assignment()
    limits = httpx.Limits(max_connections=given.at_once, keepalive_expiry=60)
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {given.key}"}, timeout=60, limits=limits) as groq:

        async def handle(task: ExternalTask) -> TaskResult:
            answer = await groq.post(given.chat, json=request(task.get_variable("userMessage")))
            return task.complete(variables(answer.status_code, answer.text))

        config = {"maxConcurrentTasks": given.at_once, "lockDuration": LOCK_MS, "asyncResponseTimeout": POLL_MS}
        # It sleeps only when the engine has held a whole poll in vain: long polling needs no pause.
        worker = AsyncExternalTaskWorker(given.worker_id, given.engine, config | {"sleepSeconds": 0})
        await worker.subscribe({given.topic: handle}, variables=["userMessage"])


if __name__ == "__main__":
    asyncio.run(_main())
