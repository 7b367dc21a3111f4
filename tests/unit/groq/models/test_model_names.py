"""Names of gateways: which model of the catalog they mean, and which they do not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.models.catalog import apply_overrides, shipped_catalog
from catalyst_groq.groq.models.model_names import find_gateway_name

CATALOG = shipped_catalog()
IDS = [model.id for model in CATALOG.models]
LARGE = "openai/gpt-oss-120b"


@pytest.mark.parametrize(
    "name",
    [
        "groq/openai/gpt-oss-120b",
        "openrouter/openai/gpt-oss-120b",
        "openrouter/openai/gpt-oss-120b:nitro",
        "openai/gpt-oss-120b:free",
        "OpenAI/GPT-OSS-120B",
        "azure/openai/gpt-oss-120b",
        "azure/gpt-oss-120b",
        "gpt-oss-120b",
        "gpt-oss-120b-2025-08-05",
        "openai/gpt-oss-120b@20250805",
        "openai/gpt-oss-120b-20250805:free",
        "@cf/openai/gpt-oss-120b",
        "workers-ai/@cf/openai/gpt-oss-120b",
        "openai.gpt-oss-120b-1:0",
        "bedrock/us.openai.gpt-oss-120b-1:0",
        "bedrock/openai.gpt-oss-120b-v1:0",
        "accounts/fireworks/models/gpt-oss-120b",
        "portkey/any-prefix/openai/gpt-oss-120b",
        " openai/gpt-oss-120b ",
    ],
)
def test_gateway_name_means_the_model_whose_id_it_contains(name):
    assert CATALOG.find(name).id == LARGE


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("groq/openai/gpt-oss-20b", "openai/gpt-oss-20b"),
        ("openai/gpt-oss-safeguard-20b:free", "openai/gpt-oss-safeguard-20b"),
        ("groq/llama-3.3-70b-versatile", "llama-3.3-70b-versatile"),
        ("groq/whisper-large-v3", "whisper-large-v3"),
        ("@cf/openai/whisper-large-v3-turbo", "whisper-large-v3-turbo"),
        ("groq/moonshotai/kimi-k2-instruct-0905", "moonshotai/kimi-k2-instruct-0905"),
        ("groq/groq/compound", "groq/compound"),
    ],
)
def test_gateway_name_means_no_model_that_is_alike(name, model):
    assert CATALOG.find(name).id == model


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "gpt-oss",
        "openai/gpt-oss",
        "openai/gpt-oss-1200b",
        "openai/gpt-oss-120b-mini",
        "openai/gpt-oss-120b-instruct",
        "openai/gpt-oss-120",
        "my-openai/gpt-oss-120b-2",
        "xopenai/gpt-oss-120b",
        "notopenai.gpt-oss-120b",
        "unsloth/gpt-oss-120b",
        "acme/tuned/gpt-oss-120b",
        "ft:gpt-oss-120b:acme::abc",
        "openai/gpt-oss-120b:acme:tuned",
        "gpt-oss:120b",
        "gpt-oss-120b/mine",
        "my-gpt-oss-120b",
        "compound",
        "azure/compound",
        "llama-3.3-70b",
        "llama-3.3-70b-versatile-tuned",
        "whisper",
        "whisper-large-v3-turbo-x",
        "gpt-oss-120b-2025",
        "x" * 1000 + "/openai/gpt-oss-120b",
    ],
)
def test_gateway_name_of_which_a_part_is_alike_means_nothing(name):
    assert CATALOG.find(name) is None


def test_gateway_name_in_the_catalog_wins():
    own = apply_overrides(CATALOG, "models: [{id: 'azure/gpt-oss-120b', status: production, price: {input: 9}}]")
    assert own.find("azure/gpt-oss-120b").price.input == 9
    assert own.find("eu/azure/gpt-oss-120b").price.input == 9
    assert own.find("gpt-oss-120b") is None, "two models are meant"


def test_gateway_name_of_a_free_model_has_no_price():
    price = CATALOG.find("openai/gpt-oss-120b:free").price
    assert (price.input, price.output, price.cached_input) == (Decimal(), Decimal(), None)
    assert CATALOG.find("openai/gpt-oss-120b:nitro").price == CATALOG[LARGE].price


@given(
    st.sampled_from(IDS), st.sampled_from(["", "groq/", "a/b/", "@cf/"]), st.sampled_from(["", ":free", "-2025-01-31"])
)
def test_gateway_name_with_prefix_and_suffix_means_its_own_model(model, prefix, suffix):
    assert find_gateway_name(prefix + model + suffix, IDS).id == model


@given(st.sampled_from(IDS), st.text("abz019", min_size=1, max_size=3))
def test_gateway_name_with_more_letters_means_no_other_model(model, letters):
    found = find_gateway_name(model + letters, IDS)
    assert found is None or found.id == model + letters
