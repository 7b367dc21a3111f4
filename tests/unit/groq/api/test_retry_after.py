"""Waits in the headers of responses."""

import time
from datetime import UTC, datetime
from email.utils import formatdate

import pytest

from catalyst_groq.groq.api.retry_after import MAX_WAIT_SECONDS, parse_retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after": "7.66s"}, 7.66),
        ({"retry-after": "1m26.4s"}, 86.4),
        ({"retry-after-ms": "9000"}, 9),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "3, 5"}, 3),
        ({"retry-after": "nan, 5"}, 5),
        ({"retry-after": "-1"}, 0),
        ({"retry-after-ms": "-1"}, 0),
        ({"retry-after": "315360000"}, MAX_WAIT_SECONDS),
        ({"retry-after": "1e18"}, MAX_WAIT_SECONDS),
        ({"retry-after": "87600h"}, MAX_WAIT_SECONDS),
        ({"retry-after-ms": "1e18"}, MAX_WAIT_SECONDS),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, MAX_WAIT_SECONDS),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 10_000}, None),
    ],
)
def test_forms_of_a_wait(headers, seconds):
    assert parse_retry_after(headers) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    "write",
    [
        lambda at: formatdate(at, usegmt=True),
        lambda at: f"{at:.0f}",
        lambda at: f"{at * 1000:.0f}",
        lambda at: datetime.fromtimestamp(at, UTC).isoformat(),
        lambda at: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        lambda at: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S"),
    ],
    ids=["HTTP date", "Unix seconds", "Unix milliseconds", "ISO date", "ISO date with Z", "ISO date without zone"],
)
def test_time_is_a_wait_until_then(write):
    now = time.time()
    assert parse_retry_after({"retry-after": write(now + 30)}) == pytest.approx(30, abs=2)
    assert parse_retry_after({"retry-after": write(now - 30)}) == 0


def test_time_is_compared_with_the_clock_of_the_server():
    """The worker's clock is an hour slow."""
    now = time.time() + 3600
    headers = {"date": formatdate(now, usegmt=True), "retry-after": formatdate(now + 30, usegmt=True)}
    assert parse_retry_after(headers) == 30
    assert parse_retry_after({**headers, "date": "soon"}) == pytest.approx(3630, abs=2)
