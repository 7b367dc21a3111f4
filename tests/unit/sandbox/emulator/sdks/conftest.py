"""The emulator, and both SDKs' clients of it."""

import importlib

import pytest

from catalyst_groq.sandbox.emulator import running_emulator
from support.sdks import client_of


@pytest.fixture(scope="module")
def running():
    with running_emulator() as groq:
        yield groq


@pytest.fixture
def groq(running):
    running.reset()
    return running


@pytest.fixture(params=["groq", pytest.param("openai", marks=pytest.mark.slow)])
def sdk(request):
    return importlib.import_module(request.param)  # importing OpenAI's SDK takes 2 s: only for the tests that use it


@pytest.fixture
def client(sdk, groq):
    with client_of(sdk, groq) as sdk_client:
        yield sdk_client
