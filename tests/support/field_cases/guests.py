"""Family 12: other servers with an OpenAI-compatible API."""

from support.field_cases.case import Case, Completed
from support.field_cases.responses import answered, chat, http

CASES = (
    Case(
        "23a-logprobs-n",
        "is vLLM, and takes parameters that Groq refuses",
        [answered("ok")],
        Completed({"aiReply": "ok"}),
        errors={},
        payload={
            "model": "my-vllm-model",
            "n": 2,
            "logprobs": True,
            "messages": [{"role": "user", "name": "ada", "content": "${userMessage}"}],
        },
    ),
    Case(
        "33-model-name-of-gateway",
        "is a gateway that calls the model `groq/openai/gpt-oss-120b`",
        [http(200, chat("ok", model="groq/openai/gpt-oss-120b"))],
        Completed({"aiReply": "ok"}, {"costUsd": 9e-06}),
    ),
)
