"""The handler in a synchronous worker of camunda-external-task-client-python3: one task after the other.

pip install catalyst-groq-worker
export GROQ_API_KEY=gsk_…
python camunda_client_sync.py
"""

import logging

from camunda.external_task.external_task_worker import ExternalTaskWorker

from catalyst_groq import Settings, groq_handler


def main() -> None:
    """Work on the topic of the settings until the program is ended."""
    settings = Settings.load()  # the environment, .env and worker.yaml, as for `catalyst-groq run`
    options = {
        "asyncResponseTimeout": round(settings.async_response_timeout.total_seconds() * 1000),
        "sleepSeconds": 1,  # after an error of the engine; the library's default is five minutes
    }
    worker = ExternalTaskWorker("my-worker", settings.engine_url, options)
    worker.subscribe(list(settings.topic), groq_handler(settings=settings))


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    main()
