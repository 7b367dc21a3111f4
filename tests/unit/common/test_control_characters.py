"""Control characters are escaped, and everything that a person reads stays."""

from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters

FORBIDDEN = [
    *map(chr, (*range(32), *range(127, 160))),
    "\u2028",
    "\u2029",
    "\u061c",
    "\u200e",
    "\u202e",
    "\u2066",
    "\ud800",
]


def test_control_characters_are_escaped_as_in_string_literals():
    assert escape_control_characters("a\r\nb\x1b[2J\x9b\u2028\u202e\ud800") == (r"a\r\nb\x1b[2J\x9b\u2028\u202e\ud800")


def test_control_characters_can_be_kept():
    assert escape_control_characters("a\tb\nc\rd", keep=TAB_AND_LINE_FEED) == "a\tb\nc\\rd"


def test_readable_text_is_unchanged():
    for text in ("", "Grüße, 世界 🎉\xa0!", "zero\u200bwidth", r"C:\new"):
        assert escape_control_characters(text) == text


@given(st.text(st.characters() | st.sampled_from(FORBIDDEN)))
def test_escaped_text_has_no_control_characters(text):
    escaped = escape_control_characters(text)
    assert not set(escaped) & set(FORBIDDEN)
    assert escape_control_characters(escaped) == escaped
