"""Logs: one line per event, and no key in any of them."""

import logging
import sys
from datetime import timedelta

import pytest

from catalyst_groq.connector.access.redaction import Redactor
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure
from catalyst_groq.observability.logging import log_outcome, set_up_logging
from support.factories import make_task

KEY = "gsk_0123456789abcdef"


@pytest.fixture(autouse=True)
def _root_logger():
    """The root logger to ourselves; afterwards it is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def refuse(key):
    raise ValueError(f"refused {key}") from KeyError(key)


def log_in_every_way(log, key):
    log.info("plain %s", key)
    log.info(key)
    log.warning("a structure %s", {"authorization": f"Bearer {key}"})
    log.info("an object %r", ValueError(key))
    try:
        refuse(key)
    except ValueError:
        log.exception("a traceback")
    log.info("a stack", stack_info=True)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_key_is_in_no_line_whatever_way_it_comes(terminal, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    redactor = Redactor()
    set_up_logging("DEBUG", redactor)
    redactor.add(KEY)

    log_in_every_way(logging.getLogger("worker.anything"), KEY)

    said = capsys.readouterr().err
    assert "KeyError" in said
    assert "refused ***" in said
    assert said.count("***") >= 6
    assert KEY not in said


def test_a_line_in_a_pipe_says_when_how_bad_and_where(capsys):
    set_up_logging("INFO", Redactor())
    logging.getLogger("worker.some").warning("look out")
    logging.getLogger("worker.some").debug("not shown")
    date, _, *rest = capsys.readouterr().err.split()
    assert date.count("-") == 2
    assert rest == ["WARNING", "worker.some", "look", "out"]


@pytest.mark.parametrize("created", [0.0, 0.9996, 1.5, 1763712000.123])
def test_a_line_says_when_in_the_way_of_logging(created):
    set_up_logging("INFO", Redactor())
    record = logging.makeLogRecord({"created": created, "msecs": created % 1 * 1000})
    ours = logging.getLogger().handlers[0].formatter

    assert ours.formatTime(record) == logging.Formatter().formatTime(record)


def test_libraries_are_quiet_unless_something_is_wrong(capsys):
    set_up_logging("DEBUG", Redactor())
    logging.getLogger("aiohttp.access").info("GET /metrics")
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("outcome", "level", "line"),
    [
        (Completion({"secret": "x"}), "INFO", "Completed ask/AskGroq of instance instance-1 in 1250 ms"),
        (
            BpmnError("RATE_LIMITED", "Groq: 429"),
            "INFO",
            "Threw RATE_LIMITED at ask/AskGroq of instance instance-1: Groq: 429",
        ),
        (
            Failure("Groq: 503", retries=2, retry_timeout=timedelta(seconds=10)),
            "WARNING",
            "Failed ask/AskGroq of instance instance-1, 2 retries left in 10 s: Groq: 503",
        ),
        (Failure("Groq: 403"), "ERROR", "Failed ask/AskGroq of instance instance-1, no retries left: Groq: 403"),
    ],
)
def test_an_outcome_is_one_line_without_variables(capsys, outcome, level, line):
    set_up_logging("DEBUG", Redactor())
    log_outcome(make_task(), outcome, 1.25)
    said = capsys.readouterr().err
    assert said.endswith(f" {level:<7} catalyst_groq.observability.logging {line}\n")
    assert said.count("\n") == 1
