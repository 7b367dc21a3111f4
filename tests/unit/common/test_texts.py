"""Texts in messages: which name may be meant by another one, and where one is cut."""

import pytest

from catalyst_groq.common.texts import closest, shorten


@pytest.mark.parametrize(
    ("name", "names", "near"),
    [
        ("CATALYST_TIMEOT", ["catalyst_timeout", "catalyst_retries"], "catalyst_timeout"),
        ("rate_limit_exceded", ["Rate_Limit_Exceeded"], "Rate_Limit_Exceeded"),
        ("order", ["model"], None),
        ("topik", ["topic"], None),
        ("", ["topic"], None),
        ("x" * 10_000, ["topic"], None),
    ],
)
def test_closest_name_is_the_one_that_is_misspelt(name, names, near):
    assert closest(name, names) == near


def test_closest_name_may_be_less_similar():
    assert closest("topik", ["topic"], 0.75) == "topic"


@pytest.mark.parametrize(("text", "shown"), [("abc", "abc"), ("abcd", "abc…"), ("", "")])
def test_text_that_is_cut_ends_with_an_ellipsis(text, shown):
    assert shorten(text, 3) == shown


def test_text_is_cut_at_60_characters_by_default():
    assert shorten("x" * 61) == "x" * 60 + "…"
