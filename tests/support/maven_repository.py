"""A fake Maven repository on localhost with configurable faults."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FakeMavenRepository:
    """Files by path, and faults of the next responses: a status, or the number of bytes before a disconnect."""

    files: dict[str, bytes] = field(default_factory=dict)
    statuses: deque[int] = field(default_factory=deque)
    truncations: deque[int] = field(default_factory=deque)
    requested_paths: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers of each response."""
    url: str = ""


@contextmanager
def running_repository() -> Iterator[FakeMavenRepository]:
    repository = FakeMavenRepository()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.rpartition("/maven/")[2]
            repository.requested_paths.append(path)
            repository.authorizations.append(self.headers["Authorization"])
            content = repository.files.get(path, b"")
            status = 200 if path in repository.files else 404
            self.send_response(repository.statuses.popleft() if repository.statuses else status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in repository.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: repository.truncations.popleft()] if repository.truncations else content)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        repository.url = f"http://127.0.0.1:{server.server_port}/maven"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield repository
        finally:
            server.shutdown()
            thread.join()
