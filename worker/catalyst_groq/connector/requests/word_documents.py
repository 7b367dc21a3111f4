"""The text of a Word document (docx): paragraphs, tables, notes, headers and footers, in their order. Pure.

It reads the document's XML itself: in a sample docx2python lost rows of a table and a hyphen, and mammoth a line break,
so that text would be missing without a word.
"""

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from lzma import LZMAError
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812

from catalyst_groq.connector.requests.unreadable_document import OR_IMAGES, UnreadableDocumentError

MAX_XML_BYTES = 40_000_000
"""Of all parts that are read, unpacked."""

MAIN_PART = re.compile(r"word/document\d*\.xml")
PARTS_BEFORE = re.compile(r"word/header\d*\.xml")
PARTS_AFTER = re.compile(r"word/(?:footnotes|endnotes|footer\d*)\.xml")
CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
PROPERTIES = frozenset(("pPr", "rPr", "tblPr", "tblPrEx", "tblGrid", "trPr", "tcPr", "sectPr", "sdtPr"))
HIDDEN = PROPERTIES | {"del", "moveFrom", "delText", "instrText", "Fallback"}
"""Besides properties: deleted text, the formulas of fields, and a second form of the same picture or text box."""

SAVE_AGAIN = "Save it again as docx, without a password"
BLANK_LINES = re.compile(r"\n{3,}")
BROKEN = (BadZipFile, ZlibError, LZMAError, OSError, EOFError, ParseError, ValueError, LookupError)
"""What zipfile and the XML parser raise for broken archives and parts, and for XML in encodings they do not read."""

HEX_CODE = re.compile(r"[0-9A-Fa-f]{1,8}")
NO_CHARACTER = "\ufffd"


def read_docx(content: bytes) -> str:
    """Return the text of a docx. Raises `UnreadableDocumentError`."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            text = _read_parts(archive)
    except (RecursionError, UnreadableDocumentError):
        raise
    except RuntimeError as error:  # of zipfile, for a part with a password or an unknown compression
        raise UnreadableDocumentError(f"cannot be unpacked ({error})", SAVE_AGAIN) from error
    except BROKEN as error:
        raise UnreadableDocumentError(f"is broken ({error})", SAVE_AGAIN) from error
    if not text:
        raise UnreadableDocumentError("has no text", f"Upload one with text, {OR_IMAGES}")
    return text


def _read_parts(archive: ZipFile) -> str:
    names = sorted(archive.namelist())
    main = [name for name in names if MAIN_PART.fullmatch(name)]
    if not main:
        raise UnreadableDocumentError("is broken (it has no word/document.xml)", SAVE_AGAIN)
    before = [name for name in names if PARTS_BEFORE.fullmatch(name)]
    after = [name for name in names if PARTS_AFTER.fullmatch(name)]
    parts = [*before, main[0], *after]
    size = sum(archive.getinfo(name).file_size for name in parts)
    if size > MAX_XML_BYTES:
        problem = f"unpacks to {size:,} bytes of text; the worker reads {MAX_XML_BYTES:,}"
        raise UnreadableDocumentError(problem, "Send a part of it")
    texts = (_text_of_part(_parse(archive.read(name))) for name in parts)
    return "\n\n".join(text for text in dict.fromkeys(texts) if text)


class _Builder(TreeBuilder):
    """Refuses document types: Office writes none, and entities could fetch files or grow without bound."""

    def doctype(self, *_: object) -> None:
        raise UnreadableDocumentError("has a document type in its XML, which no program writes there", SAVE_AGAIN)


def _parse(content: bytes) -> Element:
    parser = XMLParser(target=_Builder())  # noqa: S314 -- without document types there are no entities
    parser.feed(content)
    root: Element = parser.close()
    return root


def _text_of_part(root: Element) -> str:
    return BLANK_LINES.sub("\n\n", "".join(_texts(root))).strip()


def _texts(element: Element) -> Iterator[str]:
    """Yield the texts in an element. Raises `RecursionError` for XML that is deeper than any of Word's."""
    match name := _local_name(element):
        case "t":
            yield element.text or ""
        case "tr":
            cells = (cell for cell in element if _local_name(cell) not in HIDDEN)
            yield "\t".join("".join(_texts(cell)).strip().replace("\n", " ") for cell in cells) + "\n"
        case "footnoteReference" | "endnoteReference":
            yield f"[{_attribute(element, 'id')}]"
        case "footnote" | "endnote" if _attribute(element, "type"):
            return  # lines that separate notes from the text
        case "footnote" | "endnote":
            yield f"[{_attribute(element, 'id')}] "
            yield from _texts_inside(element)
        case "sym":
            yield _character(_attribute(element, "char") or "20")
        case _ if name in CHARACTERS:
            yield CHARACTERS[name]
        case "p":
            yield from _texts_inside(element)
            yield "\n"
        case _ if name not in HIDDEN:
            yield from _texts_inside(element)
        case _:
            return


def _character(code: str) -> str:
    """Return the character with that hexadecimal code, or U+FFFD for what is none or a control character."""
    number = int(code, 16) if HEX_CODE.fullmatch(code) else 0
    is_surrogate = 0xD800 <= number <= 0xDFFF  # noqa: PLR2004 -- Unicode's
    return chr(number) if ord(" ") <= number <= sys.maxunicode and not is_surrogate else NO_CHARACTER


def _texts_inside(element: Element) -> Iterator[str]:
    for child in element:
        yield from _texts(child)


def _local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _attribute(element: Element, name: str) -> str:
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")
