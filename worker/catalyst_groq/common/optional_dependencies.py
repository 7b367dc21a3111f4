"""What only some workers need is installed only there."""

from collections.abc import Iterator
from contextlib import contextmanager

from catalyst_groq.errors import SettingsError


@contextmanager
def require_extra(extra: str, setting: str) -> Iterator[None]:
    """Import what an extra brings. Raises `SettingsError` that names it, and what asks for it, where it is missing."""
    try:
        yield
    except ImportError as error:
        raise SettingsError(f"{setting} needs: pip install 'catalyst-groq-worker[{extra}]'") from error
