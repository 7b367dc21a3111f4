"""Streamed tool calls, in every form in which servers send their pieces."""

import pytest

from catalyst_groq.groq.api.tool_call_pieces import MAX_CALLS, ToolCallPieces


def piece(name=None, arguments=None, **more):
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {**more, "function": function}


def first(**more):
    return piece("find_order", '{"number":"7"}', **more)


def second(**more):
    return piece("book_slot", '{"day":"mon"}', **more)


BOTH = [("find_order", '{"number":"7"}'), ("book_slot", '{"day":"mon"}')]
FORMS = {
    "index and id": [first(index=0, id="a"), second(index=1, id="b")],
    "indexes from 1": [first(index=1, id="a"), second(index=2, id="b")],
    "an empty object before the arguments": [
        piece("find_order", "{}", index=0, id="a"),
        piece(None, '{"number":"7"}', index=0),
        second(index=1, id="b"),
    ],
    "index 0 for both": [first(index=0, id="a"), second(index=0, id="b")],
    "index null": [first(index=None, id="a"), second(index=None, id="b")],
    "no index": [first(id="a"), second(id="b")],
    "index and no id": [first(index=0), second(index=1)],
    "index 0 and no id": [first(index=0), second(index=0)],
    "neither": [first(), second()],
    "arguments as an object": [
        piece("find_order", {"number": "7"}, index=0, id="a"),
        piece("book_slot", {"day": "mon"}, index=1, id="b"),
    ],
    "interleaved": [
        piece("find_order", "", index=0, id="a"),
        piece("book_slot", "", index=1, id="b"),
        piece(None, '{"number":', index=0),
        piece(None, '{"day":', index=1),
        piece(None, '"7"}', index=0),
        piece(None, '"mon"}', index=1),
    ],
    "interleaved by id": [
        piece("find_order", "", index=0, id="a"),
        piece("book_slot", "", index=0, id="b"),
        piece(None, '{"number":"7"}', index=0, id="a"),
        piece(None, '{"day":"mon"}', index=0, id="b"),
    ],
    "pieces without an index": [
        piece("find_order", "", id="a"),
        piece(None, '{"number":'),
        piece(None, '"7"}'),
        piece("book_slot", "", id="b"),
        piece(None, '{"day":"mon"}'),
    ],
    "the name again": [
        piece("find_order", '{"number":', index=0, id="a"),
        piece("find_order", '"7"}', index=0, id="a"),
        second(index=1, id="b"),
    ],
    "the arguments again": [first(index=0, id="a"), first(index=0, id="a"), second(index=1, id="b")],
    "the arguments at the end": [
        piece("find_order", '{"number":', index=0, id="a"),
        piece(None, '"7"}', index=0),
        piece(None, '{"number":"7"}', index=0),
        second(index=1, id="b"),
    ],
    "the arguments so far": [
        piece("find_order", '{"number":', index=0, id="a"),
        piece(None, '{"number":"7', index=0),
        piece(None, '{"number":"7"}', index=0),
        second(index=1, id="b"),
    ],
    "the name in pieces": [
        piece("find", index=0, id="a"),
        piece("_order", '{"number":"7"}', index=0),
        second(index=1, id="b"),
    ],
}


def join(pieces):
    calls = ToolCallPieces()
    for each in pieces:
        calls.add(each)
    return calls.join()


@pytest.mark.parametrize("pieces", FORMS.values(), ids=FORMS)
def test_forms_of_two_calls(pieces):
    calls = join(pieces)
    assert [(call["function"]["name"], call["function"]["arguments"]) for call in calls] == BOTH
    assert [call.get("id") for call in calls] == (["a", "b"] if any("id" in each for each in pieces) else [None, None])
    assert {call["type"] for call in calls} == {"function"}


STRANGE_IDS = {
    "another id with each piece": [
        piece("find_order", "", index=0, id="c1"),
        piece(None, '{"number":', index=0, id="c2"),
        piece(None, '"7"}', index=0, id="c3"),
        piece("book_slot", "", index=1, id="c4"),
        piece(None, '{"day":"mon"}', index=1, id="c5"),
    ],
    "the same text as an id": [first(index=0, id="null"), second(index=1, id="null")],
}


@pytest.mark.parametrize("pieces", STRANGE_IDS.values(), ids=STRANGE_IDS)
def test_calls_with_strange_ids_are_separated_by_index(pieces):
    calls = ToolCallPieces()
    for each in pieces:
        calls.add(each)
    assert [(call["function"]["name"], call["function"]["arguments"]) for call in calls.join()] == BOTH


def test_two_calls_of_one_tool_without_ids():
    calls = ToolCallPieces()
    for number in ("7", "8"):
        calls.add(piece("find_order", f'{{"number":"{number}"}}', index=0))
    assert [call["function"]["arguments"] for call in calls.join()] == ['{"number":"7"}', '{"number":"8"}']


def test_time_to_add_pieces_grows_with_their_number():
    """The name is repeated in each piece; testing all arguments each time took seconds."""
    calls = ToolCallPieces()
    for _ in range(20_000):
        calls.add(piece("find_order", "ab", index=0))
    assert len(calls.join()) == 1


def test_nested_arguments_are_no_repetition():
    [call] = join([piece("f", '{"a":', index=0), piece(None, '{"a":1}}', index=0)])
    assert call["function"]["arguments"] == '{"a":{"a":1}}'


def test_arguments_that_are_cut_off_stay_so():
    [call] = join([piece("f", '{"a":', index=0), piece(None, "{}", index=0)])
    assert call["function"]["arguments"] == '{"a":{}'


def test_call_without_arguments():
    assert join([piece("f", "", index=0, id="a"), second(index=0, id="b")])[0]["function"]["arguments"] == ""
    assert join([piece("f", index=0, id="a")])[0]["function"]["arguments"] == ""


def test_number_of_calls_is_bounded():
    with pytest.raises(ValueError, match="tool calls"):
        join(first(index=index) for index in range(MAX_CALLS + 1))
