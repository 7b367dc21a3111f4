"""Completions: text, token budget, usage, reasoning, prompt cache and stream chunks."""

import pytest

from catalyst_groq.sandbox.emulator.streaming import split_into_chunks
from support.emulator_requests import ORDER, QWEN, chat_body, completion_of, make_service, reply_to


def test_completion_quotes_the_request():
    answer = completion_of(make_service(), chat_body("Is order 4711 paid?"))

    assert "“Is order 4711 paid?”" in str(answer.content)
    assert "openai/gpt-oss-120b" in str(answer.content)


def test_completion_is_deterministic():
    body = chat_body("Tell me something.", seed=7)

    one, other = completion_of(make_service(), body), completion_of(make_service(), body)

    assert (one.content, one.reasoning, one.usage, one.seed) == (other.content, other.reasoning, other.usage, 7)
    assert one.id != other.id


@pytest.mark.parametrize("amount", [1, 20_000])
def test_completion_has_requested_number_of_characters(amount):
    answer = completion_of(make_service(), chat_body(f"Please answer in {amount} characters."))

    assert len(str(answer.content)) == amount


@pytest.mark.parametrize("amount", [1, 5000])
def test_completion_has_requested_number_of_tokens(amount):
    answer = completion_of(make_service(), chat_body(f"Reply with {amount} tokens", include_reasoning=False))

    assert answer.usage.completion_tokens - answer.usage.reasoning_tokens == amount


def test_token_budget_cuts_the_completion():
    answer = completion_of(make_service(), chat_body("Answer in 500 tokens", max_completion_tokens=100))

    assert answer.finish_reason == "length"
    assert answer.usage.completion_tokens == 100


def test_token_budget_includes_reasoning():
    answer = completion_of(make_service(), chat_body(max_tokens=5, reasoning_effort="high"))

    assert (answer.content, answer.finish_reason) == ("", "length")
    assert answer.usage.reasoning_tokens == answer.usage.completion_tokens == 5


def test_stop_sequence_ends_the_completion():
    assert completion_of(make_service(), chat_body("A and B", stop=["and"])).content == "You asked: “A "


def test_usage_times_follow_from_latency_and_speed():
    usage = completion_of(make_service(latency=0.25, tokens_per_second=100), chat_body()).usage.as_json()

    assert usage["queue_time"] == 0.25
    assert usage["completion_time"] == pytest.approx(usage["completion_tokens"] / 100)
    assert usage["total_time"] == pytest.approx(usage["prompt_time"] + usage["completion_time"])
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_speed_and_latency_of_one_model():
    groq = make_service(model_latency={QWEN: 3}, model_tokens_per_second={QWEN: 10}, tokens_per_second="model")

    assert completion_of(groq, chat_body(model=QWEN)).usage.queue_time == 3
    assert reply_to(groq, chat_body(model=QWEN)).tokens_per_second == 10
    assert reply_to(groq, chat_body(model="openai/gpt-oss-20b")).tokens_per_second == 1000


@pytest.mark.parametrize(
    ("model", "fields", "thought_in_content", "thought_apart"),
    [
        ("openai/gpt-oss-120b", {}, False, True),
        ("openai/gpt-oss-120b", {"include_reasoning": False}, False, False),
        (QWEN, {}, True, False),
        (QWEN, {"reasoning_format": "parsed"}, False, True),
        (QWEN, {"reasoning_format": "hidden"}, False, False),
        (QWEN, {"include_reasoning": True}, False, True),
        (QWEN, {"reasoning_effort": "none"}, False, False),
        ("meta-llama/llama-prompt-guard-2-22m", {}, False, False),
    ],
)
def test_reasoning_format_follows_the_request(model, fields, thought_in_content, thought_apart):
    answer = completion_of(make_service(), chat_body(model=model, **fields))

    assert str(answer.content).startswith("<think>") == thought_in_content
    assert (answer.reasoning is not None) == thought_apart


def test_images_count_as_tokens_and_are_mentioned():
    image = {"type": "image_url", "image_url": {"url": "https://example.org/invoice.png"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image, image]}]

    answer = completion_of(make_service(), chat_body(model=QWEN, messages=messages))

    assert "“What is it?” It came with 2 images." in str(answer.content)
    assert answer.usage.prompt_tokens > 2 * 2048


def test_prompt_cache_holds_a_long_prefix_for_two_hours():
    groq = make_service(time_scale=1e-9)
    rules = [{"role": "system", "content": "Be kind. " * 100}]
    first, second = (chat_body(messages=[*rules, {"role": "user", "content": text}]) for text in ("One?", "Two?"))

    assert completion_of(groq, first).usage.cached_tokens == 0
    assert completion_of(groq, second).usage.as_json()["prompt_tokens_details"]["cached_tokens"] > 200
    groq.clock.advance(7201)
    assert completion_of(groq, second).usage.cached_tokens == 0


def test_stream_chunks_add_up_to_the_completion():
    answer = completion_of(
        make_service(), chat_body("find order 7" + " and more" * 10, tools=[ORDER], tool_choice="none")
    )
    sent = [chunk.data for chunk in split_into_chunks(answer)]
    deltas = [one["choices"][0]["delta"] for one in sent]

    assert "".join(delta.get("content", "") for delta in deltas) == answer.content
    assert "".join(delta.get("reasoning", "") for delta in deltas) == answer.reasoning
    assert deltas[0]["role"] == "assistant"
    assert {one["id"] for one in sent} == {answer.id}
    assert sent[-1]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert sent[-1]["usage"] == sent[-1]["x_groq"]["usage"] == answer.usage.as_json()
