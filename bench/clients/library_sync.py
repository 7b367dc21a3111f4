"""The synchronous worker of camunda-external-task-client-python3. It handles fetched tasks one at a time."""

import requests
from camunda.external_task.external_task import ExternalTask, TaskResult
from camunda.external_task.external_task_worker import ExternalTaskWorker

from bench.clients.work import LOCK_MS, POLL_MS, chat_request, output_variables, read_config


def _main() -> None:
    config = read_config()
    groq = requests.Session()
    groq.headers["authorization"] = f"Bearer {config.api_key}"

    def handle(task: ExternalTask) -> TaskResult:
        response = groq.post(config.chat_url, json=chat_request(task.get_variable("userMessage")), timeout=60)
        return task.complete(output_variables(response.status_code, response.text))

    options = {
        "maxTasks": config.concurrency,
        "lockDuration": LOCK_MS,
        "asyncResponseTimeout": POLL_MS,
        "sleepSeconds": 1,
    }
    worker = ExternalTaskWorker(config.worker_id, config.engine_url, options)
    worker.subscribe(config.topic, handle, variables=["userMessage"])


if __name__ == "__main__":
    _main()
