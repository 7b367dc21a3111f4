"""Estimates how many tokens a text or a request has, without any model's vocabulary.

The classes of characters and their weights come from measurements against o200k (reference/groq-api.md, section 6):
within 0.9–1.2 of the truth for prose, JSON, XML, code, Chinese and Japanese; 0.74 for base64. The usual
"characters / 4" is 0.55 for JSON, which is what processes mostly send.
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
_MARKS_PER_TOKEN = 2
_TOKENS_PER_CJK = 0.78
_LETTERS_PER_TOKEN_ELSEWHERE = 3.3


class _Kind(NamedTuple):
    """A class of characters, disjoint from the others: its pieces, and the tokens of one by its length."""

    pieces: re.Pattern[str]
    tokens: Callable[[int], float]


_CJK = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_ASCII = (
    _Kind(
        re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]"),
        lambda length: 1 if length <= _MAX_WORD_LETTERS else ceil(length / _LETTERS_PER_TOKEN),
    ),
    _Kind(re.compile(r"[0-9]+"), lambda length: ceil(length / _DIGITS_PER_TOKEN)),
    _Kind(re.compile(r"\n\s*|[^\S\n]{2,}"), lambda _: 1),
    _Kind(re.compile(r"[!-/:-@\[-`{-~]+"), lambda length: ceil(length / _MARKS_PER_TOKEN)),
    _Kind(re.compile(r"[\x00-\x08\x0e-\x1b\x7f]"), lambda _: 1),
)
_BEYOND = (
    _Kind(re.compile(rf"(?!\s)[{_CJK}]"), lambda _: _TOKENS_PER_CJK),
    _Kind(re.compile(rf"[^\x00-\x7f\s{_CJK}]"), lambda _: 1 / _LETTERS_PER_TOKEN_ELSEWHERE),
)
_SPACE = _Kind(re.compile(r"\s"), lambda _: 0)
"""A single space is part of the token of the word behind it."""

_KINDS = (*_ASCII, *_BEYOND, _SPACE)
_PIECE = re.compile("|".join(f"({kind.pieces.pattern})" for kind in _KINDS))
_ROUNDING_DECIMALS = 9
"""Decimals of a sum of tokens that are exact."""

_LONG_TEXT_CHARS = 100_000
"""A longer text is not split at once: all its pieces together take many times its memory."""

CACHED_SYSTEM_PROMPTS = 64
"""System prompts whose estimates are cached: the tasks of one activity share theirs, and it is often long …"""

MAX_CACHED_PROMPT_CHARS = 20_000
"""… up to this length: a longer one holds a document that differs in each task."""

MESSAGE_TOKENS = 4
"""Role and delimiters of one message."""

DEFAULT_OUTPUT_TOKENS = 1024
"""Assumed for the response when the request does not limit it."""


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a text is."""
    if len(text) > _LONG_TEXT_CHARS:
        return _round_up(sum(tokens for _, tokens in split_tokens(text)))
    kinds = _ASCII if text.isascii() else _KINDS
    # One pass for each kind: all pieces in their order take twice as long, and every prompt comes through here.
    return _round_up(sum(sum(map(kind.tokens, map(len, kind.pieces.findall(text)))) for kind in kinds))


_estimate_once = lru_cache(CACHED_SYSTEM_PROMPTS)(estimate_tokens)


def cut_to_tokens(text: str, tokens: int) -> str:
    """Return the longest beginning of a text that is estimated at no more than `tokens` tokens."""
    room = float(tokens)
    kept = 0
    for piece, weight in split_tokens(text):
        if weight > room:
            return text[: kept + int(room) * len(piece) // ceil(weight)]
        room -= weight
        kept += len(piece)
    return text


def split_tokens(text: str) -> Iterator[tuple[str, float]]:
    """Yield the pieces of a text, which together are the text, with the estimated tokens of each."""
    for match in _PIECE.finditer(text):
        yield match[0], _KINDS[(match.lastindex or 0) - 1].tokens(len(match[0]))


def estimate_prompt(body: Mapping[str, Any], model: Model) -> int:
    """Estimate the prompt tokens of a chat completions request: messages, images, tools and response schema."""
    messages = body.get("messages", ())
    tokens = model.template_tokens + sum(estimate_message(message, model) for message in messages)
    for field in ("tools", "response_format"):
        if body.get(field):
            tokens += estimate_tokens(_compact(body[field]))
    return tokens


def estimate_message(message: Any, model: Model) -> int:
    """Estimate what one message adds to a prompt."""
    if not isinstance(message, dict):
        return estimate_tokens(_compact(message))
    content = message.get("content")
    tokens = MESSAGE_TOKENS
    if isinstance(content, str):
        is_often_the_same = message.get("role") == "system" and len(content) <= MAX_CACHED_PROMPT_CHARS
        tokens += _estimate_once(content) if is_often_the_same else estimate_tokens(content)
    elif isinstance(content, list):
        tokens += sum(_part_tokens(part, model) for part in content)
    if message.get("tool_calls"):
        tokens += estimate_tokens(_compact(message["tool_calls"]))
    return tokens


def max_output_tokens(body: Mapping[str, Any]) -> int:
    """Return the maximum number of tokens of the response to a request."""
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
