"""Parts of collected results: what they hold together."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.domain.collected_parts import is_part_of, make_entry, merge, other_owner, parse_part, part_name
from catalyst_groq.domain.outcomes import CollectedResult

keys = st.sampled_from(["0", "1", "10", "2", "a", "b", "¹", "9" * 40, ""])
entries = st.fixed_dictionaries(
    {"task": st.just("Ask"), "item": st.just("0"), "version": st.integers(1, 3), "value": st.integers()}
)
parts = st.lists(st.dictionaries(keys, entries), max_size=4)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.sampled_from(["value", "version", "0"]), inside),
    max_leaves=6,
)


def collected(key="0", item="0"):
    return CollectedResult("results", key, {"text": "new"}, "Ask", item)


@given(parts)
def test_merged_parts_have_the_latest_entry_of_each_key(several):
    merged = merge(several)

    assert set(merged) == {key for part in several for key in part}
    for key, value in merged.items():
        found = [part[key] for part in several if key in part]
        latest = max(entry["version"] for entry in found)
        assert value in [entry["value"] for entry in found if entry["version"] == latest]


@pytest.mark.slow
@given(parts)
def test_merged_parts_have_numbers_in_order(several):
    numbers = [int(key) for key in merge(several) if key.isdecimal() and len(key) < 19]

    assert numbers == sorted(numbers)


@pytest.mark.slow
@given(parts)
def test_new_entry_replaces_earlier_ones(several):
    entry = make_entry("Ask", collected(), several)

    assert merge([{"0": entry}, *several])["0"] == merge([*several, {"0": entry}])["0"] == {"text": "new"}


@given(st.text() | st.none() | anything.map(json.dumps))
def test_part_of_any_text_is_read(text):
    part = parse_part(text)

    merge([part])
    other_owner("Ask", collected(), [part])


def test_part_names_are_told_apart_by_variable():
    name = part_name("0af3", "results_of_orders")

    assert is_part_of(name, "results_of_orders")
    assert not any(is_part_of(name, other) for other in ("results", "orders", "of_orders"))


def test_other_owner_is_another_item_or_task():
    part = {"0": {"task": "Ask", "item": "0", "version": 1, "value": 1}}

    assert other_owner("Ask", collected(), [part]) is None
    assert other_owner("Ask", collected(item="1"), [part]) == part["0"]
    assert other_owner("Other", collected(), [part]) == part["0"]
