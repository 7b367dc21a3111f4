"""Files with fixed diagrams: what would change in each, and writing it."""

import difflib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from catalyst_groq.domain.diagram_encoding import decode_diagram
from catalyst_groq.errors import CatalystError


class WriteError(CatalystError):
    """A fixed file cannot be written; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class FixedFile:
    """A file with a diagram whose mistakes can be fixed."""

    path: Path
    before: bytes
    after: bytes
    fixed: int
    """Number of the fixed mistakes."""

    diff: str
    """What changes, without keys."""

    def write(self) -> None:
        """Replace the file: at no time there is half of one. Raises `WriteError`."""
        path = self.path.resolve()
        try:
            if path.read_bytes() != self.before:
                raise WriteError(f"{self.path} has changed meanwhile. Run the command again.")
            _replace(path, self.after)
        except OSError as error:
            raise WriteError(f"{self.path} cannot be written: {error.strerror}. Check its permissions.") from error


def describe_change(path: Path, before: bytes, after: bytes) -> str:
    """Return what changes, as a unified diff. Raises `EncodingError`."""
    old, new = (decode_diagram(content).splitlines(keepends=True) for content in (before, after))
    lines = difflib.unified_diff(old, new, str(path), str(path))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _replace(path: Path, content: bytes) -> None:
    """Replace a file by one with the same mode."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(path.stat().st_mode)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
