"""`catalyst-groq journal` and `catalyst-groq budget`."""

import asyncio
from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from catalyst_groq.cli import main
from catalyst_groq.cli.journal import ENDED_CAUTION
from catalyst_groq.commands.budget import UnknownAccount, name_account
from catalyst_groq.commands.journal import PAGE_BYTES, PAGE_ENTRIES, list_entries
from catalyst_groq.errors import EngineUnreachable, JournalUnavailable
from catalyst_groq.journal import JournalKey, SqliteFile, SqliteJournal, SqliteLedger, make_cipher
from catalyst_groq.journal.administration import StoredEntry
from catalyst_groq.journal.base import encode_response
from catalyst_groq.journal.sqlite_administration import SqliteAdministration
from support.engine_rules import Task
from support.factories import make_response
from support.ledger import CENT

FIRST, SECOND, NEWEST = (JournalKey(f"task-{number}", letter * 64) for number, letter in enumerate("abc", 1))
TODAY = date(2026, 1, 2)
PLAIN = {"CATALYST_JOURNAL": "journal.sqlite", "CATALYST_ENGINE_URL": "http://127.0.0.1:1/engine-rest"}
"""No engine responds."""

ENCRYPTED = {**PLAIN, "CATALYST_JOURNAL_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}


class Clock(datetime):
    """A clock that stands: a run of the tests may begin before midnight and end after it."""

    @classmethod
    def now(cls, tz=None):
        assert tz is UTC
        return cls(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)


@pytest.fixture
def journal_file(tmp_path, monkeypatch):
    """Store the answers to two tasks, and what they have spent."""

    async def store():
        file = SqliteFile(tmp_path / "journal.sqlite")
        journal = SqliteJournal(file, cipher=make_cipher(None), max_age=timedelta(days=1), max_bytes=10**6)
        async with aclosing(journal):
            await journal.store(FIRST, make_response())
            await journal.store(SECOND, make_response())
            await SqliteLedger(file).book({f"day:{TODAY}": 3 * CENT, "instance:i1": 2 * CENT, "day:2026-01-01": CENT})

    asyncio.run(store())
    monkeypatch.setattr("catalyst_groq.cli.budget.datetime", Clock)


@pytest.mark.usefixtures("journal_file")
def test_journal_shows_entries_without_contents(run_command, run_json):
    exit_code, text = run_command("journal", "show", **PLAIN)
    _, report = run_json("journal", "show", **PLAIN)
    [row] = (line for line in text.splitlines() if "task-1" in line)

    assert exit_code == 0
    assert all(part in row for part in ("aaaaaaaa", " s ", "openai/gpt-oss-120b", "stored"))
    assert text.splitlines()[-1].startswith("2 entries, ")
    assert "Hello Ada" not in text + str(report)
    assert report["count"] == 2
    assert {(entry["task"], entry["state"], entry["model"]) for entry in report["entries"]} == {
        ("task-1", "stored", "openai/gpt-oss-120b"),
        ("task-2", "stored", "openai/gpt-oss-120b"),
    }


@pytest.mark.usefixtures("journal_file")
def test_journal_shows_contents_of_tasks_that_are_named(run_command):
    exit_code, text = run_command("journal", "show", "task-1", "--contents", **PLAIN)

    assert exit_code == 0
    assert text.count("Hello Ada") == 1
    assert run_command("journal", "show", "--contents", **PLAIN)[0] == 2


@pytest.fixture
def newest_entry(tmp_path):
    """Store an entry that only the new key reads; those of `journal_file` are older, and not encrypted."""

    async def store():
        file = SqliteFile(tmp_path / "journal.sqlite")
        journal = SqliteJournal(
            file, cipher=make_cipher(ENCRYPTED["CATALYST_JOURNAL_KEY"]), max_age=timedelta(days=1), max_bytes=10**6
        )
        async with aclosing(journal):
            await journal.store(NEWEST, make_response())

    asyncio.run(store())


@pytest.mark.usefixtures("journal_file", "newest_entry")
def test_journal_counts_unreadable_entries_beyond_the_limit(run_command, run_json):
    exit_code, text = run_command("journal", "show", "--limit", "1", **ENCRYPTED)
    json_exit_code, report = run_json("journal", "show", "--limit", "1", **ENCRYPTED)
    _, readable = run_json("journal", "show", NEWEST.task_id, **ENCRYPTED)

    assert (exit_code, json_exit_code) == (1, 1)
    assert text.splitlines()[-1].startswith("3 entries, 1 shown, 2 cannot be read, ")
    assert (report["count"], report["unreadable"]) == (3, 2)
    assert [entry["state"] for entry in report["entries"]] == ["unreadable"]
    assert (readable["unreadable"], len(readable["entries"])) == (0, 1)


@pytest.mark.usefixtures("journal_file", "newest_entry")
def test_journal_lists_unreadable_entries_first(run_json):
    _, report = run_json("journal", "show", **ENCRYPTED)

    assert [entry["task"] for entry in report["entries"]] == ["task-2", "task-1", NEWEST.task_id]


@pytest.mark.usefixtures("journal_file")
def test_journal_with_unreadable_entries_says_why(run_command):
    exit_code, text = run_command("journal", "show", "--limit", "1", **ENCRYPTED)

    assert exit_code == 1
    assert "bbbbbbbb: it is not encrypted, and CATALYST_JOURNAL_KEY is set. " in text
    assert text.splitlines()[-1].startswith("2 entries, 1 shown, 2 cannot be read, ")


@pytest.mark.usefixtures("journal_file")
def test_journal_totals_are_those_of_the_named_tasks(run_command, run_json):
    _, text = run_command("journal", "show", "task-1", **PLAIN)
    _, report = run_json("journal", "show", "task-1", **PLAIN)
    _, of_all = run_json("journal", "show", "--limit", "1", **PLAIN)
    [entry] = report["entries"]

    assert text.splitlines()[-1] == f"1 entry of the named tasks, {entry['bytes']:,} bytes."
    assert (report["scope"], report["count"], report["bytes"]) == ("named tasks", 1, entry["bytes"])
    assert (of_all["scope"], of_all["count"], len(of_all["entries"])) == ("all tasks", 2, 1)


@pytest.fixture
def engine_with_second_task(engine_thread):
    """Settings with an engine that has the second task only."""
    tasks = engine_thread.engine.tasks.all
    tasks.clear()
    tasks[SECOND.task_id] = Task(topic="catalyst-groq", id=SECOND.task_id)
    yield {**PLAIN, "CATALYST_ENGINE_URL": engine_thread.rest_url}
    tasks.clear()


@pytest.mark.usefixtures("journal_file")
def test_journal_marks_entries_whose_task_is_not_in_the_engine(run_command, run_json, engine_with_second_task):
    exit_code, text = run_command("journal", "show", **engine_with_second_task)
    _, report = run_json("journal", "show", **engine_with_second_task)
    rows = {line.split()[0]: line for line in text.splitlines()}

    assert exit_code == 0
    assert rows["task-1"].rstrip().endswith("stored, not in this engine")
    assert rows["task-2"].rstrip().endswith("stored")
    assert {entry["task"]: entry["engineHasTask"] for entry in report["entries"]} == {"task-1": False, "task-2": True}


@pytest.mark.usefixtures("journal_file")
def test_journal_is_shown_without_an_engine(run_command, run_json):
    exit_code, text = run_command("journal", "show", **PLAIN)
    _, report = run_json("journal", "show", **PLAIN)

    assert exit_code == 0
    assert "Whether the engine has their tasks is not known: Engine unreachable" in text
    assert {entry["engineHasTask"] for entry in report["entries"]} == {None}


@pytest.mark.usefixtures("journal_file")
def test_journal_forgets_entries_whose_task_is_not_in_the_engine(run_command, run_json, engine_with_second_task):
    dry = run_command("journal", "forget", "--ended", **engine_with_second_task)
    done = run_command("journal", "forget", "--ended", "--yes", **engine_with_second_task)
    _, report = run_json("journal", "show", **engine_with_second_task)

    assert dry == (1, f"task-1: 1 entry\n{ENDED_CAUTION}\nNothing was deleted. Add --yes to do it.\n")
    assert done == (0, f"task-1: 1 entry\n{ENDED_CAUTION}\n1 entry deleted.\n")
    assert [entry["task"] for entry in report["entries"]] == ["task-2"]
    assert run_command("journal", "forget", "--ended", **engine_with_second_task) == (1, "The engine has all tasks.\n")


@pytest.mark.usefixtures("journal_file")
def test_journal_forgets_nothing_without_an_engine(run_command, run_json):
    with pytest.raises(EngineUnreachable):
        run_command("journal", "forget", "--ended", "--yes", **PLAIN)
    _, report = run_json("journal", "show", **PLAIN)

    assert len(report["entries"]) == 2


@pytest.mark.usefixtures("journal_file")
@pytest.mark.parametrize("arguments", [(), ("task-1", "--ended")])
def test_journal_forgets_named_or_ended_tasks(run_command, arguments):
    assert run_command("journal", "forget", *arguments, **PLAIN)[0] == 2


class CountingAdministration(SqliteAdministration):
    """A journal with many small entries, of which the calls are counted."""

    def __init__(self, count):
        super().__init__(Path("none.sqlite"))
        self.stored = [StoredEntry(f"task-{n}", "r", datetime.now(UTC), 1, is_set_aside=False) for n in range(count)]
        self.pages = []

    async def entries(self, _):
        return self.stored

    async def load(self, entries):
        self.pages.append(len(entries))
        return [make_cipher(None).encrypt(encode_response(make_response())) for _ in entries]


def test_journal_loads_entries_in_pages():
    journal = CountingAdministration(2 * PAGE_ENTRIES + 1)
    report = asyncio.run(list_entries(journal, make_cipher(None), [], 3, contents=False))

    assert journal.pages == [PAGE_ENTRIES, PAGE_ENTRIES, 1]
    assert (report.entry_count, len(report.entries)) == (2 * PAGE_ENTRIES + 1, 3)


def test_journal_loads_contents_of_shown_entries_only():
    journal = CountingAdministration(PAGE_ENTRIES + 1)
    report = asyncio.run(list_entries(journal, make_cipher(None), ["task-1"], 3, contents=True))

    assert journal.pages == [PAGE_ENTRIES, 1, 3]
    assert ["Hello Ada" in entry.contents for entry in report.entries] == [True] * 3


def test_journal_loads_few_large_entries_at_once():
    journal = CountingAdministration(3)
    journal.stored = [entry._replace(size_bytes=PAGE_BYTES) for entry in journal.stored]
    asyncio.run(list_entries(journal, make_cipher(None), [], 3, contents=False))

    assert journal.pages == [1, 1, 1]


@pytest.mark.usefixtures("journal_file")
def test_journal_forgets_only_when_that_is_confirmed(run_command, run_json):
    dry = run_command("journal", "forget", "task-1", **PLAIN)
    done = run_command("journal", "forget", "task-1", "--yes", **PLAIN)
    _, report = run_json("journal", "show", **PLAIN)

    assert dry == (1, "task-1: 1 entry\nNothing was deleted. Add --yes to do it.\n")
    assert done == (0, "task-1: 1 entry\n1 entry deleted.\n")
    assert [entry["task"] for entry in report["entries"]] == ["task-2"]
    assert run_command("journal", "forget", "task-1", "--yes", **PLAIN) == (1, "task-1: 0 entries\n")


@pytest.mark.usefixtures("journal_file")
def test_budgets_show_what_is_left(run_command, run_json):
    budgets = {**PLAIN, "CATALYST_BUDGET_PER_DAY": "0.05", "CATALYST_BUDGET_PER_INSTANCE": "0.02"}
    exit_code, text = run_command("budget", "show", **budgets)
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()}
    _, states = run_json("budget", "show", **budgets)

    assert exit_code == 1
    assert rows[f"day:{TODAY}"] == ["0.03", "0.05", "0.02"]
    assert rows["instance:i1"] == ["0.02", "0.02", "0", "exhausted"]
    assert rows["day:2026-01-01"] == ["0.01", "no", "budget", "now"]
    assert {state["account"]: state["isExhausted"] for state in states} == {
        f"day:{TODAY}": False,
        "instance:i1": True,
        "day:2026-01-01": False,
    }


@pytest.mark.usefixtures("journal_file")
def test_budget_is_reset_only_when_that_is_confirmed(run_command, run_json):
    dry = run_command("budget", "reset", "day", **PLAIN)
    done = run_command("budget", "reset", "day", "--yes", **PLAIN)
    _, states = run_json("budget", "show", **PLAIN)

    assert dry == (1, f"day:{TODAY}: 0.03 USD spent\nNothing was reset. Add --yes to do it.\n")
    assert done == (0, f"day:{TODAY}: 0.03 USD spent\nReset.\n")
    assert f"day:{TODAY}" not in {state["account"] for state in states}
    assert run_command("budget", "reset", "day", "--yes", **PLAIN)[0] == 1


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("day", f"day:{TODAY}"),
        ("day:2026-01-01", "day:2026-01-01"),
        ("definition:order", f"definition:order:{TODAY}"),
        ("definition:order:2026-01-01", "definition:order:2026-01-01"),
        ("definition:or:der", f"definition:or:der:{TODAY}"),
        ("instance:i1", "instance:i1"),
    ],
)
def test_account_is_found_by_a_short_name(written, account):
    assert name_account(written, TODAY) == account


@pytest.mark.parametrize("written", ["", "today", "day:", "day:soon", "definition:", "instance:", "order"])
def test_account_that_is_unknown_is_refused(written):
    with pytest.raises(UnknownAccount, match=r"there is no such account\. Write day, definition:KEY, instance:ID"):
        name_account(written, TODAY)


@pytest.mark.parametrize("command", ["journal", "budget"])
def test_journal_that_is_unreachable_comes_with_its_remedy(command, run_command):
    with pytest.raises(JournalUnavailable, match=r"cannot be used: .* Start Redis, or correct CATALYST_JOURNAL"):
        run_command(command, "show", CATALYST_JOURNAL="redis://127.0.0.1:1/0")


def test_command_without_a_readable_journal_has_exit_code_3(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["catalyst-groq", "budget", "show"])
    monkeypatch.setenv("CATALYST_JOURNAL", "redis://127.0.0.1:1/0")
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == 3
