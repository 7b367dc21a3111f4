"""Fetch locked files over HTTP, several at once, and let nothing through that was not locked."""

import hashlib
import os
import ssl
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from threading import Event, Lock, get_ident
from typing import BinaryIO, Protocol

import httpx

from worker.errors import SandboxError
from worker.sandbox.engine.repository import Repository
from worker.sandbox.progress import Download, OnProgress

THREADS = 8
TRIES = 3
PAUSE = 0.5
"""Seconds before the second try; twice that before the third."""
TIMEOUT = httpx.Timeout(20.0)
MEND = "Check the network and the proxy (HTTPS_PROXY), or name a Maven mirror in MAVEN_REPOSITORY or ~/.m2/settings.xml"


class Locked(Protocol):
    """A file of a repository whose content is known beforehand."""

    @property
    def path(self) -> PurePosixPath:
        """Where it lies in the repository."""

    @property
    def sha256(self) -> str:
        """What it must hash to."""

    @property
    def size(self) -> int:
        """Its length in bytes."""


class _Unfit(Exception):  # noqa: N818 -- named after what is the case
    """An answer that cannot be used; `final` when asking again would not change it."""

    def __init__(self, problem: str, *, final: bool = False) -> None:
        super().__init__(problem)
        self.final = final


def fetch(files: Sequence[tuple[Locked, Path]], repository: Repository, on_progress: OnProgress) -> None:
    """Fetch each file to its place.

    A file appears there whole and checked, or not at all, whoever else writes it at the same time.
    Raises SandboxError for the first one that cannot be had; the rest is then given up.
    """
    meter = _Meter(sum(locked.size for locked, _ in files), on_progress)
    # A company's own certificates are honoured: unlike httpx's default, this context trusts what the system trusts.
    client = httpx.Client(
        verify=ssl.create_default_context(), auth=repository.auth, timeout=TIMEOUT, follow_redirects=True
    )
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="download")
    with client:
        try:
            downloads = [pool.submit(_fetch_one, client, repository, *file, meter) for file in files]
            done, _ = wait(downloads, return_when=FIRST_EXCEPTION)
            for download in done:
                download.result()
        finally:
            meter.give_up()
            pool.shutdown(cancel_futures=True)


class _Meter:
    """Counts what all threads have received and tells it to one listener; also their sign to give up."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self._done, self._total = 0, total
        self._on_progress = on_progress
        self._lock = Lock()
        self._given_up = Event()

    def count(self, received: int) -> None:
        if self._given_up.is_set():
            raise _Unfit("given up", final=True)
        with self._lock:
            self._done += received
            self._on_progress(Download(self._done, self._total))

    def give_up(self) -> None:
        self._given_up.set()

    def pause(self, seconds: float) -> None:
        self._given_up.wait(seconds)


def _fetch_one(client: httpx.Client, repository: Repository, locked: Locked, file: Path, meter: _Meter) -> None:
    url = f"{repository.url.rstrip('/')}/{locked.path}"
    for tries in range(1, TRIES + 1):
        try:
            with _appearing(file) as part:
                _receive(client, url, locked, part, meter)
        except OSError as error:
            raise SandboxError(f"{file} cannot be written: {error.strerror}.") from error
        except (_Unfit, httpx.HTTPError) as error:
            if tries == TRIES or getattr(error, "final", False):
                problem = f"{locked.path.name} could not be fetched from {repository.shown} ({repository.origin})"
                raise SandboxError(f"{problem}: {error}. {MEND}.") from error
            meter.pause(PAUSE * tries)
        else:
            return


@contextmanager
def _appearing(file: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its name only when it is complete."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}-{get_ident()}-{time.monotonic_ns()}.part")
    try:
        with part.open("xb") as content:
            yield content
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _receive(client: httpx.Client, url: str, locked: Locked, part: BinaryIO, meter: _Meter) -> None:
    digest, received = hashlib.sha256(), 0
    try:
        with client.stream("GET", url) as response:
            if not response.is_success:
                raise _Unfit(f"HTTP {response.status_code}", final=response.is_client_error)
            for chunk in response.iter_bytes():
                received += len(chunk)
                meter.count(len(chunk))
                digest.update(chunk)
                part.write(chunk)
        if digest.hexdigest() != locked.sha256:
            raise _Unfit(f"its SHA-256 is {digest.hexdigest()}, {locked.sha256} is the right one")
    except BaseException:
        meter.count(-received)
        raise
