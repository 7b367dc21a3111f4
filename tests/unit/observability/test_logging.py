"""Logging: one line per event, and no secret in any of them."""

import logging
import subprocess
import sys
from datetime import timedelta

import pytest

from catalyst_groq.domain.outcomes import BpmnError, CollectedResult, Completion, Failure, Unlocked
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.observability.logging import NOISY_LOGGERS, UNUSED_LOOKUPS, OutcomeLog, set_up_logging
from support.factories import make_record, make_task

KEY = "gsk_0123456789abcdef"


@pytest.fixture(autouse=True)
def _restore_logging(monkeypatch):
    """Undo what `set_up_logging` changes in the whole process."""
    for name in ("_srcfile", *UNUSED_LOOKUPS):
        if hasattr(logging, name):  # logAsyncioTasks is new in Python 3.12
            monkeypatch.setattr(logging, name, getattr(logging, name))
    root, noisy = logging.getLogger(), [logging.getLogger(name) for name in NOISY_LOGGERS]
    handlers, levels = root.handlers[:], [(logger, logger.level) for logger in (root, *noisy)]
    root.handlers[:] = []
    yield
    root.handlers[:] = handlers
    for logger, level in levels:
        logger.setLevel(level)


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


@pytest.mark.parametrize(
    ("outcome", "level", "line"),
    [
        (Completion({"secret": "x"}), "INFO", "Completed ask/AskGroq of instance instance-1 in 1250 ms"),
        (
            Completion({}, collected=CollectedResult("results", "3", {}, "Ask", "3", "Groq: 400")),
            "WARNING",
            "Completed ask/AskGroq of instance instance-1 in 1250 ms with a collected error: Groq: 400",
        ),
        (
            BpmnError("RATE_LIMITED", "Groq: 429"),
            "INFO",
            "BPMN error RATE_LIMITED at ask/AskGroq of instance instance-1: Groq: 429",
        ),
        (
            Failure("Groq: 503", retries=2, retry_timeout=timedelta(seconds=10)),
            "WARNING",
            "Failed ask/AskGroq of instance instance-1, 2 retries left, next in 10 s: Groq: 503",
        ),
        (
            Unlocked(),
            "DEBUG",
            "Unlocked ask/AskGroq of instance instance-1: it is fetched again with the variables it uses",
        ),
        (Failure("Groq: 403"), "ERROR", "Failed ask/AskGroq of instance instance-1, no retries left: Groq: 403"),
    ],
)
def test_outcome_is_logged_in_one_line_without_variables(capsys, outcome, level, line):
    set_up_logging("DEBUG", Redactor())
    OutcomeLog().on_end(make_record(outcome))
    output = capsys.readouterr().err
    assert output.endswith(f" {level:<7} catalyst_groq.observability.logging {line}\n")
    assert output.count("\n") == 1


def outcome_with(meta, kind=Completion):
    variables = {"catalyst_meta": meta}
    return kind(variables) if kind is Completion else kind("INVALID_REQUEST", "Groq: 400 unknown max_token", variables)


def logged(capsys, outcome, **task):
    set_up_logging("INFO", Redactor())
    OutcomeLog().on_end(make_record(outcome, make_task(**task)))
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(("blame", "level"), [("request", "WARNING"), ("limit", "INFO"), (None, "INFO")])
def test_bpmn_error_of_the_modellers_own_mistake_is_a_warning(capsys, blame, level):
    [line] = logged(capsys, outcome_with({"blame": blame}, BpmnError))
    assert f" {level} " in line
    assert line.endswith(
        "BPMN error INVALID_REQUEST at ask/AskGroq of instance instance-1: Groq: 400 unknown max_token"
    )


def test_completion_with_unmapped_variables_is_a_warning(capsys):
    [line] = logged(capsys, outcome_with({"unmapped": ["total", "name"]}))
    assert " WARNING " in line
    assert line.endswith("but the response has no value for: total, name (the response mapping leads nowhere)")


def test_warning_about_fields_is_logged_once_per_activity(capsys):
    outcome = outcome_with({"warnings": ["catalyst_payload: `{{x}}` is sent as it is"]})
    definitions = ["ask:1:once", "ask:1:once", "ask:2:once"]
    lines = [line for id_ in definitions for line in logged(capsys, outcome, processDefinitionId=id_)]
    warnings = [line.split(" ", 4)[-1] for line in lines if " WARNING " in line]
    assert warnings == [f"{id_}/AskGroq: catalyst_payload: `{{{{x}}}}` is sent as it is" for id_ in definitions[1:]]
