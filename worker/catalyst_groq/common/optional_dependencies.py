"""Imports of optional dependencies (extras)."""

from collections.abc import Iterator
from contextlib import contextmanager

from catalyst_groq.errors import SettingsError


@contextmanager
def require_extra(extra: str, setting: str) -> Iterator[None]:
    """Guard the import of an extra's packages. Raises `SettingsError` that names the extra and the setting."""
    try:
        yield
    except ImportError as error:
        raise SettingsError(f"{setting} needs: pip install 'catalyst-groq-worker[{extra}]'") from error
