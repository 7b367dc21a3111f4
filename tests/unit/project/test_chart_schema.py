"""The names of settings in the schema of the chart's values, made from the settings."""

import json

import pytest
from chart_schema import SCHEMA, format_schema
from jsonschema import Draft7Validator


def test_chart_schema_names_the_settings_of_the_code():
    written = SCHEMA.read_text(encoding="utf-8")
    assert written == format_schema(json.loads(written)), "run `make pages`"


@pytest.mark.parametrize(
    ("values", "is_valid"),
    [
        ({"config": {"limits": "developer", "groq_api_url": "https://gateway.example.com/v1"}}, True),
        ({"config": {"engine_password_file": "/run/engine/password"}}, True),
        ({"config": {"limit": "developer"}}, False),
        ({"config": {"log_level_file": "/run/level"}}, False),
        ({"config": {"CATALYST_LIMITS": "developer"}}, False),
        ({"extraEnv": [{"name": "CATALYST_LOG_LEVEL", "value": "DEBUG"}]}, True),
        ({"extraEnv": [{"name": "CATALYST_ENGINE_PASSWORD_FILE", "value": "/run/engine/password"}]}, True),
        ({"extraEnv": [{"name": "CATALYST_LOGLEVEL", "value": "DEBUG"}]}, False),
        ({"extraEnv": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://otel:4318"}]}, True),
        ({"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}, {"name": "no_proxy"}]}, True),
        ({"extraEnv": [{"name": ""}]}, False),
    ],
)
def test_chart_schema_refuses_names_that_are_no_setting(values, is_valid):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    engine = {"url": "http://camunda:8080/engine-rest"}

    assert Draft7Validator(schema).is_valid({"engine": engine, **values}) is is_valid
