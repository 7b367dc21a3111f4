"""What to do about an error: the remedy of its kind, more exact for Groq and for single operations. Pure."""

from collections.abc import Mapping

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.operations import Operation

GROQ_REMEDIES: Mapping[ErrorKind, str] = {
    ErrorKind.TRANSIENT: "Look at groqstatus.com, then raise the task's retries.",
    ErrorKind.AUTHENTICATION: "Check the key at console.groq.com and where the Secret Source field takes it from.",
    ErrorKind.ACCOUNT_RESTRICTED: "Have an administrator of the organization look at console.groq.com and write to "
    "Groq's support, or use the key of another organization.",
    ErrorKind.SPEND_LIMIT: "Raise the spend limit at console.groq.com.",
    ErrorKind.MODEL_FORBIDDEN: "Have an administrator of the organization allow the model or accept its terms at "
    "console.groq.com, or name another model.",
}
AUDIO_REMEDIES: Mapping[ErrorKind, str] = {
    ErrorKind.TOO_LARGE: "Send a smaller recording (Groq's free plan: 25 MB).",
    ErrorKind.BAD_REQUEST: "Send another recording, or correct the field that the server names.",
    ErrorKind.MODEL_NOT_FOUND: "Name an available model in the Model field.",
    ErrorKind.GENERATION_FAILED: "The model made a mistake: raise the task's retries, or name Fallback Models.",
    ErrorKind.INVALID_OUTPUT: "The model made a mistake: raise the task's retries.",
    ErrorKind.EMPTY_ANSWER: "Check that the recording contains speech, then raise the task's retries.",
    ErrorKind.RESPONSE_TOO_LARGE: "Send a shorter recording, or have the operator raise CATALYST_MAX_RESPONSE_BYTES.",
}
"""For operations that send recordings: they have no Request Payload."""


def remedy_for(kind: ErrorKind, operation: Operation, *, is_groq: bool) -> str:
    """Return what to do about an error. `is_groq`: the error comes from Groq, not from another server."""
    if operation.model_kind == "transcription" and kind in AUDIO_REMEDIES:
        return AUDIO_REMEDIES[kind]
    return GROQ_REMEDIES.get(kind, kind.remedy) if is_groq else kind.remedy
