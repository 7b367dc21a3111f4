"""A stub of Groq, as light as can be: one answer for all, after a settable delay. Run as a process of its own.

Its first line of output is its port. Beside the API it answers what a measurement asks of it: `POST /begin` sets the
delay and forgets what was seen, `GET /await?calls=N` answers once there have been N calls, and `GET /seen` at once.
"""

import asyncio
import json
import sys
import time

import uvloop
from aiohttp import web

ANSWER = json.dumps(
    {
        "id": "chatcmpl-4f6c8a52-6a0e-4c8e-9b8f-2f5d1f6c7a31",
        "object": "chat.completion",
        "created": 1763712000,
        "model": "openai/gpt-oss-120b",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Sunlight is scattered by the molecules of the air, and blue light far more than red: "
                    "so from all over the sky it is blue that reaches us. \u2600 " * 3,
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "queue_time": 0.0121,
            "prompt_tokens": 91,
            "prompt_time": 0.0034,
            "completion_tokens": 102,
            "completion_time": 0.2043,
            "total_tokens": 193,
            "total_time": 0.2077,
        },
        "system_fingerprint": "fp_8a3f6c2d10",
        "x_groq": {"id": "req_01k0bench000000000000000000"},
        "service_tier": "on_demand",
    }
).encode()
HEADERS = {
    "content-type": "application/json",
    "x-request-id": "req_01k0bench000000000000000000",
    # Limits that nobody meets here: this worker would keep them.
    "x-ratelimit-limit-requests": "500000000",
    "x-ratelimit-limit-tokens": "300000000",
    "x-ratelimit-remaining-requests": "499999999",
    "x-ratelimit-remaining-tokens": "299999103",
    "x-ratelimit-reset-requests": "172.8us",
    "x-ratelimit-reset-tokens": "179.4us",
}
BACKLOG = 1024
"""Connections that may wait to be accepted: hundreds come at once."""


class Stub:
    """What was seen since the measurement began."""

    def __init__(self) -> None:
        self._begin(0)

    def _begin(self, delay: float) -> None:
        self._delay = delay
        self._arrivals: list[float] = []
        self._under_way = self._most = 0
        self._awaited, self._enough = 0, asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer a chat request, or a question about them."""
        match request.path:
            case "/begin":
                self._begin((await request.json())["delay"])
                return web.Response()
            case "/await":
                await self._await(int(request.query["calls"]))
                return self._seen()
            case "/seen":
                return self._seen()
            case _:
                return await self._answer(request)

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        self._arrivals.append(time.time())
        self._under_way += 1
        self._most = max(self._most, self._under_way)
        if len(self._arrivals) >= self._awaited:
            self._enough.set()
        await request.read()
        if self._delay:
            await asyncio.sleep(self._delay)
        self._under_way -= 1
        return web.Response(body=ANSWER, headers=HEADERS)

    async def _await(self, calls: int) -> None:
        self._awaited = calls
        while len(self._arrivals) < calls:
            self._enough.clear()
            await self._enough.wait()

    def _seen(self) -> web.Response:
        return web.json_response({"arrivals": self._arrivals, "most_at_once": self._most})


async def _main() -> None:
    runner = web.ServerRunner(web.Server(Stub().handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=BACKLOG).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_main())
