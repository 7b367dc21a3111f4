"""The log as JSON: one object in each line, with the fields of the task, and without keys and control characters."""

import json
import logging
import sys
from datetime import datetime, timedelta

import pytest

from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, FailureCause
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.task_observation import TaskObservers
from catalyst_groq.observability.log_context import current_task, current_trace_id
from catalyst_groq.observability.logging import set_up_logging
from catalyst_groq.observability.outcome_log import OutcomeLog
from support.factories import make_attempt_record, make_call_record, make_record, make_task

KEY = "gsk_0123456789abcdef"
CONTEXT = {"businessKey": "order-7", "tenantId": "acme", "topicName": "catalyst-groq"}
CALL = make_call_record(
    make_attempt_record(waited=0.25, status=429, cost=None, prompt_tokens=0, completion_tokens=0, cached_tokens=0),
    make_attempt_record(),
)


@pytest.fixture(autouse=True)
def _no_task():
    """A test logs as code does that belongs to no task."""
    task, trace_id = current_task.set(None), current_trace_id.set("")
    yield
    current_task.reset(task)
    current_trace_id.reset(trace_id)


def fail(text):
    raise ValueError(text)


def lines_of(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_json_line_has_time_level_logger_and_message(capsys):
    set_up_logging("INFO", Redactor(), "json")
    logging.getLogger("worker.some").warning("look %s", "out")
    logging.getLogger("worker.some").debug("not shown")
    [line] = lines_of(capsys)

    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    assert line == {"level": "WARNING", "logger": "worker.some", "message": "look out"}


def test_json_line_of_an_outcome_has_the_fields_of_its_task(capsys):
    set_up_logging("INFO", Redactor(), "json")
    current_trace_id.set("4bf92f3577b34da6a3ce929d0e0e4736")
    OutcomeLog().on_end(
        make_record(Completion({"aiReply": "the content"}, call=CALL), make_task(**CONTEXT), seconds=1.5)
    )
    [line] = lines_of(capsys)

    del line["time"], line["logger"]
    assert line == {
        "level": "INFO",
        "message": "Completed ask/AskGroq of instance instance-1 in 1500 ms",
        "task": "task-1",
        "activity": "AskGroq",
        "process_definition": "ask:1:d1",
        "process_definition_key": "ask",
        "process_instance": "instance-1",
        "business_key": "order-7",
        "tenant": "acme",
        "topic": "catalyst-groq",
        "outcome": "completed",
        "error_kind": "",
        "attempts": 2,
        "model": "openai/gpt-oss-120b",
        "endpoint": "groq",
        "status": 200,
        "request_id": "req_1",
        "finish_reason": "stop",
        "prompt_tokens": 10,
        "cached_tokens": 4,
        "completion_tokens": 5,
        "cost_usd": 0.25,
        "replayed": False,
        "seconds": 1.5,
        "prepare_seconds": 0.1,
        "limit_seconds": 0.25,
        "groq_seconds": 1.0,
        "judge_seconds": 0.15,
        "report_seconds": 0.0,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }


def test_json_line_of_a_failure_names_what_failed(capsys):
    set_up_logging("INFO", Redactor(), "json")
    OutcomeLog().on_end(make_record(Failure("catalyst_payload: …", cause=FailureCause.FIELD)))
    OutcomeLog().on_end(make_record(BpmnError("X", "m", call=make_call_record(error_kind="rate_limited"))))

    assert [(line["outcome"], line["error_kind"]) for line in lines_of(capsys)] == [
        ("incident", "field"),
        ("bpmn_error", "rate_limited"),
    ]


def test_json_lines_that_are_logged_while_a_task_runs_name_it(capsys):
    set_up_logging("INFO", Redactor(), "json")
    TaskObservers([OutcomeLog()]).on_start(make_task(**CONTEXT))
    logging.getLogger("worker.some").info("on the way")
    [line] = lines_of(capsys)

    assert (line["task"], line["business_key"], line["message"]) == ("task-1", "order-7", "on the way")


@pytest.mark.parametrize("terminal", [True, False])
def test_json_masks_secrets_in_every_form(terminal, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    redactor = Redactor()
    set_up_logging("DEBUG", redactor, "json")
    redactor.add('quoted\\key"1')
    log = logging.getLogger("worker.anything")
    for key in (KEY, 'quoted\\key"1'):
        log.info("plain %s", key)
        log.info("own %s", "the-key-of-a-task", extra={"redactor": redactor.for_key("the-key-of-a-task")})
        try:
            fail(key)
        except ValueError:
            log.exception("a traceback", stack_info=True)
    OutcomeLog().on_end(make_record(Failure(KEY), make_task(businessKey=f"k {KEY}")))
    output = capsys.readouterr().err

    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["message"] for line in lines[:2]] == ["plain ***", "own ***"]
    assert "ValueError: ***" in lines[2]["exception"]
    assert lines[-1]["business_key"] == "k ***"
    texts = [output, *(text for line in lines for text in line.values() if isinstance(text, str))]
    assert not [text for text in texts for key in (KEY, 'quoted\\key"1', "key-of-a-task") if key in text]


def test_json_escapes_control_characters_also_once_decoded(capsys):
    set_up_logging("INFO", Redactor(), "json")
    forged = 'done\n{"level": "ERROR"}\r\x1b[2J\x9b\u2028\u202e\ud800'
    try:
        fail(forged)
    except ValueError:
        logging.getLogger("worker.anything").exception("Completed %s", forged)
    output = capsys.readouterr().err
    [line] = [json.loads(line) for line in output.splitlines()]

    assert line["message"] == r'Completed done\n{"level": "ERROR"}\r\x1b[2J\x9b\u2028\u202e\ud800'
    assert line["exception"].startswith("Traceback (most recent call last):\n  File")
    assert not set("\r\x1b\x9b\u2028\u202e\ud800") & set(output + line["exception"])


def test_json_line_of_any_value_is_json(capsys):
    set_up_logging("INFO", Redactor(), "json")
    OutcomeLog().on_end(make_record(Completion({}), make_task(businessKey={"not": "a text"}, tenantId=float("nan"))))
    [line] = lines_of(capsys)

    assert line["tenant"] is None
