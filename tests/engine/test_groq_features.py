"""What Groq can do beyond a plain answer, seen from a process on a real engine."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.diagrams import diagram
from support.documents import PICTURE, draw_text, make_docx, make_pdf, paragraph
from support.process_instance import Instance
from support.worker_process import ENV_KEY

pytestmark = pytest.mark.engine

TOOLS_EXAMPLE = Path(__file__).parents[2] / "bpmn" / "groq-tools-example.bpmn"
INVOICE = {
    "type": "json_schema",
    "json_schema": {
        "name": "invoice",
        "schema": {
            "type": "object",
            "properties": {"total": {"type": "number"}, "lines": {"type": "array", "items": {"type": "string"}}},
            "required": ["total", "lines"],
            "additionalProperties": False,
        },
    },
}
ASKING = {"messages": [{"role": "user", "content": "${userMessage}"}]}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
LOOK_UP = [{"name": "look_up_order", "arguments": {"order": "4711"}}]


def payload(**more):
    return {"catalyst_payload": json.dumps(ASKING | more)}


def test_streaming_arrives_as_one_answer(start_instance, emulator):
    emulator.next(answer="Hello from a stream")
    instance = start_instance(diagram(fields=payload(stream=True)), userMessage="hello")

    assert instance.task() == "Review"
    variables = instance.variables()
    assert variables["aiReply"] == "Hello from a stream"
    assert variables["promptTokens"] > 0
    assert variables["catalyst_meta"]["firstTokenMs"] >= 0


def test_streaming_retries_cut_stream(start_instance, emulator):
    emulator.next(fault="cut")
    instance = start_instance(
        diagram(fields=payload(stream=True), properties={"catalyst_retries": "R2/PT0S"}), userMessage="hello"
    )

    assert instance.task() == "Review"
    assert len(emulator.calls) == 2


def test_bytes_variables_are_read_and_written_as_text(start_instance, emulator):
    question, answer = "Grüße, " * 1000, "Gern geschehen"
    emulator.next(answer=answer)
    typed = {"userMessage": {"type": "Bytes", "value": base64.b64encode(question.encode()).decode()}}
    mapping = {"catalyst_responseMapping": '{"kept:Bytes": "choices[0].message.content"}'}
    instance = start_instance(diagram(fields=mapping), typed)

    assert instance.task() == "Review"
    assert emulator.calls[0].messages[-1]["content"] == question
    kept = instance.process_client.http.get(f"/process-instance/{instance.id}/variables/kept/data").raise_for_status()
    assert kept.content.decode() == answer
    assert instance.typed_variables()["kept"]["type"] == "Bytes"


def test_schema_result_becomes_variables(start_instance, emulator):
    emulator.next(answer='```json\n{"total": 12.5, "lines": ["tea", "cake"]}\n```')
    mapping = {
        "invoice": "parse_json(choices[0].message.content)",
        "total": "parse_json(choices[0].message.content).total",
    }
    fields = payload(response_format=INVOICE) | {"catalyst_responseMapping": json.dumps(mapping)}
    instance = start_instance(diagram(fields=fields), userMessage="Read the invoice")

    assert instance.task() == "Review"
    typed = instance.typed_variables()
    assert (typed["total"]["type"], typed["total"]["value"]) == ("Double", 12.5)
    assert typed["invoice"]["type"] == "Json"
    assert instance.variables()["invoice"] == {"total": 12.5, "lines": ["tea", "cake"]}
    assert instance.variables()["catalyst_meta"]["jsonRepaired"] is True


def test_response_mapping_sets_types(start_instance, emulator):
    emulator.next(answer='{"total": 12, "due": "2026-12-24T12:00:00+00:00", "number": "4711"}')
    found = "parse_json(choices[0].message.content)"
    kinds = {
        "total:Double": "total",
        "due:Date": "due",
        "number:Long": "number",
        "whole:Json": "number",
        "text:File": "due",
    }
    mapping = {name: f"{found}.{part}" for name, part in kinds.items()}
    instance = start_instance(
        diagram(fields=payload() | {"catalyst_responseMapping": json.dumps(mapping)}), userMessage="Read it"
    )

    assert instance.task() == "Review"
    typed = instance.typed_variables()
    assert {name.split(":")[0]: typed[name.split(":")[0]]["type"] for name in kinds} == {
        name.split(":")[0]: name.split(":")[1] for name in kinds
    }


def test_schema_failure_is_bpmn_error_with_groqs_code(start_instance, emulator):
    emulator.next(answer='{"total": "much"}', count=2)
    fields = payload(response_format=INVOICE) | {"catalyst_errorMapping": '{"json_validate_failed": "NO_INVOICE"}'}
    instance = start_instance(diagram(fields=fields, boundary=True), userMessage="Read the invoice")

    assert instance.task() == "Caught"
    assert instance.variables()["errorCode"] == "NO_INVOICE"
    assert len(emulator.calls) == 2


def test_conversation_continues_across_tasks(start_instance, emulator):
    made = diagram(fields=payload(), properties={"catalyst_conversation": "talk"})
    emulator.next(answer="A model.")
    first = start_instance(made, userMessage="Who are you?")
    assert first.task() == "Review"
    talk = first.variables()["talk"]
    assert talk == [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "A model."}]

    second = start_instance(made, userMessage="And I?", talk=talk)
    assert second.task() == "Review"
    assert emulator.calls[-1].messages == [*talk, {"role": "user", "content": "And I?"}]


def test_retired_model_is_replaced_and_reported(start_instance):
    instance = start_instance(diagram(fields=payload(model="llama-3.1-8b-instant")), userMessage="hello")

    assert instance.task() == "Review"
    variables = instance.variables()
    assert variables["modelUsed"] == "openai/gpt-oss-20b"
    meta = variables["catalyst_meta"]
    assert (meta["modelAsked"], meta["modelsTried"][-1]) == ("llama-3.1-8b-instant", "openai/gpt-oss-20b")
    assert meta["costUsd"] > 0


def test_fallback_model_answers_when_first_fails(start_instance, emulator):
    emulator.next(status=503, when={"model": "openai/gpt-oss-120b"})
    made = diagram(fields=payload(), properties={"catalyst_fallbackModels": "openai/gpt-oss-20b"})
    instance = start_instance(made, userMessage="hello")

    assert instance.task() == "Review"
    assert instance.variables()["catalyst_meta"]["modelsTried"] == ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]


def test_file_variable_is_sent_to_model(start_instance, emulator):
    png = base64.b64encode(PNG).decode()
    photo = {"type": "File", "value": png, "valueInfo": {"filename": "photo.png", "mimeType": "image/png"}}
    message = {"role": "user", "content": ["What is this?", "${photo}"]}
    fields = {"catalyst_payload": json.dumps({"model": "qwen/qwen3.8-27b", "messages": [message]})}
    instance = start_instance(diagram(fields=fields), {"photo": photo})

    assert instance.task() == "Review"
    text, image = emulator.calls[0].messages[0]["content"]
    assert text == {"type": "text", "text": "What is this?"}
    assert image["image_url"]["url"] == f"data:image/png;base64,{png}"


def file(content, filename, mimetype):
    value = base64.b64encode(content).decode()
    return {"type": "File", "value": value, "valueInfo": {"filename": filename, "mimeType": mimetype}}


def test_documents_in_messages_reach_groq_as_texts(start_instance, emulator):
    messages = [
        {"role": "system", "content": ["Know this:", "${terms}"]},
        {"role": "user", "content": ["Compare", "${letter}", "${orders}"]},
    ]
    fields = {"catalyst_payload": json.dumps({"model": "openai/gpt-oss-120b", "messages": messages})}
    variables = {
        "terms": file(make_docx(paragraph("Net 30")), "terms.docx", "application/octet-stream"),
        "letter": file(make_pdf(draw_text("Dear Ada")), "letter.pdf", "application/pdf"),
        "orders": file(b"a;b\n1;2\n", "orders.csv", "application/vnd.ms-excel"),
    }
    instance = start_instance(diagram(fields=fields), variables)

    assert instance.task() == "Review"
    system, user = emulator.calls[0].messages
    assert system["content"] == "Know this:\nNet 30"
    assert [part["text"] for part in user["content"]] == ["Compare", "Dear Ada", "a;b\n1;2\n"]


def test_scan_is_an_incident_that_names_the_fix(start_instance, emulator):
    fields = {"catalyst_payload": json.dumps({"messages": [{"role": "user", "content": "${scan}"}]})}
    instance = start_instance(diagram(fields=fields), {"scan": file(make_pdf(PICTURE), "scan.pdf", "application/pdf")})

    assert "contains pictures only, as a scan does. Upload a PDF with text (OCR), or" in instance.incident()
    assert not emulator.calls


def start_tools_example(process_client):
    process_client.deploy(TOOLS_EXAMPLE)
    return Instance(process_client, process_client.start("groq-tools-example", {"userMessage": "Where is order 4711?"}))


@pytest.mark.usefixtures("worker")
def test_tool_calls_are_run_by_the_process(process_client, emulator):
    emulator.next(tool_calls=LOOK_UP)
    tools_example = start_tools_example(process_client)
    assert tools_example.task() == "LookUpOrder"
    assert tools_example.variables()["orderNumber"] == "4711"

    emulator.next(answer="It is in Bremen.")
    process_client.complete_user_task(tools_example.id, {"toolResult": "Parcel in Bremen"})
    wait_for("the end", lambda: tools_example.state() == "COMPLETED", timeout=20)

    assert tools_example.variables()["aiReply"] == "It is in Bremen."
    roles = [message["role"] for message in emulator.calls[-1].messages]
    assert roles == ["system", "user", "assistant", "tool"]
    assert emulator.calls[-1].messages[-1]["content"] == "Parcel in Bremen"


@pytest.mark.usefixtures("worker")
def test_tool_calls_end_after_maximum_rounds(process_client, emulator):
    emulator.next(tool_calls=LOOK_UP, count=6)
    tools_example = start_tools_example(process_client)
    for _ in range(5):
        assert tools_example.task() == "LookUpOrder"
        process_client.complete_user_task(tools_example.id, {"toolResult": "unknown"})
        wait_for("the next question", lambda: not process_client.user_task(tools_example.id), timeout=20)
    wait_for("the end", lambda: tools_example.state() == "COMPLETED", timeout=20)

    ends = process_client.get(
        "/history/activity-instance", processInstanceId=tools_example.id, activityType="noneEndEvent"
    )
    assert [end["activityId"] for end in ends] == ["TooManyRounds"]


def test_retired_model_in_a_process_is_listed(process_client, engine, emulator):
    key, xml = diagram(properties={"catalyst_model": "llama-3.3-70b-versatile"})
    process_client.deploy_texts({f"{key}.bpmn": xml})
    environ = {
        "PATH": os.environ["PATH"],
        "CATALYST_ENGINE_URL": engine.rest_url,
        "GROQ_API_URL": emulator.base_url,
        "GROQ_API_KEY": ENV_KEY,
        "COLUMNS": "200",
    }
    listed = subprocess.run(
        [sys.executable, "-P", "-m", "catalyst_groq", "models"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert f"{key}/Ask uses llama-3.3-70b-versatile, retired 2026-08-16" in listed.stdout
