"""Secrets in files: `NAME_FILE` names the file of the secret setting `NAME`, as container platforms mount secrets."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FILE_SUFFIX = "_FILE"
MAX_SECRET_BYTES = 100_000


def read_secret_files(values: Mapping[str, Any], names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return the secrets whose files `values` names, by the names of the secrets, and a message for each problem.

    `names` are the secrets that may be in files; the suffix has the case of the name. A value that is empty or None
    counts as not set.
    """
    secrets: dict[str, str] = {}
    problems: list[str] = []
    for name in names:
        setting = file_setting(name)
        if not (path := values.get(setting)):
            continue
        if values.get(name):
            problems.append(f"{name} and {setting} are both set. Set only one of them")
            continue
        try:
            secrets[name] = _read(name, Path(str(path)).expanduser())
        except (OSError, ValueError) as error:
            problems.append(f"{setting}={path}: {getattr(error, 'strerror', None) or error}")
    return secrets, problems


def file_setting(name: str) -> str:
    """Return the name of the setting that names the file of a secret: `NAME_FILE`, or `name_file` in `worker.yaml`."""
    return name + (FILE_SUFFIX if name.isupper() else FILE_SUFFIX.lower())


def _read(name: str, path: Path) -> str:
    """Return the content without one line break at its end. Raises `OSError`, or `ValueError` with the problem."""
    with path.open("rb") as file:
        content = file.read(MAX_SECRET_BYTES + 1)
    if len(content) > MAX_SECRET_BYTES:
        raise ValueError(f"the file is larger than {MAX_SECRET_BYTES:,} bytes. Name the file of the secret")
    try:
        secret = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError("the file is no text. Name the file of the secret") from None
    if not secret.strip():
        raise ValueError("the file is empty. Write the secret into it")
    if secret.upper().startswith(f"{name.upper()}="):
        raise ValueError(f"the file holds a line {name}=…. Write only the value into it")
    return secret
