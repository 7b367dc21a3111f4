"""The JSON schema for the response: checked before Groq is asked, because the response is validated against it."""

import asyncio
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.common.json_codec import to_text
from catalyst_groq.common.lru_cache import LruCache
from catalyst_groq.common.shared_calls import SharedCalls
from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.json_schema import schema_problem
from catalyst_groq.groq.api.structured_output import output_format_of

MAX_INLINE_CHARS = 1500
"""A longer schema is checked in another process: the check takes milliseconds for each thousand characters."""

_problems: LruCache[str | None] = LruCache(256)
"""What is wrong with a schema, by its text."""

_checks: SharedCalls[str | None] = SharedCalls()


async def check_response_schema(payload: Mapping[str, Any], executor: BoundedExecutor) -> None:
    """Check the schema of `response_format`, once per text. Raises `FieldError`, and the executor's `OSError`."""
    output_format = output_format_of(payload)
    schema = output_format.schema if output_format else None
    if schema is None:
        return
    text = to_text(schema, str)
    if text not in _problems:
        _problems.put(text, await _checks.get(text, lambda: _find_problem(schema, text, executor)))
    if problem := _problems.get(text):
        raise FieldError(PAYLOAD, f"has an invalid JSON schema: {problem}", "Correct 'response_format'")


async def _find_problem(schema: Mapping[str, Any], text: str, executor: BoundedExecutor) -> str | None:
    if len(text) <= MAX_INLINE_CHARS:
        await asyncio.to_thread(import_module, "jsonschema")  # takes longer than the event loop should be held
        return schema_problem(schema)
    result: str | Unfinished | None = await executor.run(schema_problem, schema)
    return f"its check {result.reason}" if isinstance(result, Unfinished) else result
