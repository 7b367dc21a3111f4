"""Process variables: conversion between the engine's typed JSON and Python values."""

import base64
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.domain.variables import Encoder, FileVariable, OpaqueValue, TypedValue, decode

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@given(values, st.integers(1, 20))
def test_variable_roundtrip_keeps_value_and_type(value, string_limit):
    read = decode(Encoder(string_limit).encode("v", value))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        (None, {"type": "Null", "value": None}),
        (True, {"type": "Boolean", "value": True}),
        (0, {"type": "Integer", "value": 0}),
        (TypedValue("Long", 7), {"type": "Long", "value": 7}),
        (TypedValue("Json", "x"), {"type": "Json", "value": '"x"'}),
        (TypedValue("Bytes", "hi"), {"type": "Bytes", "value": "aGk="}),
        (HTTPStatus.OK, {"type": "Integer", "value": 200}),
        (2**31 - 1, {"type": "Integer", "value": 2147483647}),
        (-(2**31), {"type": "Integer", "value": -2147483648}),
        (2**31, {"type": "Long", "value": 2147483648}),
        (2**63 - 1, {"type": "Long", "value": 9223372036854775807}),
        (2**63, {"type": "Json", "value": "9223372036854775808"}),
        (-(2**63) - 1, {"type": "Json", "value": "-9223372036854775809"}),
        (1.0, {"type": "Double", "value": 1.0}),
        (math.nan, {"type": "Null", "value": None}),
        (math.inf, {"type": "Null", "value": None}),
        ("", {"type": "String", "value": ""}),
        ("Grüße 😀", {"type": "String", "value": "Grüße 😀"}),
        ([], {"type": "Json", "value": "[]"}),
        ({"a": [1, {"ü": None}]}, {"type": "Json", "value": '{"a":[1,{"ü":null}]}'}),
        ([1.5, math.nan, {"x": -math.inf}], {"type": "Json", "value": '[1.5,null,{"x":null}]'}),
        ({"on": datetime(2026, 11, 21, tzinfo=UTC)}, {"type": "Json", "value": '{"on":"2026-11-21 00:00:00+00:00"}'}),
    ],
)
def test_encoder_always_sends_the_type(value, typed):
    assert Encoder().encode("v", value) == typed


def test_encoder_keeps_the_names_of_all_variables():
    assert Encoder().encode_all({"a": 1, "b": "x"}) == {
        "a": {"type": "Integer", "value": 1},
        "b": {"type": "String", "value": "x"},
    }


@pytest.mark.parametrize(
    ("text", "kind"), [("x" * 10, "String"), ("x" * 11, "Object"), ("😀" * 5, "String"), ("😀" * 5 + "x", "Object")]
)
def test_string_limit_counts_utf16_units(text, kind):
    assert Encoder(string_limit=10).encode("v", text)["type"] == kind


@pytest.mark.parametrize("text", ["x" * 4001, "a\0b", 'say "ü"\n' * 600])
def test_text_unfit_for_a_string_becomes_a_java_string_object(text):
    typed = Encoder().encode("v", text)
    info = {"objectTypeName": "java.lang.String", "serializationDataFormat": "application/json"}
    assert typed == {"type": "Object", "value": json.dumps(text), "valueInfo": info}


@pytest.mark.parametrize(
    ("value", "filename", "mimetype", "content"),
    [
        ("ü" * 4001, "answer.txt", "text/plain", "ü" * 4001),
        ({"a": "ü"}, "answer.json", "application/json", '{"a":"ü"}'),
    ],
)
def test_encoder_without_json_format_writes_files(value, filename, mimetype, content):
    typed = Encoder(json_format=False).encode("answer", value)
    assert typed["type"] == "File"
    assert typed["valueInfo"] == {"filename": filename, "mimeType": mimetype, "encoding": "UTF-8"}
    assert base64.b64decode(typed["value"]).decode() == content


def test_encoder_without_json_format_writes_short_strings():
    assert Encoder(json_format=False).encode("v", "short") == {"type": "String", "value": "short"}


@pytest.mark.parametrize("encoder", [Encoder(), Encoder(string_limit=1), Encoder(string_limit=1, json_format=False)])
@pytest.mark.parametrize("value", ["\ud83d!", {"cut": "\ud83d"}])
def test_surrogate_half_does_not_prevent_a_report(encoder, value):
    sent = json.dumps(encoder.encode("v", value), ensure_ascii=False)
    assert "\ud83d" not in sent.encode().decode()


def test_surrogate_halves_are_joined_to_their_character():
    assert Encoder().encode("v", "\ud83d\ude00") == {"type": "String", "value": "😀"}


@pytest.mark.parametrize(
    ("zone", "written"),
    [(UTC, "2026-11-21T09:05:03.007+0000"), (timezone(timedelta(hours=-5)), "2026-11-21T09:05:03.007-0500")],
)
def test_date_is_encoded_in_the_engines_format(zone, written):
    moment = datetime(2026, 11, 21, 9, 5, 3, 7999, tzinfo=zone)
    assert Encoder().encode("v", moment) == {"type": "Date", "value": written}


def test_date_without_time_zone_is_local():
    naive = datetime(2026, 11, 21, 9, 5)  # noqa: DTZ001 -- what this test is about
    assert Encoder().encode("v", naive) == Encoder().encode("v", naive.astimezone())


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ({"type": "Date", "value": "2026-11-21T09:00:00.000+0000"}, "2026-11-21T09:00:00.000+0000"),
        ({"type": "Json", "value": '{"a": 1}'}, {"a": 1}),
        ({"type": "Json", "value": None}, None),
        ({"type": "Json", "value": {"a": 1}}, {"a": 1}),
        ({"type": "Object", "value": '"x"', "valueInfo": {"serializationDataFormat": "application/json"}}, "x"),
        ({"type": "Xml", "value": "<a/>", "valueInfo": None}, "<a/>"),
        (
            {"type": "File", "value": None, "valueInfo": {"filename": "a.png"}},
            FileVariable("File", "photo", "image/png", "UTF-8", "a.png"),
        ),
        ({"type": "Bytes", "value": "aGk="}, "hi"),
        ({"type": "Bytes", "value": "/9j/"}, OpaqueValue("Bytes (no UTF-8 text)")),
        ({"type": "Bytes", "value": encoded("%PDF-1.4 \n1 0 obj")}, OpaqueValue("Bytes (a document, not its text)")),
        ({"type": "Bytes", "value": encoded("{\\rtf1 hi}")}, OpaqueValue("Bytes (a document, not its text)")),
        ({"type": "Bytes", "value": encoded("Read %PDF-1.4")}, "Read %PDF-1.4"),
        ({"type": "Json", "value": "{"}, OpaqueValue("Json (broken JSON)")),
        ({"type": "Json", "value": "[" * 100_000}, OpaqueValue("Json (nested too deeply)")),
        ({"type": "Json", "value": "[" * 300 + "]" * 300}, OpaqueValue("Json (nested too deeply)")),
        (
            {
                "type": "Object",
                "value": "rO0AB",
                "valueInfo": {"serializationDataFormat": "application/x-java-serialized-object"},
            },
            OpaqueValue("Object (application/x-java-serialized-object)"),
        ),
        *(({"type": kind, "value": None}, None) for kind in ("Null", "String", "Integer", "Bytes", "Object", "Xml")),
        ({"type": "Object", "value": "?"}, OpaqueValue("Object (not serialised)")),
    ],
)
def test_decode_reads_what_the_engine_sends(typed, value):
    assert decode(typed, "photo") == value
