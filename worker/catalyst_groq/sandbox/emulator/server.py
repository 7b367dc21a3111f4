"""The emulator as a server: in an event loop, in a thread, or for the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from anyio.from_thread import start_blocking_portal

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.emulator.app import API_PATH, make_app
from catalyst_groq.sandbox.emulator.call_log import Call, OnCall, ignore_call
from catalyst_groq.sandbox.emulator.config import EmulatorConfig
from catalyst_groq.sandbox.emulator.control import CONTROL_PATH, add_rule, advance_clock
from catalyst_groq.sandbox.emulator.scripts import load_script
from catalyst_groq.sandbox.emulator.service import GroqService

_SHUTDOWN_TIMEOUT_SECONDS = 0.2


class Emulator:
    """A running Groq emulator: `async with Emulator(EmulatorConfig(plan="free")) as groq`.

    All methods are thread-safe. `on_call` receives each call after its response.

    Raises:
        SandboxError: the script is invalid (on construction), or the port is in use (on entering).

    """

    def __init__(self, config: EmulatorConfig | None = None, on_call: OnCall = ignore_call) -> None:
        self._config = config or EmulatorConfig()
        script = load_script(self._config.script) if self._config.script else ()
        self._service = GroqService(self._config, script, on_call)
        self._runner = web.AppRunner(
            make_app(self._service),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_TIMEOUT_SECONDS,
        )

    async def __aenter__(self) -> Self:
        config = self._config
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, config.host, config.port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise SandboxError(
                f"The Groq emulator cannot listen on {config.host}:{config.port} ({error.strerror}). "
                "Another program uses the port, or the address does not belong to this machine. Choose another "
                "--port (0 chooses a free one)."
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The base URL for the official SDKs: `http://127.0.0.1:PORT`."""
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def base_url(self) -> str:
        """The URL that replaces `https://api.groq.com/openai/v1`."""
        return self.url + API_PATH

    @property
    def control_url(self) -> str:
        """The URL of the control endpoint."""
        return self.url + CONTROL_PATH

    @property
    def calls(self) -> tuple[Call, ...]:
        """The logged requests, oldest first."""
        return self._service.calls()

    def next(self, count: int | None = 1, **rule: Any) -> None:
        """Add a rule for the next `count` requests (None: all): `groq.next(2, status=503)`.

        Raises:
            SandboxError: the rule is invalid. The message names the field.

        """
        add_rule(self._service, {**rule, "count": count})

    def set(self, **settings: Any) -> None:
        """Change settings: `groq.set(latency=0.2, plan="free")`.

        Raises:
            SandboxError: a setting is unknown or invalid.

        """
        self._service.update_settings(settings)

    def advance(self, seconds: float) -> None:
        """Advance the emulator's clock, so that limits refill as after that time."""
        advance_clock(self._service, {"seconds": seconds})

    def reset(self) -> None:
        """Delete added rules, calls and limit usage, and restore the initial settings."""
        self._service.reset()


@contextmanager
def running_emulator(config: EmulatorConfig | None = None) -> Iterator[Emulator]:
    """Run an emulator in a thread, for tests and scripts without an event loop."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Emulator(config)) as groq:
        yield groq
