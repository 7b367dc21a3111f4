"""Who this worker is to the engine."""

import itertools
import socket
from pathlib import Path

from filelock import FileLock, Timeout


class Identity:
    """A worker id that is stable across restarts and unique among the workers of a host.

    The first worker on a host is `catalyst-groq@host`, a second one beside it `catalyst-groq@host-2`: each claims the
    first free number with a lock file that the system releases when the process ends, however it ends. Where no file
    can be written (a read-only container) the host's name alone tells replicas apart. An id that is given is kept.
    """

    def __init__(self, folder: Path, given: str = "") -> None:
        self._claim: FileLock | None = None
        self.worker_id = given or self._claimed(folder, f"catalyst-groq@{socket.gethostname()}")

    def _claimed(self, folder: Path, name: str) -> str:
        for number in itertools.count(1):
            worker_id = name if number == 1 else f"{name}-{number}"
            claim = FileLock(folder / f"{worker_id}.lock")
            try:
                folder.mkdir(parents=True, exist_ok=True)
                claim.acquire(blocking=False)
            except Timeout:
                continue
            except OSError:
                return name
            self._claim = claim
            return worker_id
        raise AssertionError  # the count is endless
