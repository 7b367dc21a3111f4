"""Requests that Groq refuses."""

from support.planted_mistakes.mistake import HELLO, Place, Shown, field, payload

REQUESTS = [
    field(
        "10: max_token",
        payload(f'"max_token": 9, {HELLO}'),
        "groq-refuses",
        "did you mean 'max_tokens'?",
        "Correct",
        shown=Shown(Place.BPMN_ERROR, "did you mean 'max_tokens'?. Correct the Request Payload"),
    ),
    field(
        "10: decimal comma",
        payload(f'"temperature": "0,7", {HELLO}'),
        "groq-refuses",
        "'temperature'",
        "Correct",
        shown=Shown(Place.BPMN_ERROR, "400 'temperature' : value must be a number. Correct the Request Payload"),
    ),
    field(
        "10: role misspelt",
        payload('"messages": [{"role": "usr", "content": "Hello"}]'),
        "groq-refuses",
        "'role' has invalid value",
        "Correct",
        shown=Shown(Place.BPMN_ERROR, "'role' has invalid value. Correct the Request Payload"),
    ),
    field(
        "temperature too high",
        payload(f'"temperature": 3, {HELLO}'),
        "groq-refuses",
        "must be at most 2",
        "Correct",
        shown=Shown(Place.BPMN_ERROR, "number must be at most 2. Correct the Request Payload"),
    ),
    field(
        "JSON mode without the word JSON",
        payload(f'"response_format": {{"type": "json_object"}}, {HELLO}'),
        "groq-refuses",
        "must contain the word 'json'",
        "Correct",
        shown=Shown(Place.BPMN_ERROR, "must contain the word 'json' in some form"),
    ),
    field(
        "image without a URL",
        payload(
            '"model": "qwen/qwen3.8-27b", '
            '"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": 7}]}]'
        ),
        "groq-refuses",
        "'image_url' is missing",
        "Correct",
        shown=Shown(Place.BPMN_ERROR, "property 'image_url' is missing"),
    ),
]
