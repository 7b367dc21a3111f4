"""The baseline: a loop that only fetches, calls Groq and completes.

Run with `httpx`, or with `aiohttp` (as the transport of httpx, on uvloop).
"""

import asyncio
import sys
from typing import Any

import httpx
import uvloop
from httpx_aiohttp import HttpxAiohttpClient

from bench.clients.work import LOCK_MS, POLL_MS, ClientConfig, chat_request, output_variables, read_config

DEFAULT_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
"""The defaults of httpx. Its pool needs more CPU the more connections it holds."""

LARGE_LIMITS = httpx.Limits(max_connections=2000, keepalive_expiry=60)


class BareLoop:
    """One worker without retries, lock renewal, error handling or shutdown."""

    def __init__(self, config: ClientConfig, http: httpx.AsyncClient) -> None:
        self._config = config
        self._http = http
        self._active: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Run forever."""
        while True:
            if capacity := self._config.concurrency - len(self._active):
                for task in await self._fetch(capacity):
                    processing = asyncio.create_task(self._process(task))
                    self._active.add(processing)
                    processing.add_done_callback(self._active.discard)
            else:
                await asyncio.wait(self._active, return_when=asyncio.FIRST_COMPLETED)

    async def _fetch(self, max_tasks: int) -> list[dict[str, Any]]:
        body = {
            "workerId": self._config.worker_id,
            "maxTasks": max_tasks,
            "asyncResponseTimeout": POLL_MS,
            "topics": [{"topicName": self._config.topic, "lockDuration": LOCK_MS, "variables": ["userMessage"]}],
        }
        response = await self._http.post(f"{self._config.engine_url}/external-task/fetchAndLock", json=body)
        fetched: list[dict[str, Any]] = response.raise_for_status().json()
        return fetched

    async def _process(self, task: dict[str, Any]) -> None:
        payload = chat_request(task["variables"]["userMessage"]["value"])
        headers = {"authorization": f"Bearer {self._config.api_key}"}
        response = await self._http.post(self._config.chat_url, json=payload, headers=headers)
        outcome = {
            "workerId": self._config.worker_id,
            "variables": output_variables(response.status_code, response.text),
        }
        reported = await self._http.post(f"{self._config.engine_url}/external-task/{task['id']}/complete", json=outcome)
        reported.raise_for_status()


async def _main(client: httpx.AsyncClient) -> None:
    async with client as http:
        await BareLoop(read_config(), http).run()


if __name__ == "__main__":
    if sys.argv[1] == "aiohttp":
        uvloop.run(_main(HttpxAiohttpClient(timeout=60, limits=LARGE_LIMITS)))
    else:
        asyncio.run(_main(httpx.AsyncClient(timeout=60, limits=DEFAULT_LIMITS)))
