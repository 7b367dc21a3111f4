"""The engine's database: in memory, an H2 file, or PostgreSQL."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from catalyst_groq.errors import SandboxError

H2_USER = "sa"
H2_SUFFIX = ".mv.db"
DATABASE_HINT = (
    "Give the path of an H2 file (./engine) or a PostgreSQL URL (postgresql://user:password@host:5432/database)"
)


@dataclass(frozen=True, slots=True)
class Database:
    """The JDBC settings of a database."""

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


IN_MEMORY = Database("jdbc:h2:mem:engine;DB_CLOSE_DELAY=-1;DB_CLOSE_ON_EXIT=FALSE", H2_USER, "")


def parse_database(text: str | None) -> Database:
    """Parse the option `--db`: None (in memory), an H2 file, a PostgreSQL URL, or a JDBC URL of either.

    Raises `SandboxError` with the problem and the remedy.
    """
    if text is None:
        return IN_MEMORY
    if text.startswith("jdbc:"):
        return _parse_jdbc(text)
    scheme, separator, _ = text.partition("://")
    if not separator:
        return _parse_file(text)
    if scheme not in ("postgresql", "postgres"):
        raise SandboxError(f"--db: there is no driver for {scheme}. {DATABASE_HINT}.")
    return _parse_postgresql(text)


def _parse_jdbc(url: str) -> Database:
    if url.startswith("jdbc:h2:"):
        return Database(url, H2_USER, "")
    if url.startswith("jdbc:postgresql:"):
        return Database(url)
    raise SandboxError(f"--db: there is no driver for {':'.join(url.split(':')[:2])}. {DATABASE_HINT}.")


def _parse_file(text: str) -> Database:
    file = Path(text.removesuffix(H2_SUFFIX)).expanduser().absolute()
    if not (text and file.name) or ";" in str(file):
        raise SandboxError(f"--db: {text!r} is not a valid name of a database file. {DATABASE_HINT}.")
    if file.is_dir():
        raise SandboxError(f"--db: {file} is a folder. Name a file in it, such as {file / 'engine'}.")
    if not file.parent.is_dir():
        raise SandboxError(f"--db: the folder {file.parent} does not exist. Create it first.")
    return Database(f"jdbc:h2:file:{file};DB_CLOSE_ON_EXIT=FALSE", H2_USER, "")


def _parse_postgresql(text: str) -> Database:
    try:
        url = urlsplit(text)
        address = _address(url)
    except ValueError as error:
        remedy = "Percent-encode special characters in the user and the password"
        raise SandboxError(f"--db: the PostgreSQL URL cannot be parsed. {remedy}. {DATABASE_HINT}.") from error
    name = url.path.removeprefix("/")
    if not (address and name):
        raise SandboxError(f"--db: the PostgreSQL URL lacks a {'database' if address else 'host'}. {DATABASE_HINT}.")
    return Database(
        f"jdbc:postgresql://{address}/{name}{'?' if url.query else ''}{url.query}",
        unquote(url.username) if url.username else None,
        unquote(url.password) if url.password else None,
    )


def _address(url: SplitResult) -> str:
    host = url.hostname or ""
    return (f"[{host}]" if ":" in host else host) + (f":{url.port}" if url.port else "")
