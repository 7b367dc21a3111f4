"""Logging: one line per event, and no secret in any of them."""

import logging
import subprocess
import sys

import pytest

from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.observability.logging import set_up_logging

KEY = "gsk_0123456789abcdef"


def raise_with(key):
    raise ValueError(f"refused {key}") from KeyError(key)


def log_in_many_forms(log, key):
    log.info("plain %s", key)
    log.info(key)
    log.warning("a structure %s", {"authorization": f"Bearer {key}"})
    log.info("an object %r", ValueError(key))
    try:
        raise_with(key)
    except ValueError:
        log.exception("a traceback")
    log.info("a stack", stack_info=True)


@pytest.mark.parametrize("terminal", [True, False])
def test_logging_masks_secrets_in_every_form(terminal, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    redactor = Redactor()
    set_up_logging("DEBUG", redactor)
    redactor.add(KEY)

    log_in_many_forms(logging.getLogger("worker.anything"), KEY)

    output = capsys.readouterr().err
    assert "KeyError" in output
    assert "refused ***" in output
    assert output.count("***") >= 6
    assert KEY not in output


@pytest.mark.parametrize("terminal", [True, False])
def test_logging_escapes_control_characters(terminal, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    set_up_logging("DEBUG", Redactor())
    forged = "done\n2030-01-01 00:00:00,000 ERROR   forged line\r\x1b[2J\x9b\u2028\u202e\ud800"
    log = logging.getLogger("worker.anything")
    log.info("Completed %s", forged)
    try:
        raise_with(forged)
    except ValueError:
        log.exception(forged)

    output = capsys.readouterr().err
    lines = output.splitlines()
    assert not [line for line in lines if line.startswith("2030")]
    assert r"\x1b" in output
    assert "\x1b[2J" not in output  # on a terminal, rich writes other escape sequences
    assert not set("\r\x9b\u2028\u202e\ud800") & set(output)
    assert "Traceback" in output


def test_logging_masks_the_key_of_a_task_in_its_records_alone(capsys):
    redactor = Redactor()
    set_up_logging("DEBUG", redactor)
    log = logging.getLogger("worker.anything")
    log.info("own %s", "the-key-of-a-task", extra={"redactor": redactor.for_key("the-key-of-a-task")})
    log.info("other %s", "the-key-of-a-task")
    [own, other] = capsys.readouterr().err.splitlines()
    assert own.endswith("own ***")
    assert other.endswith("other the-key-of-a-task")


def test_logging_in_a_pipe_has_time_level_and_logger(capsys):
    set_up_logging("INFO", Redactor())
    logging.getLogger("worker.some").warning("look out")
    logging.getLogger("worker.some").debug("not shown")
    date, _, *rest = capsys.readouterr().err.split()
    assert date.count("-") == 2
    assert rest == ["WARNING", "worker.some", "look", "out"]


@pytest.mark.parametrize("created", [0.0, 0.9996, 1.5, 1763712000.123])
def test_logging_formats_time_like_the_standard_library(created):
    set_up_logging("INFO", Redactor())
    record = logging.makeLogRecord({"created": created, "msecs": created % 1 * 1000})
    formatter = logging.getLogger().handlers[0].formatter

    assert formatter.formatTime(record) == logging.Formatter().formatTime(record)


def test_logging_is_unchanged_by_import():
    program = "import logging; before = vars(logging).copy(); import catalyst_groq.observability.logging; "
    program += "assert vars(logging) == before; assert not logging.root.handlers"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_logging_hides_info_of_noisy_libraries(capsys):
    set_up_logging("DEBUG", Redactor())
    logging.getLogger("aiohttp.access").info("GET /metrics")
    assert not capsys.readouterr().err
