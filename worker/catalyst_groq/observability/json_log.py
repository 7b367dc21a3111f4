"""The log as JSON, one object in each line, for programs that collect logs."""

import logging
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.common.json_codec import to_text
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.task_observation import TaskRecord, task_fields
from catalyst_groq.observability.log_context import SCALARS, current_task, current_trace_id, join_texts


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
            "time": f"{_format_second(int(record.created))}.{int(record.msecs):03d}Z",
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
        return to_text(_without_keys_and_control_characters(fields, redactor), str)


@lru_cache(1)
def _format_second(seconds: int) -> str:
    """Format a second as UTC (RFC 3339); consecutive records usually share it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _without_keys_and_control_characters(fields: Mapping[str, Any], redactor: Redactor) -> Mapping[str, Any]:
    """Return the fields; nearly always they are harmless, which one look at all texts together shows."""
    texts = join_texts(fields)
    if texts.isprintable() and redactor.mask(texts) == texts:
        return fields
    return {name: _tidy(name, value, redactor) for name, value in fields.items()}


def _fields_of(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return what is known of the task that a record is about; of many tasks, what they have in common."""
    if hasattr(record, "repeats"):
        return {"repeats": record.repeats, **getattr(record, "fields", {})}
    task_record: TaskRecord | None = getattr(record, "task_record", None)
    if task_record:
        fields: Mapping[str, Any] = task_record.fields
    else:
        task = current_task.get()
        fields = task_fields(task) if task else {}
    trace_id = current_trace_id.get()
    return {**fields, "trace_id": trace_id} if trace_id else fields


def _tidy(name: str, value: Any, redactor: Redactor) -> Any:
    if type(value) in SCALARS:
        return value
    keep = TAB_AND_LINE_FEED if name in {"exception", "stack"} else ""
    return escape_control_characters(redactor.mask(str(value)), keep)
