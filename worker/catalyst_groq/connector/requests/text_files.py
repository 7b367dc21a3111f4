"""Decodes the texts of Files: by their byte order mark, their declared encoding, or as UTF-8. Pure.

No character is ever replaced: a text that cannot be decoded is refused.
"""

import codecs
import re
from collections.abc import Iterator
from encodings import normalize_encoding
from encodings.aliases import aliases

from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.connector.requests.file_types import BINARY_BYTES
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import UnreadableFile

MAX_TEXT_BYTES = 20_000_000
"""Of one File. No model takes nearly as much."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf_8_sig"),
    (codecs.BOM_UTF32_LE, "utf_32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
ENCODINGS = {*aliases, *aliases.values(), "utf_8_sig", "koi8_u", "cp874", "windows_874"}
"""Python would remember every other name forever, and for some of its codecs (`idna`) a text may take any time."""

SAME_AS_UTF_8 = {"utf_8", "utf8", "ascii", "us_ascii", "binary"}
"""An ASCII text is UTF-8. `binary` is no encoding: programs write it as the charset of any content."""

CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.IGNORECASE)
DECLARATIONS = (
    re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w.:-]{1,40})"),
    re.compile(rb"\s*<[^\0]*?<meta[^>]*?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE),
)
"""How XML and HTML declare their encoding."""

MAX_DECLARATION_BYTES = 1024
MAX_NAME_CHARS = 40
C1_CONTROLS = re.compile("[\x80-\x9f]")

ASCII_SAMPLE = b"<?xml version"
CONTROLS = bytes(byte for byte in range(256) if BINARY_BYTES.match(bytes([byte])))
MIN_CONTROLS_IN_ASCII = 1 / 4
"""Of a UTF-16 text whose bytes are all ASCII: half of them are the high bytes of Latin or Cyrillic letters."""


def decode_text(file: FileVariable, content: bytes) -> str:
    """Return the text of a File. Raises `UnreadableFile`."""
    if len(content) > MAX_TEXT_BYTES:
        problem = f"uses the File '{file.name}', a text of {len(content):,} bytes; the worker reads {MAX_TEXT_BYTES:,}"
        raise UnreadableFile(PAYLOAD, problem, "Use a part of it", file.name)
    mark = next((codec for mark, codec in BYTE_ORDER_MARKS if content.startswith(mark)), None)
    encoding = mark or next(_declared_encodings(file, content), "UTF-8")
    text = _try(content, mark) if mark else _decode(content, encoding)
    if text is None or "\0" in text:
        raise UnreadableFile(
            PAYLOAD,
            f"uses the File '{file.name}', whose content is not {encoding} text",
            "Save it as UTF-8, or set the encoding of the File variable (such as windows-1252)",
            file.name,
        )
    return text


def _declared_encodings(file: FileVariable, content: bytes) -> Iterator[str]:
    """Yield the encodings that are declared and say more than UTF-8, which is also the default of a File.

    A declaration that is found as ASCII cannot be right about an encoding that does not contain ASCII.
    """
    declared = [file.encoding, *CHARSET.findall(file.mimetype)]
    head = content[:MAX_DECLARATION_BYTES]
    found = (match[1].decode("ascii", "replace") for form in DECLARATIONS if (match := form.match(head)))
    declared += [name for name in found if not _is_known(codec := _normalize(name)) or _contains_ascii(codec)]
    return (shorten(name, MAX_NAME_CHARS) for name in declared if _normalize(name) not in SAME_AS_UTF_8)


def _decode(content: bytes, encoding: str) -> str | None:
    """Return the text; None if the content is none in that encoding, or the encoding is unknown.

    What is declared as ISO 8859-1 is windows-1252 (source: the standard Encoding), and UTF-8 that is declared as any
    other encoding is UTF-8: a text of the other kind does not look like UTF-8.
    """
    codec = _normalize(encoding)
    if not _is_known(codec):
        return None
    utf_8 = _try(content, "utf_8")
    if not _contains_ascii(codec):
        is_utf_8 = utf_8 is not None and not BINARY_BYTES.search(content)
        return utf_8 if is_utf_8 else _decode_wide(content, codecs.lookup(codec).name)
    if utf_8 is not None and not content.isascii():
        return utf_8
    text = _try(content, codec)
    is_latin_1 = codecs.lookup(codec).name == "iso8859-1"
    return _try(content, "cp1252") if is_latin_1 and text and C1_CONTROLS.search(text) else text


def _decode_wide(content: bytes, codec: str) -> str | None:
    """Return the text of a content without a byte order mark in an encoding that does not contain ASCII, or None.

    Almost any bytes of an even number are UTF-16. So its text must have control bytes, such as the high bytes of ASCII,
    and these must be where its byte order has them.
    """
    if codec == "utf-32":
        return _try(content, "utf_32_be" if content.startswith(b"\0") else "utf_32_le")
    if not codec.startswith("utf-16"):
        return _try(content, codec)
    controls = len(content) - len(content.translate(None, CONTROLS))
    if controls < (MIN_CONTROLS_IN_ASCII * len(content) if content.isascii() else 1):
        return None
    in_even, in_odd = content[::2].count(0), content[1::2].count(0)
    if codec == "utf-16":
        codec = "utf-16-be" if in_even > in_odd else "utf-16-le"
    is_plausible = in_even >= in_odd if codec == "utf-16-be" else in_odd >= in_even
    return _try(content, codec) if is_plausible else None


def _is_known(codec: str) -> bool:
    """Whether it is an encoding of texts: base64 and others are none."""
    return codec in ENCODINGS and _try(bytes(4), codec) is not None


def _contains_ascii(codec: str) -> bool:
    """Whether ASCII letters have the same bytes in the encoding: not in UTF-16, UTF-32 and EBCDIC."""
    return _try(ASCII_SAMPLE, codec) == ASCII_SAMPLE.decode()


def _try(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except (UnicodeError, LookupError):  # a LookupError: base64 and others are no encodings of texts
        return None


def _normalize(encoding: str) -> str:
    return normalize_encoding(encoding.strip().lower())
