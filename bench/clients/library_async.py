"""The asynchronous worker of camunda-external-task-client-python3; the handler pools its own connections."""

import asyncio

import httpx
from camunda.external_task.async_external_task_worker import AsyncExternalTaskWorker
from camunda.external_task.external_task import ExternalTask, TaskResult

from bench.clients.work import LOCK_MS, POLL_MS, chat_request, output_variables, read_config


async def _main() -> None:
    config = read_config()
    limits = httpx.Limits(max_connections=config.concurrency, keepalive_expiry=60)
    async with httpx.AsyncClient(
        headers={"authorization": f"Bearer {config.api_key}"}, timeout=60, limits=limits
    ) as groq:

        async def handle(task: ExternalTask) -> TaskResult:
            response = await groq.post(config.chat_url, json=chat_request(task.get_variable("userMessage")))
            return task.complete(output_variables(response.status_code, response.text))

        options = {"maxConcurrentTasks": config.concurrency, "lockDuration": LOCK_MS, "asyncResponseTimeout": POLL_MS}
        # It sleeps only after a poll without tasks. Long polling needs no pause.
        worker = AsyncExternalTaskWorker(config.worker_id, config.engine_url, options | {"sleepSeconds": 0})
        await worker.subscribe({config.topic: handle}, variables=["userMessage"])


if __name__ == "__main__":
    asyncio.run(_main())
