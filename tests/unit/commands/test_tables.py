"""Tables of commands, in terminals of any width and in a pipe."""

import io

import pytest
from rich.console import Console

from catalyst_groq.cli.conventions import make_console
from catalyst_groq.commands.tables import count, print_pairs, print_rows, print_text

HEADERS = ("process", "message")
ROWS = [("a-process-with-a-long-name", "Words of a message that nobody has to read in one line. " * 3)]


def render(width, *, is_terminal=True, rows=ROWS, **options):
    out = io.StringIO()
    print_rows(Console(file=out, width=width, force_terminal=is_terminal, color_system=None), HEADERS, rows, **options)
    return out.getvalue()


def test_table_folds_its_last_column_only():
    text = render(80, folds_last=True)

    assert text.startswith("┏")
    assert "│ a-process-with-a-long-name │ Words of a message" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(("is_terminal", "lines"), [(True, 4), (False, 1)])
def test_text_is_folded_at_words_in_a_terminal_only(is_terminal, lines):
    out = io.StringIO()
    print_text(Console(file=out, width=50, force_terminal=is_terminal, color_system=None), ROWS[0][1].strip())

    assert len(out.getvalue().splitlines()) == lines
    assert {word for line in out.getvalue().splitlines() for word in line.split()} == set(ROWS[0][1].split())


def test_table_that_is_too_narrow_becomes_paragraphs():
    assert render(50, folds_last=True).startswith("a-process-with-a-long-name\n  message Words of a message")
    assert render(80).startswith("a-process-with-a-long-name\n  message Words of a message")


def test_table_in_a_pipe_has_no_lines_and_no_blanks_around_them():
    text = render(400, is_terminal=False)

    assert [line.split()[0] for line in text.splitlines()] == ["process", "a-process-with-a-long-name"]
    assert "━" not in text
    assert [line.strip() for line in text.splitlines()] == text.splitlines()


def test_table_in_a_pipe_folds_a_text_for_people_to_its_width():
    lines = render(80, is_terminal=False, folds_last=True).splitlines()

    assert len(lines) > 2
    assert max(map(len, lines)) <= 80


def test_table_of_data_in_a_pipe_has_one_line_for_each_row():
    lines = render(80, is_terminal=False).splitlines()

    assert [line.split()[0] for line in lines] == ["process", "a-process-with-a-long-name"]
    assert lines[1].endswith("one line.")


@pytest.mark.parametrize(("environ", "width"), [({}, 120), ({"COLUMNS": "70"}, 70)])
def test_console_in_a_pipe_has_the_width_of_a_log(monkeypatch, environ, width):
    monkeypatch.delenv("COLUMNS", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert make_console().width == width


@pytest.mark.parametrize("is_terminal", [True, False])
def test_table_says_where_it_has_cut_a_value(is_terminal):
    text = render(400, is_terminal=is_terminal, folds_last=True, max_last_chars=12)

    assert "Words of a m…" in text
    assert "message that" not in text
    assert text.splitlines()[-1] == "What ends with … is cut: --json shows all of it."


def test_table_without_a_cut_value_says_nothing_of_it():
    assert "--json" not in render(400, folds_last=True, max_last_chars=1000)


def test_pairs_have_no_blanks_at_the_ends_of_their_lines():
    out = io.StringIO()
    pairs = {"Cockpit": "http://127.0.0.1:8080/camunda", "Log in as": "demo / demo"}
    print_pairs(Console(file=out, width=30), pairs)

    assert out.getvalue().splitlines() == ["Cockpit    http://127.0.0.1:8080/camunda", "Log in as  demo / demo"]


def test_table_shows_no_control_characters_and_no_markup():
    assert "\\x1b[31m[bold]" in render(80, rows=[("\x1b[31m[bold]", "")])


def test_count_has_a_plural():
    assert (count(1, "task"), count(1000, "task"), count(2, "entry", "entries")) == (
        "1 task",
        "1,000 tasks",
        "2 entries",
    )
