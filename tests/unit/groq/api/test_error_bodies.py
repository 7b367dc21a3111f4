"""The message in the body of a refusal, in the forms in which servers write it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.error_bodies import find_error_object, find_message
from support.factories import make_response

CLOUDFLARE = (
    "<!DOCTYPE html>\n<!--[if lt IE 7]> <html class='ie6'> <![endif]-->\n<html>\n<head>\n"
    "<title>Attention Required! | Cloudflare</title>\n</head><body><h1>Sorry, you have been blocked</h1></body></html>"
)
MESSAGES = {
    "Groq": ({"error": {"message": "No", "type": "t", "code": "c"}}, "No"),
    "text as error": ({"error": "plain"}, "plain"),
    "list as message": ({"error": {"message": ["a", "b"]}}, "a; b"),
    "vLLM before 0.9": ({"object": "error", "message": "No", "code": 400}, "No"),
    "Gemini": ([{"error": {"code": 404, "message": "No", "status": "NOT_FOUND"}}], "No"),
    "FastAPI, a text": ({"detail": "Not Found"}, "Not Found"),
    "FastAPI, findings": ({"detail": [{"loc": ["body", "n"], "msg": "too many"}, {"msg": "b"}]}, "body.n: too many; b"),
    "problem details": ({"title": "Too many", "status": 429}, "Too many"),
    "OAuth": ({"error": "invalid_client", "error_description": "No"}, "No"),
    "list of errors": ({"errors": [{"message": "No"}, {"code": 1}]}, "No"),
    "Cloudflare's API": ({"success": False, "errors": [{"code": 7003, "message": "No route"}]}, "No route"),
    "code and message": ({"error": "not_found", "message": "No"}, "No"),
    "a text": ("blocked", "blocked"),
}


@pytest.mark.parametrize(("body", "message"), MESSAGES.values(), ids=MESSAGES)
def test_message_is_found_in_the_form_of(body, message):
    assert make_response(400, json.dumps(body)).message == message


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (CLOUDFLARE, "a web page: Attention Required! | Cloudflare"),
        ("<html><head><title>413 Too &amp; Large</title></head></html>", "a web page: 413 Too & Large"),
        ("<html>\n <h1>502:  Bad gateway</h1>" + "x" * 999, "a web page: 502: Bad gateway"),
        ("<html><body>x</body></html>", "a web page instead of a response of the API"),
        ("error code: 1010", "error code: 1010"),
    ],
)
def test_message_of_a_page_is_its_title(page, message):
    assert make_response(403, page).message == message


def test_error_object_is_found_inside_a_list():
    assert find_error_object([{"error": {"code": 404}}]) == {"code": 404}
    assert find_error_object([{"error": {}}, {"error": {"code": 1}}]) == {}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "detail", "loc", "errors"]), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(anything, st.text(max_size=50))
def test_message_of_any_body_is_a_text_that_is_not_empty(body, text):
    assert find_message(body, text)


def test_message_that_is_cut_ends_with_an_ellipsis():
    assert find_message(None, "x" * 301) == "x" * 300 + "…"
