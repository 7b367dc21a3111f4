"""`catalyst-groq render` without an engine."""

import asyncio
import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from catalyst_groq.cli import app
from catalyst_groq.commands.preview.command import render_task
from catalyst_groq.commands.preview.loading import PreviewOptions
from catalyst_groq.commands.preview.view import show_preview
from catalyst_groq.config.settings import Settings
from support.diagrams import diagram
from support.factories import REPLY
from support.handler_harness import KEY

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[4]
MODEL = "openai/gpt-oss-20b"
PAYLOAD = '{"max_tokens": 50, "messages": [{"role": "user", "content": "Hi ${name}"}]}'
RATE_LIMITED = {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder, and no settings of the machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    monkeypatch.delenv("GROQ_API_URL", raising=False)
    return tmp_path


def write(folder, *, name="a.bpmn", **parts):
    file = folder / name
    file.write_text(diagram(**parts)[1])
    return file


def render(*arguments):
    """Return the result of the command."""
    return CliRunner().invoke(app, ["render", *map(str, arguments)])


def preview(*arguments, exit_code=0):
    """Return what the command prints as JSON."""
    result = render(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def answer(folder, body, name="answer.json"):
    file = folder / name
    file.write_text(body if isinstance(body, str) else json.dumps(body))
    return file


def sources(shown, kind="fields"):
    return {piece["name"]: piece["source"] for piece in shown[kind]}


def test_render_shows_request_without_the_key(folder):
    file = write(folder, fields={"catalyst_payload": PAYLOAD}, properties={"catalyst_model": MODEL})
    result = render(file, "--var", 'name="Ada"', "--json")
    [request] = json.loads(result.stdout)["requests"]

    assert request["method"] == "POST"
    assert request["url"] == "https://api.groq.com/openai/v1/chat/completions"
    assert request["headers"]["authorization"] == "Bearer ***"
    assert request["body"] == {"max_tokens": 50, "messages": [{"role": "user", "content": 'Hi "Ada"'}], "model": MODEL}
    assert (request["endpoint"], request["model"]) == ("api.groq.com", MODEL)
    assert request["maxOutputTokens"] == 50
    assert 0 < request["maxCostUsd"] < 0.001
    assert KEY not in result.output
    assert KEY not in render(file, "--var", "name=Ada").output


def test_render_says_where_each_piece_comes_from(folder):
    file = write(
        folder,
        fields={"catalyst_payload": PAYLOAD, "catalyst_timeout": "9"},
        properties={"catalyst_model": MODEL, "catalyst_timeout": "30"},
        inputs={"catalyst_retries": "R1/PT1S", "name": "Eve"},
    )
    shown = preview(file, "--var", "catalyst_giveUpAfter=PT1M")
    by_name = {piece["name"]: piece["value"] for piece in shown["fields"]}

    assert {name: source for name, source in sources(shown).items() if source != "default"} == {
        "catalyst_payload": "camunda:field",
        "catalyst_timeout": "extension property",
        "catalyst_model": "extension property",
        "catalyst_retries": "input parameter",
        "catalyst_giveUpAfter": "process variable",
    }
    assert by_name["catalyst_timeout"] == "30"
    assert sources(shown, "variables")["name"] == "input parameter"
    assert shown["requests"][0]["reasons"][0] == "Model: catalyst_model (extension property)"


@pytest.mark.parametrize(
    ("given", "notes"),
    [
        (
            [],
            [
                "The multi-instance sets 'document' for each item: give its value with --var document=TEXT",
                "The multi-instance sets 'loopCounter' for each item: give its value with --var loopCounter:=0",
            ],
        ),
        (["--var", "document=x", "--var", "loopCounter:=0"], []),
    ],
)
def test_render_names_the_variables_of_the_multi_instance(given, notes):
    shown = preview(ROOT / "bpmn" / "groq-batch-example.bpmn", *given, exit_code=1 if notes else 0)
    assert shown["notes"] == notes


def test_render_names_only_those_variables_of_a_loop_that_are_used(folder):
    file = write(folder, fields={"catalyst_payload": PAYLOAD})
    loop = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="items" camunda:elementVariable="item"/>'
    end = "</bpmn:serviceTask>"
    file.write_text(file.read_text().replace(end, loop + end))

    assert preview(file, "--var", "name=Ada")["notes"] == []


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({}, "Model: the default of the model catalog, as neither catalyst_model nor catalyst_payload names one"),
        (
            {"fields": {"catalyst_payload": PAYLOAD.replace("{", f'{{"model": "{MODEL}", ', 1)}},
            "Model: in catalyst_payload (camunda:field)",
        ),
    ],
)
def test_render_says_where_the_model_comes_from(folder, parts, reason):
    shown = preview(write(folder, **parts), "--var", "name=Ada", "--var", "userMessage=Hi")

    assert shown["requests"][0]["reasons"][0] == reason


def test_render_shows_replacement_and_fallback_models(folder):
    properties = {"catalyst_model": "llama-3.3-70b-versatile", "catalyst_fallbackModels": MODEL}
    shown = preview(write(folder, properties=properties), "--var", "userMessage=Hi")
    reasons = {request["model"]: request["reasons"][0] for request in shown["requests"]}

    assert list(reasons) == ["llama-3.3-70b-versatile", "openai/gpt-oss-120b", MODEL]
    assert re.fullmatch(
        r"Model: replaces llama-3.3-70b-versatile, which was retired on [\d-]+", reasons["openai/gpt-oss-120b"]
    )
    assert reasons[MODEL].startswith("Model: catalyst_fallbackModels (extension property), if")


def test_render_shows_endpoints_in_their_order(folder):
    entries = [
        {"name": "own", "url": "http://localhost:1/v1", "models": {MODEL: "small"}, "server": "other"},
        {"name": "groq", "key": "groq_api_key", "priority": 2},
    ]
    (folder / "worker.yaml").write_text(json.dumps({"endpoints": entries}))
    shown = preview(write(folder, properties={"catalyst_model": MODEL}), "--var", "userMessage=Hi")
    first, second = shown["requests"]

    assert (first["endpoint"], first["body"]["model"], second["endpoint"]) == ("own", "small", "groq")
    assert "Endpoint: 'own' of CATALYST_ENDPOINTS, priority 0" in first["reasons"]
    assert "authorization" not in first["headers"]


def test_render_says_what_stands_for_groqs_url(folder, monkeypatch):
    monkeypatch.setenv("GROQ_API_URL", "http://localhost:1/openai/v1")
    [request] = preview(write(folder), "--var", "userMessage=Hi")["requests"]

    assert request["url"] == "http://localhost:1/openai/v1/chat/completions"
    assert "Endpoint: catalyst_url (default), which stands for GROQ_API_URL" in request["reasons"]


def test_render_without_key_shows_request_and_says_so(folder, monkeypatch):
    monkeypatch.delenv("GROQ_API_KEY")
    shown = preview(write(folder), "--var", "userMessage=Hi")

    assert shown["requests"]
    expected = (
        "Shown with a sample key: catalyst_apiKey: the environment variable GROQ_API_KEY is not set where the worker "
        "runs. Start the worker with GROQ_API_KEY=gsk_…, or choose another Secret Source"
    )
    assert shown["notes"] == [expected]


def test_render_masks_key_that_the_process_brings(folder):
    key = "password-of-somebody-1"
    properties = {"catalyst_secretSource": "variable", "catalyst_apiKey": "myKey"}
    output = render(write(folder, properties=properties), "--var", f"myKey={key}", "--var", "userMessage=Hi").output

    assert "myKey" in output
    assert key not in output


@pytest.mark.parametrize(
    ("parts", "arguments", "message"),
    [
        ({}, (), "catalyst_payload: ${userMessage} needs the process variable 'userMessage', which does not exist"),
        ({"properties": {"catalyst_timeout": "soon"}}, ("--var", "userMessage=x"), "catalyst_timeout: 'soon' is not"),
        ({"fields": {"catalyst_payload": "{"}}, (), "catalyst_payload: is not JSON: "),
        ({"properties": {"catalyst_apiKey": "other"}}, ("--var", "userMessage=x"), "catalyst_apiKey: the secret name"),
    ],
)
def test_render_shows_the_incident_of_a_request_that_cannot_be_made(folder, parts, arguments, message):
    shown = preview(write(folder, **parts), *arguments, exit_code=1)

    assert shown["outcome"]["kind"] == "failure"
    assert shown["outcome"]["message"].startswith(message)
    assert "this instance" not in shown["outcome"]["message"]
    assert shown["requests"] == []


def test_render_of_an_empty_mapping_advises_no_instance(folder):
    file = write(folder, fields={"catalyst_responseMapping": '{"total!": "nowhere"}'})
    shown = preview(file, "--var", "userMessage=Hi", "--response", answer(folder, REPLY), exit_code=1)

    assert shown["outcome"]["message"].startswith("catalyst_responseMapping: ")
    assert "instance" not in shown["outcome"]["message"]


def test_render_of_item_names_its_collected_error(folder):
    loop = "<bpmn:multiInstanceLoopCharacteristics/></bpmn:serviceTask>"
    file = write(folder, properties={"catalyst_collect": "results"})
    file.write_text(file.read_text().replace("</bpmn:serviceTask>", loop))
    result = render(file, "--var", "loopCounter:=0")

    assert result.exit_code == 1
    assert "The error is collected (catalyst_payload: ${userMessage} needs" in result.output
    assert "this instance" not in result.output


def test_render_notes_variables_that_do_nothing_or_are_missing(folder):
    file = write(folder, inputs={"userMessage": "${execution.businessKey}"}, topic="another")
    shown = preview(file, "--task", "Ask", "--var", "typo=1", exit_code=1)

    assert shown["notes"] == [
        "A worker with these settings does not fetch the topic 'another'",
        "The engine computes the input parameter 'userMessage': give its value with --var",
        "--var typo is not used by any field",
    ]


def test_render_uses_given_facts_of_the_task(folder):
    fields = {"catalyst_payload": PAYLOAD.replace("name", "task.businessKey")}
    file = write(folder, fields=fields)
    shown = preview(file, "--var", 'task:={"businessKey": "order-1"}')

    assert shown["requests"][0]["body"]["messages"][0]["content"] == "Hi order-1"
    assert preview(file, exit_code=1)["requests"] == []  # no made-up value


def test_response_is_mapped_to_typed_variables(folder):
    body = REPLY | {"choices": [{"message": {"content": '{"total": 7}'}, "finish_reason": "stop"}]}
    mapping = '{"total": "parse_json(choices[0].message.content).total", "day:Double": "usage.prompt_tokens"}'
    file = write(folder, fields={"catalyst_responseMapping": mapping})
    shown = preview(file, "--var", "userMessage=Hi", "--response", answer(folder, body))
    variables = shown["outcome"]["variables"]

    assert shown["outcome"]["kind"] == "completion"
    assert variables["total"] == {"type": "Integer", "value": 7}
    assert variables["day"] == {"type": "Double", "value": 18.0}
    assert variables["catalyst_success"] == {"type": "Boolean", "value": True}


def test_response_of_long_text_is_an_object(folder):
    body = REPLY | {"choices": [{"message": {"content": "x" * 5000}, "finish_reason": "stop"}]}
    result = render(write(folder), "--var", "userMessage=Hi", "--response", answer(folder, body))

    assert re.search(r"aiReply +Object \(java.lang.String\) ", result.output)


def test_response_may_be_a_stream(folder):
    chunks = [{"content": "Hel"}, {"content": "lo"}]
    lines = [f"data: {json.dumps({'model': MODEL, 'choices': [{'index': 0, 'delta': chunk}]})}\n\n" for chunk in chunks]
    end = f"data: {json.dumps({'choices': [{'index': 0, 'delta': {}, 'finish_reason': 'stop'}]})}\n\ndata: [DONE]\n\n"
    file = answer(folder, "".join([*lines, end]))
    shown = preview(write(folder), "--var", "userMessage=Hi", "--response", file)

    assert shown["outcome"]["variables"]["aiReply"] == {"type": "String", "value": "Hello"}


@pytest.mark.parametrize(
    ("boundary", "kind", "exit_code"), [(True, "bpmnError", 0), (False, "failure", 1)], ids=["caught", "uncaught"]
)
def test_response_with_error_is_a_bpmn_error_if_it_is_caught(folder, boundary, kind, exit_code):
    arguments = ("--response", answer(folder, RATE_LIMITED), "--status", "429", "--var", "userMessage=Hi")
    outcome = preview(write(folder, boundary=boundary), *arguments, exit_code=exit_code)["outcome"]

    assert outcome["kind"] == kind
    assert outcome.get("code", "RATE_LIMITED") == "RATE_LIMITED"
    assert ("Nothing catches the BPMN error RATE_LIMITED" in outcome["message"]) is not boundary


@pytest.mark.parametrize("boundary", [True, False], ids=["caught", "uncaught"])
def test_file_that_cannot_be_used_is_a_bpmn_error_if_it_is_caught(folder, boundary):
    (folder / "empty.pdf").touch()
    fields = {"catalyst_payload": '{"messages": [{"role": "user", "content": ["Read", "${offer}"]}]}'}
    mapped = {**fields, "catalyst_errorMapping": '{"unreadable_file": "AUTH_FAILED"}'}
    file = write(folder, boundary=boundary, fields=mapped)
    shown = preview(file, "--var", "offer@empty.pdf", exit_code=0 if boundary else 1)

    assert shown["outcome"]["kind"] == ("bpmnError" if boundary else "failure")
    assert shown["requests"] == []


def test_response_with_error_shows_code_and_blame(folder):
    arguments = ("--response", answer(folder, RATE_LIMITED), "--status", "429", "--var", "userMessage=Hi")
    result = render(write(folder, boundary=True), *arguments)

    assert "Outcome: the BPMN error RATE_LIMITED (blame: limit)" in result.output


@pytest.mark.parametrize("status", [500, 503, 401, 404])
def test_response_with_error_has_its_final_outcome_at_once(folder, status):
    arguments = ("--response", answer(folder, RATE_LIMITED | {"error": {"message": "no"}}), "--status", status)
    outcome = preview(write(folder, boundary=True), *arguments, "--var", "userMessage=Hi", exit_code=int(status != 401))

    assert outcome["outcome"].get("retries", 0) == 0


def test_response_that_is_none_of_groq_is_explained(folder):
    shown = preview(write(folder), "--var", "userMessage=Hi", "--response", answer(folder, "Hello Ada"), exit_code=1)

    assert shown["notes"] == ["The answer has no result: the body of a response of Groq has choices or text"]


def test_transcription_is_shown_without_its_recording(folder):
    (folder / "note.mp3").write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\0" * 200)
    file = write(folder, properties={"catalyst_operation": "transcribe"})
    [request] = preview(file, "--var", f"recording@{folder}/note.mp3")["requests"]

    assert request["url"].endswith("/audio/transcriptions")
    assert request["body"]["file"].startswith("note.mp3 (audio/mpeg, 210 bytes, SHA-256 ")
    assert request["promptTokens"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a BPMN file, or a running instance with --instance"),
        (("missing.bpmn",), "does not exist"),
        (("a.bpmn", "--task", "ask"), "a.bpmn has no external task 'ask'. Did you mean Ask?"),
        (("a.bpmn", "--task", "Ask Groq"), "a.bpmn has no external task 'Ask Groq'. Did you mean Ask?"),
        (("a.bpmn", "--task", "zzz"), "a.bpmn has no external task 'zzz'. It has one external task: Ask ('Ask Groq')."),
        (("two.bpmn",), "two.bpmn has 2 external tasks: Ask ('Ask Groq'), More. Name one of them with --task."),
        (("other.bpmn",), "other.bpmn has no task with the topic catalyst-groq. Apply the element template"),
        (("text.bpmn",), "text.bpmn is not well-formed XML"),
        (("a.bpmn", "--var", "userMessage"), "--var 'userMessage' has no name and value"),
        (("fixed.bpmn", "--var", "userMessage=x"), "--var userMessage: the task has an input parameter of this name"),
        (("a.bpmn", "--send", "--response", "text.bpmn"), "leave one of them out"),
        (("a.bpmn", "--status", "429"), "--status is that of the answer in --response"),
        (("--instance", "1", "--watch"), "--watch needs a BPMN file"),
    ],
)
def test_wrong_usage_is_explained(folder, arguments, message):
    xml = write(folder).read_text()
    more = '<bpmn:serviceTask id="More" camunda:type="external" camunda:topic="catalyst-groq"/></bpmn:process>'
    (folder / "two.bpmn").write_text(xml.replace("</bpmn:process>", more))
    (folder / "text.bpmn").write_text("text")
    write(folder, name="other.bpmn", topic="other")
    write(folder, name="fixed.bpmn", inputs={"userMessage": "Hi"})
    result = render(*arguments)

    assert result.exit_code == 2
    assert message in " ".join(re.sub(r"[│╭╮╰╯─]", "", result.output).split())


def test_diagram_in_another_encoding_than_declared_is_explained_as_by_lint(folder):
    (folder / "a.bpmn").write_bytes(diagram()[1].replace("Ask", "Prüfen").encode("latin-1"))

    result = render("a.bpmn")

    assert result.exit_code == 2
    assert "do not fit the encoding UTF-8" in " ".join(result.output.replace("│", " ").split())
    assert "Save it in UTF-8, or declare" in " ".join(result.output.replace("│", " ").split())


def test_send_asks_groq_and_shows_the_variables(folder, groq_emulator, monkeypatch):
    monkeypatch.setenv("GROQ_API_URL", groq_emulator.base_url)
    shown = preview(write(folder), "--var", "userMessage=Hi", "--send")
    [call] = groq_emulator.calls

    assert shown["outcome"]["kind"] == "completion"
    assert shown["outcome"]["variables"]["aiReply"]["type"] == "String"
    assert shown["requests"][0]["body"] == call.body
    assert shown["requests"][0]["result"] == "answered"


def test_send_without_key_asks_nobody(folder, groq_emulator, monkeypatch):
    monkeypatch.setenv("GROQ_API_URL", groq_emulator.base_url)
    monkeypatch.delenv("GROQ_API_KEY")
    shown = preview(write(folder), "--var", "userMessage=Hi", "--send", exit_code=1)

    assert shown["outcome"]["message"].startswith("catalyst_apiKey: the environment variable GROQ_API_KEY is not set")
    assert not groq_emulator.calls


def test_cost_without_a_limit_of_the_output_is_no_upper_bound(folder):
    payload = """{"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": "Hi"}]}"""
    output = render(write(folder, fields={"catalyst_payload": payload})).output

    assert "no limit on the output: 1,024 tokens are assumed; cost about 0.0" in output


def test_render_is_documented_with_its_real_output(folder):
    (folder / "groq-example.bpmn").write_bytes((ROOT / "bpmn" / "groq-example.bpmn").read_bytes())
    output = render("groq-example.bpmn", "--var", "userMessage=Why is the sky blue?").output
    shown = (ROOT / "docs" / "render.md").read_text().split("<!-- render -->\n```\n")[1].split("```")[0]

    assert shown.splitlines() == output.splitlines()


@pytest.mark.parametrize("width", [50, 80, 120])
def test_preview_in_a_terminal_has_tables_within_its_width(folder, width):
    text = "A message of a customer. " * 40
    out = io.StringIO()
    options = PreviewOptions(file=write(folder), variables=(f"userMessage={text}",))
    shown = asyncio.run(render_task(Settings.load(), {"GROQ_API_KEY": KEY}, options))
    show_preview(Console(file=out, width=width, force_terminal=True, color_system=None), shown)
    tables = out.getvalue().split("Request: ")[0].splitlines()[1:]

    assert max(map(len, tables)) <= width
    assert "is cut: --json" in " ".join(tables)
    assert ("│" in "".join(tables)) is (width >= 80)
