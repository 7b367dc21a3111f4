"""Estimates the tokens of a text or a request without a model's vocabulary. Pure.

The classes of characters and their weights were measured against o200k (reference/groq-api.md, section 6). The estimate
is 0.9 to 1.2 times the real number for prose, JSON, XML, code, Chinese and Japanese, and 0.74 times for base64. The
usual "characters / 4" is 0.55 times for JSON, which processes send most.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from math import ceil
from typing import Any, NamedTuple

from catalyst_groq.groq.models.catalog import Model

_MAX_WORD_LETTERS = 7
_LETTERS_PER_TOKEN = 6
_DIGITS_PER_TOKEN = 3
_SYMBOLS_PER_TOKEN = 2
_TOKENS_PER_CJK = 0.78
_OTHER_LETTERS_PER_TOKEN = 3.3


class _CharacterClass(NamedTuple):
    """A class of characters, disjoint from the others: its pieces, and the tokens of a piece by its length."""

    pieces: re.Pattern[str]
    tokens: Callable[[int], float]


_CJK = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_ASCII = (
    _CharacterClass(
        re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]"),
        lambda length: 1 if length <= _MAX_WORD_LETTERS else ceil(length / _LETTERS_PER_TOKEN),
    ),
    _CharacterClass(re.compile(r"[0-9]+"), lambda length: ceil(length / _DIGITS_PER_TOKEN)),
    _CharacterClass(re.compile(r"\n\s*|[^\S\n]{2,}"), lambda _: 1),
    _CharacterClass(re.compile(r"[!-/:-@\[-`{-~]+"), lambda length: ceil(length / _SYMBOLS_PER_TOKEN)),
    _CharacterClass(re.compile(r"[\x00-\x08\x0e-\x1b\x7f]"), lambda _: 1),
)
_NON_ASCII = (
    _CharacterClass(re.compile(rf"(?!\s)[{_CJK}]"), lambda _: _TOKENS_PER_CJK),
    _CharacterClass(re.compile(rf"[^\x00-\x7f\s{_CJK}]"), lambda _: 1 / _OTHER_LETTERS_PER_TOKEN),
)
_SPACE = _CharacterClass(re.compile(r"\s"), lambda _: 0)
"""A single space belongs to the token of the word after it."""

_CLASSES = (*_ASCII, *_NON_ASCII, _SPACE)
_PIECE = re.compile("|".join(f"({characters.pieces.pattern})" for characters in _CLASSES))
_ROUNDING_DECIMALS = 9
"""Decimals to which a sum of tokens is exact, whatever the order of its summands."""

_LONG_TEXT_CHARS = 100_000
"""A longer text is split piece by piece: the list of all its pieces needs many times its memory."""

CACHED_SYSTEM_PROMPTS = 64
"""System prompts whose estimates are cached: the tasks of one service task share a system prompt, often a long one."""

MAX_CACHED_PROMPT_CHARS = 20_000
"""A longer system prompt is not cached: it contains a document that differs in each task."""

MESSAGE_TOKENS = 4
"""For the role and the delimiters of one message."""

DEFAULT_OUTPUT_TOKENS = 1024
"""Assumed length of the response when the request does not limit it."""


def estimate_tokens(text: str) -> int:
    """Return the estimated number of tokens of a text."""
    if len(text) > _LONG_TEXT_CHARS:
        return _round_up(sum(tokens for _, tokens in split_tokens(text)))
    classes = _ASCII if text.isascii() else _CLASSES
    # One pass for each class takes half the time of one pass over all pieces. Every prompt is estimated here.
    return _round_up(
        sum(sum(map(characters.tokens, map(len, characters.pieces.findall(text)))) for characters in classes)
    )


_estimate_once = lru_cache(CACHED_SYSTEM_PROMPTS)(estimate_tokens)


def cut_to_tokens(text: str, tokens: int) -> str:
    """Return the longest prefix of a text that is estimated at no more than `tokens` tokens."""
    tokens_left = float(tokens)
    length = 0
    for piece, weight in split_tokens(text):
        if weight > tokens_left:
            return text[: length + int(tokens_left) * len(piece) // ceil(weight)]
        tokens_left -= weight
        length += len(piece)
    return text


def split_tokens(text: str) -> Iterator[tuple[str, float]]:
    """Yield the pieces of a text with the estimated tokens of each. Joined, the pieces are the text."""
    for match in _PIECE.finditer(text):
        yield match[0], _CLASSES[(match.lastindex or 0) - 1].tokens(len(match[0]))


def estimate_prompt(body: Mapping[str, Any], model: Model) -> int:
    """Return the estimated prompt tokens of a chat completion: messages, images, tools and response schema."""
    messages = body.get("messages", ())
    tokens = model.template_tokens + sum(estimate_message(message, model) for message in messages)
    for field in ("tools", "response_format"):
        if body.get(field):
            tokens += estimate_tokens(_compact(body[field]))
    return tokens


def estimate_message(message: Any, model: Model) -> int:
    """Return the estimated tokens that one message adds to a prompt."""
    if not isinstance(message, dict):
        return estimate_tokens(_compact(message))
    content = message.get("content")
    tokens = MESSAGE_TOKENS
    if isinstance(content, str):
        is_repeated = message.get("role") == "system" and len(content) <= MAX_CACHED_PROMPT_CHARS
        tokens += _estimate_once(content) if is_repeated else estimate_tokens(content)
    elif isinstance(content, list):
        tokens += sum(_part_tokens(part, model) for part in content)
    if message.get("tool_calls"):
        tokens += estimate_tokens(_compact(message["tool_calls"]))
    return tokens


def max_output_tokens(body: Mapping[str, Any]) -> int:
    """Return the maximum number of tokens of the response; DEFAULT_OUTPUT_TOKENS when the request does not limit it."""
    output = body.get("max_completion_tokens") or body.get("max_tokens")
    return output if isinstance(output, int) and output > 0 else DEFAULT_OUTPUT_TOKENS


def _part_tokens(part: Any, model: Model) -> int:
    if not isinstance(part, dict):
        return estimate_tokens(_compact(part))
    if part.get("type") == "image_url":
        return model.image_tokens
    return estimate_tokens(_compact(part.get("text", part)))


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _round_up(tokens: float) -> int:
    return ceil(round(tokens, _ROUNDING_DECIMALS))
