"""Keys are removed from texts and structures."""

from catalyst_groq.domain.redaction import Redactor
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
