"""Models that are gone, or cannot do what is requested."""

from support.planted_mistakes.mistake import COMPLETED, HELLO, SCHEMA, Place, Shown, field, payload

MODELS = [
    field(
        "retired model",
        {"catalyst_model": "llama3-70b-8192"},
        "retired-model",
        "is retired since",
        "Write openai/gpt-oss-120b",
        shown=Shown(Place.LOG, "openai/gpt-oss-120b replaces it for one hour. Replace it in the processes"),
    ),
    field(
        "retired fallback",
        {"catalyst_fallbackModels": "llama-3.1-8b-instant"},
        "retired-model",
        "catalyst_fallbackModels",
        "Write openai/",
        shown=Shown(Place.NOTHING, COMPLETED, "the fallback model is not needed; when it is, it is retired"),
    ),
    field(
        "case of a model",
        {"catalyst_model": "OpenAI/GPT-OSS-120B"},
        "misspelt-model",
        "there is no model",
        "Write openai/gpt-oss-120b",
        shown=Shown(Place.INCIDENT, "Name an available model in the Model field or the Request Payload"),
    ),
    field(
        "audio model for a chat",
        {"catalyst_model": "whisper-large-v3"},
        "model-cannot",
        "no model for chat",
        "Choose another",
        shown=Shown(Place.BPMN_ERROR, "does not support chat completions. Correct the Request Payload"),
    ),
    field(
        "effort of another model",
        payload(f'"reasoning_effort": "none", {HELLO}'),
        "parameter-refused",
        "reasoning_effort: none",
        "Write one of low, medium, high",
        shown=Shown(Place.BPMN_ERROR, "must be one of `low`, `medium`, or `high`"),
    ),
    field(
        "longer than the longest answer",
        payload(f'"max_tokens": 100000, {HELLO}'),
        "parameter-refused",
        "max_tokens: 100000",
        "Write 65536",
        shown=Shown(Place.BPMN_ERROR, "must be less than or equal to `65536`"),
    ),
    field(
        "strict schema of a model that has none",
        {
            "catalyst_model": "openai/gpt-oss-safeguard-20b",
            **payload(f"{SCHEMA}, {HELLO}".replace('"name": "order"', '"name": "order", "strict": true')),
        },
        "parameter-refused",
        "json_schema: strict",
        "Remove it",
        shown=Shown(Place.BPMN_ERROR, "This model does not support response format `json_schema`"),
    ),
]
