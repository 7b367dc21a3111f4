"""The turns of a conversation: before the question, after the answer, and within what the model can read."""

import pytest

from catalyst_groq.connector.requests.conversation import Conversation
from catalyst_groq.domain.variables import OpaqueValue
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models import token_estimate

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


def payload(*messages):
    return {"model": MODEL, "messages": list(messages)}


def test_the_turns_stand_between_the_system_message_and_the_question():
    request = read([ASKED, ANSWERED]).prepend_turns(payload(SYSTEM, QUESTION))
    assert request["messages"] == [SYSTEM, ASKED, ANSWERED, QUESTION]


def test_question_and_answer_are_added_without_the_system_message():
    first = read(None)
    request = first.prepend_turns(payload(SYSTEM, ASKED))
    said = {**ANSWERED, "reasoning": "Hm", "annotations": []}
    assert first.updated_turns(request, {"choices": [{"message": said}]}) == {"talk": [ASKED, ANSWERED]}


def test_a_call_of_a_tool_and_its_result_are_turns_too():
    request = read([ASKED, CALLING]).prepend_turns(payload(SYSTEM, RESULT))
    assert request["messages"] == [SYSTEM, ASKED, CALLING, RESULT]


def test_keys_that_groq_refuses_are_not_sent_back():
    turn = {**ANSWERED, "reasoning_content": "x", "refusal": None, "function_call": None, "timestamp": 1}
    assert read([ASKED, turn]).turns == (ASKED, ANSWERED)


@pytest.mark.parametrize("turns", ["hello", 5, {}, OpaqueValue("File"), [5], [{"role": "robot"}]])
def test_what_is_no_conversation_is_said_so(turns):
    with pytest.raises(FieldError, match=r"^f: the process variable 'talk'"):
        read(turns)


def test_the_oldest_turns_are_left_out_when_it_grows_too_long():
    long = {"role": "user", "content": "word " * 60_000}
    conversation = read([long, CALLING, RESULT, ANSWERED, {**long}, ANSWERED])
    request = conversation.prepend_turns(payload(SYSTEM, QUESTION))

    assert request["messages"] == [SYSTEM, long, ANSWERED, QUESTION]


def test_no_turn_is_estimated_twice(monkeypatch):
    estimated = []
    monkeypatch.setattr(token_estimate, "estimate_tokens", lambda text: estimated.append(text) or 1000)
    turns = [{"role": role, "content": f"{role} {number}"} for number in range(200) for role in ("user", "assistant")]
    request = read(turns).prepend_turns(payload(SYSTEM, QUESTION))

    assert len(estimated) == len(set(estimated)) < 130
    assert request["messages"] == [SYSTEM, *turns[-(len(request["messages"]) - 2) :], QUESTION]


def test_a_question_that_is_too_long_by_itself_is_sent_without_turns():
    long = {"role": "user", "content": "word " * 140_000}
    assert read([ASKED, ANSWERED]).prepend_turns(payload(long))["messages"] == [long]


@pytest.mark.parametrize("odd", ["hello", 5, None, {"role": "user", "content": 5}, {"role": "user", "content": [5]}])
def test_messages_that_are_none_are_left_to_groq(odd):
    assert read([ASKED, ANSWERED]).prepend_turns(payload(odd))["messages"] == [ASKED, ANSWERED, odd]


def test_with_a_model_that_nobody_knows_all_turns_are_sent():
    long = {"role": "user", "content": "word " * 140_000}
    assert len(read([long, ANSWERED]).prepend_turns({**payload(QUESTION), "model": "mine"})["messages"]) == 3


def test_images_are_not_kept():
    text = {"type": "text", "text": "What is this?"}
    seen = {"role": "user", "content": [text, {"type": "image_url", "image_url": {"url": "data:…"}}]}
    said = {"choices": [{"message": ANSWERED}]}
    assert read(None).updated_turns(payload(seen), said) == {"talk": [{"role": "user", "content": [text]}, ANSWERED]}


@pytest.mark.parametrize("answer", [{}, {"choices": 5}, {"choices": []}, {"choices": [{"message": None}]}])
def test_an_odd_answer_adds_nothing(answer):
    assert read([ASKED]).updated_turns(payload(ASKED), answer) == {"talk": [ASKED]}
