"""What a failed call to the engine means: an error with the problem and the remedy. Pure."""

import re
import ssl
from http import HTTPStatus
from typing import Any, NamedTuple

from aiohttp import ClientConnectorDNSError
from yarl import URL

from catalyst_groq.common.texts import end_sentence, shorten
from catalyst_groq.common.web_page import find_title
from catalyst_groq.errors import EngineConflict, EngineRefused, EngineUnreachable, TaskLost, TaskSuspended, ValueTooLong

CHECK_ENGINE = "Check CATALYST_ENGINE_URL, the network and the proxy, and that the engine runs"
CHECK_SENDER = "Check CATALYST_ENGINE_URL, and proxies and log-in pages before the engine"
CHECK_HOST = "Check the host in CATALYST_ENGINE_URL, and DNS"
TRUST_AUTHORITY = "Set CATALYST_ENGINE_CA_FILE to the authority of the engine's certificate"
NO_TLS = "The port speaks no TLS: write http:// in CATALYST_ENGINE_URL, or the port of HTTPS"
SEND_CERTIFICATE = "Set CATALYST_ENGINE_CERTIFICATE: the engine requests a client certificate"

REMEDIES_BY_VERIFY_CODE = {
    10: "Renew the engine's certificate",
    62: "Write the host in CATALYST_ENGINE_URL as the engine's certificate names it",
    64: "Write the host in CATALYST_ENGINE_URL as the engine's certificate names it",
}
"""By OpenSSL's codes: the certificate has expired, is for another host, is for another IP address."""

REMEDIES_BY_TLS_ERROR = {
    "WRONG_VERSION_NUMBER": NO_TLS,
    "RECORD_LAYER_FAILURE": NO_TLS,
    "CERTIFICATE_REQUIRED": SEND_CERTIFICATE,
}
"""By the words in OpenSSL's messages."""

TLS_SETTING = re.compile(r" ssl:(?:<[^>]*>|\S+)(?= \[)")
"""What aiohttp says of its own settings in the message of a connection that failed."""

MAX_EXCERPT_CHARS = 300
MAX_EXCERPT_SOURCE_BYTES = 4000
"""Bytes of a response in which the title of a page is searched."""

CONFLICT_CODES = (1, 10_000)
"""The engine's codes for optimistic locking and for a deadlock in its database (`BuiltinExceptionCode`)."""

COLUMN_SIZE_TOO_SMALL_CODE = 10002
"""The engine's code for a value that is too long, on any database (`BuiltinExceptionCode.COLUMN_SIZE_TOO_SMALL`)."""

REDIRECTS = range(300, 400)
UNAVAILABLE_STATUSES = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
LOCKED_BY_OTHER = re.compile(r"locked by worker", re.IGNORECASE)
SUSPENDED = re.compile(r"ENGINE-03043\b")
"""The engine's answer to a report for a suspended task (`EnginePersistenceLogger.suspendedEntityException`)."""


class Answer(NamedTuple):
    """A response; `location` is the header of a redirect."""

    status: int
    content: bytes
    location: str = ""


def error_of_failure(url: str, cause: Exception, timeout: float) -> EngineUnreachable:
    """Return the error of a call without a response. `url`: the engine's; `timeout`: of the call, in seconds."""
    reason = TLS_SETTING.sub("", str(cause)) or f"no response within {timeout:g} s"
    return EngineUnreachable(f"Engine unreachable at {url}: {reason}. {_find_remedy(cause)}")


def error_of_answer(url: str, requested: str, answer: Answer, body: Any) -> EngineRefused | EngineUnreachable:
    """Return the error that a response means. `url` is the engine's, `requested` that of the call, `body` is parsed."""
    status, content, location = answer
    is_from_engine = isinstance(body, dict) and "type" in body
    if status in REDIRECTS:
        return no_engine(url, f"{status}, {_describe_redirect(url, requested, location)}")
    if status == HTTPStatus.NOT_FOUND and not is_from_engine:
        # The URL does not lead to the REST API, or the REST API is being redeployed.
        has_usual_path = url.endswith("/engine-rest")
        fix = "Is its REST API at another path than" if has_usual_path else "Is /engine-rest missing in"
        return no_engine(url, f"{end_sentence(f'404 {excerpt(content)}')} {fix} CATALYST_ENGINE_URL?")
    if isinstance(body, dict):
        kind, message, code = str(body.get("type") or ""), str(body.get("message") or ""), body.get("code")
    else:
        kind, message, code = "", excerpt(content), None
    if status in UNAVAILABLE_STATUSES:
        problem = f"Engine unreachable at {url}: a gateway responded {status}: {message}"
        return EngineUnreachable(f"{problem.removesuffix(': ')}. {CHECK_ENGINE}")
    if not isinstance(body, dict) and status != HTTPStatus.UNAUTHORIZED:
        message = f"{message or _phrase(status)}: no Camunda engine sends this. {CHECK_SENDER}"
    return _error_class(status, kind, message, code)(status, kind, message)


def no_engine(url: str, problem: str) -> EngineUnreachable:
    """Return the error of a server that is not an engine."""
    return EngineUnreachable(f"The server at {url} is not a Camunda engine: {problem}")


def no_answer_of_an_engine(url: str, content: bytes) -> EngineUnreachable:
    """Return the error of a success that no engine sends, such as a log-in page."""
    return no_engine(url, f"{end_sentence(excerpt(content) or 'no content')} {CHECK_SENDER}")


def excerpt(content: bytes) -> str:
    """Summarize a response that is not JSON: the title of an HTML page, otherwise the beginning of the text."""
    text = content[:MAX_EXCERPT_SOURCE_BYTES].decode(errors="replace")
    return shorten(find_title(text) or " ".join(text.split()), MAX_EXCERPT_CHARS)


def _find_remedy(cause: Exception) -> str:
    if isinstance(cause, ClientConnectorDNSError):
        return CHECK_HOST
    reason = getattr(cause, "certificate_error", cause)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return REMEDIES_BY_VERIFY_CODE.get(getattr(reason, "verify_code", 0), TRUST_AUTHORITY)
    return next((remedy for words, remedy in REMEDIES_BY_TLS_ERROR.items() if words in str(cause)), CHECK_ENGINE)


def _describe_redirect(url: str, requested: str, location: str) -> str:
    """Return where a redirect leads, without what may be secret, and the remedy."""
    fix = "Set CATALYST_ENGINE_URL to the REST API itself, behind proxies and log-in pages"
    try:
        target = str(URL(url).join(URL(location)).with_user(None).with_query(None).with_fragment(None))
    except ValueError:
        location = ""
    if not location:
        return f"a redirect. {fix}"
    path = requested.removeprefix(url).partition("?")[0]
    if path and target.endswith(path):
        fix = f"Set CATALYST_ENGINE_URL to {target.removesuffix(path)}"
    return f"a redirect to {target}. {fix}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no content"


def _error_class(status: int, kind: str, message: str, code: Any) -> type[EngineRefused]:
    if "OptimisticLocking" in kind or code in CONFLICT_CODES:
        return EngineConflict
    if code == COLUMN_SIZE_TOO_SMALL_CODE:
        return ValueTooLong
    if status == HTTPStatus.NOT_FOUND:
        return TaskLost
    if status == HTTPStatus.BAD_REQUEST and LOCKED_BY_OTHER.search(message):
        return TaskLost
    if SUSPENDED.match(message):
        return TaskSuspended
    return EngineRefused
