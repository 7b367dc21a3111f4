"""Which engine a REST API belongs to."""

import pytest

from catalyst_groq.camunda.product import EngineProduct

INTERNALS = {"database": {"vendor": "H2", "version": "2.3.232"}}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            {"product": {"name": "Camunda BPM Runtime", "version": "7.24.0", "internals": INTERNALS}},
            "Camunda 7.24.0 on H2",
        ),
        ({"product": {"name": "Operaton BPM Runtime", "version": "1.0.3"}}, "Operaton 1.0.3"),
        ({"product": {"version": "2.1.0"}}, "unknown 2.1.0"),
        ({"product": {"name": 5, "internals": {"database": "H2"}}}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_product_is_read_from_the_telemetry_data(body, text):
    assert str(EngineProduct.from_body(body)) == text
