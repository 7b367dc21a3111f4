"""Lines of the log that one cause repeats are summed up."""

import json
import logging
import time

import pytest

from catalyst_groq.domain.outcomes import Completion, Failure
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.observability.logging import set_up_logging
from catalyst_groq.observability.outcome_log import OutcomeLog
from catalyst_groq.observability.repeated_lines import MAX_CAUSES, RepeatedLines
from support.factories import make_call_record, make_record, make_task

log = logging.getLogger("worker.some")


class Lines(logging.Handler):
    """Keeps the messages that pass the filter."""

    def __init__(self, window=60.0):
        super().__init__()
        self.messages = []
        self.filtered = RepeatedLines(self, window)
        self.addFilter(self.filtered)

    def emit(self, record):
        self.messages.append(record.getMessage())


@pytest.fixture
def lines(monkeypatch):
    handler = Lines()
    monkeypatch.setattr(log, "handlers", [handler])
    monkeypatch.setattr(log, "propagate", False)
    return handler


def test_repeated_lines_are_one_line_and_a_sum(lines):
    for number in range(18):
        log.warning("Failed ask/AskGroq of instance %d: timed out after %.1f s", number, number / 10)
    assert lines.messages == ["Failed ask/AskGroq of instance 0: timed out after 0.0 s"]

    lines.filtered.write_sums()
    assert lines.messages[1:] == ["17 more in the last 0 s: Failed ask/AskGroq of instance 17: timed out after 1.7 s"]


def test_repeated_lines_of_another_cause_or_level_are_shown(lines):
    instance = "0f6a3d1e-6c1b-11f0-9d3b-0242ac120002"
    log.warning("Lock lost on task %s", instance)
    log.warning("Lock lost on task %s", instance.replace("0f", "1e"))
    log.warning("Lock lost on task %s at last", instance)
    log.error("Lock lost on task %s", instance)
    assert len(lines.messages) == 3


def test_repeated_lines_below_warning_are_all_shown(lines, monkeypatch):
    monkeypatch.setattr(log, "level", logging.DEBUG)
    for _ in range(3):
        log.info("Completed")
        log.debug("Unlocked")
    assert len(lines.messages) == 6


def test_sum_is_written_when_its_window_ends(lines, monkeypatch):
    lines.removeFilter(lines.filtered)
    lines.addFilter(RepeatedLines(lines, window=0.05))
    for number in range(3):
        log.warning("away %d", number)
    deadline = time.monotonic() + 10
    while len(lines.messages) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)

    assert lines.messages == ["away 0", "2 more in the last 0.1 s: away 2"]


def test_lines_of_more_causes_than_are_known_are_shown(lines):
    words = ["".join(chr(ord("a") + int(digit)) for digit in f"{number:04}") for number in range(MAX_CAUSES + 50)]
    for word in words:
        log.warning("cause %s", word)
    log.warning("cause %s", words[0])
    log.warning("cause %s", words[-1])
    assert len(lines.messages) == MAX_CAUSES + 51


def test_sum_masks_the_key_of_a_task(lines):
    extra = {"redactor": Redactor().for_key("the-key-of-a-task")}
    for _ in range(2):
        log.warning("refused the-key-of-a-task", extra=extra)
    lines.filtered.write_sums()
    assert lines.messages[1] == "1 more in the last 0 s: refused ***"


def fail(capsys, level, log_format):
    set_up_logging(level, Redactor(), log_format)
    for number in range(3):
        failure = Failure("Groq: 503. Retrying", retries=2, call=make_call_record(error_kind="transient"))
        OutcomeLog().on_end(make_record(failure, make_task(id=f"task-{number}", processInstanceId=str(number))))
    for handler in logging.getLogger().handlers:
        for filtered in handler.filters:
            filtered.write_sums()
    return capsys.readouterr().err.splitlines()


def test_json_sum_has_what_its_lines_have_in_common(capsys):
    first, total = map(json.loads, fail(capsys, "INFO", "json"))

    assert (first["task"], total["repeats"]) == ("task-0", 2)
    assert total["message"].startswith("2 more in the last ")
    del total["time"], total["message"]
    assert total == {
        "level": "WARNING",
        "logger": "catalyst_groq.observability.outcome_log",
        "repeats": 2,
        "process_definition_key": "ask",
        "activity": "AskGroq",
        "outcome": "failed_attempt",
        "error_kind": "transient",
    }


def test_lines_are_not_summed_up_at_the_level_debug(capsys):
    assert len(fail(capsys, "DEBUG", "console")) == 3


def test_completions_are_not_summed_up(capsys):
    set_up_logging("INFO", Redactor())
    for _ in range(3):
        OutcomeLog().on_end(make_record(Completion({})))
    assert capsys.readouterr().err.count("Completed") == 3
