"""One port for the probes and the metrics of several worker processes on this machine."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from anyio.from_thread import start_blocking_portal

from catalyst_groq.observability.health import LIVE, LIVEZ, METRICS, READY, READYZ, respond_json, respond_metrics, serve
from catalyst_groq.observability.merged_metrics import merge_metrics

LOOPBACK = "127.0.0.1"
PROCESS_TIMEOUT_SECONDS = 5.0


class _Answer(NamedTuple):
    is_ok: bool
    text: str


class _Processes:
    """The worker processes, asked at their own ports."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports

    async def probe(self, request: web.Request) -> web.Response:
        """Respond what all processes do: each must be well."""
        answers = await self._ask(request.path)
        is_ok = all(answer.is_ok for answer in answers)
        word = "alive" if request.path in {LIVE, LIVEZ} else "ready"
        status = word if is_ok else f"not {word}"
        if request.path in {LIVEZ, READYZ}:
            described = [_parse(answer.text) for answer in answers]
            return respond_json({"status": status, "processes": described}, is_ok=is_ok)
        problems = [f"process {number}: {answer.text}" for number, answer in enumerate(answers, 1) if not answer.is_ok]
        text = f"{status}: {'; '.join(problems)}" if problems else status
        return web.Response(text=text, status=200 if is_ok else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """Respond with the figures of all processes. Without those of one, the counters would seem to go back."""
        answers = await self._ask(request.path)
        if not all(answer.is_ok for answer in answers):
            problems = [answer.text for answer in answers if not answer.is_ok]
            return web.Response(text=f"not all processes respond: {'; '.join(problems)}", status=503)
        return respond_metrics(await asyncio.to_thread(merge_metrics, [answer.text for answer in answers]))

    async def _ask(self, path: str) -> list[_Answer]:
        async with ClientSession(timeout=ClientTimeout(PROCESS_TIMEOUT_SECONDS)) as client:
            return await asyncio.gather(*(_ask(client, port, path) for port in self._ports))


async def _ask(client: ClientSession, port: int, path: str) -> _Answer:
    try:
        async with client.get(f"http://{LOOPBACK}:{port}{path}") as response:
            return _Answer(response.ok, await response.text())
    except (ClientError, OSError) as error:  # a TimeoutError is an OSError
        return _Answer(is_ok=False, text=f"no response: {str(error) or type(error).__name__}")


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"problem": text}


@contextmanager
def health_of_processes(host: str, port: int, ports: Sequence[int]) -> Iterator[int]:
    """Serve probes and metrics of the processes that listen at `ports`, while the block runs; yields the port.

    It runs in a thread of its own. Raises `SettingsError` when the address cannot be used.
    """
    processes = _Processes(ports)
    routes = dict.fromkeys((LIVEZ, READYZ, LIVE, READY), processes.probe) | {METRICS: processes.metrics}
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serve(host, port, routes)) as bound:
        yield bound
