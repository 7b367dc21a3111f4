"""Downloads locked files over HTTP in parallel and verifies their SHA-256."""

import hashlib
import os
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from threading import Event, Lock, get_ident
from typing import Protocol

import httpx

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.engine.repository import Repository
from catalyst_groq.sandbox.progress import Download, OnProgress

DOWNLOAD_THREADS = 8
MAX_ATTEMPTS = 3
RETRY_PAUSE_SECONDS = 0.5
"""Pause before the second attempt; the pause before the third is twice as long."""
HTTP_TIMEOUT = httpx.Timeout(20.0)
RETRYABLE_STATUS_CODES = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS)
UNCOMPRESSED = {"accept-encoding": "identity"}
"""Bodies are never decompressed: the files are archives already, and a small body could unpack to gigabytes."""

REMEDY = (
    "Check the network and the proxy (HTTPS_PROXY), or name a Maven mirror in MAVEN_REPOSITORY or ~/.m2/settings.xml"
)


class LockedFile(Protocol):
    """A file of a repository whose size and SHA-256 are known beforehand."""

    @property
    def path(self) -> PurePosixPath:
        """Path in the repository."""

    @property
    def sha256(self) -> str:
        """Expected SHA-256, in hexadecimal."""

    @property
    def size(self) -> int:
        """Size in bytes."""


class _DownloadError(Exception):
    """The response is unusable. `final` means that a retry would not help."""

    def __init__(self, problem: str, *, final: bool = False) -> None:
        super().__init__(problem)
        self.final = final


def fetch(files: Sequence[tuple[LockedFile, Path]], repository: Repository, on_progress: OnProgress) -> None:
    """Download each file to its path.

    A file appears there complete and verified, or not at all, even if other processes write it at the same time.
    Raises `SandboxError` for the first file that fails, and cancels the other downloads.
    """
    # Unlike httpx's default, this context trusts the system's certificates, such as those of a company.
    trust = ssl.create_default_context()
    with httpx.Client(verify=trust, auth=repository.auth, timeout=HTTP_TIMEOUT, follow_redirects=True) as client:
        downloader = _Downloader(client, repository, sum(locked.size for locked, _ in files), on_progress)
        pool = ThreadPoolExecutor(DOWNLOAD_THREADS, thread_name_prefix="download")
        try:
            downloads = [pool.submit(downloader.fetch, *file) for file in files]
            done, _ = wait(downloads, return_when=FIRST_EXCEPTION)
            for download in done:
                download.result()
        finally:
            downloader.cancelled.set()
            pool.shutdown(cancel_futures=True)


class _Downloader:
    """State that the threads of one `fetch` share."""

    def __init__(self, client: httpx.Client, repository: Repository, total: int, on_progress: OnProgress) -> None:
        self.cancelled = Event()
        self._client = client
        self._repository = repository
        self._done, self._total = 0, total
        self._on_progress = on_progress
        self._lock = Lock()

    def fetch(self, locked: LockedFile, file: Path) -> None:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                with self._write_atomically(file) as receive:
                    self._download(locked, receive)
            except OSError as error:
                raise SandboxError(f"{file} cannot be written: {error.strerror or error}.") from error
            except (_DownloadError, httpx.HTTPError) as error:
                if attempt == MAX_ATTEMPTS or getattr(error, "final", False):
                    raise SandboxError(self._error_message(locked, error)) from error
                self.cancelled.wait(RETRY_PAUSE_SECONDS * attempt)
            else:
                return

    @contextmanager
    def _write_atomically(self, file: Path) -> Iterator[Callable[[bytes], None]]:
        """Write chunks to a temporary file. It becomes `file` when the block succeeds, and is deleted otherwise."""
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.{os.getpid()}-{get_ident()}-{time.monotonic_ns()}.part")
        try:
            with part.open("xb") as content:

                def receive(chunk: bytes) -> None:
                    content.write(chunk)
                    self._count(len(chunk))

                try:
                    yield receive
                except BaseException:
                    self._count(-content.tell())
                    raise
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)

    def _count(self, received: int) -> None:
        with self._lock:
            self._done += received
            self._on_progress(Download(self._done, self._total))

    def _download(self, locked: LockedFile, receive: Callable[[bytes], None]) -> None:
        digest, size = hashlib.sha256(), 0
        for chunk in self._stream_content(f"{self._repository.url.rstrip('/')}/{locked.path}"):
            size += len(chunk)
            if size > locked.size:
                raise _DownloadError(f"it is larger than {locked.size:,} bytes")
            digest.update(chunk)
            receive(chunk)
        if digest.hexdigest() != locked.sha256:
            raise _DownloadError(f"its SHA-256 is {digest.hexdigest()} instead of {locked.sha256}")

    def _stream_content(self, url: str) -> Iterator[bytes]:
        with self._client.stream("GET", url, headers=UNCOMPRESSED) as response:
            if not response.is_success:
                final = response.is_client_error and response.status_code not in RETRYABLE_STATUS_CODES
                raise _DownloadError(f"the response is HTTP {response.status_code}", final=final)
            for chunk in response.iter_raw():
                if self.cancelled.is_set():
                    raise _DownloadError("cancelled", final=True)
                yield chunk

    def _error_message(self, locked: LockedFile, error: Exception) -> str:
        source = f"{self._repository.masked_url} ({self._repository.origin})"
        return f"{locked.path.name} could not be downloaded from {source}: {str(error) or repr(error)}. {REMEDY}."
