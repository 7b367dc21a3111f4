"""JSON in the forms that models write: corrected, but never completed or invented."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.common.json_codec import MAX_DEPTH, NestedTooDeeplyError
from catalyst_groq.groq.api.lenient_json import parse_lenient

FORMS = {
    "code fence": '```json\n{"a": 1}\n```',
    "code fence without a language": '```{"a": 1}```',
    "byte order mark": '\ufeff{"a": 1}',
    "trailing comma": '{"a": 1,}',
    "comments": '{/* one */ "a": 1 // of it\n}',
    "single quotes": "{'a': 1}",
    "typographic quotes": "{“a”: 1}",
    "no quotes": "{a: 1}",
}
OTHER_VALUES = {
    "Python literals": ("{'yes': True, 'no': False, 'nothing': None}", {"yes": True, "no": False, "nothing": None}),
    "literals in a text": ('{"a": "True, \'None\' // no comment",}', {"a": "True, 'None' // no comment"}),
    "line break in a text": ('{"a": "one\ntwo\tthree"}', {"a": "one\ntwo\tthree"}),
    "typographic quotes in a text": ('{"a": "the “best” one",}', {"a": "the “best” one"}),
    "quotes in typographic quotes": ('{“a”: “say "yes"”}', {"a": 'say "yes"'}),
    "escapes in typographic quotes": (r"{“a”: “x\ny \"\u00e4\" \\”}", {"a": 'x\ny "ä" \\'}),
    "line break in typographic quotes": ("{“a”: “x\ny”}", {"a": "x\ny"}),
    "an escape of Python": (r"{'a': '\xe4'}", {"a": "ä"}),
    "an apostrophe that is escaped": (r"""{"a": "it\'s",}""", {"a": "it's"}),
    "backslashes that are escaped": (
        r"""{'a': 'C:\\Temp\\new', "b": "\\d{3}",}""",
        {"a": r"C:\Temp\new", "b": r"\d{3}"},
    ),
    "double quotes in single quotes": ("""{'a': 'say "yes"'}""", {"a": 'say "yes"'}),
    "a comment that ends with a carriage return": ("[1, // one\r'True']", [1, "True"]),
    "Python's literals as names": ("{None: 1, $True: None, True : 2}", {"None": 1, "$True": None, "True": 2}),
    "escapes": ("{'a': 'it\\'s \\u00e4'}", {"a": "it's ä"}),
    "a list": ("[1, 2,]", [1, 2]),
}
NO_JSON = {
    "cut off": '{"approved": true, "amount": 125',
    "cut off in a text": '{"approved": "tr',
    "cut off in a fence": '```json\n{"a": 1',
    "too few brackets": '{"a": [1, 2}',
    "too many brackets": '{"a": 1}}',
    "prose with brackets": "I cannot judge invoice [4711] without {details}.",
    "prose around": 'Here it is: {"a": 1}',
    "prose after it": '{"a": 1} I hope that helps.',
    "two values": '{"a": 1}\n{"a": 2}',
    "two fences": '```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```',
    "an ellipsis": '{"a": 1, ...}',
    "an ellipsis as a value": '{"a": ...}',
    "a number of another language": '{"amount": 1.250,50}',
    "a number with separators": '{"amount": 1,250.50}',
    "a missing comma": '{"a": 1 "b": 2}',
    "texts side by side": '{"a": ["b" "c"]}',
    "a missing value": '{"a": , "b": 2}',
    "a placeholder": '{"a": <amount>}',
    "a regular expression": r'{"re": "\d{3}"}',
    "a formula": r'{"t": "$\alpha$"}',
    "a path": r"{'p': 'C:\Temp\new'}",
    "a path in typographic quotes": r"{“p”: “C:\Temp\”}",
    "an escape of Python in JSON": r'{"a": "\x41"}',
    "an escape of JSON5": r"{'a': '\v\0'}",
    "half an escape": r'{"a": "\u12"}',
    "a line break that is escaped": '{"a": "one\\\ntwo"}',
    "an escape behind a comment": '[// one\r"\\d"]',
    "a comment for more entries": "[1, 2, // ... 98 more\n]",
    "a comment for more entries, with one character": "[1, 2, // … and so on\n]",
    "a comment for other entries": '{"a": 1, /* ... */}',
    "a comment that is not closed": '{"a": 1} /*',
    "no number": "{'a': NaN, 'b': Infinity}",
    "a word": "None",
    "a number": "5,",
    "a text": "'yes'",
    "nothing": "",
    "a fence without content": "```json\n```",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_forms_of_one_value(text):
    assert parse_lenient(text) == {"a": 1}


@pytest.mark.parametrize(("text", "value"), OTHER_VALUES.values(), ids=OTHER_VALUES)
def test_forms_of_other_values(text, value):
    assert parse_lenient(text) == value


@pytest.mark.slow
@pytest.mark.parametrize("text", NO_JSON.values(), ids=NO_JSON)
def test_text_that_is_not_one_whole_value(text):
    with pytest.raises(ValueError, match="JSON"):
        parse_lenient(text)


def test_nesting_is_bounded():
    with pytest.raises(NestedTooDeeplyError):
        parse_lenient("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts), max_leaves=10)
LONG_TEXTS = {
    "blanks in a fence": "```" + " " * 200_000 + "x",
    "blanks in a fence that is closed": "```json" + " " * 200_000 + "x```",
    "comments that are not closed": "[" + "/*" * 100_000,
    "quotes that are not closed": "[" + "'a" * 100_001,
    "typographic quotes that are not closed": "[" + "“a" * 100_000,
    "escaped quotes that are not closed": '["' + '\\"' * 100_000,
    "brackets and quotes": """[{"a":"b'""" * 20_000,
}


@pytest.mark.parametrize("text", LONG_TEXTS.values(), ids=LONG_TEXTS)
def test_time_grows_with_the_length(text):
    """A search whose time grows with the square of the length would take minutes."""
    with pytest.raises(ValueError, match="JSON"):
        parse_lenient(text)


OBJECTS = st.dictionaries(st.text(), VALUES, min_size=1)


@pytest.mark.slow
@given(OBJECTS)
def test_every_object_is_read_as_it_is(value):
    assert parse_lenient(json.dumps(value)) == json.loads(json.dumps(value))


@pytest.mark.slow
@given(OBJECTS, st.data())
def test_no_beginning_of_an_object_is_one(value, data):
    text = json.dumps(value, ensure_ascii=False)
    with pytest.raises(ValueError, match="JSON"):
        parse_lenient(text[: data.draw(st.integers(0, len(text) - 1))])


@given(st.text())
def test_any_text_has_a_value_or_an_error(text):
    with suppress(ValueError):
        assert isinstance(parse_lenient(text), dict | list)
