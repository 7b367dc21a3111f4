"""The types of Files: normalised MIME types, and what the first bytes of a content say. Pure.

The bytes of a binary format win over the MIME type and the file name, which browsers, mail clients and phones often get
wrong. The table of signatures is our own: `puremagic` and `filetype` also guess texts, and take a text that begins with
"BM" for a picture.
"""

import codecs
import re
from collections.abc import Mapping
from pathlib import PurePath

from catalyst_groq.domain.variables import FileVariable

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
OLE = "application/x-ole-storage"
"""Word, Excel and PowerPoint before 2007, mails of Outlook, and encrypted documents of Office."""

ZIP = "application/zip"
HEIC = "image/heic"
SVG = "image/svg+xml"
TEXT = "text/plain"
UNKNOWN = ""
"""No type, or one that says nothing."""

SIGNATURES: Mapping[str, re.Pattern[bytes]] = {
    mimetype: re.compile(pattern, re.DOTALL)
    for mimetype, pattern in {
        "image/png": rb"\x89PNG",
        "image/jpeg": rb"\xff\xd8",
        "image/gif": rb"GIF8[79]a",
        "image/webp": rb"RIFF....WEBP",
        "image/bmp": rb"BM....\0\0\0\0",
        "image/tiff": rb"II\*\0|MM\0\*",
        "image/avif": rb"\0\0..ftyp(?:avif|avis)",
        HEIC: rb"\0\0..ftyp(?:hei|hev|mif1|msf1)",
        PDF: rb"(?:\xef\xbb\xbf)?\s{0,100}%PDF-",
        "audio/wav": rb"(?:RIFF|RF64)....WAVE",
        "audio/flac": rb"fLaC[\x00-\x06\x80-\x86]",
        "audio/ogg": rb"OggS\0",
        "audio/webm": rb"\x1aE\xdf\xa3.{0,60}webm",
        "video/matroska": rb"\x1aE\xdf\xa3",
        "audio/mp4": rb"\0\0..ftypM4[AB]",
        "video/3gpp": rb"\0\0..ftyp3g",
        "video/quicktime": rb"\0\0..ftypqt",
        "video/mp4": rb"\0\0..ftyp",
        "audio/mpeg": rb"ID3[\x02-\x04]|\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd]",
        "audio/aac": rb"\xff[\xf0\xf1\xf8\xf9]|ADIF",
        "audio/amr": rb"#!AMR",
        "audio/caf": rb"caff\0",
        "audio/aiff": rb"FORM....AIF[CF]",
        "audio/ms-wma": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "audio/basic": rb"\.snd\0",
        "video/avi": rb"RIFF....AVI ",
        "video/mpeg": rb"\0\0\x01[\xb3\xba]",
        OLE: rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        ZIP: rb"PK(?:\x03\x04|\x05\x06)",
        "application/gzip": rb"\x1f\x8b",
        "application/7z-compressed": rb"7z\xbc\xaf\x27\x1c",
        "application/rar": rb"Rar!\x1a\x07",
    }.items()
}
"""The beginnings of contents, by type: the first one that matches counts."""

ENTRIES_OF_ARCHIVES: Mapping[bytes, str] = {
    rb"word/document\d*\.xml": DOCX,
    rb"xl/workbook\.": XLSX,
    rb"ppt/presentation\.": PPTX,
}
"""The names of entries of Office's ZIP archives."""

LOCAL_HEADER = rb"PK\x03\x04.{0,26}"
DIRECTORY_HEADER = rb"PK\x01\x02.{42}"
"""What is before the name of an entry: where its content begins, and in the directory at the end of an archive. A local
header has 26 bytes after its signature; a damaged one may have fewer."""

END_OF_DIRECTORY = b"PK\x05\x06"
MAX_DIRECTORY_BYTES = 1_000_000
SIZE_OF_DIRECTORY = slice(12, 16)
"""Where the end of the directory has its size in bytes (source: PKWARE's APPNOTE)."""

OPEN_DOCUMENT_START = re.compile(LOCAL_HEADER + b"mimetypeapplication/vnd.oasis.opendocument", re.DOTALL)
"""The first entry of an OpenDocument is its type, uncompressed."""

ALIASES: Mapping[str, str] = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/jfif": "image/jpeg",
    "image/ms-bmp": "image/bmp",
    "image/heif": HEIC,
    "image/heic-sequence": HEIC,
    "image/heif-sequence": HEIC,
    "image/svg": SVG,
    "application/x-pdf": PDF,
    "application/acrobat": PDF,
    "text/pdf": PDF,
    "application/x-zip-compressed": ZIP,
    "application/ogg": "audio/ogg",
    "audio/oga": "audio/ogg",
    "video/ogg": "audio/ogg",
    "audio/mp3": "audio/mpeg",
    "audio/mpeg3": "audio/mpeg",
    "audio/mpeg-3": "audio/mpeg",
    "audio/mpg": "audio/mpeg",
    "audio/m4a": "audio/mp4",
    "audio/mp4a-latm": "audio/mp4",
    "video/m4v": "video/mp4",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/pn-wav": "audio/wav",
}
GENERIC_TYPES = {
    "application/octet-stream",
    "binary/octet-stream",
    "application/binary",
    "application/download",
    "application/force-download",
    "application/x-download",
    "application/unknown",
}
TYPES_BY_EXTENSION: Mapping[str, str] = {
    extension: mimetype
    for mimetype, extensions in {
        "image/png": "png",
        "image/jpeg": "jpg jpeg jfif",
        "image/gif": "gif",
        "image/webp": "webp",
        HEIC: "heic heif",
        PDF: "pdf",
        DOCX: "docx docm dotx",
        XLSX: "xlsx xlsm",
        PPTX: "pptx pptm ppsx",
        "audio/flac": "flac",
        "audio/mpeg": "mp3 mpeg mpga mp2",
        "audio/mp4": "m4a m4b",
        "video/mp4": "mp4 m4v",
        "audio/ogg": "ogg oga",
        "audio/opus": "opus",
        "audio/wav": "wav wave",
        "audio/webm": "webm weba",
        "audio/aac": "aac",
        "audio/amr": "amr",
        "audio/caf": "caf",
        "audio/aiff": "aiff aif",
        "audio/ms-wma": "wma",
        "video/quicktime": "mov",
        "video/3gpp": "3gp",
        "video/matroska": "mkv",
        "video/avi": "avi",
    }.items()
    for extension in extensions.split()
}
_NAMES_OF_TEXTS = """
    txt text md markdown rst adoc tex rtf log csv tsv json jsonl ndjson geojson xml xsd xsl xslt html htm xhtml svg
    yaml yml toml ini cfg conf properties env eml ics vcf edi srt vtt sql css scss less js mjs cjs jsx ts tsx vue py
    java kt kts scala groovy c h cc cpp hpp cs go rs rb php pl lua r swift dart sh bash zsh ps1 bat cmd diff patch bpmn
    dmn cmmn form
"""
TEXT_EXTENSIONS = frozenset(_NAMES_OF_TEXTS.split())
TEXT_TYPES = re.compile(
    r"text/.*|message/.*|.*\+(?:json|xml|yaml)|"
    r"application/(?:x-)?(?:json|ndjson|jsonlines|xml|yaml|toml|sql|javascript|typescript|sh|php|httpd-php|tex|rtf|graphql)"
)
TOKEN = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
BINARY_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Bytes that show that a content of unknown type is no text (source: the standard MIME Sniffing)."""

SAMPLE_BYTES = 65_536
"""Of the beginning of a content."""


def normalize(mimetype: str) -> str:
    """Return a MIME type in lower case, without parameters and aliases; `UNKNOWN` for one that says nothing."""
    essence = mimetype.partition(";")[0].strip().lower()
    if not TOKEN.fullmatch(essence) or essence in GENERIC_TYPES:
        return UNKNOWN
    kind, _, subtype = essence.partition("/")
    if kind in {"audio", "image", "video"}:
        essence = f"{kind}/{subtype.removeprefix('x-')}"
    return ALIASES.get(essence, essence)


def extension_of(filename: str) -> str:
    """Return the extension of a file name in lower case, without its dot."""
    return PurePath(filename).suffix.removeprefix(".").lower()


def find_signature(content: bytes) -> str:
    """Return the type that the first bytes of a content prove; `UNKNOWN` if they prove none."""
    found = next((mimetype for mimetype, pattern in SIGNATURES.items() if pattern.match(content)), UNKNOWN)
    return _find_type_of_archive(content) if found == ZIP else found


def _find_type_of_archive(content: bytes) -> str:
    """Return the type that the entries of an archive prove. One that is cut off has no directory of its entries."""
    if OPEN_DOCUMENT_START.match(content):
        return OPEN_DOCUMENT
    end = content.rfind(END_OF_DIRECTORY)
    header, headers = LOCAL_HEADER, content[:SAMPLE_BYTES]
    if end >= 0:
        size = int.from_bytes(content[end:][SIZE_OF_DIRECTORY], "little")
        header, headers = DIRECTORY_HEADER, content[max(end - size, 0) : end][:MAX_DIRECTORY_BYTES]
    names = ((re.compile(header + name, re.DOTALL), mimetype) for name, mimetype in ENTRIES_OF_ARCHIVES.items())
    return next((mimetype for pattern, mimetype in names if pattern.search(headers)), ZIP)


def recognize(file: FileVariable, content: bytes) -> str:
    """Return the type of a File: `TEXT` for every text, `UNKNOWN` if neither its bytes nor its names say it.

    A type whose contents all begin with a signature is returned as declared where the signature is missing: the content
    is not what it claims to be.
    """
    if found := find_signature(content):
        return found
    declared, extension = normalize(file.mimetype), extension_of(file.filename)
    if extension in TEXT_EXTENSIONS or TEXT_TYPES.fullmatch(declared):
        return TEXT
    by_name = TYPES_BY_EXTENSION.get(extension, UNKNOWN)
    if claimed := next((mimetype for mimetype in (declared, by_name) if mimetype in _PROVABLE), UNKNOWN):
        return claimed
    return TEXT if _looks_like_text(content) else declared or by_name


def _looks_like_text(content: bytes) -> bool:
    """Whether a content of unknown type begins as a text does. Whoever decodes it finds out about the rest."""
    head = content[:SAMPLE_BYTES]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) == len(content))
    except UnicodeDecodeError:
        return False
    return BINARY_BYTES.search(head) is None


_PROVABLE = frozenset({*SIGNATURES, *ENTRIES_OF_ARCHIVES.values(), OPEN_DOCUMENT})
