"""A minimal stub of the Groq API: the same response for all requests, after a configurable delay.

Runs as a separate process and prints its port first. Control requests: `POST /begin` sets the delay and clears the
observations, `GET /await?calls=N` responds after N calls, `GET /seen` responds immediately.
"""

import asyncio
import json
import sys
import time

import uvloop
from aiohttp import web

RESPONSE_BODY = json.dumps(
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
RESPONSE_HEADERS = {
    "content-type": "application/json",
    "x-request-id": "req_01k0bench000000000000000000",
    "x-groq-region": "dls",
    # Limits that no measurement reaches: this worker respects rate limits.
    "x-ratelimit-limit-requests": "500000000",
    "x-ratelimit-limit-tokens": "300000000",
    "x-ratelimit-remaining-requests": "499999999",
    "x-ratelimit-remaining-tokens": "299999103",
    "x-ratelimit-reset-requests": "172.8us",
    "x-ratelimit-reset-tokens": "179.4us",
}
BACKLOG = 1024
"""Length of the accept queue: hundreds of connections arrive at the same time."""


class Stub:
    """Answers all requests and counts calls since the measurement began."""

    def __init__(self) -> None:
        self._reset(0)

    def _reset(self, delay: float) -> None:
        self._delay = delay
        self._arrivals: list[float] = []
        self._active = self._peak = 0
        self._awaited, self._call_arrived = 0, asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer a chat completion or a control request."""
        match request.path:
            case "/begin":
                self._reset((await request.json())["delay"])
                return web.Response()
            case "/await":
                await self._await(int(request.query["calls"]))
                return self._observations()
            case "/seen":
                return self._observations()
            case _:
                return await self._respond(request)

    async def _respond(self, request: web.BaseRequest) -> web.Response:
        self._arrivals.append(time.time())
        self._active += 1
        self._peak = max(self._peak, self._active)
        if len(self._arrivals) >= self._awaited:
            self._call_arrived.set()
        await request.read()
        if self._delay:
            await asyncio.sleep(self._delay)
        self._active -= 1
        return web.Response(body=RESPONSE_BODY, headers=RESPONSE_HEADERS)

    async def _await(self, calls: int) -> None:
        self._awaited = calls
        while len(self._arrivals) < calls:
            self._call_arrived.clear()
            await self._call_arrived.wait()

    def _observations(self) -> web.Response:
        return web.json_response({"arrivals": self._arrivals, "peak_concurrency": self._peak})


async def _main() -> None:
    runner = web.ServerRunner(web.Server(Stub().handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=BACKLOG).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_main())
