"""Family 8: requests that are too long, and other refusals, in the words of other servers."""

from support.field_cases.case import Case, Incident
from support.field_cases.responses import http, refused

CONTEXT = (
    "This model's maximum context length is 512 tokens. However, you requested 1724 tokens (700 in the messages, 1024 "
    "in the completion). Please reduce the length of the messages or completion."
)
WRAPPED = (
    'litellm.RateLimitError: RateLimitError: GroqException - {"error":{"message":"Request too large for model '
    "`openai/gpt-oss-120b` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 8000, "
    'Requested 12328, please reduce your message size and try again.","type":"tokens","code":"rate_limit_exceeded"}}. '
    "Received Model Group=gpt-oss"
)
NEVER_FITS = (
    "Rate limit reached for model `gemma2-9b-it` in organization `org_x` on tokens per minute (TPM): Limit 7000, "
    "Used 0, Requested ~12903. Please try again in 3.5s. Visit https://console.groq.com/docs/rate-limits for more "
    "information."
)


def incident(case_id, server, answer, *texts, **settings):
    return Case(case_id, server, [answer], Incident(texts), paid=0, errors={}, **settings)


CASES = (
    Case(
        "16a-litellm-wrapped-too-large",
        "says 429 through LiteLLM for a request that is larger than the limit: the error mapping of 429 is for waits",
        [http(429, {"error": {"message": WRAPPED, "type": "throttling_error", "param": None, "code": "429"}})],
        Incident(("Limit 8000, Requested 12328", "Send less")),
        paid=0,
        boundary=True,
    ),
    incident(
        "16b-vllm-context",
        "has a context that is smaller than `max_tokens`, in the words of vLLM: nothing is left to shorten",
        http(400, {"error": {"message": CONTEXT, "type": "BadRequestError", "param": None, "code": 400}}),
        "maximum context length is 512 tokens",
        "Send less",
        properties={"catalyst_whenTooLong": "cutVariable"},
        variables={"userMessage": {"type": "String", "value": "word " * 700}},
    ),
    incident(
        "16d-fastapi-422",
        "refuses the form of the request, in the words of FastAPI (422)",
        http(
            422,
            {
                "detail": [
                    {
                        "type": "string_type",
                        "loc": ["body", "messages", 0, "content"],
                        "msg": "Input should be a valid string",
                        "input": [{"type": "text", "text": "hi"}],
                    }
                ]
            },
        ),
        "Input should be a valid string",
    ),
    incident(
        "16e-ollama-404",
        "does not have the model, in the words of Ollama",
        refused(404, 'model "gpt-oss:20b" not found, try pulling it first', type="api_error"),
        'model "gpt-oss:20b" not found, try pulling it first',
        "Name an available model",
    ),
    incident(
        "16f-azure-deployment",
        "does not have the model, in the words of Azure",
        http(
            404,
            {
                "error": {
                    "code": "DeploymentNotFound",
                    "message": "The API deployment for this resource does not exist. If you created the deployment "
                    "within the last 5 minutes, please wait a moment and try again.",
                }
            },
        ),
        "The API deployment for this resource does not exist.",
        "Name an available model",
    ),
    incident(
        "16g-old-429-never-fits",
        "names a wait for a request that is larger than the limit",
        refused(429, NEVER_FITS, "rate_limit_exceeded", type="tokens"),
        "Limit 7000, Used 0, Requested ~12903",
        "Send less",
        boundary=True,
    ),
)
