"""Names and defaults of the fields that the element templates write.

To add a field, name it here and give it a default for each operation that has it.
"""

from collections.abc import Mapping

from catalyst_groq.connector.access.urls import GROQ_URL
from catalyst_groq.groq.api.operations import CHAT_PATH, TRANSCRIPTIONS_PATH

OPERATION = "catalyst_operation"
PAYLOAD = "catalyst_payload"
AUDIO = "catalyst_audio"
LANGUAGE = "catalyst_language"
PROMPT = "catalyst_prompt"
RESPONSE_FORMAT = "catalyst_responseFormat"
GRANULARITIES = "catalyst_timestampGranularities"
TRANSLATE = "catalyst_translate"
MODEL = "catalyst_model"
FALLBACK_MODELS = "catalyst_fallbackModels"
CONVERSATION = "catalyst_conversation"
WHEN_TOO_LONG = "catalyst_whenTooLong"
SECRET_SOURCE = "catalyst_secretSource"  # noqa: S105 -- a field's name
API_KEY = "catalyst_apiKey"
RESPONSE_MAPPING = "catalyst_responseMapping"
ERROR_MAPPING = "catalyst_errorMapping"
COLLECT = "catalyst_collect"
COLLECT_KEY = "catalyst_collectKey"
COLLECT_ERRORS = "catalyst_collectErrors"
STANDARD_VARIABLES = "catalyst_standardVariables"
URL = "catalyst_url"
TIMEOUT = "catalyst_timeout"
RETRIES = "catalyst_retries"
GIVE_UP_AFTER = "catalyst_giveUpAfter"

CHAT_OPERATION = "chat"
TRANSCRIBE_OPERATION = "transcribe"

COMMON_DEFAULTS: Mapping[str, str] = {
    FALLBACK_MODELS: "",
    SECRET_SOURCE: "env",
    API_KEY: "groq_api_key",
    ERROR_MAPPING: """\
{
  "429": "RATE_LIMITED",
  "401": "AUTH_FAILED",
  "400": "INVALID_REQUEST"
}""",
    COLLECT: "",
    COLLECT_KEY: "",
    COLLECT_ERRORS: "true",
    STANDARD_VARIABLES: "always",
    RETRIES: "R3/PT10S",
    GIVE_UP_AFTER: "PT15M",
}

CHAT_DEFAULTS: Mapping[str, str] = {
    OPERATION: CHAT_OPERATION,
    PAYLOAD: """\
{
  "max_tokens": 1024,
  "messages": [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "${userMessage}"}
  ]
}""",
    MODEL: "",
    CONVERSATION: "",
    WHEN_TOO_LONG: "fail",
    RESPONSE_MAPPING: """\
{
  "aiReply": "choices[0].message.content",
  "modelUsed": "model",
  "promptTokens": "usage.prompt_tokens",
  "completionTokens": "usage.completion_tokens",
  "finishReason": "choices[0].finish_reason"
}""",
    URL: GROQ_URL + CHAT_PATH,
    TIMEOUT: "60",
    **COMMON_DEFAULTS,
}
"""The fields of a chat and their defaults. The payload has no model: the catalog's default is filled in per task."""

TRANSCRIPTION_DEFAULTS: Mapping[str, str] = {
    OPERATION: TRANSCRIBE_OPERATION,
    AUDIO: "recording",
    MODEL: "whisper-large-v3-turbo",
    LANGUAGE: "",
    PROMPT: "",
    RESPONSE_FORMAT: "verbose_json",
    GRANULARITIES: "segment",
    TRANSLATE: "false",
    RESPONSE_MAPPING: """\
{
  "transcript": "text",
  "language": "language",
  "duration:Double": "duration",
  "segments": "segments[].{start: start, end: end, text: text}"
}""",
    URL: GROQ_URL + TRANSCRIPTIONS_PATH,
    TIMEOUT: "300",
    **COMMON_DEFAULTS,
}
"""The fields of a transcription and their defaults."""

LOOP_COUNTER = "loopCounter"
"""The engine's variable with the number of an item of a multi-instance, from 0."""

SUCCESS = "catalyst_success"
"""The standard variable that says whether the last call had no error."""

OBJECT_FIELDS = {PAYLOAD, RESPONSE_MAPPING, ERROR_MAPPING}
"""Fields that hold an object, written as JSON or YAML."""
