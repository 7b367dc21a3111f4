"""The recipes of docs/recipes.md, as they are shipped. Batch, tools and transcription have modules of their own."""

import pytest

from support.documents import PICTURE, make_pdf
from support.element_templates import EXAMPLE
from support.files import file
from support.process_instance import Instance

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]
INVOICE = file((EXAMPLE.parent / "invoice.pdf").read_bytes(), "invoice.pdf", "application/pdf")


@pytest.fixture
def run(process_client, worker):
    """Deploy a recipe with its forms, and start an instance."""

    def run_recipe(name, typed=None, **variables):
        process_client.deploy(*sorted(EXAMPLE.parent.glob(f"groq-{name}-example*")))
        key = f"groq-{name}-example"
        instance = process_client.start_typed(key, typed) if typed else process_client.start(key, variables)
        return Instance(process_client, instance)

    return run_recipe


@pytest.mark.parametrize(("department", "task"), [("billing", "Billing"), ("sales", "Sales"), ("support", "Support")])
def test_classification_routes_to_the_department(run, emulator, department, task):
    emulator.next(answer={"department": department, "urgent": True})
    instance = run("classify", message="My invoice is wrong.")

    assert instance.task() == task
    assert instance.variables()["urgent"] is True


def test_classification_without_answer_goes_to_support(run, emulator):
    emulator.next(status=400)
    assert run("classify", message="My invoice is wrong.").task() == "Support"


def test_extraction_reads_a_pdf_and_shows_its_data(run, emulator):
    data = {"number": "4711", "supplier": "Lamp Ltd", "total": 40, "currency": "EUR"}
    emulator.next(answer=data)
    instance = run("extract", {"invoice": INVOICE})

    assert instance.task() == "Check"
    assert "Invoice 4711" in str(emulator.calls[0].body["messages"][1])
    variables = instance.variables()
    assert (variables["invoiceNumber"], variables["total"]) == ("4711", 40.0)


@pytest.mark.parametrize(
    ("failure", "task"),
    [
        ({"status": 400, "body": {"error": {"message": "wrong", "type": "invalid_request_error"}}}, "CorrectDiagram"),
        ({"error_code": "spend_limit_reached"}, "EnterByHand"),
    ],
    ids=["request", "account"],
)
def test_extraction_error_is_routed_by_blame(run, emulator, failure, task):
    emulator.next(**failure)
    assert run("extract", {"invoice": INVOICE}).task() == task


def test_extraction_of_a_scan_goes_to_a_person(run, emulator):
    instance = run("extract", {"invoice": file(make_pdf(PICTURE), "scan.pdf", "application/pdf")})

    assert instance.task() == "EnterByHand"
    assert "has no text: it is blank, or contains pictures only" in instance.variables()["catalyst_error"]
    assert not emulator.calls


def test_translation_of_a_list_collects_each_text(run, emulator):
    emulator.next(answer="one", when={"equals": "eins"})
    emulator.next(answer="two", when={"equals": "zwei"})
    instance = run("translate", texts=["eins", "zwei"], language="English")

    assert instance.task() == "Review"
    assert instance.variables()["translations"] == {"0": {"translation": "one"}, "1": {"translation": "two"}}


def test_approval_drafts_anew_with_the_conversation(run, emulator, process_client):
    emulator.next(answer="It is late.")
    instance = run("approval", userMessage="Where is my order?")
    assert instance.task() == "Approve"
    emulator.next(answer="It comes on Monday.")
    process_client.complete_user_task(instance.id, {"approved": False, "changes": "Say when it comes."})
    assert instance.task() == "Approve"

    contents = [message["content"] for message in emulator.calls[1].body["messages"][1:]]
    assert contents == ["Where is my order?", "It is late.", "Say when it comes."]
    assert instance.variables()["draft"] == "It comes on Monday."
    process_client.complete_user_task(instance.id, {"approved": True})
    assert instance.state() == "COMPLETED"
