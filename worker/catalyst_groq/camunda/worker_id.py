"""The worker id: the worker's identity in the engine."""

import itertools
import logging
import socket
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)


class WorkerIdClaim:
    """A worker id that is stable across restarts and unique among the workers of a host.

    The first worker on a host is `catalyst-groq@host`, a second one beside it `catalyst-groq@host-2`: each claims the
    first free number with a lock file that the operating system releases when the process ends, however it ends. Where
    no file can be written (a read-only container), replicas differ only by the host's name. A configured id is used as
    it is.
    """

    def __init__(self, folder: Path, configured: str = "") -> None:
        self._folder = folder
        self._claim: FileLock | None = None
        self.worker_id = configured or self._first_unclaimed(f"catalyst-groq@{socket.gethostname()}")
        if configured and not self._try_claim(configured):
            log.warning(
                "Another worker on this host has the worker id %s too: each will unlock the other's tasks, so "
                "that some are sent to Groq twice. Give each worker its own CATALYST_WORKER_ID.",
                configured,
            )

    def _first_unclaimed(self, name: str) -> str:
        numbered = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        return next(filter(self._try_claim, numbered))

    def _try_claim(self, worker_id: str) -> bool:
        """Claim an id unless another process has it. Where no file can be written, that cannot be known."""
        claim = FileLock(self._folder / f"{quote(worker_id, safe='@')}.lock")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            claim.acquire(blocking=False)
        except Timeout:
            return False
        except OSError:
            return True
        self._claim = claim
        return True
