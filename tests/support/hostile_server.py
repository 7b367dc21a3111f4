"""An HTTP server whose responses do not end or unpack to gigabytes, in a thread; it may stand before a real server."""

import http.client
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from urllib.parse import urlsplit

MEGABYTE = 1_000_000
BOMB_MEGABYTES = 400
Body = tuple[dict[str, str], Iterator[bytes]]
"""Headers, and what is sent after them until the client disconnects."""


@cache
def gzip_bomb() -> bytes:
    """400 MB of `a`, in 0.4 MB."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
    block = b"a" * MEGABYTE
    return b"".join(compressor.compress(block) for _ in range(BOMB_MEGABYTES)) + compressor.flush()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def hostile_body(kind: str) -> Body:
    """Return a response body that no client should read to its end."""
    chunked, block = {"transfer-encoding": "chunked"}, b"a" * MEGABYTE
    stream = {"content-type": "text/event-stream", **chunked}
    match kind:
        case "bomb":
            return {"content-encoding": "gzip", "content-length": str(len(gzip_bomb()))}, iter([gzip_bomb()])
        case "endless":
            return {"content-type": "application/json", **chunked}, repeat(_chunk(block))
        case "long":
            return {"content-length": str(10**10)}, repeat(block)
        case "line":
            return stream, repeat(_chunk(b"data: " + block))
        case "events":
            return stream, repeat(_chunk(b": a comment\n" * 50_000))
    raise ValueError(kind)


@dataclass
class HostileServer:
    """Answers requests whose body or path contains the name of a hostile body with that body, others as `upstream`."""

    upstream: str = ""
    """The URL of the server that answers the other requests: scheme, host and port."""
    triggers: dict[str, str] = field(default_factory=dict)
    """The hostile bodies by the text in a request that gets them."""
    requests: list[str] = field(default_factory=list)
    """The kinds of hostile bodies that were sent."""
    url: str = ""


@contextmanager
def running_hostile_server(upstream: str = "") -> Iterator[HostileServer]:
    hostile = HostileServer(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"] or 0))
            text = self.path + content.decode()
            kind = next((kind for trigger, kind in list(hostile.triggers.items()) if trigger in text), None)
            with suppress(OSError):  # the client has disconnected, or the worker was killed
                if kind:
                    hostile.requests.append(kind)
                    self.close_connection = True
                    self.send(200, *hostile_body(kind))
                else:
                    self.forward(content)

        do_GET = do_POST = answer  # noqa: N815 -- names of the base class

        def send(self, status: int, headers: dict[str, str], blocks: Iterator[bytes]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for block in blocks:
                self.wfile.write(block)

        def forward(self, content: bytes) -> None:
            target = urlsplit(hostile.upstream)
            connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
            sent = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            connection.request(self.command, self.path, content or None, sent)
            response = connection.getresponse()
            body = response.read()
            connection.close()
            kept = {name: value for name, value in response.getheaders() if name.lower() in ("content-type", "date")}
            length = {} if response.status == http.client.NO_CONTENT else {"content-length": str(len(body))}
            self.send(response.status, kept | length, iter([body]))

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        hostile.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hostile
        finally:
            server.shutdown()
            thread.join()
