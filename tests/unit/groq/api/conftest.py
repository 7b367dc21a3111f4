"""Fixtures of the tests of Groq's API."""

import pytest

from catalyst_groq.groq.api.client import HttpGroqClient


@pytest.fixture
async def groq_client():
    groq_client = HttpGroqClient()
    yield groq_client
    await groq_client.aclose()
