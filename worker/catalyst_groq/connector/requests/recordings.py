"""Recordings: a File variable as an audio file that Groq accepts. Pure.

Groq takes the format from the extension of the file name. What the first bytes prove wins over name and MIME type.
"""

import re
from collections.abc import Mapping

from catalyst_groq.connector.fields.names import AUDIO
from catalyst_groq.connector.requests.file_types import (
    TYPES_BY_EXTENSION,
    UNKNOWN,
    extension_of,
    find_signature,
    normalize,
)
from catalyst_groq.connector.requests.files import empty_file
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import UnreadableFile
from catalyst_groq.groq.api.audio import MAX_FILE_BYTES, AudioFile

EXTENSIONS_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "audio/flac": ("flac",),
    "audio/mpeg": ("mp3", "mpeg", "mpga"),
    "audio/mp4": ("m4a", "mp4"),
    "video/mp4": ("mp4", "m4a"),
    "audio/ogg": ("ogg", "opus"),
    "audio/opus": ("opus", "ogg"),
    "audio/wav": ("wav",),
    "audio/webm": ("webm",),
    "video/webm": ("webm",),
}
"""By type the extensions that Groq accepts, the usual one first."""

AUDIO_EXTENSIONS = {extension for extensions in EXTENSIONS_BY_TYPE.values() for extension in extensions}
UNSENDABLE_CHARACTERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""Characters that no header may contain: control characters and halves of surrogate pairs."""


def make_audio_file(file: FileVariable, content: bytes) -> AudioFile:
    """Return the audio file to send. Raises `UnreadableFile`."""
    if not content:
        raise empty_file(AUDIO, file)
    max_bytes = max(MAX_FILE_BYTES.values())
    if len(content) > max_bytes:
        plans = " and ".join(f"{size:,} on the {plan} plan" for plan, size in MAX_FILE_BYTES.items())
        raise UnreadableFile(
            AUDIO,
            f"names the File '{file.name}' of {len(content):,} bytes; Groq takes {plans}",
            "Make it smaller (FLAC or MP3, mono, 16 kHz), or give its URL instead",
            file.name,
        )
    mimetype = _find_type(file, content)
    if mimetype not in EXTENSIONS_BY_TYPE:
        kind = ", ".join(filter(None, (file.filename, mimetype or file.mimetype))) or "of no known type"
        raise UnreadableFile(
            AUDIO,
            f"names the File '{file.name}' ({kind}), whose audio format Groq does not support",
            f"Convert it to one of {', '.join(sorted(AUDIO_EXTENSIONS))}",
            file.name,
        )
    filename = _name_with_extension(file.filename or file.name, EXTENSIONS_BY_TYPE[mimetype])
    if UNSENDABLE_CHARACTERS.search(headers := f"{filename} {file.mimetype}"):
        raise UnreadableFile(
            AUDIO,
            f"names the File '{file.name}', whose name or MIME type has a character that cannot be sent: {headers!a}",
            "Rename it without control characters",
            file.name,
        )
    return AudioFile(filename, mimetype, content)


def _find_type(file: FileVariable, content: bytes) -> str:
    """Return the type of a recording: what its bytes prove; else what its name says, if Groq accepts that, or its type.

    MP4, Ogg and WebM may hold sound or pictures with sound, which their first bytes do not tell.
    """
    found, declared = find_signature(content), normalize(file.mimetype)
    by_name = TYPES_BY_EXTENSION.get(extension_of(file.filename), UNKNOWN)
    if found:
        same = EXTENSIONS_BY_TYPE.get(found, ())
        names = (name for name in (declared, by_name) if set(EXTENSIONS_BY_TYPE.get(name, ())) & set(same))
        return next(names, found)
    return by_name if by_name in EXTENSIONS_BY_TYPE else declared or by_name


def _name_with_extension(filename: str, extensions: tuple[str, ...]) -> str:
    """Return the name with an extension that fits: the name's own, or one in place of that of another known format."""
    extension = extension_of(filename)
    if extension in extensions:
        return filename
    stem = filename[: -len(extension) - 1] if extension in TYPES_BY_EXTENSION else filename
    return f"{stem.rstrip('.')}.{extensions[0]}"
