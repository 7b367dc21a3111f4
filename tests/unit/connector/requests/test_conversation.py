"""Turns of a conversation: where they go in a request, what is stored of them, and how many fit the context."""

import pytest

from catalyst_groq.connector.requests.conversation import Conversation
from catalyst_groq.domain.variables import OpaqueValue
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models import token_estimate
from catalyst_groq.groq.models.catalog import shipped_catalog

MODEL = "openai/gpt-oss-120b"
SYSTEM = {"role": "system", "content": "Be kind."}
ASKED = {"role": "user", "content": "Who are you?"}
ANSWERED = {"role": "assistant", "content": "A model."}
QUESTION = {"role": "user", "content": "And I?"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "7"}


def read(turns):
    return Conversation.read("f", "talk", {} if turns is None else {"talk": turns})


def prepend(turns, request):
    """Return the messages of a request that continues a conversation of these turns."""
    return read(turns).prepend_turns(request, shipped_catalog())["messages"]


def payload(*messages):
    return {"model": MODEL, "messages": list(messages)}


def test_conversation_goes_between_system_message_and_question():
    assert prepend([ASKED, ANSWERED], payload(SYSTEM, QUESTION)) == [SYSTEM, ASKED, ANSWERED, QUESTION]


def test_conversation_stores_question_and_answer_only():
    answer = {"choices": [{"message": {**ANSWERED, "reasoning": "Hm", "annotations": []}}]}
    assert read(None).updated_turns(payload(SYSTEM, ASKED), answer) == {"talk": [ASKED, ANSWERED]}


def test_conversation_includes_tool_calls_and_results():
    assert prepend([ASKED, CALLING], payload(SYSTEM, RESULT)) == [SYSTEM, ASKED, CALLING, RESULT]


@pytest.mark.parametrize("empty", [{"content": None}, {"content": ""}, {"content": None, "tool_calls": []}, {}])
def test_conversation_drops_answers_that_are_empty(empty):
    turn = {"role": "assistant", **empty}
    assert read([ASKED, turn, ASKED, ANSWERED]).turns == (ASKED, ASKED, ANSWERED)
    assert read(None).updated_turns(payload(ASKED), {"choices": [{"message": turn}]}) == {"talk": [ASKED]}


def test_conversation_drops_keys_that_groq_refuses():
    turn = {**ANSWERED, "reasoning_content": "x", "refusal": None, "function_call": None, "timestamp": 1}
    assert read([ASKED, turn]).turns == (ASKED, ANSWERED)


@pytest.mark.parametrize("turns", ["hello", 5, {}, OpaqueValue("File"), [5], [{"role": "robot"}]])
def test_conversation_variable_must_hold_messages(turns):
    with pytest.raises(FieldError, match=r"^f: the process variable 'talk'"):
        read(turns)


@pytest.mark.slow
def test_conversation_leaves_out_the_oldest_turns():
    long = {"role": "user", "content": "word " * 60_000}
    turns = [long, CALLING, RESULT, ANSWERED, {**long}, ANSWERED]
    assert prepend(turns, payload(SYSTEM, QUESTION)) == [SYSTEM, long, ANSWERED, QUESTION]


def test_conversation_estimates_no_turn_twice(monkeypatch):
    estimated = []
    monkeypatch.setattr(token_estimate, "estimate_tokens", lambda text: estimated.append(text) or 1000)
    turns = [{"role": role, "content": f"{role} {number}"} for number in range(200) for role in ("user", "assistant")]
    messages = prepend(turns, payload(SYSTEM, QUESTION))

    assert len(estimated) == len(set(estimated)) < 130
    assert messages == [SYSTEM, *turns[-(len(messages) - 2) :], QUESTION]


@pytest.mark.slow
def test_conversation_is_left_out_before_a_long_question():
    long = {"role": "user", "content": "word " * 140_000}
    assert prepend([ASKED, ANSWERED], payload(long)) == [long]


@pytest.mark.parametrize(
    "message", ["hello", 5, None, {"role": "user", "content": 5}, {"role": "user", "content": [5]}]
)
def test_conversation_leaves_invalid_messages_to_groq(message):
    assert prepend([ASKED, ANSWERED], payload(message)) == [ASKED, ANSWERED, message]


def test_conversation_is_sent_whole_to_an_unknown_model():
    long = {"role": "user", "content": "word " * 140_000}
    assert len(prepend([long, ANSWERED], {**payload(QUESTION), "model": "mine"})) == 3


def test_conversation_stores_no_images():
    text = {"type": "text", "text": "What is this?"}
    question = {"role": "user", "content": [text, {"type": "image_url", "image_url": {"url": "data:…"}}]}
    answer = {"choices": [{"message": ANSWERED}]}
    assert read(None).updated_turns(payload(question), answer) == {
        "talk": [{"role": "user", "content": [text]}, ANSWERED]
    }


@pytest.mark.parametrize("answer", [{}, {"choices": 5}, {"choices": []}, {"choices": [{"message": None}]}])
def test_conversation_ignores_an_answer_without_message(answer):
    assert read([ASKED]).updated_turns(payload(ASKED), answer) == {"talk": [ASKED]}
