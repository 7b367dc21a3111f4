"""A real Redis server from the system's packages, in a temporary folder on a free port."""

import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress

from catalyst_groq.sandbox.process_client import wait_for

MISSING = "There is no Redis: install the system's package redis-server (Debian: apt-get install redis-server)"


@contextmanager
def running_redis(program):
    """Run a server that keeps all in memory; yields its URL."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="catalyst-redis-") as folder:
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                wait_for("the server", lambda: _answers(port) or server.poll() is not None, timeout=10)
                assert server.poll() is None, "Redis has ended by itself"
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                server.terminate()


def _answers(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False
