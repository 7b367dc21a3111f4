"""The handler in an asynchronous worker of camunda-external-task-client-python3, beside a handler of your own.

pip install catalyst-groq-worker
export GROQ_API_KEY=gsk_…
python camunda_client_async.py
"""

import asyncio
import logging
import signal

from camunda.external_task.async_external_task_worker import AsyncExternalTaskWorker
from camunda.external_task.external_task import ExternalTask, TaskResult

from catalyst_groq import Settings, groq_handler


async def send_letter(task: ExternalTask) -> TaskResult:
    """Handle another topic as before."""
    return task.complete({"sent": True})


async def main() -> None:
    """Work on both topics until SIGTERM or Ctrl-C; then unlock the tasks in work."""
    settings = Settings.load()  # the environment, .env and worker.yaml, as for `catalyst-groq run`
    options = {
        "asyncResponseTimeout": round(settings.async_response_timeout.total_seconds() * 1000),
        "maxConcurrentTasks": settings.concurrency,
    }
    worker = AsyncExternalTaskWorker("my-worker", settings.engine_url, options)
    with groq_handler(settings=settings) as ask_groq:
        topics = {**dict.fromkeys(settings.topic, ask_groq), "send-letter": send_letter}
        subscription = asyncio.create_task(worker.subscribe(topics))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, subscription.cancel)
        await asyncio.wait([subscription])
        await worker.stop()


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    asyncio.run(main())
