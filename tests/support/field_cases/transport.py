"""Family 11: transport. What HTTP servers, gateways and proxies send instead of an answer, or around it."""

import json

from support.field_cases.case import Case, Completed, Incident
from support.field_cases.responses import answered, chat, http, refused

HELLO = json.dumps(chat("hello")).encode()
JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
ODD_TEXT = "a\x00b \ud83d lone \u202eRTL \U0001f600"
CLOUDFLARE_PAGE = """<!DOCTYPE html>
<!--[if lt IE 7]> <html class="no-js ie6 oldie" lang="en-US"> <![endif]-->
<!--[if gt IE 8]><!--> <html class="no-js" lang="en-US"> <!--<![endif]-->
<head>
<title>Attention Required! | Cloudflare</title>
<meta charset="UTF-8" />
</head><body><h1>Sorry, you have been blocked</h1><h2>You are unable to access groq.com</h2>
<p>Cloudflare Ray ID: 8a0</p></body></html>"""
NGINX_PAGE = (
    "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity "
    "Too Large</h1></center>\r\n<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>"
)
LOGIN_PAGE = "<html><head><title>Sign in</title></head><body>Corporate proxy login</body></html>"
PROXY_REFUSAL = (
    b'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="corp"\r\ncontent-length: 0\r\n'
    b"connection: close\r\n\r\n"
)
PROXY_WORKERS = ("proxy-password", "proxy-env", "proxy-capitals")
"""The workers whose requests go through a proxy: one of the settings, one of the environment, one in capitals."""


def behind_proxy(case_id, server, worker):
    return Case(
        case_id,
        server,
        (),
        Incident(("Proxy Authentication Required",)),
        calls=0,
        paid=0,
        worker=worker,
        has_own_url=False,
        errors={},
    )


def hello(case_id, server, *steps):
    return Case(case_id, server, [steps], Completed({"aiReply": "hello"}))


def incident(case_id, server, answer, *texts, calls=1, not_about=("<", "Request Payload"), **settings):
    return Case(case_id, server, [answer], Incident(texts, not_about), calls=calls, paid=0, errors={}, **settings)


CASES = (
    behind_proxy(
        "01-proxy-password", "is a proxy of `CATALYST_GROQ_PROXY` that refuses the password", PROXY_WORKERS[0]
    ),
    behind_proxy("01b-proxy-env", "is a proxy of the environment that refuses the password", PROXY_WORKERS[1]),
    behind_proxy(
        "01c-proxy-host-in-capitals", "is a proxy with a host in capitals that refuses the password", PROXY_WORKERS[2]
    ),
    hello(
        "18a-long-header",
        "sends a header of 10 kB",
        answered(
            "hello",
            headers=[("content-security-policy", "default-src 'self'; " + "img-src https://cdn.example.com/x " * 300)],
        ),
    ),
    hello("18b-bom", "begins the JSON with a byte order mark", http(200, b"\xef\xbb\xbf" + HELLO)),
    hello("18c-many-headers", "sends 200 headers", answered("hello", headers=[(f"x-h-{n}", "v") for n in range(200)])),
    incident(
        "18d-zstd",
        "sends a broken body in zstd",
        http(200, bytes.fromhex("28b52ffd2003190000") + b"{}x", [("content-encoding", "zstd")]),
        "'zstd'",
        "Have the operator correct what the server, or a gateway before it, sends",
    ),
    hello(
        "18h-no-reason-http10",
        "speaks HTTP/1.0, and leaves out the words of the status",
        b"HTTP/1.0 200\r\ncontent-type: application/json\r\n\r\n" + HELLO,
    ),
    hello("18i-whitespace-keepalive", "sends blanks while it works", JSON_HEAD, b"\n" * 3, 2.0, b" \n" * 3, HELLO),
    incident("26-empty-200", "sends status 200 without a body", http(200, b""), "200 an empty response", calls=3),
    incident(
        "26b-204",
        "sends status 204",
        b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
        "204 an empty response",
        calls=3,
    ),
    incident(
        "26c-200-html",
        "is a portal that asks for a login with status 200",
        http(200, LOGIN_PAGE, content_type="text/html"),
        "200 a web page: Sign in",
        calls=3,
    ),
    incident(
        "26d-307",
        "redirects to another URL, with a token in it",
        http(307, b"", [("location", "https://gateway.example.com/v1/chat/completions?token=abc")]),
        "307 The URL redirects to https://gateway.example.com/v1/chat/completions",
        calls=3,
        not_about=("token=abc",),
    ),
    incident(
        "26e-529",
        "is overloaded (529)",
        http(529, {"error": {"message": "Overloaded", "type": "overloaded_error"}}),
        "529 Overloaded",
        calls=3,
    ),
    incident(
        "26f-425",
        "does not process early data (425)",
        http(425, {"error": {"message": "Too early"}}),
        "425 Too early",
        calls=3,
    ),
    incident(
        "26g-431",
        "refuses the headers as too large (431)",
        http(431, {"error": {"message": "Request Header Fields Too Large"}}),
        "431 Request Header Fields Too Large",
    ),
    incident(
        "26h-error-list",
        "sends an error as a list, in the words of Google",
        http(
            404,
            [
                {
                    "error": {
                        "code": 404,
                        "message": "models/gpt-oss is not found for API version v1main, or is not supported for "
                        "generateContent.",
                        "status": "NOT_FOUND",
                    }
                }
            ],
        ),
        "models/gpt-oss is not found for API version v1main",
        not_about=(),
    ),
    Case(
        "26j-nul-and-surrogates",
        "sends NUL, half a surrogate pair and marks of direction in the text",
        [http(200, json.dumps(chat(ODD_TEXT)).encode())],
        Completed({"aiReply": "a\x00b � lone \u202eRTL \U0001f600"}),
    ),
    incident(
        "26k-500-invalid-json-in-prompt",
        "has an internal error (500)",
        refused(500, "Internal Server Error", type="internal_server_error"),
        "500 Internal Server Error",
        calls=3,
    ),
    incident(
        "30a-cloudflare-403",
        "is Cloudflare, which blocks the client with a page",
        http(403, CLOUDFLARE_PAGE, content_type="text/html; charset=UTF-8"),
        "403 a web page: Attention Required! | Cloudflare",
    ),
    incident(
        "30b-1010",
        "is Cloudflare, which blocks the client with a line of text",
        http(403, "error code: 1010", content_type="text/plain; charset=UTF-8"),
        "403 error code: 1010",
    ),
    incident(
        "30c-1015",
        "is Cloudflare, which limits the rate with a line of text",
        http(429, "error code: 1015", content_type="text/plain; charset=UTF-8"),
        "429",
        "lengthen 'Give up waiting after'",
        calls=5,
        fewest_calls=1,
        boundary=True,
        properties={"catalyst_giveUpAfter": "PT5S"},
    ),
    incident(
        "30d-nginx-413",
        "is nginx, which refuses the size of the request with a page",
        http(413, NGINX_PAGE, content_type="text/html"),
        "413 a web page: 413 Request Entity Too Large",
        "Send less",
    ),
)
