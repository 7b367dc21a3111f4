"""A user works on the example in Tasklist, on a real engine: start, ask, review."""

import pytest
from playwright.sync_api import expect

from catalyst_groq.domain.variables import Encoder
from catalyst_groq.sandbox.demo_examples import CHAT_EXAMPLE
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from support.element_templates import EXAMPLE, TRANSCRIBE_EXAMPLE
from support.tasklist import Tasklist, log_in

pytestmark = pytest.mark.engine

NAME = "Groq example"
QUESTION = "What shall Groq answer?"
REPLY = 'Short waves *scatter* more:\n\n- blue, "much"\n- red, <b>little</b> & {{late}}\n'
LONG_REPLY = (REPLY * 300)[:20_000]
ANSWERED = {
    "modelUsed": "openai/gpt-oss-120b",
    "promptTokens": 27,
    "completionTokens": 512,
    "finishReason": "stop",
    "catalyst_responseBody": '{"choices": []}',
    "catalyst_statusCode": 200,
    "catalyst_success": True,
    "catalyst_error": "",
}
REFUSED = {
    "catalyst_responseBody": '{"error": {"message": "Rate limit reached"}}',
    "catalyst_statusCode": 429,
    "catalyst_success": False,
    "catalyst_error": "Rate limit reached. Please try again in 2s.",
}


class Example:
    """The deployed example, of which one instance is looked at.

    Its topic is one that no worker asks for: these tests play the worker, so that the forms show what a test says.
    """

    def __init__(self, process_client):
        self.process_client = process_client
        files = [EXAMPLE, *EXAMPLE.parent.glob(f"{EXAMPLE.stem}-*.form")]
        texts = {file.name: file.read_text(encoding="utf-8") for file in files}
        texts[EXAMPLE.name] = texts[EXAMPLE.name].replace('"catalyst-groq"', '"played-by-a-test"')
        (definition,) = process_client.get("/process-definition", deploymentId=process_client.deploy_texts(texts))
        self.definition_id = definition["id"]

    @property
    def instance_id(self):
        (instance,) = self.process_client.get("/history/process-instance", processDefinitionId=self.definition_id)
        return instance["id"]

    def start_instance(self, question="Why is the sky blue?"):
        instance_id = self.process_client.start("groq-example")
        self.process_client.complete_user_task(instance_id, {"userMessage": question})

    def answer(self, **variables):
        self._report("complete", variables=Encoder().encode_all(ANSWERED | variables))

    def refuse(self, code, message):
        self._report("bpmnError", errorCode=code, errorMessage=message, variables=Encoder().encode_all(REFUSED))

    def _report(self, outcome, **content):
        (task,) = self.process_client.external_tasks(self.instance_id)
        for step, body in (("lock", {"lockDuration": 60_000}), (outcome, content)):
            self.process_client.http.post(
                f"/external-task/{task['id']}/{step}", json={"workerId": "test"} | body
            ).raise_for_status()


@pytest.fixture
def example(engine):
    with ProcessClient(engine.rest_url) as process_client:
        yield Example(process_client)


@pytest.fixture
def tasklist(page, engine):
    if not isinstance(engine, EngineProcess):
        pytest.skip("Where Tasklist is, is only known of an engine of our own: run without --engine")
    log_in(page, engine.tasklist_url)
    return Tasklist(page)


def test_tasklist_user_starts_asks_and_reviews(tasklist, example):
    tasklist.start_process(NAME)
    tasklist.open_task("Configure", NAME)
    tasklist.field(QUESTION).fill("Why is the sky blue?\nIn one line.")
    tasklist.complete()
    assert example.process_client.variables(example.instance_id) == {
        "userMessage": "Why is the sky blue?\nIn one line."
    }

    example.answer(aiReply=REPLY)
    tasklist.open_task("Review", NAME)
    expect(tasklist.field("Question")).to_have_value("Why is the sky blue?\nIn one line.")
    expect(tasklist.field("Reply")).to_have_value(REPLY)
    expect(tasklist.field("Model")).to_have_value("openai/gpt-oss-120b")
    expect(tasklist.field("Prompt tokens")).to_have_value("27")
    expect(tasklist.field("Completion tokens")).to_have_value("512")
    expect(tasklist.field("Finish reason")).to_have_value("stop")
    expect(tasklist.field("catalyst_success")).to_be_checked()
    expect(tasklist.field("catalyst_statusCode")).to_have_value("200")
    expect(tasklist.field("catalyst_responseBody")).to_have_value('{"choices": []}')
    expect(tasklist.form.get_by_text("Groq gave no answer")).to_have_count(0)
    expect(tasklist.field("catalyst_error")).to_have_count(0)

    tasklist.complete()
    assert example.process_client.state(example.instance_id) == "COMPLETED"


def test_tasklist_user_gets_answer_from_worker(tasklist, process_client, worker, emulator):
    emulator.next(answer="Because short waves scatter more.")
    process_client.deploy(*CHAT_EXAMPLE.files())
    tasklist.start_process(NAME)
    tasklist.open_task("Configure", NAME)
    tasklist.field(QUESTION).fill("Why is the sky blue?")
    tasklist.complete()
    wait_for("the answer", lambda: process_client.get("/task", taskDefinitionKey="Review", assignee="demo"), timeout=60)

    tasklist.open_task("Review", NAME)
    expect(tasklist.field("Reply")).to_have_value("Because short waves scatter more.")
    tasklist.complete()
    assert [call.messages[-1]["content"] for call in emulator.calls] == ["Why is the sky blue?"]


@pytest.mark.usefixtures("worker")
def test_tasklist_user_uploads_recording_and_reads_transcript(tasklist, process_client, emulator):
    emulator.next(answer="Call me back.")
    process_client.deploy(*sorted(TRANSCRIBE_EXAMPLE.parent.glob("groq-transcribe-example*")))
    recording = {"name": "voicemail.mp3", "mimeType": "audio/mpeg", "buffer": bytes(1600)}
    tasklist.start_process(
        "Groq transcribe example", lambda form: form.get_by_label("Recording").set_input_files(recording)
    )

    wait_for(
        "the answer", lambda: process_client.get("/task", processDefinitionKey="groq-transcribe-example"), timeout=60
    )
    tasklist.open_task("Review", "Groq transcribe example")
    expect(tasklist.field("Transcript")).to_have_value("Call me back.")
    expect(tasklist.field("Language")).to_have_value("English")
    tasklist.complete()


def test_tasklist_shows_and_keeps_20000_characters(tasklist, example):
    example.start_instance()
    example.answer(aiReply=LONG_REPLY)
    before = example.process_client.typed_variables(example.instance_id)

    tasklist.open_task("Review", NAME)
    expect(tasklist.field("Reply")).to_have_value(LONG_REPLY)
    tasklist.complete()

    after = example.process_client.typed_variables(example.instance_id)
    assert before["aiReply"]["type"] == "Object"
    assert {name: (found["type"], found["value"]) for name, found in after.items()} == {
        name: (found["type"], found["value"]) for name, found in before.items()
    }


def test_tasklist_shows_error_instead_of_answer(tasklist, example):
    example.start_instance()
    example.refuse("RATE_LIMITED", "Groq's limit is used up for now")

    tasklist.open_task("Review", NAME)
    expect(tasklist.form.get_by_text("Groq gave no answer")).to_be_visible()
    expect(tasklist.field("BPMN error")).to_have_value("RATE_LIMITED")
    expect(tasklist.field("What went wrong")).to_have_value("Groq's limit is used up for now")
    expect(tasklist.field("catalyst_error")).to_have_value(REFUSED["catalyst_error"])
    expect(tasklist.field("catalyst_success")).not_to_be_checked()
    expect(tasklist.field("Reply")).to_have_count(0)

    tasklist.complete()
    assert example.process_client.state(example.instance_id) == "COMPLETED"


def test_tasklist_validates_the_question(tasklist, example):
    example.process_client.start("groq-example")
    tasklist.open_task("Configure", NAME)

    tasklist.press_complete()
    expect(tasklist.form.get_by_text("Field is required.")).to_be_visible()
    tasklist.field(QUESTION).fill("x" * 4001)
    expect(tasklist.form.get_by_text("Field must have maximum length of 4000.")).to_be_visible()

    tasklist.field(QUESTION).fill("x" * 4000)
    tasklist.complete()
    assert example.process_client.variables(example.instance_id) == {"userMessage": "x" * 4000}
