"""Another worker that wants the same tasks, in a thread: it works while the event loop of a test is blocked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

POLL_INTERVAL_SECONDS = 0.02


class CompetingWorker:
    """Fetches every task of a topic that it can get, and records the locks of the worker under test."""

    def __init__(self, rest_url: str, topic: str, observed_worker_id: str) -> None:
        self.fetched: list[str] = []
        """Ids of the tasks that became available to it."""
        self.lock_expirations: set[str] = set()
        """The moments at which locks of the observed worker end, as the engine writes them: one more per renewal."""
        self._fetch = {
            "workerId": f"competitor-of-{observed_worker_id}",
            "maxTasks": 10,
            "topics": [{"topicName": topic, "lockDuration": 60_000}],
        }
        self._tasks_url = f"{rest_url}/external-task"
        self._query = {"workerId": observed_worker_id, "locked": "true"}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="competing worker")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(timeout=10, trust_env=False) as http:
            while not self._stopped.wait(POLL_INTERVAL_SECONDS):
                fetched = http.post(f"{self._tasks_url}/fetchAndLock", json=self._fetch).raise_for_status().json()
                self.fetched += [task["id"] for task in fetched]
                locked = http.get(self._tasks_url, params=self._query).raise_for_status().json()
                self.lock_expirations |= {task["lockExpirationTime"] for task in locked}


@contextmanager
def competing_worker(rest_url: str, topic: str, observed_worker_id: str) -> Iterator[CompetingWorker]:
    """Compete for the tasks of a topic for as long as the block runs."""
    worker = CompetingWorker(rest_url, topic, observed_worker_id)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()
