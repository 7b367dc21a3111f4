"""Family 9: rate limits and waits. A server refuses a request that comes earlier than it said."""

import math
from email.utils import formatdate
from time import time

from support.field_cases.case import Case, Completed
from support.field_cases.responses import answered, http, refused
from support.raw_server import Received

PER_MINUTE = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "149000",
    "x-ratelimit-reset-tokens": "6ms",
}
VIRTUAL_KEY = {
    "x-ratelimit-limit-requests": "5",
    "x-ratelimit-limit-tokens": "100000",
    "x-ratelimit-remaining-tokens": "90000",
}


def with_remaining(headers, remaining):
    named = {**headers, "x-ratelimit-remaining-requests": str(max(remaining, 0))}
    return answered("ok", headers=list(named.items()))


def limited(case_id, server, name, make_value, seconds):
    """Refuse the first request, and the second one if it comes before the wait has passed."""

    def respond(received: Received) -> bytes:
        if received.number == 1:
            body = {"error": {"message": "Too many requests", "type": "rate_limit"}}
            return http(429, body, [(name, make_value())])
        if received.seconds_since_last < seconds:
            return refused(400, f"Asked again after {received.seconds_since_last:.2f} s")
        return answered("finally")

    return Case(
        case_id,
        server,
        respond,
        Completed({"aiReply": "finally"}),
        calls=2,
        boundary=True,
        properties={"catalyst_giveUpAfter": "PT2M"},
    )


CASES = (
    Case(
        "14a-openai-rpm-headers",
        "reports 60 requests per minute in the headers in which Groq reports those per day",
        lambda received: with_remaining(PER_MINUTE, 60 - received.number),
        Completed({"aiReply": "ok"}),
        instances=4,
    ),
    Case(
        "14b-rpm-remaining-0",
        "reports that no request is left for one second",
        lambda _: with_remaining(PER_MINUTE, 0),
        Completed({"aiReply": "ok"}),
    ),
    Case(
        "14c-rpm-burst",
        "reports five requests without a reset, and that none is left after five",
        lambda received: with_remaining(VIRTUAL_KEY, 5 - received.number),
        Completed({"aiReply": "ok"}),
        instances=8,
        may_wait=3,
    ),
    limited(
        "15a-http-date",
        "gives `retry-after` as a date three seconds later",
        "retry-after",
        lambda: formatdate(math.ceil(time()) + 3, usegmt=True),
        2.9,
    ),
    limited("15b-go-duration", "gives `retry-after` as `2.66s`", "retry-after", lambda: "2.66s", 2.6),
    limited("15c-ms", "gives the wait as `retry-after-ms: 2500`", "retry-after-ms", lambda: "2500", 2.4),
    limited("15d-nan", "gives `retry-after: nan`", "retry-after", lambda: "nan", 0),
)
