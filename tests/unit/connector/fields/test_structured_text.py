"""Which texts of objects are parsed in another process, and what is kept of them."""

import asyncio

import pytest

from catalyst_groq.common.bounded_execution import InterruptedCallError
from catalyst_groq.connector.fields.structured_text import MAX_INLINE_YAML_CHARS, parse_in_advance, parse_object
from catalyst_groq.errors import FieldError
from support.inline_executor import InlineExecutor, SlowExecutor

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("length", "is_inline"), [(MAX_INLINE_YAML_CHARS, True), (MAX_INLINE_YAML_CHARS + 1, False)])
async def test_long_yaml_is_parsed_once_in_another_process(length, is_inline):
    text = "key: ".ljust(length, "x")
    executor = InlineExecutor()

    for _ in range(2):
        await parse_in_advance(text, executor)

    assert executor.functions == ([] if is_inline else ["parse_text"])
    assert parse_object("f", text) is parse_object("f", text)
    assert MAX_INLINE_YAML_CHARS <= 10_000


@pytest.mark.slow
async def test_concurrent_parses_share_one_run_and_an_interrupted_one_is_not_cached():
    executor = SlowExecutor()
    text = "".join(f"a name {number}: [{number}]\n" for number in range(1000))

    async def parse_thrice():
        return await asyncio.gather(*(parse_in_advance(text, executor) for _ in range(3)), return_exceptions=True)

    assert set(map(type, await parse_thrice())) == {InterruptedCallError}
    assert await parse_thrice() == [None] * 3
    assert executor.functions == ["parse_text"] * 2
    assert parse_object("catalyst_payload", text)["a name 7"] == [7]


@pytest.mark.parametrize(
    "text",
    [
        "messages:\n  - role: user\n    content: {{name}}\n",
        "messages:\n  - {role: user, content: ${name}}\n",
        "messages: [{role: user, content: ${name} and more}]\n",
    ],
)
def test_placeholder_that_breaks_yaml_needs_quotation_marks(text):
    with pytest.raises(FieldError) as raised:
        parse_object("catalyst_payload", text)

    assert raised.value.fix == 'Write quotation marks around the placeholder: "${name}"'


def test_other_mistake_in_yaml_has_no_placeholder_to_quote():
    with pytest.raises(FieldError, match="Write a JSON object such as"):
        parse_object("catalyst_payload", "messages: ['${name}', {a: b}\nx: {")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("key: *" + "x" * 300, "found undefined alias '" + "x" * 177 + "…"),
        ("secret: gsk_key\n" + "x" * 100 + ": b: c", "mapping values are not allowed here at line 2, column 104"),
        ("a: \0", "unacceptable character #x0000: special characters are not allowed in"),
    ],
)
def test_problem_of_yaml_shows_no_piece_of_the_text(text, problem):
    with pytest.raises(FieldError) as caught:
        parse_object("f", text)

    assert str(caught.value).startswith(f"f: is neither JSON nor YAML: {problem}")
    assert "..." not in str(caught.value)
