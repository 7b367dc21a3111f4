"""Properties of all requests: the emulator replies, and keeps the token budget."""

from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.models.token_estimate import estimate_tokens
from catalyst_groq.sandbox.emulator.messages import CompletionReply, ErrorReply
from support.emulator_requests import chat_body, completion_of, make_service, reply_to

WORDS = [
    "type",
    "function",
    "name",
    "parameters",
    "json_schema",
    "schema",
    "strict",
    "properties",
    "required",
    "items",
    "anyOf",
    "$ref",
    "additionalProperties",
    "image_url",
    "url",
    "role",
    "content",
    "text",
    "user",
    "assistant",
    "tool",
    "tool_calls",
    "tool_call_id",
    "object",
    "array",
    "json_object",
    "raw",
    "flex",
    "messages",
    "tools",
    "tool_choice",
    "response_format",
    "stop",
    "stream",
    "max_tokens",
    "service_tier",
    "seed",
    "reasoning_format",
    "minimum",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(WORDS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8,
)
some_messages = st.lists(st.dictionaries(st.sampled_from(["role", "content", "tool_calls"]), json_values), max_size=2)
functions = st.fixed_dictionaries({"name": st.just("f")}, optional={"parameters": json_values})
some_tools = st.lists(st.fixed_dictionaries({"type": st.just("function"), "function": functions}), max_size=2)
named_schemas = st.fixed_dictionaries({"name": st.just("f")}, optional={"schema": json_values, "strict": st.booleans()})
formats = st.fixed_dictionaries({"type": st.just("json_schema"), "json_schema": named_schemas})
fields = st.one_of(
    st.dictionaries(st.sampled_from(WORDS), json_values),
    st.fixed_dictionaries({}, optional={"messages": some_messages, "tools": some_tools, "tool_choice": json_values}),
    st.fixed_dictionaries({"tools": some_tools, "tool_choice": st.just("required")}),
    st.fixed_dictionaries({"response_format": formats}),
)


@given(fields)
def test_emulator_never_fails_on_any_request(body):
    reply = reply_to(make_service(), chat_body() | body)

    assert isinstance(reply, CompletionReply | ErrorReply)


messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "system", "assistant"]), "content": st.text(max_size=40)}
)


@given(st.lists(messages, min_size=1, max_size=4), st.integers(1, 60))
def test_completion_never_exceeds_its_token_budget(conversation, budget):
    answer = completion_of(make_service(), chat_body(messages=conversation, max_completion_tokens=budget))

    assert answer.usage.completion_tokens <= budget
    assert estimate_tokens(str(answer.content)) <= budget
