"""Headers and query of an endpoint: what is refused, and the secrets in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.config import factory
from catalyst_groq.config.endpoint_headers import fill_secrets, find_secret_names
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.errors import SettingsError
from catalyst_groq.groq.api.server_kinds import ServerKind
from support.handler_harness import make_secrets

GATEWAY = """
endpoints:
  - name: gateway
    url: https://gateway.example.com/v1
    headers: {X-Title: Invoices, cf-aig-authorization: "Bearer ${gateway_token}", x-a: "$${x} ${a_b} ${gateway_token}"}
    query: {api-version: 2024-10-21}
"""
SECRETS = {"GATEWAY_TOKEN": "token-of-the-gateway", "A_B": "another-secret"}
IN_QUOTES = "has a value that is no text. Write it in quotes"
FIXED = "is set by the worker, and another value would break the request. Remove it"
UNSENDABLE = "has a value that cannot be sent. Use printable ASCII, no line break, no blank around"
A_KEY = "contains a key. Store it as a secret, and write ${name_of_the_secret} instead"
UNCLOSED = "has a ${ without a name and }. Write ${name_of_a_secret}, or $${ for ${ itself"


@pytest.mark.anyio
async def test_headers_contain_secrets_that_are_masked_everywhere(load):
    secrets: Secrets = make_secrets(SECRETS)
    [endpoint] = await factory.make_endpoints(load(GATEWAY), secrets)

    assert dict(endpoint.account.headers) == {
        "X-Title": "Invoices",
        "cf-aig-authorization": "Bearer token-of-the-gateway",
        "x-a": "${x} another-secret token-of-the-gateway",
    }
    assert endpoint.account.query == (("api-version", "2024-10-21"),)
    assert secrets.redactor.mask("token-of-the-gateway another-secret Invoices") == "*** *** Invoices"
    assert "token-of" not in repr(endpoint)


@pytest.mark.anyio
async def test_headers_with_a_missing_secret_are_refused_at_the_start(load):
    with pytest.raises(SettingsError) as caught:
        await factory.make_endpoints(load(GATEWAY), make_secrets({}))
    assert str(caught.value).startswith(
        "Endpoint gateway: headers: cf-aig-authorization: secret not found. Add a secret of that name to "
    )
    assert "gateway_token" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"headers": {"Host": "x"}}, f".headers: Host {FIXED}"),
        ({"headers": {"content-length": "3"}}, f".headers: content-length {FIXED}"),
        ({"headers": {"Content-Type": "text/plain"}}, f".headers: Content-Type {FIXED}"),
        ({"headers": {"a b": "x"}}, ".headers: 'a b' is not the name of a header. Use letters, digits and hyphens"),
        ({"headers": {"x-a:": "x"}}, ".headers: 'x-a:' is not the name of a header. Use letters, digits and hyphens"),
        ({"headers": {"": "x"}}, ".headers: '' is not the name of a header. Use letters, digits and hyphens"),
        ({"headers": {"x-ü": "x"}}, ".headers: 'x-\\xfc' is not the name of a header. Use letters, digits and hyphens"),
        (
            {"headers": {"x-a": "1", "X-A": "2"}},
            ".headers: X-A is there twice: names are the same in upper and lower case. Remove one",
        ),
        ({"headers": {"x-a": "1\nHost: x"}}, f".headers: x-a {UNSENDABLE}"),
        ({"headers": {"x-a": "1\r"}}, f".headers: x-a {UNSENDABLE}"),
        ({"headers": {"x-a": "Grüße"}}, f".headers: x-a {UNSENDABLE}"),
        ({"headers": {"x-a": ""}}, f".headers: x-a {UNSENDABLE}"),
        ({"headers": {"x-a": 10}}, f".headers: x-a {IN_QUOTES}"),
        ({"headers": {"x-a": True}}, f".headers: x-a {IN_QUOTES}"),
        ({"headers": {"x-a": None}}, f".headers: x-a {IN_QUOTES}"),
        ({"headers": ["x-a: 1"]}, ".headers: is not a mapping. Write {x-title: Invoices}"),
        ({"headers": {"x-a": "${b"}}, f".headers: x-a {UNCLOSED}"),
        ({"headers": {"x-a": "${}"}}, f".headers: x-a {UNCLOSED}"),
        ({"headers": {"x-a": "${a${b}}"}}, f".headers: x-a {UNCLOSED}"),
        ({"headers": {"x-portkey-api-key": "abcdef"}}, f".headers: x-portkey-api-key {A_KEY}"),
        ({"headers": {"Helicone-Auth": "Bearer $${x}"}}, f".headers: Helicone-Auth {A_KEY}"),
        ({"headers": {"x-a": "sk-0123456789abcdefghij"}}, f".headers: x-a {A_KEY}"),
        (
            {"headers": {"Authorization": "Basic ${x}"}},
            ": headers: authorization is the header of the key. Write the secret's name as key instead",
        ),
        (
            {"headers": {"API-Key": "${x}"}, "key_header": "api-key"},
            ": headers: api-key is the header of the key. Write the secret's name as key instead",
        ),
        ({"key_header": "Host"}, ".key_header: is not the name of a header for a key. Write for example api-key"),
        ({"key_header": "a b"}, ".key_header: is not the name of a header for a key. Write for example api-key"),
        ({"query": "api-version=1"}, ".query: is not a mapping. Write {api-version: '2024-10-21'}"),
        ({"query": {"v": 1.10}}, f".query: v {IN_QUOTES}"),
        (
            {"query": {"key": "${x}"}},
            ".query: key contains a secret, which logs of servers would show. Use headers or key_header",
        ),
        (
            {"url": "https://x/v1?api-version=1"},
            ".url: contains a query. Write what is after the ? as query: {name: value}",
        ),
        ({"server": "azure"}, ".server: Input should be 'groq' or 'other'"),
    ],
)
def test_headers_that_break_a_request_are_refused(find_problems, fields, problem):
    entry = json.dumps([{"name": "a", **fields}])
    assert find_problems(CATALYST_ENDPOINTS=entry) == [f"CATALYST_ENDPOINTS[0]{problem}"]


@given(st.lists(st.sampled_from(["${a}", "${b_c}", "$${", "$", "{", "}", "x", " "])))
def test_headers_without_placeholders_are_sent_as_written(parts):
    text = "".join(parts)
    if "${" not in text:
        assert list(find_secret_names(text)) == []
        assert fill_secrets(text, {}) == text


@pytest.mark.anyio
async def test_server_kind_of_an_endpoint_holds_for_its_url(load):
    settings = load("endpoints: [{name: a, server: other}, {name: b}, {name: c, url: 'https://gateway', server: groq}]")
    kinds = [endpoint.account.server for endpoint in await factory.make_endpoints(settings, make_secrets({}))]
    assert kinds == [ServerKind.OTHER, ServerKind.OTHER, ServerKind.GROQ]


def test_server_kinds_of_one_url_do_not_differ(find_problems):
    entries = "[{name: a, url: 'https://x', server: other}, {name: b, url: 'https://x', server: groq}]"
    assert find_problems(CATALYST_ENDPOINTS=entries) == [
        "CATALYST_ENDPOINTS: a and b have the same URL, but different servers. Write the same server"
    ]
