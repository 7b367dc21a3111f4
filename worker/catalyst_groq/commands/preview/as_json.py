"""A preview as JSON, for programs."""

import json
from typing import Any

from catalyst_groq.commands.preview.preview import Piece, Preview, PreviewedRequest
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome


def to_json(preview: Preview) -> str:
    """Return the preview as a JSON object. What is not known is null."""
    task = preview.task
    content = {
        "source": task.source,
        "task": {"id": task.written.id, "name": task.written.name, "topic": task.topic},
        "fields": [_piece(piece) for piece in preview.fields],
        "variables": [_piece(piece) | {"type": piece.type} for piece in preview.variables],
        "requests": [_request(request) for request in preview.requests],
        "skipped": list(preview.skipped),
        "outcome": None if preview.outcome is None else _outcome(preview.outcome) | {"variables": preview.encoded},
        "response": preview.response or None,
        "notes": list(preview.notes),
    }
    return as_shown_json(content)


def as_shown_json(value: Any) -> str:
    """Return a value as JSON in lines. A recording is described; half a surrogate pair is a question mark."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return text.encode(errors="replace").decode()


def _piece(piece: Piece) -> dict[str, Any]:
    return {"name": piece.name, "source": piece.source, "value": piece.value}


def _request(request: PreviewedRequest) -> dict[str, Any]:
    estimate = request.estimate
    return {
        "endpoint": request.endpoint,
        "model": request.model,
        "reasons": list(request.reasons),
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.payload,
        "promptTokens": estimate.prompt_tokens,
        "maxOutputTokens": estimate.output_tokens,
        "maxCostUsd": None if estimate.max_cost is None else float(estimate.max_cost),
        "problem": estimate.problem or None,
        "result": request.result or None,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Completion():
            collected = outcome.collected
            return {
                "kind": "completion",
                "local": sorted(outcome.local),
                "collected": collected and {"variable": collected.variable, "key": collected.key},
            }
        case BpmnError():
            return {"kind": "bpmnError", "code": outcome.code, "message": outcome.message}
        case Failure():
            return {"kind": "failure", "message": outcome.message, "retries": outcome.retries}
        case _:
            return {"kind": "unlocked"}
