"""Estimates of the tokens of texts and requests."""

import tracemalloc
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.models.token_estimate import (
    DEFAULT_OUTPUT_TOKENS,
    cut_to_tokens,
    estimate_prompt,
    estimate_tokens,
    max_output_tokens,
    split_tokens,
)

GPT_OSS = shipped_catalog()["openai/gpt-oss-120b"]
QWEN = shipped_catalog()["qwen/qwen3.8-27b"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("Hello", 1),
        ("the quick brown fox", 4),
        ("invoiceNumber", 2),
        ("internationalization", 4),
        ("1234567", 3),
        ('{"a":1}', 5),
        ("one\n\n   two", 3),
        ("一二三四五六七八九十", 8),
        ("Привет", 2),
    ],
)
def test_estimate_weighs_each_class_of_characters(text, tokens):
    assert estimate_tokens(text) == tokens


def test_estimate_of_json_exceeds_a_quarter_of_its_characters():
    text = '{"orderId":"A-4711","positions":[{"sku":"x1","qty":2},{"sku":"y2","qty":1}],"total":99.5}'

    assert estimate_tokens(text) > len(text) / 4 * 1.3


def make_message(content, role="user"):
    return {"role": role, "content": content}


def test_estimate_of_a_prompt_includes_the_chat_template():
    body = {"messages": [make_message("Hello"), make_message("Hello")]}

    assert estimate_prompt(body, GPT_OSS) == 70 + 2 * 5
    assert estimate_prompt(body, QWEN) == 2 * 5


def test_estimate_includes_images_tools_schemas_and_tool_calls():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 10_000}}
    plain = {"messages": [make_message([{"type": "text", "text": "Hello"}])]}
    with_image = {"messages": [make_message([{"type": "text", "text": "Hello"}, image])]}
    with_tool_call = {
        "messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]
    }

    assert estimate_prompt(with_image, QWEN) == estimate_prompt(plain, QWEN) + 2048
    assert estimate_prompt(plain | {"tools": [{"type": "function"}]}, QWEN) > estimate_prompt(plain, QWEN)
    assert estimate_prompt(plain | {"response_format": {"type": "json_object"}}, QWEN) > estimate_prompt(plain, QWEN)
    assert estimate_prompt(with_tool_call, QWEN) > 4


@given(st.text())
def test_pieces_together_are_the_text(text):
    assert "".join(piece for piece, _ in split_tokens(text)) == text


@given(st.text(), st.integers(0, 50))
def test_cut_text_is_a_prefix_within_its_tokens(text, tokens):
    cut = cut_to_tokens(text, tokens)

    assert text.startswith(cut)
    assert estimate_tokens(cut) <= tokens


@given(st.text())
def test_cut_leaves_a_text_that_fits(text):
    assert cut_to_tokens(text, estimate_tokens(text)) == text


@pytest.mark.parametrize(
    ("text", "tokens", "cut"), [("x" * 30, 3, "x" * 18), ("1234567890", 1, "12"), ("Hello", 0, "")]
)
def test_cut_may_fall_inside_a_long_word(text, tokens, cut):
    assert cut_to_tokens(text, tokens) == cut


@pytest.mark.parametrize(
    ("parameters", "tokens"),
    [
        ({"max_completion_tokens": 5, "max_tokens": 9}, 5),
        ({"max_tokens": 9}, 9),
        ({}, DEFAULT_OUTPUT_TOKENS),
        ({"max_tokens": -5}, DEFAULT_OUTPUT_TOKENS),
        ({"max_tokens": "9"}, DEFAULT_OUTPUT_TOKENS),
    ],
)
def test_max_output_tokens_are_read_from_the_request(parameters, tokens):
    assert max_output_tokens(parameters) == tokens


@given(st.text())
def test_estimate_is_the_sum_of_its_pieces(text):
    assert estimate_tokens(text) == ceil(round(sum(tokens for _, tokens in split_tokens(text)), 6))


@pytest.mark.slow
def test_estimate_of_a_long_text_copies_nothing():
    text = "一二三 four 5 " * 20_000
    tracemalloc.start()
    tokens = estimate_tokens(text)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert tokens == ceil(20_000 * (3 * 0.78 + 1 + 1))
    assert peak_bytes < len(text)
