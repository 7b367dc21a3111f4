"""Family 4: answers without content."""

import json

from support.field_cases.case import Case, Completed, Incident
from support.field_cases.responses import answered, refused
from support.raw_server import Received

TALK = {"catalyst_conversation": "talk"}
EARLIER_TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None}]


def is_empty_turn(message):
    return message["role"] == "assistant" and message.get("content") is None and not message.get("tool_calls")


def refuse_empty_turns(received: Received) -> bytes:
    if any(map(is_empty_turn, received.body["messages"])):
        return refused(400, "invalid message content type: <nil>")
    return answered("hello again")


def refuse_second_turn(received: Received) -> bytes:
    if any(map(is_empty_turn, received.body["messages"])):
        return refused(400, "Assistant message must contain either 'content' or 'tool_calls'!")
    return answered("hello") if received.number > 1 else answered(None, reasoning="I should say hello.")


def empty(case_id, server, answers, *texts, **settings):
    return Case(case_id, server, answers, Incident(texts or ("The answer is empty (finish_reason: stop)",)), **settings)


CASES = (
    empty(
        "08a-null-conversation",
        "sends thoughts, but no content, in a conversation",
        [answered(None, reasoning="Hm.")],
        properties=TALK,
    ),
    Case(
        "08b-null-poisoned",
        "refuses a conversation that has a turn without content",
        refuse_empty_turns,
        Completed({"aiReply": "hello again"}),
        boundary=True,
        properties=TALK,
        variables={"talk": {"type": "Json", "value": json.dumps(EARLIER_TURNS)}},
    ),
    empty("08c-null-no-conversation", "sends `content: null`", [answered(None)]),
    empty(
        "08d-empty-length",
        "reaches `max_tokens` while it thinks",
        [answered("", "length", reasoning="We need to think about every item of the invoice and")],
        "The answer is empty (finish_reason: length)",
    ),
    empty(
        "08e-content-filter",
        "filters the content out",
        [answered(None, "content_filter", refusal=None)],
        "The answer is empty (finish_reason: content_filter)",
    ),
    empty(
        "08f-refusal",
        "refuses in words of its own, without content",
        [answered(None, refusal="I cannot help with that.")],
        "The model refuses: I cannot help with that.",
    ),
    empty("08h-two-turns", "sends thoughts instead of content in the first turn", refuse_second_turn),
)
