"""File variables in a payload: images become image parts, texts become text parts. Pure; the caller reads the files.

A File may be a message's content, one part of it, or the URL of an image part: `"content": ["What is this?",
"${photo}"]`.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from catalyst_groq.common.structures import is_larger, walk
from catalyst_groq.connector.expressions.placeholder_values import KINDS
from catalyst_groq.connector.expressions.placeholders import MAX_FILLED_CHARS, find_opaque_values
from catalyst_groq.connector.expressions.required_variables import variables_used_by
from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.connector.requests.file_types import (
    HEIC,
    PPTX,
    TEXT,
    XLSX,
    ZIP,
    extension_of,
    find_signature,
    recognize,
)
from catalyst_groq.connector.requests.message_content import TEXT_ROLES
from catalyst_groq.connector.requests.text_files import decode_text
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError, UnreadableFile
from catalyst_groq.groq.models.catalog import Feature, ModelCatalog

MAX_IMAGE_BYTES = 4_000_000
"""Of all images of a request, in base64. Groq refuses more with a 413."""

IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
Contents = Mapping[str, bytes | str]
"""Contents of Files by the name of their variable; of documents (PDF, Word) the text."""

Part = Mapping[str, Any]

AS_CSV, AS_PDF, AS_DOCX = "Export its sheets as CSV", "Save it as PDF", "Save it as docx or PDF, without a password"
UNPACK = "Unpack it, and use the files in it"
TO_IMAGE = "Convert it to JPEG or PNG"
USE_IMAGE = "Use a File or a URL"
TRANSCRIBE = "Transcribe it first, with the template Catalyst - Groq - Transcribe"
ADVICE_BY_TYPE: Mapping[str, str] = {
    HEIC: f"{TO_IMAGE} (on an iPhone: Settings, Camera, Formats, Most Compatible)",
    XLSX: AS_CSV,
    PPTX: AS_PDF,
    ZIP: UNPACK,
    "application/gzip": UNPACK,
    "application/7z-compressed": UNPACK,
    "application/rar": UNPACK,
}
ADVICE_BY_EXTENSION: Mapping[str, str] = {
    **dict.fromkeys(("xls", "xlsb", "ods", "numbers"), AS_CSV),
    **dict.fromkeys(("ppt", "odp", "key"), AS_PDF),
    **dict.fromkeys(("doc", "dot", "docx", "odt", "pages"), AS_DOCX),
    "msg": "Save the mail as .eml or text",
}
ADVICE_BY_KIND: Mapping[str, str] = {"image": TO_IMAGE, "audio": TRANSCRIBE, "video": TRANSCRIBE}
ADVICE = "Convert it to text, PDF, docx, JPEG or PNG"


def files_in(payload: Mapping[str, Any]) -> list[FileVariable]:
    """Return the Files that a payload uses, each once."""
    files = {file.name: file for file in find_opaque_values(dict(payload)) if isinstance(file, FileVariable)}
    return list(files.values())


def insert_files(payload: Mapping[str, Any], contents: Contents, catalog: ModelCatalog) -> dict[str, Any]:
    """Replace each File in the messages by its content, and check the images. Raises `FieldError`."""
    parts = {file.name: _file_part(file, contents[file.name]) for file in files_in(payload)} if contents else {}
    messages = [_insert_into_message(message, parts) for message in payload["messages"]]
    filled = {**payload, "messages": messages}
    if contents and (remaining := files_in(filled)):  # without contents there was no File in it
        fix = 'Let it be a part of a message: "content": ["What is this?", "${…}"]'
        raise FieldError(PAYLOAD, f"holds the File '{remaining[0].name}' where no file can be", fix)
    if contents and is_larger(messages, MAX_FILLED_CHARS):
        problem = f"has more than {MAX_FILLED_CHARS:,} characters with its Files"
        raise UnreadableFile(PAYLOAD, problem, "Use fewer of them", *parts)
    images = tuple(name for name, part in parts.items() if part["type"] == "image_url")
    _check_images(filled["model"], list(_image_urls(messages)), catalog, images)
    return filled


def check_image_urls(payload: Mapping[str, Any], template: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
    """Refuse an image whose variable holds neither a File nor a text. Raises `UnreadableFile`.

    `template` is the payload before `variables` have filled it. What the diagram itself writes is left to the server.
    """
    unusable = [url for url in _image_values(payload) if not (isinstance(url, FileVariable | str) and url)]
    written = list(_image_values(template)) if unusable else []
    for url in unusable:
        if url in written:
            continue
        kind = "empty" if url == "" else KINDS.get(type(url), "a number")
        used = chain.from_iterable(variables_used_by(text) or () for text in written)
        if names := [name for name in used if name in variables and variables[name] == url]:
            raise UnreadableFile(PAYLOAD, f"uses '{names[0]}' as an image, but it is {kind}", USE_IMAGE, names[0])
        raise UnreadableFile(PAYLOAD, f"has an image whose URL is {kind}", USE_IMAGE)


def _image_values(payload: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what stands in the place of the images' URLs."""
    for part in walk(payload.get("messages")):
        match part:
            case {"type": "image_url", "image_url": {"url": url}}:
                yield url
            case {"type": "image_url", "image_url": url} if not isinstance(url, dict):
                yield url


def _insert_into_message(message: Any, parts: Mapping[str, Part]) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list | FileVariable):
        return message
    # In the message of a user, a null is an optional file of a form that was left out.
    null = {"type": "text", "text": ""} if message.get("role") in TEXT_ROLES else None
    return {**message, "content": list(_to_parts(content, parts, null)) or ""}


def _to_parts(entry: Any, parts: Mapping[str, Part], null: Part | None) -> Iterator[Any]:
    match entry:
        case FileVariable():
            yield parts[entry.name]
        case list():
            for inner in entry:
                yield from _to_parts(inner, parts, null)
        case str():
            yield {"type": "text", "text": entry}
        case None:
            if null:
                yield null
        case {"type": "image_url", "image_url": {"url": FileVariable() as file}}:
            if "image_url" not in (image := parts[file.name]):
                problem = f"uses the File '{file.name}' as an image, which it is not"
                raise UnreadableFile(PAYLOAD, problem, "Use an image", file.name)
            yield {**entry, "image_url": {**entry["image_url"], **image["image_url"]}}
        case _:
            yield entry


def empty_file(field: str, file: FileVariable) -> UnreadableFile:
    """Return the error of a File without content: in a form, no file was chosen."""
    return UnreadableFile(field, f"the File '{file.name}' is empty", "Choose a file", file.name)


def _file_part(file: FileVariable, content: bytes | str) -> Part:
    if not content:
        raise empty_file(PAYLOAD, file)
    if isinstance(content, str):
        return {"type": "text", "text": content}
    mimetype = recognize(file, content)
    if mimetype == TEXT:
        text = decode_text(file, content)
        if not text or text.isspace():
            raise empty_file(PAYLOAD, file)
        return {"type": "text", "text": text}
    if mimetype not in IMAGE_TYPES:
        raise _refusal(file, mimetype)
    if find_signature(content) != mimetype:
        problem = f"uses the File '{file.name}', whose content is not {mimetype}"
        raise UnreadableFile(PAYLOAD, problem, TO_IMAGE, file.name)
    _check_size(len(content), (file.name,))  # before the content is copied
    url = f"data:{mimetype};base64,{base64.b64encode(content).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _refusal(file: FileVariable, mimetype: str) -> UnreadableFile:
    advice = ADVICE_BY_EXTENSION.get(extension_of(file.filename)) or ADVICE_BY_TYPE.get(mimetype)
    advice = advice or ADVICE_BY_KIND.get(mimetype.partition("/")[0], ADVICE)
    kind = ", ".join(filter(None, (file.filename, mimetype))) or "of no known type"
    problem = f"uses the File '{file.name}' ({kind}), which cannot be sent to a model"
    return UnreadableFile(PAYLOAD, problem, advice, file.name)


def _image_urls(messages: Sequence[Any]) -> Iterator[str]:
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") == "image_url":
                image = part.get("image_url")
                url = image.get("url") if isinstance(image, dict) else image
                yield url if isinstance(url, str) else ""


def _check_images(model_id: str, urls: Sequence[str], catalog: ModelCatalog, files: tuple[str, ...]) -> None:
    _check_size(sum(len(url) for url in urls if url.startswith("data:")), files)
    model = catalog.get(model_id)
    if not urls or model is None or not model.is_available:
        return
    if Feature.VISION not in model.features:
        able = ", ".join(other.id for other in catalog.available() if Feature.VISION in other.features)
        raise _no_vision(model_id, able, files)
    if len(urls) > model.max_images:
        raise _image_error(f"sends {len(urls)} images; {model_id} takes {model.max_images}", "Send fewer images", files)


def _check_size(size: int, files: tuple[str, ...]) -> None:
    if size > MAX_IMAGE_BYTES:
        problem = f"sends images of {size:,} bytes; Groq takes {MAX_IMAGE_BYTES:,}"
        raise _image_error(problem, "Send smaller images", files)


def _no_vision(model_id: str, able: str, files: tuple[str, ...]) -> FieldError:
    problem = f"{model_id} does not support images"
    if not files:
        return FieldError(PAYLOAD, f"sends images, but {problem}", f"Use the model {able}")
    fix = f"Choose a file with text, or let the diagram name {able}"
    return UnreadableFile(PAYLOAD, f"uses the File '{files[0]}' as an image, but {problem}", fix, *files)


def _image_error(problem: str, fix: str, files: tuple[str, ...]) -> FieldError:
    """Return the error of images: of the variables where they are Files, of the field where the diagram has them."""
    return UnreadableFile(PAYLOAD, problem, fix, *files) if files else FieldError(PAYLOAD, problem, fix)
