"""What failed calls to the engine mean: the problem, and what to do."""

import ssl
from http import HTTPStatus

import pytest
from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
)
from aiohttp.client_reqrep import ConnectionKey

from catalyst_groq.camunda.failed_calls import (
    CHECK_ENGINE,
    CHECK_HOST,
    CHECK_SENDER,
    Answer,
    error_of_answer,
    error_of_failure,
    excerpt,
)
from catalyst_groq.errors import EngineRefused, EngineUnreachable

URL = "https://camunda.example.com/engine-rest"
VERSION_URL = f"{URL}/version"
KEY = ConnectionKey("camunda.example.com", 443, True, True, None, None, None)  # noqa: FBT003 -- aiohttp's
LOGIN = b"<html><head><title>Sign in to example</title></head></html>"
NO_ENGINE = f"no Camunda engine sends this. {CHECK_SENDER}"


def certificate_error(code, text):
    cause = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {text}")
    cause.verify_code = code
    return ClientConnectorCertificateError(KEY, cause)


@pytest.mark.parametrize(
    ("cause", "remedy"),
    [
        (ClientConnectorError(KEY, OSError(111, "Connect call failed")), CHECK_ENGINE),
        (ConnectionResetError("Connection lost"), CHECK_ENGINE),
        (TimeoutError(), CHECK_ENGINE),
        (ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")), CHECK_HOST),
        (
            certificate_error(18, "self-signed certificate"),
            "Set CATALYST_ENGINE_CA_FILE to the authority of the engine's certificate",
        ),
        (certificate_error(10, "certificate has expired"), "Renew the engine's certificate"),
        (
            certificate_error(62, "Hostname mismatch"),
            "Write the host in CATALYST_ENGINE_URL as the engine's certificate names it",
        ),
        (
            ClientConnectorSSLError(KEY, ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")),
            "The port speaks no TLS: write http:// in CATALYST_ENGINE_URL, or the port of HTTPS",
        ),
        (
            ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required"),
            "Set CATALYST_ENGINE_CERTIFICATE: the engine requests a client certificate",
        ),
    ],
)
def test_unreachable_engine_is_named_with_the_remedy(cause, remedy):
    message = str(error_of_failure(URL, cause, 30))

    assert message.startswith(f"Engine unreachable at {URL}: ")
    assert message.endswith(f". {remedy}")
    assert "ssl:" not in message


def test_unreachable_engine_that_is_silent_is_named_with_the_timeout():
    message = str(error_of_failure(URL, TimeoutError(), 30))
    assert message == f"Engine unreachable at {URL}: no response within 30 s. {CHECK_ENGINE}"


@pytest.mark.parametrize(
    ("location", "shown", "fix"),
    [
        (
            "https://user:secret@sso.example.com/login?state=secret#x",
            "a redirect to https://sso.example.com/login",
            "Set CATALYST_ENGINE_URL to the REST API itself, behind proxies and log-in pages",
        ),
        ("/login", "a redirect to https://camunda.example.com/login", "Set CATALYST_ENGINE_URL to the REST API itself"),
        (
            "https://new.example.com:8443/engine-rest/version?a=b",
            "a redirect to https://new.example.com:8443/engine-rest/version",
            "Set CATALYST_ENGINE_URL to https://new.example.com:8443/engine-rest",
        ),
        ("", "a redirect", "Set CATALYST_ENGINE_URL to the REST API itself"),
        ("http://[", "a redirect", "Set CATALYST_ENGINE_URL to the REST API itself"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_no_answer_of_an_engine(status, location, shown, fix):
    error = error_of_answer(URL, VERSION_URL, Answer(status, LOGIN, location), ...)

    assert isinstance(error, EngineUnreachable)
    assert str(error).startswith(f"The server at {URL} is not a Camunda engine: {status}, {shown}. {fix}")
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (500, LOGIN, f"500: Sign in to example: {NO_ENGINE}"),
        (403, LOGIN, f"403: Sign in to example: {NO_ENGINE}"),
        (405, b"Method Not Allowed", f"405: Method Not Allowed: {NO_ENGINE}"),
        (500, b"", f"500: {HTTPStatus(500).phrase}: {NO_ENGINE}"),
        (599, b"", f"599: no content: {NO_ENGINE}"),
    ],
)
def test_page_in_place_of_an_answer_names_the_url(status, content, message):
    error = error_of_answer(URL, VERSION_URL, Answer(status, content), ...)

    assert isinstance(error, EngineRefused)
    assert str(error) == message


def test_refusal_of_the_engine_is_in_its_own_words():
    body = {"type": "AuthorizationException", "message": "The user is not authorized"}
    error = error_of_answer(URL, VERSION_URL, Answer(403, b"{}"), body)

    assert str(error) == "403 AuthorizationException: The user is not authorized"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_gateway_without_an_engine_is_named_with_the_remedy(status):
    error = error_of_answer(URL, VERSION_URL, Answer(status, b"no engine behind"), ...)

    assert isinstance(error, EngineUnreachable)
    assert str(error) == f"Engine unreachable at {URL}: a gateway responded {status}: no engine behind. {CHECK_ENGINE}"


@pytest.mark.parametrize("content", [b"x" * 301, b"<html><head><title>" + b"x" * 301 + b"</title></head></html>"])
def test_excerpt_that_is_cut_ends_with_an_ellipsis(content):
    assert excerpt(content) == "x" * 300 + "…"
