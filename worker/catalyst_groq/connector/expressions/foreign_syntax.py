"""What is written in other languages (JUEL, Spin, FEEL, SQL), and how it is written in JMESPath. Pure."""

import re
from typing import NamedTuple

import jmespath
from jmespath.exceptions import JMESPathError

QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\])*\"""", re.DOTALL)
NAME = re.compile(r"[^\W\d]\w*", re.ASCII)
NAME_WITH_SIGNS = re.compile(r"(?<![\w.])\d+[^\W\d]\w*|[^\W\d][\w$@:#-]*|\$\w+")
"""A name that may need quotes: with a hyphen or another sign, letters beyond ASCII, or a digit first."""

SEVERAL_WORDS = re.compile(r"\w+(?: \w+)+")
QUOTED_OPERAND = re.compile(r'[=!<>]=?\s*"([A-Za-z_]\w*)"', re.ASCII)
BARE_CONSTANT = re.compile(r"[=!]=\s*(true|false|null)\b(?![.(\[])")
GET_VARIABLE = re.compile(r"""\w+\.getVariable\w*\(\s*(['"])(.+?)\1\s*\)""")
MAX_SEARCHED_CHARS = 1000
"""Of an expression with a mistake."""

ARITHMETIC_HINT = (
    "There is no arithmetic. Let the engine calculate in an input parameter; "
    "join texts by writing one placeholder after the other, or join('', [a, b])"
)
HINTS: tuple[tuple[str, str], ...] = (
    (r"^\s*\$[.\[]", "A path begins without $: order.customer.name, choices[0].message.content"),
    (r"\$\{", "Write names inside a placeholder without ${…}"),
    (
        r"\b(execution|externalTask)\b",
        "Write a variable's name alone; task.businessKey, task.processInstanceId and others are facts of the task",
    ),
    (r"^\s*secrets\b", "Write the name of the secret into the Groq API Key field; no other field can contain a key"),
    (
        r"\b(now|dateTime|today|date|randomUUID|currentUser)\s*\(",
        "Let the engine set a variable before (an input parameter with its own expression), and write its name",
    ),
    (r"(?<!\[)\?", "Write condition && 'a' || 'b' instead of ?:, and name || 'default' for a default"),
    (r"^\s*if\b.*\bthen\b", "Write condition && 'a' || 'b'"),
    (r"\b(not\s+)?empty\b", "Write !name if it is empty, and name if it is not"),
    (
        r"\w[\])}]*\s(eq|ne|lt|gt|le|ge|and|or|is)\s|^\s*not\s|<>|(?<![=!<>])=(?!=)",
        "The operators are == != < <= > >= && || !",
    ),
    (r"\.\s*(size|length|isEmpty)\s*\(", "Write length(name)"),
    (
        r"\b(S|JSON|XML)\s*\(|\.\s*(prop|value|stringValue|numberValue|boolValue|elements|jsonPath|hasProp)\s*\(",
        "A Json variable is read by a path alone: order.customer.name",
    ),
    (r"[=!<>]=?\s*-?\d", "Write numbers in backticks: `5`"),
    (r"\.\s*get\w*\s*\(|\[\s*(''|\"\"|[A-Za-z_])|\.\d", "Write name.key for an entry, and name[0] for an item"),
    (r"\.\s*\w+\s*\(", "Methods of Java cannot be called"),
    (r"^\s*\{[^:]*\}\s*$", "Write one pair of braces: ${name}"),
    (r"[+/%]|\w\s*\*\s*\w|\s-\s|\w\s*-\s*\d", ARITHMETIC_HINT),
)
"""Patterns of what is no JMESPath (with the contents of quotes left out), and what to write. The first that fits."""


class Suggestion(NamedTuple):
    """What to write instead of an expression: a sentence, and the whole expression where that is known."""

    sentence: str
    expression: str | None = None


def suggest(expression: str) -> Suggestion | None:
    """Return how an expression that is not JMESPath may be meant; None where that is unknown."""
    if len(expression) > MAX_SEARCHED_CHARS:
        return None
    if called := GET_VARIABLE.search(expression):
        name = called[2] if NAME.fullmatch(called[2]) else f'"{called[2]}"'
        corrected = expression.replace(called[0], name, 1)
        return Suggestion(f"Write {corrected}", corrected)
    unquoted = QUOTED.sub(lambda quoted: quoted[0][0] * 2, expression)
    hint = next((hint for pattern, hint in HINTS if re.search(pattern, unquoted)), None)
    quoted_names = _quote_names(expression) if hint in {None, ARITHMETIC_HINT} else None
    if quoted_names:
        sentence = f"A name with other characters than A-Z, a-z, digits and _ needs quotes: {quoted_names}"
        return Suggestion(sentence, quoted_names)
    return Suggestion(hint) if hint else None


def find_silent_mistake(expression: str) -> str | None:
    """Return what is wrong with an expression that is JMESPath, but has another meaning than in other languages."""
    unquoted = QUOTED.sub(lambda quoted: quoted[0] if quoted[0][0] == '"' else "''", expression)
    if name := QUOTED_OPERAND.search(unquoted):
        return (
            f"\"{name[1]}\" is a name there. Write a text in single quotes: '{name[1]}', and a name without: {name[1]}"
        )
    if constant := BARE_CONSTANT.search(unquoted):
        return f"{constant[1]} is a name there. Write the constant in backticks: `{constant[1]}`"
    return None


def _quote_names(expression: str) -> str | None:
    """Return the expression with quotes around each name that needs them; None if that does not make it JMESPath."""
    if SEVERAL_WORDS.fullmatch(expression):
        return f'"{expression}"'
    unquoted, quotes = QUOTED.split(expression), [*QUOTED.findall(expression), ""]
    parts = zip((NAME_WITH_SIGNS.sub(_quote_if_needed, part) for part in unquoted), quotes, strict=True)
    corrected = "".join(part + quoted for part, quoted in parts)
    try:
        jmespath.compile(corrected)
    except JMESPathError:
        return None
    return corrected if corrected != expression else None


def _quote_if_needed(name: re.Match[str]) -> str:
    return name[0] if NAME.fullmatch(name[0]) else f'"{name[0]}"'
