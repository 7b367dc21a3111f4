"""The beginning of a key is masked where a message cuts a text."""

import json
from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.common.texts import shorten
from catalyst_groq.domain.key_beginnings import MIN_BEGINNING_CHARS
from catalyst_groq.domain.redaction import MASK, MAX_KEY_CHARS, Redactor

KEY = "gsk_0123456789abcdef"
KEYS = [KEY, "sk-other/of+another_kind==", 'a "quoted" \\ password%']
FORMS = {
    "as it is": lambda key: key,
    "reversed": lambda key: key[::-1],
    "base64": lambda key: b64encode(key.encode()).decode(),
    "URL-encoded": lambda key: quote(key, safe=""),
    "URL-encoded in full": lambda key: "".join(f"%{byte:02X}" for byte in key.encode()),
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON, in full": lambda key: "".join(f"\\u{ord(character):04X}" for character in key),
    "JSON in JSON": lambda key: "".join(f"\\\\u{ord(character):04x}" for character in key),
    "JSON with slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
}
ESCAPED_CHARS = {"URL-encoded in full": 3, "JSON, in full": 6, "JSON in JSON": 7}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("end", ["…", "\n…", "… (900 characters)"])
def test_beginning_of_a_key_is_masked_before_an_ellipsis(key, form, end):
    shown, redactor = FORMS[form](key), Redactor([key])
    for length in range(8 * ESCAPED_CHARS.get(form, 1), len(shown) - 3):
        assert redactor.mask_message(f"before {shown[:length]}{end}") == f"before {MASK}{end}"


@pytest.mark.parametrize("shown", ["gsk_0123", "%67sk_0123", "\\u0067sk_012\\u003", "gsk_0%3"])
def test_beginning_of_an_unknown_groq_key_is_masked(shown):
    assert Redactor().mask_message(f"'{shown}…', {shown}\n…") == f"'{MASK}…', {MASK}\n…"


@pytest.mark.parametrize("text", ["gsk_…", "pass…", "a text…", f"{KEY[:8]} …", f"{KEY[:8]}..."])
def test_short_beginning_or_one_that_was_not_cut_stays(text):
    assert Redactor([KEY, "password-1"]).mask_message(text) == text


def test_text_of_others_keeps_its_words_before_an_ellipsis():
    assert Redactor(["welcome-2026!"]).mask("You are welcome… Bye") == "You are welcome… Bye"


@pytest.mark.parametrize("keys", [["abcde12345", "xyz-abcde-98765"], ["xyz-abcde-98765", "abcde12345"]])
def test_longest_beginning_is_masked(keys):
    assert Redactor(keys).mask_message("<xyz-abcde…") == f"<{MASK}…"


def test_beginning_of_a_key_of_equal_characters_is_masked():
    assert Redactor(["kkkkkkkkzz"]).mask_message("kkkkkkkkkk…") == f"kk{MASK}…"


@given(st.text(st.sampled_from("ab%\\u0061 …\n"), max_size=40), st.integers(0, 60))
def test_no_beginning_of_a_key_is_left_by_any_cut(before, length):
    masked = Redactor([KEY]).mask_message(shorten(f"{before}{KEY}{before}", length))
    assert KEY[:MIN_BEGINNING_CHARS] not in masked


@pytest.mark.slow
def test_time_to_mask_beginnings_grows_with_the_text():
    """A pattern or a search for each beginning would take minutes."""
    key = "".join(f"{number:02x}" for number in range(MAX_KEY_CHARS // 2))
    keys = [f"gsk_a{number:040}" for number in range(64)]
    escaped = "".join(f"%{ord(key[0]):02x}{key[1:length]}… " for length in range(6, len(key)))
    assert key[:9] not in Redactor([key]).mask_message(escaped)
    assert "gsk_a" not in Redactor(keys).mask_message("gsk_a…" * 100_000)
    assert Redactor(keys).mask_message("…" * 1_000_000) == "…" * 1_000_000
