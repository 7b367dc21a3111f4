"""A client that only fetches and completes, with as many variables as its argument says: what the engine can do."""

import asyncio
import json
import sys
from typing import Any

import aiohttp
import uvloop

from bench.clients.work import LOCK_MS, POLL_MS, ClientConfig, output_variables, read_config

BODY = json.dumps(
    {
        "id": "chatcmpl-0123456789abcdef",
        "object": "chat.completion",
        "model": "openai/gpt-oss-120b",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Air scatters blue light more than red light. " * 4},
            }
        ],
        "usage": {"prompt_tokens": 40, "completion_tokens": 36, "total_tokens": 76},
    }
)
"""An answer of the usual size: the variables are those that this worker makes of it."""


async def run(config: ClientConfig, variables: dict[str, Any], http: aiohttp.ClientSession) -> None:
    """Complete tasks forever."""
    slots = asyncio.Semaphore(config.concurrency)
    body = {"workerId": config.worker_id, "variables": variables}
    async with asyncio.TaskGroup() as group:
        while True:
            async with slots:  # so that a fetch waits for at least one free place
                tasks = await _fetch(config, http)
            for task in tasks:
                await slots.acquire()
                completing = group.create_task(_complete(f"{config.engine_url}/external-task/{task['id']}", body, http))
                completing.add_done_callback(lambda _: slots.release())


async def _fetch(config: ClientConfig, http: aiohttp.ClientSession) -> list[dict[str, Any]]:
    topic = {"topicName": config.topic, "lockDuration": LOCK_MS, "variables": []}
    request = {
        "workerId": config.worker_id,
        "maxTasks": config.concurrency,
        "asyncResponseTimeout": POLL_MS,
        "topics": [topic],
    }
    async with http.post(f"{config.engine_url}/external-task/fetchAndLock", json=request) as response:
        response.raise_for_status()
        fetched: list[dict[str, Any]] = await response.json()
        return fetched


async def _complete(url: str, body: dict[str, Any], http: aiohttp.ClientSession) -> None:
    async with http.post(f"{url}/complete", json=body) as response:
        response.raise_for_status()


async def _main(count: int) -> None:
    variables = dict(list(output_variables(200, BODY).items())[:count])
    async with aiohttp.ClientSession() as http:
        await run(read_config(), variables, http)


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1])))
