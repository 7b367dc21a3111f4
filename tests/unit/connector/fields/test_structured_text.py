"""Which texts of objects are parsed in another process, and what is kept of them."""

import asyncio

import pytest

from catalyst_groq.connector.fields.structured_text import MAX_INLINE_YAML_CHARS, parse_in_advance, parse_object
from support.inline_executor import InlineExecutor


@pytest.mark.parametrize(("length", "is_inline"), [(MAX_INLINE_YAML_CHARS, True), (MAX_INLINE_YAML_CHARS + 1, False)])
def test_long_yaml_is_parsed_once_in_another_process(length, is_inline):
    text = "key: ".ljust(length, "x")
    executor = InlineExecutor()

    for _ in range(2):
        asyncio.run(parse_in_advance(text, executor))

    assert executor.functions == ([] if is_inline else ["parse_text"])
    assert parse_object("f", text) is parse_object("f", text)
    assert MAX_INLINE_YAML_CHARS <= 10_000
