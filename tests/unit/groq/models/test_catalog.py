"""The model catalog: the shipped entries, validation, overrides."""

import pickle
from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from catalyst_groq.groq.models.catalog import Feature, Model, apply_overrides, parse_catalog, shipped_catalog

GPT_OSS, QWEN = "openai/gpt-oss-20b", "qwen/qwen3.8-27b"


def test_default_model_is_available_and_priced():
    model = shipped_catalog()[shipped_catalog().default]

    assert model.id == "openai/gpt-oss-120b"
    assert model.is_available
    assert (model.price.input, model.price.output) == (Decimal("0.15"), Decimal("0.6"))
    assert (model.context_window, model.max_completion_tokens) == (131_072, 65_536)


@pytest.mark.parametrize(
    ("retired", "replacement"),
    [
        ("llama-3.3-70b-versatile", "openai/gpt-oss-120b"),
        ("llama-3.1-8b-instant", "openai/gpt-oss-20b"),
        ("gemma2-9b-it", "openai/gpt-oss-20b"),
        ("deepseek-r1-distill-llama-70b", "openai/gpt-oss-120b"),
        ("qwen/qwen3-32b", "openai/gpt-oss-120b"),
    ],
)
def test_models_of_the_original_connector_are_replaced(retired, replacement):
    model = shipped_catalog()[retired]

    assert not model.is_available
    assert model.replacement == replacement
    assert model.retired
    assert model.retired < shipped_catalog().dated


def test_enterprise_model_is_not_available():
    assert not shipped_catalog()["minimaxai/minimax-m2.7"].is_available


def test_unknown_model_is_none():
    assert shipped_catalog().get("gpt-4") is None
    with pytest.raises(KeyError, match="gpt-4"):
        shipped_catalog()["gpt-4"]


def test_unknown_model_is_assumed_to_be_available():
    assert shipped_catalog().assume("gpt-4") == Model(id="gpt-4", status="production")
    assert shipped_catalog().assume(GPT_OSS) is shipped_catalog()[GPT_OSS]


def test_catalog_in_use_goes_to_another_process():
    catalog = apply_overrides(shipped_catalog(), "models: []")
    found = catalog.find(f"groq/{GPT_OSS}")

    copy = pickle.loads(pickle.dumps(catalog))  # noqa: S301 - our own bytes

    assert copy == catalog
    assert copy.find(f"groq/{GPT_OSS}") == found


def test_free_plan_has_limits():
    limits = shipped_catalog()["qwen/qwen3.8-27b"].limits["free"]

    assert (limits.rpm, limits.rpd, limits.tpm, limits.tpd, limits.otpm) == (30, 1000, 8000, 200_000, 1000)


def test_available_chat_models_have_sizes_and_prices():
    chat_models = [model for model in shipped_catalog().available() if model.kind == "chat"]

    assert all(model.context_window and model.max_completion_tokens and model.price.input for model in chat_models)
    assert any(Feature.VISION in model.features for model in chat_models)


AVAILABLE = "{id: a, status: production}"


@pytest.mark.parametrize(
    ("models", "problem"),
    [
        (f"[{AVAILABLE}, {AVAILABLE}]", "models listed twice: a"),
        (
            f"[{AVAILABLE}, {{id: b, status: retired, retired: 2026-01-01, replacement: c}}]",
            "must be available models: c",
        ),
        (f"[{AVAILABLE}, {{id: b, status: retired}}]", "b: `retired` is the day"),
        (f"[{AVAILABLE}, {{id: b, status: preview, retired: 2026-01-01}}]", "b: `retired` is the day"),
        ("[{id: a, status: production, price: {inptu: 1}}]", "inptu"),
        ("[]", "default and replacements must be available models: a"),
    ],
)
def test_catalog_error_names_the_problem(models, problem):
    with pytest.raises(ValidationError, match=problem):
        parse_catalog(f"dated: 2026-11-21\ndefault: a\nmodels: {models}")


def test_catalog_may_be_small():
    catalog = parse_catalog(f"dated: 2026-11-21\ndefault: a\nmodels: [{AVAILABLE}]")

    assert catalog.dated == date(2026, 11, 21)
    assert [model.id for model in catalog.available()] == ["a"]


def test_overrides_replace_only_the_given_fields():
    catalog = apply_overrides(
        shipped_catalog(),
        f"""
        default: mine
        models:
          - {{id: {GPT_OSS}, replacement: mine, context_window: 4096, price: {{input: 1}}}}
          - {{id: mine, status: production}}
        """,
    )
    assert (catalog.default, catalog["mine"].is_available) == ("mine", True)
    changed, shipped = catalog[GPT_OSS], shipped_catalog()[GPT_OSS]
    assert (changed.replacement, changed.context_window, changed.price.input) == ("mine", 4096, Decimal(1))
    assert (changed.price.output, changed.features) == (shipped.price.output, shipped.features)
    assert catalog[QWEN] == shipped_catalog()[QWEN]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- x", "has no models; write models:"),
        ("models: x", "has no models; write models:"),
        ("models: [{price: {}}]", "has no models; write models:"),
        ("models: [{id: a}]", "a: status: Field required"),
        ("models: [{id: a, status: preview, price: {in: 1}}]", "a: price.in: Extra inputs are not permitted"),
        (f"models: [{{id: {QWEN}, context_window: many}}]", f"{QWEN}: context_window: Input should be a valid integer"),
        (f"models: [{{id: {QWEN}, replacement: b}}]", "default and replacements must be available models: b"),
        ("modells: []", "modells: Extra inputs are not permitted"),
    ],
)
def test_override_error_names_the_model_and_field(text, message):
    with pytest.raises(ValueError, match=r".") as caught:
        apply_overrides(shipped_catalog(), text)
    assert message in str(caught.value)


def test_overrides_leave_the_shipped_catalog_unchanged():
    apply_overrides(
        shipped_catalog(), f"models: [{{id: {GPT_OSS}, price: {{input: 99}}}}, {{id: mine, status: preview}}]"
    )

    assert shipped_catalog().get("mine") is None
    assert shipped_catalog()[GPT_OSS].price.input != 99


@pytest.mark.parametrize("text", ["", "{}", "models: []"])
def test_overrides_may_be_empty(text):
    assert apply_overrides(shipped_catalog(), text) == shipped_catalog()
