"""JSON reads and writes the same whoever does it, orjson or Python's own module."""

import json
import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.common.json_codec import parse, to_bytes, to_text

TEXTS = st.text(st.characters(exclude_categories=[]))
"""Half surrogate pairs too, which orjson refuses."""

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@given(VALUES)
def test_what_is_written_is_what_python_reads(value):
    assert json.loads(to_bytes(value)) == value
    assert json.loads(to_text(value, str)) == value


def beyond(value):
    """What JSON's numbers are where they do not fit into 64 bits."""
    match value:
        case bool():
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else float(value)
        case list():
            return [beyond(inner) for inner in value]
        case dict():
            return {name: beyond(inner) for name, inner in value.items()}
    return value


@given(VALUES)
def test_what_python_writes_is_read(value):
    text = json.dumps(value)
    assert parse(text) in (value, beyond(value))
    assert parse(text.encode()) == parse(text)


@pytest.mark.parametrize("beside", ["", "\ud83d", 2**64])
def test_what_json_has_no_number_for_is_null(beside):
    assert json.loads(to_bytes([math.nan, -math.inf, beside])) == [None, None, beside]
    assert json.loads(to_text([math.nan, -math.inf, beside], str)) == [None, None, beside]


@pytest.mark.parametrize("beside", ["", "\ud83d"])
def test_what_json_has_no_word_for_is_refused_or_said_by_the_default(beside):
    with pytest.raises(TypeError):
        to_bytes([date(2026, 11, 21), beside])
    assert json.loads(to_text([date(2026, 11, 21), beside], repr)) == ["datetime.date(2026, 11, 21)", beside]


def test_a_name_that_is_a_number_becomes_a_text():
    assert to_bytes({1: "one"}) == b'{"1":"one"}'
    assert to_text({1: "one"}, str) == '{"1":"one"}'


@pytest.mark.parametrize("text", ["", "{", "<html>", b"\xff\xfe", "[1,]"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 -- whichever of them, with its own words
        parse(text)
