"""The values of `--db`."""

import pytest

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.engine.databases import Database, parse_database


def test_database_default_is_in_memory():
    assert parse_database(None).url.startswith("jdbc:h2:mem:")


@pytest.mark.parametrize("text", ["engine", "./engine", "engine.mv.db"])
def test_database_path_is_an_absolute_h2_file(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert parse_database(text).url == f"jdbc:h2:file:{tmp_path}/engine;DB_CLOSE_ON_EXIT=FALSE"


@pytest.mark.parametrize(
    ("text", "database"),
    [
        ("postgresql://me:secret@db:5433/camunda", Database("jdbc:postgresql://db:5433/camunda", "me", "secret")),
        ("postgres://me@db/camunda", Database("jdbc:postgresql://db/camunda", "me")),
        ("postgresql://me:a%40b%2F@[::1]:1/c", Database("jdbc:postgresql://[::1]:1/c", "me", "a@b/")),
        ("postgresql://db/c?ssl=true", Database("jdbc:postgresql://db/c?ssl=true")),
        ("jdbc:postgresql://db/c?user=me", Database("jdbc:postgresql://db/c?user=me")),
        ("jdbc:h2:tcp://db/~/engine", Database("jdbc:h2:tcp://db/~/engine", "sa", "")),
    ],
)
def test_database_urls_become_jdbc_urls(text, database):
    assert parse_database(text) == database


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mysql://db/camunda", "there is no driver for mysql"),
        ("jdbc:oracle:thin:@db", "there is no driver for jdbc:oracle"),
        ("postgresql://db", "the PostgreSQL URL lacks a database"),
        ("postgresql:///camunda", "the PostgreSQL URL lacks a host"),
        ("postgresql://db:port/camunda", "the PostgreSQL URL cannot be parsed"),
        ("postgresql://me:se/cret@db/camunda", "the PostgreSQL URL cannot be parsed"),
        ("postgresql://[::1/camunda", "the PostgreSQL URL cannot be parsed"),
        ("", "'' is not a valid name of a database file"),
        ("a;b", "'a;b' is not a valid name of a database file"),
        ("/", "'/' is not a valid name of a database file"),
        ("/usr", "/usr is a folder"),
        ("/nowhere/engine", "the folder /nowhere does not exist"),
    ],
)
def test_database_error_names_problem_and_fix(text, problem):
    with pytest.raises(SandboxError) as refusal:
        parse_database(text)

    assert str(refusal.value).startswith(f"--db: {problem}")
    assert any(remedy in str(refusal.value) for remedy in ("Give the path", "Name a file", "Create it"))


def test_database_repr_hides_the_password():
    assert "secret" not in repr(parse_database("postgresql://me:secret@db/camunda"))
