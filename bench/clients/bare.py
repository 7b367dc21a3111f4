"""The floor: no more than fetch, ask and complete. Run with `httpx`, or with `aiohttp` (below httpx, on uvloop)."""

import asyncio
import sys
from typing import Any

import httpx
import uvloop
from httpx_aiohttp import HttpxAiohttpClient

from bench.clients.work import LOCK_MS, POLL_MS, Assignment, assignment, request, variables

DEFAULT = httpx.Limits(max_connections=100, max_keepalive_connections=20)
"""As httpx has it: its pool takes the more CPU the more connections it keeps."""

ENOUGH = httpx.Limits(max_connections=2000, keepalive_expiry=60)


class BareLoop:
    """One worker without retries, locks, errors or an end."""

    def __init__(self, given: Assignment, http: httpx.AsyncClient) -> None:
        self._given = given
        self._http = http
        self._active: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work for ever."""
        while True:
            if room := self._given.at_once - len(self._active):
                for task in await self._fetch(room):
                    carrying = asyncio.create_task(self._process(task))
                    self._active.add(carrying)
                    carrying.add_done_callback(self._active.discard)
            else:
                await asyncio.wait(self._active, return_when=asyncio.FIRST_COMPLETED)

    async def _fetch(self, room: int) -> list[dict[str, Any]]:
        body = {
            "workerId": self._given.worker_id,
            "maxTasks": room,
            "asyncResponseTimeout": POLL_MS,
            "topics": [{"topicName": self._given.topic, "lockDuration": LOCK_MS, "variables": ["userMessage"]}],
        }
        answer = await self._http.post(f"{self._given.engine}/external-task/fetchAndLock", json=body)
        fetched: list[dict[str, Any]] = answer.raise_for_status().json()
        return fetched

    async def _process(self, task: dict[str, Any]) -> None:
        question = request(task["variables"]["userMessage"]["value"])
        headers = {"authorization": f"Bearer {self._given.key}"}
        answer = await self._http.post(self._given.chat, json=question, headers=headers)
        outcome = {"workerId": self._given.worker_id, "variables": variables(answer.status_code, answer.text)}
        reported = await self._http.post(f"{self._given.engine}/external-task/{task['id']}/complete", json=outcome)
        reported.raise_for_status()


async def _main(client: httpx.AsyncClient) -> None:
    async with client as http:
        await BareLoop(assignment(), http).run()


if __name__ == "__main__":
    if sys.argv[1] == "aiohttp":
        uvloop.run(_main(HttpxAiohttpClient(timeout=60, limits=ENOUGH)))
    else:
        asyncio.run(_main(httpx.AsyncClient(timeout=60, limits=DEFAULT)))
