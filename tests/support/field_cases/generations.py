"""Family 5: the model's slips."""

import json

from support.field_cases.case import CHAT, STREAM, Case, Completed, ErrorEvent, Incident
from support.field_cases.generated_json import JSON_MODE
from support.field_cases.generated_json import MAPPING as JSON_MAPPING
from support.field_cases.responses import answered, chat, chunk, http, refused, streamed
from support.field_cases.streams import CALLS, STOP, TOOLS
from support.raw_server import Received

FALLBACK = "openai/gpt-oss-20b"
PARSE_FAILED = (
    "Parsing failed. The model generated output that could not be parsed. Please adjust your prompt. See "
    "'failed_generation' for more details."
)
CALL_FAILED = "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details."
HARMONY = "<|channel|>analysis<|message|>We need"
THOUGHTS = {
    "aiReply": "choices[0].message.content",
    "thoughts": "choices[0].message.reasoning",
    "thoughts2": "choices[0].message.reasoning_content",
}


def asked_again(case_id, server, failure, answer=None, outcome=None, **settings):
    settings = {"calls": 2, "boundary": True, **settings}
    return Case(
        case_id, server, [failure, answer or answered("fine")], outcome or Completed({"aiReply": "fine"}), **settings
    )


def fails_in_stream(case_id, server, event, text):
    answers = [streamed(event, done=False)] * 2 + [streamed(chunk({"content": "fine"}), STOP)]
    return Case(
        case_id, server, answers, ErrorEvent("INVALID_REQUEST", text), calls=2, paid=0, payload=STREAM, boundary=True
    )


def one_call(case_id, server, arguments, *, name="find_order", found=None, finish="tool_calls", **settings):
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    outcome = Completed(
        {
            "firstName": "find_order",
            "calls": [{"id": "call_1", "name": "find_order", "arguments": {"number": "7"} if found is None else found}],
        }
    )
    settings = {"outcome": outcome, **settings}
    answers = [answered(None, finish, tool_calls=[call])]
    return Case(case_id, server, answers, payload=CHAT | TOOLS, mapping=CALLS, **settings)


def no_call(problem):
    return {"outcome": Incident(("No tool call can be made", problem)), "calls": 2, "paid": 2}


def reply(case_id, server, content, text="42 euros.", **settings):
    return Case(
        case_id, server, [answered(content)], Completed({"aiReply": text, **settings.pop("also", {})}), **settings
    )


def fallback(case_id, server, failure, calls=2):
    def respond(received: Received) -> bytes:
        if received.body["model"] == CHAT["model"]:
            return failure
        return http(200, chat("from the fallback", model=FALLBACK))

    return Case(
        case_id,
        server,
        respond,
        Completed({"aiReply": "from the fallback", "modelUsed": FALLBACK}),
        calls=calls,
        boundary=True,
        properties={"catalyst_fallbackModels": FALLBACK},
    )


CASES = (
    asked_again(
        "02a-tool-use-failed",
        "refuses the arguments that its model has generated as `tool_use_failed`, then sends a tool call",
        refused(
            400,
            "Failed to parse tool call arguments as JSON",
            "tool_use_failed",
            failed_generation='{"name": "find_order", "arguments": {"number": 7 "x"}}',
        ),
        answered(
            None,
            "tool_calls",
            tool_calls=[
                {"id": "call_1", "type": "function", "function": {"name": "find_order", "arguments": '{"number":"7"}'}}
            ],
        ),
        Completed(
            {"firstName": "find_order", "calls": [{"id": "call_1", "name": "find_order", "arguments": {"number": "7"}}]}
        ),
        payload=CHAT | TOOLS,
        mapping=CALLS,
    ),
    asked_again(
        "02b-output-parse-failed",
        "cannot parse its model's output (`output_parse_failed`), then sends an answer",
        refused(400, PARSE_FAILED, "output_parse_failed", failed_generation=HARMONY),
    ),
    asked_again(
        "02c-json-validate-empty",
        "says `json_validate_failed` without an output, then sends JSON",
        refused(
            400,
            "Failed to validate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
            "json_validate_failed",
            failed_generation="",
        ),
        answered('{"amount": 5, "approved": true}'),
        Completed({"amount": 5, "approved": True}),
        payload=JSON_MODE,
        mapping=JSON_MAPPING,
    ),
    asked_again(
        "02d-tool-none-called",
        "says that the model called a tool although the request has none, then sends an answer",
        refused(
            400,
            "Tool choice is none, but model called a tool",
            "tool_use_failed",
            failed_generation='{"name": "browser.search", "arguments": {"query":"x"}}',
        ),
    ),
    fails_in_stream(
        "02e-parse-failed-in-stream",
        "ends two streams with `output_parse_failed`",
        {
            "error": {
                "message": PARSE_FAILED,
                "type": "invalid_request_error",
                "code": "output_parse_failed",
                "failed_generation": "<|channel|>commentary",
            }
        },
        "Parsing failed.",
    ),
    fails_in_stream(
        "02f-tool-use-failed-in-stream",
        "ends two streams with the error event `tool_use_failed`",
        b"event: error\ndata: "
        + json.dumps(
            {
                "error": {
                    "message": CALL_FAILED,
                    "type": "invalid_request_error",
                    "code": "tool_use_failed",
                    "failed_generation": "x",
                    "status_code": 400,
                }
            }
        ).encode(),
        "Failed to call a function.",
    ),
    asked_again(
        "02g-output-both-empty",
        "says that its model generated neither text nor tool calls, then sends an answer",
        refused(400, "model output must contain either output text or tool calls, these cannot both be empty"),
    ),
    asked_again(
        "02h-422",
        "says that its model's output is invalid (422), then sends an answer",
        refused(422, "The model produced an invalid output. Please try again."),
    ),
    one_call("06a-args-object", "sends arguments of a tool call as an object", {"number": "7"}),
    one_call("06b-args-double", "sends arguments as JSON in JSON", json.dumps(json.dumps({"number": "7"}))),
    one_call(
        "06c-args-raw-newline",
        "sends arguments with a line break inside a text",
        '{"number":"line\none"}',
        found={"number": "line\none"},
    ),
    one_call(
        "06e-args-cut",
        "sends arguments that were cut off",
        '{"number":"7',
        finish="length",
        **no_call("its arguments are not a whole JSON object"),
    ),
    one_call("06f-args-trailing-harmony", "sends arguments with a control token behind", '{"number":"7"}<|call|>'),
    one_call("06g-args-null", "sends a tool call with arguments null", None, found={}),
    reply(
        "09a-only-closing-think",
        "sends thoughts and `</think>` before the answer",
        "Okay, the user asks for the sum. I add it up.\n</think>\n\n42 euros.",
    ),
    Case(
        "09b-only-closing-think-json",
        "sends thoughts with another JSON object, and `</think>`, before the JSON",
        [
            answered(
                'The user wants JSON like {"amount": 1, "approved": false} maybe.\n</think>\n'
                '{"amount": 42, "approved": true}'
            )
        ],
        Completed({"amount": 42, "approved": True}),
        payload=JSON_MODE,
        mapping=JSON_MAPPING,
        boundary=True,
    ),
    reply(
        "09c-harmony-content",
        "sends the channels of the harmony format as content",
        "<|channel|>analysis<|message|>User says hi.<|end|><|start|>assistant<|channel|>final<|message|>42 euros.",
    ),
    reply(
        "09d-harmony-plain",
        "sends the channels of the harmony format as content, without their control tokens",
        "analysisWe need to answer.assistantfinal42 euros.",
    ),
    Case(
        "09e-reasoning_content",
        "sends thoughts as `reasoning_content`",
        [answered("42 euros.", reasoning_content="Adding up.")],
        Completed({"aiReply": "42 euros.", "thoughts": "Adding up."}),
        mapping=THOUGHTS,
    ),
    Case(
        "09f-reasoning_content-stream",
        "streams thoughts as `reasoning_content`",
        [
            streamed(
                chunk({"role": "assistant", "reasoning_content": "Adding "}),
                chunk({"reasoning_content": "up."}),
                chunk({"content": "42 euros."}),
                STOP,
            )
        ],
        Completed({"aiReply": "42 euros.", "thoughts": "Adding up."}),
        payload=STREAM,
        mapping=THOUGHTS,
    ),
    reply(
        "09g-think-conversation",
        "sends thoughts and `</think>` before the answer, in a conversation",
        "Long private thoughts about the customer.\n</think>\n\n42 euros.",
        properties={"catalyst_conversation": "talk"},
        also={
            "talk": [
                {"role": "user", "content": "How much is the invoice?"},
                {"role": "assistant", "content": "42 euros."},
            ]
        },
    ),
    one_call(
        "10a-name-channel",
        "writes a channel of the harmony format behind a tool's name",
        '{"number":"7"}',
        name="find_order<|channel|>commentary",
    ),
    one_call(
        "10b-name-json",
        "writes a constraint of the harmony format behind a tool's name",
        '{"number":"7"}',
        name="find_order<|constrain|>json",
    ),
    one_call(
        "10d-name-unknown",
        "calls a tool that the request does not offer",
        '{"number":"7"}',
        name="assistant<|channel|>analysis",
        **no_call("the request offers no tool"),
    ),
    one_call("10e-args-in-name", "writes the arguments into the tool's name", "", name='find_order,{"number":"7"}'),
    one_call("10f-name-space", "writes spaces around the tool's name", '{"number":"7"}', name=" find_order "),
    Case(
        "10g-call-in-content",
        "writes the tool call into the content, in the format of its model",
        [answered('<function=find_order>{"number":"7"}</function>')],
        Completed({"firstName": "find_order", "content": None}),
        payload=CHAT | TOOLS,
        mapping=CALLS,
    ),
    Case(
        "10h-finish-tool_calls-but-none",
        "gives the finish reason `tool_calls`, but no tool call",
        [answered("", "tool_calls", tool_calls=[])],
        Incident(("finish_reason is 'tool_calls', but the response has no tool call",)),
        calls=2,
        paid=2,
        payload=CHAT | TOOLS,
        mapping=CALLS,
    ),
    fallback(
        "31a-fallback-tool",
        "says `tool_use_failed` for the first model",
        refused(400, CALL_FAILED, "tool_use_failed", failed_generation="x"),
        calls=3,
    ),
    fallback(
        "31b-fallback-413",
        "says that the request is larger than the first model's limit (413)",
        refused(
            413,
            "Request too large for model `openai/gpt-oss-120b` in organization `org_x` service tier `on_demand` on "
            "tokens per minute (TPM): Limit 8000, Requested 12328, please reduce your message size and try again.",
            "rate_limit_exceeded",
            type="tokens",
        ),
    ),
    fallback(
        "31c-fallback-terms",
        "requires its terms to be accepted for the first model",
        refused(
            400,
            "The model `openai/gpt-oss-120b` requires terms acceptance. Please have the org admin accept the terms at "
            "https://console.groq.com/playground?model=x",
            "model_terms_required",
        ),
    ),
    fallback(
        "31d-fallback-azure404",
        "does not have the first model, in the words of Azure",
        http(404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}}),
    ),
    fallback(
        "31e-fallback-vllm-list",
        "does not have the first model, in the words of vLLM",
        http(
            404,
            {
                "object": "error",
                "message": "The model `openai/gpt-oss-120b` does not exist.",
                "type": "NotFoundError",
                "param": None,
                "code": 404,
            },
        ),
    ),
    fallback(
        "31f-fallback-400-unknown-model",
        "does not have the first model, in the words of OpenRouter (400)",
        http(400, {"error": {"message": "openai/gpt-oss-120b is not a valid model ID", "code": 400}}),
    ),
    fallback(
        "31g-fallback-parse",
        "says `output_parse_failed` for the first model",
        refused(400, PARSE_FAILED, "output_parse_failed", failed_generation="x"),
        calls=3,
    ),
)
