"""Takes the texts of the engine's expressions out of its error messages. Pure.

An error mapping of the engine (`camunda:errorEventDefinition`) may search a failure's message or details for a text:
`${externalTask.errorMessage.contains('RATE_LIMITED')}`. If that expression fails, the engine's message quotes it. A
failure with this message would contain the text, and the engine would throw the BPMN error.
"""

import re

EXPRESSION = re.compile(r"[$#]\{(?:.*\}|.*$)", re.DOTALL)
"""From the first beginning of an expression to the last brace, as expressions hold braces themselves."""

LITERAL = re.compile(r"""'((?:[^'\\]|\\.)+)'|"((?:[^"\\]|\\.)+)\"""", re.DOTALL)
REMOVED = "…"
MIN_SEARCHED_CHARS = 4
"""A shorter text is removed from expressions only: any message contains it."""


def remove_searched_texts(message: str) -> str:
    """Return the message without the texts that the expressions in it hold."""
    expression = EXPRESSION.search(message)
    if expression is None:
        return message
    texts = [literal[1] or literal[2] for literal in LITERAL.finditer(expression[0])]
    message = EXPRESSION.sub(lambda match: LITERAL.sub(f"'{REMOVED}'", match[0]), message)
    for text in texts:
        if len(text) >= MIN_SEARCHED_CHARS:
            message = message.replace(text, REMOVED)
    return message
