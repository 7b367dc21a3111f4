"""The Fallback Models field: model ids, separated by commas or as a JSON list. Pure."""

import json
import re
from typing import Any

from catalyst_groq.errors import FieldError

NO_MODEL_ID = re.compile(r"""["'\[\]{};\s]""")
"""What no model id contains: the field has another form then."""

FIX = "Write model ids, separated by commas: openai/gpt-oss-20b, qwen/qwen3.8-27b"


def parse_models(field: str, text: str) -> tuple[str, ...]:
    """Return the model ids. Raises `FieldError` for a form that would never be the id of a model."""
    names = _parse_json_list(field, text) if text.lstrip().startswith("[") else text.split(",")
    models = tuple(name.strip() for name in names if name.strip())
    for model in models:
        if NO_MODEL_ID.search(model) and "${" not in model:
            raise FieldError(field, f"'{model}' is not the id of a model", FIX)
    return models


def _parse_json_list(field: str, text: str) -> list[str]:
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FieldError(field, "begins like a JSON list, but is none", FIX) from error
    if not (isinstance(parsed, list) and all(isinstance(name, str) for name in parsed)):
        raise FieldError(field, "is a list in which not every entry is a text", FIX)
    return parsed
