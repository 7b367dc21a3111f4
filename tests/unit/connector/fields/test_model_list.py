"""The Fallback Models field."""

import pytest

from catalyst_groq.connector.fields.model_list import parse_models
from catalyst_groq.errors import FieldError


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("", ()),
        ("a", ("a",)),
        (" a/b , c:d,, e.f ", ("a/b", "c:d", "e.f")),
        ('["a/b", " c "]', ("a/b", "c")),
        ("[]", ()),
    ],
)
def test_models_are_separated_by_commas_or_in_a_json_list(text, models):
    assert parse_models("catalyst_fallbackModels", text) == models


@pytest.mark.parametrize(
    "text", ["['a', 'b']", "[a, b]", '["a"', '[["a"]]', "[1]", '{"a": 1}', '"a", "b"', "a; b", "- a\n- b", "a b"]
)
def test_models_in_another_form_are_refused(text):
    with pytest.raises(FieldError, match=r"(?s)^catalyst_fallbackModels: .*\. Write model ids, separated by commas: "):
        parse_models("catalyst_fallbackModels", text)
