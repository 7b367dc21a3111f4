"""The format of a journal entry."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.errors import UnreadableEntry
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import (
    ENTRY_VERSION,
    JournalKey,
    decode_body,
    decode_response,
    encode_body,
    encode_response,
    request_key,
)
from support.factories import make_response, texts

AUDIO = bytes(range(256))


def test_request_key_differs_by_endpoint_and_content():
    keys = {
        request_key(endpoint, content)
        for endpoint in ("https://groq/chat", "https://other/chat")
        for content in (b"{}", b"{ }")
    }

    assert len(keys) == 4
    assert str(JournalKey("task-1", "abc")) == "task-1:abc"


@given(content=st.one_of(st.binary(), texts.map(lambda text: text.encode(errors="replace"))))
def test_entry_restores_response(content):
    response = Response(200, {"x-request-id": "req_1", "date": "today"}, content, 1.5)
    restored = decode_response(encode_response(response))

    assert restored == Response(200, {"x-request-id": "req_1"}, content)
    assert restored.seconds == 1.5


def test_entry_names_its_version():
    assert json.loads(encode_response(make_response()))["version"] == ENTRY_VERSION


@pytest.mark.parametrize("text", ['{"a": "b"}', "half a pair: \ud83d"])
def test_entry_without_version_is_read(text):
    entry = json.dumps({"status": 200, "headers": {"x-request-id": "req_1"}, "text": text, "seconds": 0.5})

    assert decode_response(entry) == Response(200, {"x-request-id": "req_1"}, text.encode(errors="surrogatepass"))


def test_entry_of_newer_version_is_refused():
    entry = json.dumps({"version": ENTRY_VERSION + 1, "status": 200, "headers": {}, "text": "", "seconds": 0})
    with pytest.raises(UnreadableEntry, match=rf"version {ENTRY_VERSION + 1}; this worker reads versions up to"):
        decode_response(entry)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "[]",
        "{}",
        '{"version": "new"}',
        pytest.param("[" * 100_000, id="nested deeply"),
        '{"status": "200", "headers": {}, "seconds": 0, "text": ""}',
        '{"status": 200, "headers": [], "seconds": 0, "text": ""}',
        '{"status": 200, "headers": {}, "seconds": 0, "text": null}',
        '{"status": 200, "headers": {}, "seconds": 0, "base64": "?"}',
    ],
)
def test_entry_that_is_malformed_is_unreadable(entry):
    with pytest.raises(UnreadableEntry, match="it is damaged "):
        decode_response(entry)


@pytest.mark.parametrize(
    ("body", "name"),
    [(b"", "text"), ("größer 😀".encode(), "text"), (AUDIO, "base64"), (b"\xff\xfb\x90\x00", "base64")],
)
def test_body_is_stored_as_text_or_base64(body, name):
    entry = json.loads(json.dumps(encode_body(body)))

    assert list(entry) == [name]
    assert decode_body(entry) == body


@given(body=st.binary())
def test_body_of_any_bytes_is_restored(body):
    assert decode_body(encode_body(body)) == body
