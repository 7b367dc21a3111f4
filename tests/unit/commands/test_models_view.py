"""`catalyst-groq models`: the table, what the key may use, and the processes that name a dead model."""

import io

import pytest
from rich.console import Console

from catalyst_groq.commands.model_references import ModelReference, find_model_references
from catalyst_groq.commands.models import ModelReport, models_in_use, offered_models
from catalyst_groq.commands.models_view import show_models
from catalyst_groq.errors import EngineUnreachable
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import known_models
from catalyst_groq.groq.routing.endpoints import Endpoint
from support.diagrams import diagram

pytestmark = pytest.mark.anyio
OLD = ModelReference("order", "Ask", "llama-3.3-70b-versatile")
LIVING = ModelReference("order", "Ask", "openai/gpt-oss-20b")


def named(**written):
    key, xml = diagram(**written)
    found = list(find_model_references(xml, ["catalyst-groq"]))
    assert {(name.process, name.activity) for name in found} <= {(key, "Ask")}
    return [name.model for name in found]


@pytest.mark.parametrize(
    ("written", "models"),
    [
        ({}, []),
        ({"fields": {"catalyst_payload": '{"model": "a"}'}}, ["a"]),
        ({"fields": {"catalyst_payload": "model: a"}, "properties": {"catalyst_model": "b"}}, ["b"]),
        ({"properties": {"catalyst_model": "b", "catalyst_fallbackModels": "c, d"}}, ["b", "c", "d"]),
        ({"properties": {"catalyst_model": "${which}"}}, []),
        ({"fields": {"catalyst_payload": "{"}}, []),
        ({"properties": {"catalyst_model": "b"}, "topic": "another"}, []),
    ],
)
def test_a_process_names_its_models(written, models):
    assert named(**written) == models


def shown(offered, in_use, *endpoints):
    out = io.StringIO()
    show_models(Console(file=out, width=200), ModelReport(known_models(), offered, in_use, endpoints))
    return out.getvalue()


def test_the_table_shows_what_is_known_and_what_the_key_may_use():
    text = shown(frozenset({"openai/gpt-oss-20b", "brand/new"}), [])
    (row,) = (line for line in text.splitlines() if "openai/gpt-oss-20b" in line)

    assert all(part in row for part in ("production", "131,072", "65,536", "0.075", "0.3", "tools", "yes"))
    assert "Groq also offers: brand/new" in text
    assert "No deployed process names a dead model." in text


def test_a_process_that_names_a_dead_model_is_named_with_what_takes_its_place():
    said = f"order/Ask names {OLD.model}, retired 2026-08-16; openai/gpt-oss-120b takes its place."
    assert said in shown("There is no GROQ_API_KEY", [OLD, LIVING])
    assert said in shown(frozenset({LIVING.model}), [OLD])


def test_a_retired_model_that_the_key_may_still_use_is_not_dead():
    assert "names" not in shown(frozenset({OLD.model}), [OLD]).replace("names a dead", "")


async def test_groq_is_asked_with_the_key(groq_emulator):
    groq = HttpGroqClient()
    try:
        offered = await offered_models(groq, Account(groq_emulator.base_url, "gsk_x"))
        refused = await offered_models(groq, Account(groq_emulator.base_url, "gsk_invalid"))
    finally:
        await groq.aclose()

    assert isinstance(offered, frozenset)
    assert LIVING.model in offered
    assert refused == "No list of the models that the key may use: 401 Invalid API Key"


async def test_an_engine_that_is_away_is_said_so():
    class Engine:
        async def latest_definitions(self):
            raise EngineUnreachable("The engine cannot be reached")

    assert await models_in_use(Engine(), ["catalyst-groq"]) == (
        "Processes were not looked at: The engine cannot be reached"
    )


def endpoint(name, models=None):
    return Endpoint(name, Account(f"http://{name}/v1", "the-key"), models, priority=3)


def test_the_endpoints_are_shown_with_what_they_have_and_what_is_not_there():
    local = endpoint("local", {LIVING.model: "gpt-oss", "small": "tiny", "absent": "nowhere"})
    whole = (endpoint("whole"), frozenset({"a", "b"}))
    text = shown("", [], (local, frozenset({"gpt-oss", "tiny"})), (endpoint("away"), "connection refused"), whole)
    rows = [line for line in text.splitlines() if "http://" in line]

    assert all(part in rows[0] for part in ("local", "http://local/v1", "3", f"{LIVING.model}, small", "absent"))
    assert "connection refused" in rows[1]
    assert "all it has: 2" in rows[2]
    assert "the-key" not in text


def test_a_model_that_an_endpoint_has_is_not_dead():
    serves = endpoint("local", {OLD.model: "llama"})
    assert "No deployed process names a dead model" in shown("", [OLD], (serves, frozenset({"llama"})))
    assert "No deployed process names a dead model" in shown("", [OLD], (serves, "connection refused"))
    assert f"names {OLD.model}" in shown(frozenset({OLD.model}), [OLD], (endpoint("b"), frozenset({"x"})))
