"""The text of a deployed diagram: its bytes, decoded as the diagram declares. Pure.

Camunda 7.24 and Operaton 1.0 deploy diagrams in UTF-8, UTF-16 (with and without a byte order mark), ISO-8859,
Windows code pages, Shift_JIS, GBK and others; `/process-definition/{id}/xml` decodes the bytes of all of them as UTF-8.
"""

import codecs
import re

BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
UTF_16_STARTS = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
"""How UTF-16 without a byte order mark begins."""

XML_DECLARATION = re.compile(
    r"""\s*<\?xml\s(?:[^>?]*?\sencoding\s*=\s*["'](?P<encoding>[A-Za-z][A-Za-z0-9._-]*)["'])?""", re.ASCII
)
MAX_DECLARATION_BYTES = 1000
UTF_8 = "utf-8"
XML_DEFAULT = "UTF-8"
ENCODING_FIX = "Save it in UTF-8, or declare the encoding that it has"
REPLACEMENT_CHARACTER = "\ufffd"


class EncodingError(ValueError):
    """A diagram cannot be decoded. The message continues a sentence about it. `line` is 0 where it is unknown."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


def decode_diagram(content: bytes) -> str:
    """Return the text of a diagram. Raises `EncodingError`."""
    mark, codec, source = _find_encoding(content)
    text = _decode(content.removeprefix(mark), codec, source)
    return _check_declaration(content, text) if mark else text


def encode_like(text: str, content: bytes) -> bytes:
    """Encode a text as a diagram is encoded, with its byte order mark. Raises `EncodingError`, `UnicodeEncodeError`."""
    mark, codec, _ = _find_encoding(content)
    try:
        return mark + text.encode(codec)
    except LookupError as error:
        raise EncodingError(f"declares the encoding {codec}, which the worker does not know") from error


def _find_encoding(content: bytes) -> tuple[bytes, str, str]:
    """Return the byte order mark, the codec, and what names it, as a part of a sentence."""
    for mark, codec in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return mark, codec, "which its byte order mark shows"
    for start, codec in UTF_16_STARTS:
        if content.startswith(start):
            return b"", codec, "which its first bytes show"
    if declared := _declared_encoding(content[:MAX_DECLARATION_BYTES].decode("latin-1")):
        return b"", declared, "which its XML declaration names"
    return b"", XML_DEFAULT, "which XML has where none is declared"


def is_intact(text: str) -> bool:
    """Whether a text that the engine decoded as UTF-8 encodes to the bytes of the diagram as it was deployed."""
    if REPLACEMENT_CHARACTER in text or "\0" in text:
        return False
    encoding = _declared_encoding(text[:MAX_DECLARATION_BYTES].removeprefix("\ufeff"))
    if encoding is None or _is_utf_8(encoding):
        return True
    try:
        return text.isascii() and _decode(text.encode(), encoding, "") == text
    except EncodingError:
        return False


def _declared_encoding(head: str) -> str | None:
    declaration = XML_DECLARATION.match(head)
    return declaration["encoding"] if declaration else None


def _check_declaration(content: bytes, text: str) -> str:
    """Refuse a diagram whose mark and declaration give two texts: nothing says which one is meant."""
    encoding = _declared_encoding(text[:MAX_DECLARATION_BYTES])
    is_utf_8 = content.startswith(codecs.BOM_UTF8)
    if encoding and is_utf_8 and not _is_utf_8(encoding) and not text.isascii():
        raise EncodingError(f"has the byte order mark of UTF-8, but declares the encoding {encoding}")
    return text


def _is_utf_8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == UTF_8
    except LookupError:
        return False


def _decode(content: bytes, encoding: str, source: str) -> str:
    try:
        return content.decode(encoding)
    except LookupError as error:
        raise EncodingError(f"declares the encoding {encoding}, which the worker does not know") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"has bytes that do not fit the encoding {encoding}, {source}"
        found = f"0x{content[error.start : error.start + 1].hex()} in line {line} ({error.reason})"
        raise EncodingError(f"{problem}: {found}", line) from error
    except UnicodeError as error:
        raise EncodingError(f"cannot be decoded from {encoding}, {source}: {error}") from error
