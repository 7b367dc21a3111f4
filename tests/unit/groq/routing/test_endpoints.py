"""The names of servers in messages."""

import pytest

from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.routing.endpoints import Endpoint, server_name
from support.factories import make_response

HELD_BACK = NoResponse(NoResponseReason.BUDGET_EXHAUSTED, "", sent=False, seconds=0)


@pytest.mark.parametrize(
    ("server", "response", "name"),
    [
        (ServerKind.GROQ, HELD_BACK, "Groq"),
        (ServerKind.GROQ, make_response(502, "<html>"), "Groq"),
        (ServerKind.OTHER, HELD_BACK, "gateway"),
        (ServerKind.OTHER, make_response(502, "<html>"), "gateway"),
        (ServerKind.OTHER, make_response(429, {}, x_groq_region="dls"), "Groq"),
    ],
)
def test_server_is_named_by_its_kind_or_by_what_it_sends(server, response, name):
    assert server_name(Endpoint("gateway", Account("http://gateway", "key", server)), response) == name
