"""Waits in the headers of responses."""

import time
from email.utils import formatdate

import pytest

from catalyst_groq.groq.api.retry_after import parse_retry_after


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
        ({"retry-after": "-1"}, 0),
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


def test_date_is_a_wait_until_then():
    header = {"retry-after": formatdate(time.time() + 30, usegmt=True)}
    assert parse_retry_after(header) == pytest.approx(30, abs=2)
