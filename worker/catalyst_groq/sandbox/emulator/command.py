"""The command `catalyst-groq emulator`."""

import asyncio
import signal
from contextlib import suppress

from rich.console import Console
from rich.markup import escape

from catalyst_groq.common.texts import shorten
from catalyst_groq.sandbox.emulator.call_log import Call
from catalyst_groq.sandbox.emulator.config import EmulatorConfig
from catalyst_groq.sandbox.emulator.server import Emulator

_MAX_SHOWN_CHARS = 60


def serve(config: EmulatorConfig, console: Console) -> None:
    """Run an emulator until Ctrl-C or SIGTERM. Prints its addresses, and one line for each request.

    Raises:
        SandboxError: the script is invalid or the port is in use.

    """
    with suppress(KeyboardInterrupt):  # where the event loop cannot handle signals (Windows)
        asyncio.run(_serve(config, console))


async def _serve(config: EmulatorConfig, console: Console) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Emulator(config, on_call=lambda call: console.print(_format_call(call), highlight=False)) as groq:
        console.print(_connection_help(groq, own_keys=bool(config.keys)), highlight=False, soft_wrap=True)
        await stop.wait()


def _connection_help(groq: Emulator, *, own_keys: bool) -> str:
    key = "one of your keys" if own_keys else "gsk_anything"
    return (
        f"The Groq emulator listens on [bold]{groq.url}[/bold]\n"
        f"  worker           GROQ_API_URL={groq.base_url}\n"
        f"  Groq's SDK       GROQ_BASE_URL={groq.url}\n"
        f"  OpenAI's SDK     OPENAI_BASE_URL={groq.base_url}\n"
        f"  API key          GROQ_API_KEY={key}\n"
        f"  next response    curl -d '{{\"status\": 429}}' {groq.control_url}/next\n"
        "Press Ctrl-C to stop."
    )


def _format_call(call: Call) -> str:
    content = call.messages[-1].get("content") if call.messages else ""
    shown = content if isinstance(content, str) else "…"
    shown = shorten(" ".join(shown.split()), _MAX_SHOWN_CHARS)
    status = "---" if call.status is None else str(call.status)
    return f"{call.at:%H:%M:%S}  {status}  {call.seconds or 0:6.2f} s  {escape(f'{call.model or call.path}  {shown}')}"
