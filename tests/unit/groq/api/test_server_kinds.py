"""Which servers are Groq, and which are others."""

import pytest

from catalyst_groq.groq.api.server_kinds import ServerKind, ServerKinds

EMULATOR = "http://127.0.0.1:8080/openai/v1"
GATEWAY = "https://gateway.ai.cloudflare.com/v1/me/mine/groq"


@pytest.mark.parametrize(
    ("url", "is_groq"),
    [
        ("https://api.groq.com/openai/v1", True),
        ("https://eu.api.groq.com/openai/v1", True),
        (EMULATOR, True),
        (GATEWAY, True),
        (f"{EMULATOR}/vllm", False),
        ("http://127.0.0.1:8081/openai/v1", False),
        ("https://api.groq.com.example.com/v1", False),
        ("https://notgroq.com/v1", False),
        ("https://groq.helicone.ai/openai/v1", False),
        ("http://[::1]:8000/v1", False),
    ],
)
def test_server_is_groq_by_host_url_or_the_operators_word(url, is_groq):
    kinds = ServerKinds(EMULATOR, {GATEWAY: ServerKind.GROQ})
    assert kinds.of(url) is (ServerKind.GROQ if is_groq else ServerKind.OTHER)


def test_operators_word_wins_over_the_rule():
    assert ServerKinds(EMULATOR, {EMULATOR: ServerKind.OTHER}).of(EMULATOR) is ServerKind.OTHER
