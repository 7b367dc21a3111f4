"""docker-compose.yml as users start it: an engine, workers, and the emulator in Groq's place."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from catalyst_groq.sandbox.demo_examples import CHAT_EXAMPLE
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from support.container_images import ROOT
from support.podman import BIN, Podman

ENGINE_PATIENCE = 120.0
STOP_SECONDS = 45
COMPOSE = (str(BIN / "podman-compose"), "--env-file", "emulator.env", "--profile", "emulator")
WITH_REDIS = ("--profile", "redis")


class Stack:
    """A running stack; `process_client` talks to its engine, `emulator` to the control API of the emulator."""

    def __init__(self, podman: Podman) -> None:
        self.podman = podman
        self._ports = {"ENGINE_PORT": str(free_port()), "EMULATOR_PORT": str(free_port())}
        self.process_client = ProcessClient(f"http://127.0.0.1:{self._ports['ENGINE_PORT']}/engine-rest")
        self.emulator = httpx.Client(
            base_url=f"http://127.0.0.1:{self._ports['EMULATOR_PORT']}/_emulator", trust_env=False
        )

    def compose(self, *arguments: str, **environ: str) -> None:
        """Run compose with no key and the emulator in Groq's place."""
        ended = self.podman.run([*COMPOSE, *arguments], folder=ROOT, environ={**self._ports, **environ})
        assert ended.returncode == 0, f"compose {' '.join(arguments)}\n{ended.stdout[-4000:]}{ended.stderr[-4000:]}"

    def up(self, *profile: str, workers: int = 1, **environ: str) -> None:
        """Start all, wait for the engine, and deploy the examples."""
        self.compose(*profile, "up", "--detach", "--no-build", "--scale", f"worker={workers}", **environ)
        wait_for("the engine in its container", self._engine_answers, timeout=ENGINE_PATIENCE)
        self.process_client.deploy(*CHAT_EXAMPLE.files())
        self.process_client.deploy_texts({"groq-example-file.bpmn": by_secret_file()})

    def down(self) -> None:
        """End and remove all."""
        self.compose(*WITH_REDIS, "down", "--volumes", "--timeout", "1")

    def _engine_answers(self) -> bool:
        try:
            return self.process_client.http.get("/external-task/count").is_success
        except httpx.TransportError:
            return False

    def workers(self) -> list[str]:
        """Names of the worker containers, stopped ones too."""
        found = self.podman("ps", "--all", "--format", "{{.Names}}", "--filter", "name=_worker_")
        return sorted(found.split())

    def log(self, container: str) -> str:
        """Return a container's output, also that of a stopped one."""
        ended = self.podman.run(["podman", "logs", container])
        return ended.stdout + ended.stderr

    def request_count(self) -> int:
        """Return the number of requests at the emulator."""
        return len(self.emulator.get("/calls").raise_for_status().json()["calls"])

    def set_groq(self, **settings: float) -> None:
        """Forget earlier requests and change how the emulator responds."""
        self.emulator.post("/reset").raise_for_status()
        self.emulator.post("/settings", json=settings).raise_for_status()


@contextmanager
def running_stack(podman: Podman) -> Iterator[Stack]:
    """Run the stack for as long as the block; leaving removes all of it."""
    stack = Stack(podman)
    try:
        stack.up()
        yield stack
    finally:
        stack.process_client.http.close()
        stack.emulator.close()
        stack.down()


def by_secret_file() -> str:
    """Return the example with Secret Source `file`, as a process of its own."""
    text = next(file for file in CHAT_EXAMPLE.files() if file.suffix == ".bpmn").read_text()
    changed = text.replace('name="catalyst_secretSource" value="env"', 'name="catalyst_secretSource" value="file"')
    assert changed != text
    return changed.replace(f'"{CHAT_EXAMPLE.key}"', f'"{CHAT_EXAMPLE.key}-file"')


def free_port() -> int:
    """Find a port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
