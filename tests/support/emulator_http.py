"""HTTP requests to a running emulator."""

import httpx

from support.emulator_requests import chat_body

KEY = {"authorization": "Bearer gsk_test_key_of_mine"}


def post_chat(groq_emulator, body=None, **options):
    return httpx.post(
        f"{groq_emulator.base_url}/chat/completions", json=body or chat_body(), headers=KEY, timeout=5, **options
    )
