"""Keys are removed from texts and structures."""

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.domain import redaction
from catalyst_groq.domain.redaction import MASK, MAX_KEY_CHARS, MAX_RESOLVED_KEYS, Redactor
from catalyst_groq.domain.variables import TypedValue

KEY = "gsk_0123456789abcdef"


def test_redactor_masks_what_looks_like_a_groq_key():
    assert Redactor().mask("model gsk_0123456789abcdefXYZ does not exist") == "model *** does not exist"


def test_redactor_ignores_a_text_too_short_for_a_key():
    assert Redactor(["e"]).mask("the message") == "the message"


def test_redactor_masks_a_typed_value():
    redactor = Redactor()
    redactor.add(KEY)
    assert redactor.mask_all({"a": TypedValue("Json", [KEY])}) == {"a": TypedValue("Json", ["***"])}


def test_redactor_masks_only_the_exact_key():
    redactor = Redactor([KEY, ""])
    assert redactor.mask(f"Bearer {KEY}, not gsk_other") == "Bearer ***, not gsk_other"
    assert redactor.mask_all({"a": [KEY, {"b": f"x{KEY}", KEY: 1}], "n": 1, "f": 1.5, "none": None, "yes": True}) == {
        "a": ["***", {"b": "x***", "***": 1}],
        "n": 1,
        "f": 1.5,
        "none": None,
        "yes": True,
    }


def test_redactor_leaves_names_that_are_no_texts():
    """YAML allows numbers, null and Booleans as names."""
    assert Redactor([KEY]).mask_all({1: {None: KEY, True: "yes"}}) == {1: {None: "***", True: "yes"}}


def test_redactor_does_not_copy_a_structure_without_keys():
    structure = {"a": ["text", {"b": 1}], 2: None}
    assert Redactor([KEY]).mask_all(structure) is structure


def test_redactor_masks_a_key_that_begins_like_another():
    for keys in ([KEY, KEY + "_tail"], [KEY + "_tail", KEY]):
        assert Redactor(keys).mask(f"{KEY}_tail {KEY}") == "*** ***"


def test_redactor_without_keys_changes_nothing():
    assert Redactor().mask("text") == "text"


FORMS = {
    "as it is": lambda key: key,
    "reversed": lambda key: key[::-1],
    "base64": lambda key: b64encode(key.encode()).decode(),
    "base64 of a header": lambda key: b64encode(f"user:{key}".encode()).decode(),
    "base64 in the middle": lambda key: b64encode(f"ab{key}cd".encode()).decode(),
    "base64 for URLs": lambda key: urlsafe_b64encode(f"?>{key}".encode()).decode(),
    "URL-encoded": lambda key: quote(key, safe=""),
    "URL-encoded in full": lambda key: "".join(f"%{byte:02X}" for byte in key.encode()),
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON, in full": lambda key: "".join(f"\\u{ord(character):04X}" for character in key),
    "JSON with slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "JSON reversed": lambda key: "".join(f"\\u{ord(character):04x}" for character in reversed(key)),
}


@pytest.mark.slow
@pytest.mark.parametrize("key", [KEY, "sk-other/of+another_kind==", 'a "quoted" \\ password%', "pässwörd"])
@pytest.mark.parametrize("form", FORMS)
def test_redactor_masks_every_form_of_a_key(form, key):
    shown = FORMS[form](key)
    masked = Redactor([key]).mask(f"before {shown} after")
    assert "***" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert len(masked) < len("before  after") + 20
    assert Redactor().for_key(key).mask_all({"a": [f"{shown}!"]}) != {"a": [f"{shown}!"]}


@given(st.text(st.sampled_from('ab\\u0061%/"{} \n')), st.text(min_size=8))
def test_redactor_changes_nothing_around_a_key(text, key):
    redactor = Redactor(["another-key/1"])
    assert redactor.mask(text) == text
    assert redactor.for_key(key).mask(f"<{key}>").replace(MASK, "") in {"<>", f"<{key}>".replace(key, "")}


def test_key_of_a_task_is_masked_by_its_redactor_alone():
    redactor = Redactor(["the-operators-key"])
    own = redactor.for_key('"choices"')
    assert own.mask('{"choices"} the-operators-key') == "{***} ***"
    assert redactor.mask('{"choices"}') == '{"choices"}'
    assert redactor.for_key("the-operators-key") is redactor
    assert redactor.for_key("") is redactor


def test_resolved_keys_do_not_add_up():
    redactor = Redactor(["permanent-key"])
    redactor.add_resolved("first-key-of-all")
    for number in range(1000):
        redactor.add_resolved("in-constant-use")
        redactor.add_resolved(f"rotated-key-{number:04}")

    assert redactor.mask("permanent-key in-constant-use rotated-key-0999") == "*** *** ***"
    assert redactor.mask("first-key-of-all rotated-key-0900") == "first-key-of-all rotated-key-0900"


def test_redactor_searches_for_few_forms_after_a_thousand_keys_of_tasks():
    redactor = Redactor([KEY])
    before = len(redactor._forms)
    for number in range(1000):
        redactor.for_key(f"key-of-task-{number:04}").mask("text")
        redactor.add_resolved(f"rotated-key-{number:04}")
    assert before < len(redactor._forms) <= before + MAX_RESOLVED_KEYS * 8


def test_redactor_masks_what_is_nested_deeply():
    deep: Any = KEY
    for _ in range(5000):
        deep = [deep]
    masked = Redactor([KEY]).mask_all(deep)
    for _ in range(5000):
        [masked] = masked
    assert masked == "***"


def test_redactor_ignores_a_key_that_is_too_short():
    redactor = Redactor()
    redactor.add("demo")
    assert redactor.mask("the demo") == "the demo"
    redactor.add("long-enough")


@pytest.mark.parametrize("escape", ["%41", "\\u0041", "\\/"])
def test_many_groq_keys_in_a_text_with_escapes_are_masked_by_one_pattern(escape):
    keys = [f"gsk_%3{number % 10}{number:016}" for number in range(200)]
    compiled = redaction._escaped_pattern.cache_info().misses
    assert Redactor().mask(" ".join([escape, *keys])) == " ".join([escape, *[MASK] * len(keys)])
    assert redaction._escaped_pattern.cache_info().misses == compiled


@pytest.mark.parametrize("key", ["%67sk%5f", "\\u0067\\u0073k_", "gsk_%41%5F%7a\\u0030\\u007A"])
def test_unknown_groq_key_with_escaped_characters_is_masked_alone(key):
    assert Redactor().mask(f"%22{key}0123456789abcdef%22") == f"%22{MASK}%22"


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_key_in_json_texts_inside_each_other_is_masked(levels):
    text = '{"key": "' + "".join(f"\\u{ord(character):04x}" for character in "operators/key") + '"}'
    for _ in range(levels - 1):
        text = json.dumps(text)
    masked = Redactor(["operators/key"]).mask(text)
    for _ in range(levels - 1):
        masked = json.loads(masked)
    assert masked == '{"key": "***"}'


@pytest.mark.slow
def test_time_to_mask_backslashes_grows_with_their_number():
    """A quadratic search would take minutes."""
    text = "\\" * 1_000_000 + " \\u0041"
    assert Redactor([KEY]).mask(text) == text


def test_redactor_ignores_a_text_too_long_for_the_key_of_a_task():
    redactor, longest = Redactor(), "k" * MAX_KEY_CHARS
    assert redactor.for_key(longest + "k") is redactor
    assert redactor.mask(longest + "k") == longest + "k"
    assert redactor.for_key(longest).mask(longest) == MASK
    redactor.add(longest + "k")
    assert redactor.mask(longest + "k") == MASK
