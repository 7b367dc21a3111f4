"""The synchronous worker of camunda-external-task-client-python3: fetches as many, but handles one after the other."""

import requests
from camunda.external_task.external_task import ExternalTask, TaskResult
from camunda.external_task.external_task_worker import ExternalTaskWorker

from bench.clients.work import LOCK_MS, POLL_MS, assignment, request, variables


def _main() -> None:
    given = assignment()
    groq = requests.Session()
    groq.headers["authorization"] = f"Bearer {given.key}"

    def handle(task: ExternalTask) -> TaskResult:
        answer = groq.post(given.chat, json=request(task.get_variable("userMessage")), timeout=60)
        return task.complete(variables(answer.status_code, answer.text))

    config = {"maxTasks": given.at_once, "lockDuration": LOCK_MS, "asyncResponseTimeout": POLL_MS, "sleepSeconds": 1}
    worker = ExternalTaskWorker(given.worker_id, given.engine, config)
    worker.subscribe(given.topic, handle, variables=["userMessage"])


if __name__ == "__main__":
    _main()
