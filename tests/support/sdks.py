"""Clients of the SDKs of Groq and OpenAI for the emulator."""

from typing import Any

import groq as groq_sdk

MODEL = "openai/gpt-oss-120b"
HELLO: Any = [{"role": "user", "content": "Hello?"}]


def client_of(sdk, groq, **chosen):
    options: Any = {"api_key": "gsk_test", "max_retries": 0, "timeout": 5} | chosen
    if sdk is groq_sdk:
        return groq_sdk.Groq(base_url=groq.url, **options)
    return sdk.OpenAI(base_url=groq.base_url, **options)
