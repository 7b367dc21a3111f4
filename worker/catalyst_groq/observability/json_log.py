"""The log as JSON, one object in each line, for programs that collect logs."""

import logging
from datetime import UTC, datetime
from typing import Any

from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.common.json_codec import to_text
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.observability.log_context import current_task, current_trace_id, record_fields, task_fields

DECIMALS = 6
"""Of seconds and USD."""


class JsonFormatter(logging.Formatter):
    """Formats a record with the fields of its task, without keys and control characters.

    Control characters are escaped twice, as in the other formats and by JSON: a program that decodes a line and shows
    it has them escaped, too. Only the line breaks and tabs of a traceback are kept.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields_of(record),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = self.formatStack(record.stack_info)
        redactor: Redactor = getattr(record, "redactor", self._redactor)
        return to_text({name: _tidy(name, value) for name, value in redactor.mask_all(fields).items()}, str)


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what is known of the task that a record is about; of many tasks, what they have in common."""
    if hasattr(record, "repeats"):
        return {"repeats": record.repeats, **getattr(record, "fields", {})}
    if task_record := getattr(record, "task_record", None):
        fields = record_fields(task_record)
    else:
        task = current_task.get()
        fields = task_fields(task) if task else {}
    if trace_id := current_trace_id.get():
        fields["trace_id"] = trace_id
    return fields


def _tidy(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return escape_control_characters(value, TAB_AND_LINE_FEED if name in {"exception", "stack"} else "")
    return round(value, DECIMALS) if isinstance(value, float) else value
