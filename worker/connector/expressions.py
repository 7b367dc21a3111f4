"""JMESPath, the one language of placeholders and response mappings."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter

from worker.connector.functions import ReadingFunctions

CACHED_EXPRESSIONS = 4096
INTERPRETER = TreeInterpreter(jmespath.Options(custom_functions=ReadingFunctions()))
"""One for all: it keeps nothing of what it evaluates, and to make one takes longer than most evaluations."""


class ExpressionError(ValueError):
    """A text is no JMESPath, or its evaluation fails (a function given the wrong type)."""


@lru_cache(CACHED_EXPRESSIONS)
def compile_expression(text: str) -> ParsedResult:
    """Parse once. Raises `ExpressionError` that says where the text stops making sense."""
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise ExpressionError(f"`{text}` is not JMESPath: {_one_line(error)}") from error
    except RecursionError as error:
        raise ExpressionError(f"`{text[:40]}…` is nested too deeply") from error


def evaluate(text: str, data: Mapping[str, Any]) -> Any:
    """Evaluate an expression; None where it leads nowhere. Raises `ExpressionError`."""
    try:
        return INTERPRETER.visit(compile_expression(text).parsed, data)
    except JMESPathError as error:
        raise ExpressionError(f"`{text}` cannot be evaluated: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
