"""Keys in the logs of programs that set up logging themselves."""

import logging

from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.observability.masked_logs import masked_logs

KEY = "gsk_0123456789abcdef0123"
log = logging.getLogger("catalyst_groq.app")


def fail():
    raise ValueError(f"refused {KEY}")


def test_masked_logs_hide_keys_in_messages_and_tracebacks(caplog):
    with masked_logs(Redactor(["own-password-1"])):
        log.warning("%s and %s", KEY, "own-password-1")
        try:
            fail()
        except ValueError:
            log.exception("failed")

    assert KEY not in caplog.text
    assert "own-password-1" not in caplog.text
    assert "ValueError: refused" in caplog.text


def test_masked_logs_use_redactor_of_task(caplog):
    with masked_logs(Redactor()):
        log.warning("a task-password", extra={"redactor": Redactor(["task-password"])})

    assert "task-password" not in caplog.text


def test_masked_logs_leave_others_alone(caplog):
    with masked_logs(Redactor()):
        logging.getLogger("other").warning("%s", KEY)
    log.warning("after %s", "own-password-1")

    assert KEY in caplog.text
    assert "own-password-1" in caplog.text
