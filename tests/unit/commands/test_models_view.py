"""The output of `catalyst-groq models`."""

import io
import json

import pytest
from rich.console import Console

from catalyst_groq.commands.model_references import ModelReference
from catalyst_groq.commands.models import ModelReport
from catalyst_groq.commands.models_view import models_as_json, show_models
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.routing.endpoints import Endpoint

RETIRED = ModelReference("order", "Ask", "llama-3.3-70b-versatile")
AVAILABLE = ModelReference("order", "Ask", "openai/gpt-oss-20b")
ALL_AVAILABLE = "No deployed process uses an unavailable model."
NO_KEY = "There is no GROQ_API_KEY"


def render(offered, references, *endpoints, width=200):
    out = io.StringIO()
    show_models(Console(file=out, width=width), ModelReport(shipped_catalog(), offered, references, endpoints))
    return out.getvalue()


def make_endpoint(name, models=None):
    return Endpoint(name, Account(f"http://{name}/v1", "the-key"), models, priority=3)


def test_models_table_shows_catalog_and_key():
    text = render(frozenset({"openai/gpt-oss-20b", "brand/new"}), [])
    (row,) = (line for line in text.splitlines() if "openai/gpt-oss-20b" in line)

    assert all(part in row for part in ("production", "131,072", "65,536", "0.075", "0.3", "tools", "yes"))
    assert "Groq also offers: brand/new" in text
    assert ALL_AVAILABLE in text


def test_models_table_says_what_a_model_of_recordings_does_and_costs():
    text = render(NO_KEY, [])
    (row,) = (line for line in text.splitlines() if "whisper-large-v3 " in line)

    assert "transcription, translation, 0.111 USD per hour of audio" in row


def test_models_view_names_retired_model_and_replacement():
    message = f"order/Ask uses {RETIRED.model}, retired 2026-08-16. Use openai/gpt-oss-120b instead."

    assert message in render(NO_KEY, [RETIRED, AVAILABLE])
    assert message in render(frozenset({AVAILABLE.model}), [RETIRED])


def test_models_view_names_unknown_model_as_unavailable():
    reference = ModelReference("order", "Ask", "acme/typo")

    assert "order/Ask uses acme/typo, unavailable.\n" in render(frozenset({AVAILABLE.model}), [reference])
    assert ALL_AVAILABLE in render(NO_KEY, [reference])


def test_models_view_accepts_retired_model_of_the_key():
    assert ALL_AVAILABLE in render(frozenset({RETIRED.model}), [RETIRED])


def test_models_view_shows_why_something_is_unknown():
    text = render(NO_KEY, "Deployed processes were not checked: away")

    assert NO_KEY in text
    assert text.endswith("Deployed processes were not checked: away\n")


def test_endpoints_table_shows_usable_and_missing_models():
    local = make_endpoint("local", {AVAILABLE.model: "gpt-oss", "small": "tiny", "absent": "nowhere"})
    text = render(
        "",
        [],
        (local, frozenset({"gpt-oss", "tiny"})),
        (make_endpoint("away"), "connection refused"),
        (make_endpoint("all"), frozenset({"a", "b"})),
    )
    rows = [line for line in text.splitlines() if "http://" in line]

    assert all(part in rows[0] for part in ("local", "http://local/v1", "3", f"{AVAILABLE.model}, small", "absent"))
    assert "connection refused" in rows[1]
    assert "all: 2" in rows[2]
    assert "the-key" not in text


def test_models_view_accepts_models_of_endpoints():
    endpoint = make_endpoint("local", {RETIRED.model: "llama"})

    assert ALL_AVAILABLE in render("", [RETIRED], (endpoint, frozenset({"llama"})))
    assert ALL_AVAILABLE in render("", [RETIRED], (endpoint, "connection refused"))
    other = (make_endpoint("other"), frozenset({"x"}))
    assert f"uses {RETIRED.model}" in render(frozenset({RETIRED.model}), [RETIRED], other)


def test_models_view_escapes_control_characters_of_servers_and_diagrams():
    reference = ModelReference("order\x1b[2J", "Ask\n", "acme/typo\u202e")
    endpoint = make_endpoint("main"), frozenset({"a\x1b]0;title\x07"})
    text = render(frozenset({"new\x1b[31m"}), [reference], endpoint, (make_endpoint("b", {"x\x9b": "x"}), "no\x1b[1m"))
    assert r"new\x1b[31m" in text
    assert r"order\x1b[2J/Ask\n uses acme/typo\u202e, unavailable." in text
    assert not set("\x1b\x9b\x07\u202e") & set(text)


@pytest.mark.parametrize("width", [30, 80, 200, 10_000])
def test_models_view_shows_whole_ids_in_any_width(width):
    offered = frozenset({"acme/a-model-with-a-long-name"})
    endpoint = make_endpoint("local", {"small": "tiny"}), frozenset({"tiny"})
    lines = render(offered, [], endpoint, width=width).splitlines()

    for model in shipped_catalog().available():
        assert any(model.id in line for line in lines), model.id
    assert any("acme/a-model-with-a-long-name" in line for line in lines)
    assert any("http://local/v1" in line for line in lines)


def test_models_json_lists_models_endpoints_and_problems():
    endpoint = make_endpoint("local", {AVAILABLE.model: "gpt", "absent": "nowhere"})
    offered = frozenset({AVAILABLE.model, "brand/new"})
    report = ModelReport(shipped_catalog(), offered, [RETIRED], [(endpoint, frozenset({"gpt"}))])
    content = json.loads(models_as_json(report))
    by_id = {model["id"]: model for model in content["models"]}

    assert by_id[AVAILABLE.model]["offered"] is True
    assert by_id[AVAILABLE.model]["price"]["output"] == 0.3
    assert by_id[RETIRED.model]["replacement"] == "openai/gpt-oss-120b"
    assert content["notInCatalog"] == ["brand/new"]
    assert content["endpoints"] == [
        {
            "name": "local",
            "url": "http://local/v1",
            "priority": 3,
            "models": [AVAILABLE.model],
            "missing": ["absent"],
            "offeredUnknown": None,
        }
    ]
    assert content["uses"] == [{"process": "order", "activity": "Ask", "model": RETIRED.model}]
    assert "order/Ask uses llama-3.3-70b-versatile" in content["problems"][0]
    assert "the-key" not in models_as_json(report)


def test_models_json_gives_the_reason_for_what_is_unknown():
    content = json.loads(models_as_json(ModelReport(shipped_catalog(), NO_KEY, "away")))

    assert content["offeredUnknown"] == NO_KEY
    assert content["usesUnknown"] == "away"
    assert {model["offered"] for model in content["models"]} == {None}
