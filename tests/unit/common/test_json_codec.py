"""JSON is the same whether orjson or the standard library encodes or decodes it."""

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
def test_json_encoding_is_readable_by_the_standard_library(value):
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
def test_json_of_the_standard_library_is_parsed(value):
    text = json.dumps(value)
    assert parse(text) in (value, beyond(value))
    assert parse(text.encode()) == parse(text)


@pytest.mark.parametrize("beside", ["", "\ud83d", 2**64])
def test_json_encodes_non_finite_numbers_as_null(beside):
    assert json.loads(to_bytes([math.nan, -math.inf, beside])) == [None, None, beside]
    assert json.loads(to_text([math.nan, -math.inf, beside], str)) == [None, None, beside]


@pytest.mark.parametrize("beside", ["", "\ud83d"])
def test_json_passes_other_values_to_the_default(beside):
    with pytest.raises(TypeError):
        to_bytes([date(2026, 11, 21), beside])
    assert json.loads(to_text([date(2026, 11, 21), beside], repr)) == ["datetime.date(2026, 11, 21)", beside]


def test_json_encodes_a_number_as_key_as_text():
    assert to_bytes({1: "one"}) == b'{"1":"one"}'
    assert to_text({1: "one"}, str) == '{"1":"one"}'


@pytest.mark.parametrize("text", ["", "{", "<html>", b"\xff\xfe", "[1,]"])
def test_json_that_is_invalid_raises_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 -- whichever of them, with its own words
        parse(text)
