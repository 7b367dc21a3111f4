"""File variables in a payload: images become image parts, texts become text parts. Pure; the caller reads the files.

A File may be a message's content, one part of it, or the URL of an image part: `"content": ["What is this?",
"${photo}"]`.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalyst_groq.connector.expressions.placeholders import find_opaque_values
from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import Feature, ModelCatalog

MAX_IMAGE_BYTES = 4_000_000
"""Of all images of a request, in base64. Groq refuses more with a 413."""

TEXT_TYPES = ("text/", "application/json", "application/xml", "application/yaml", "application/x-yaml")
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
Contents = Mapping[str, bytes]
"""Contents of Files by the name of their variable."""


def files_in(payload: Mapping[str, Any]) -> list[FileVariable]:
    """Return the Files that a payload uses, each once."""
    files = {file.name: file for file in find_opaque_values(dict(payload)) if isinstance(file, FileVariable)}
    return list(files.values())


def insert_files(payload: Mapping[str, Any], contents: Contents, catalog: ModelCatalog) -> dict[str, Any]:
    """Replace each File in the messages by its content, and check the images. Raises `FieldError`."""
    messages = [_insert_into_message(message, contents) for message in payload["messages"]]
    filled = {**payload, "messages": messages}
    if contents and (remaining := files_in(filled)):  # without contents there was no File in it
        fix = 'Let it be a part of a message: "content": ["What is this?", "${…}"]'
        raise FieldError(PAYLOAD, f"holds the File '{remaining[0].name}' where no file can be", fix)
    _check_images(filled["model"], list(_image_urls(messages)), catalog)
    return filled


def _insert_into_message(message: Any, contents: Contents) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list | FileVariable):
        return message
    entries = content if isinstance(content, list) else [content]
    return {**message, "content": [part for entry in entries for part in _to_parts(entry, contents)]}


def _to_parts(entry: Any, contents: Contents) -> Iterator[Any]:
    match entry:
        case FileVariable():
            yield _file_part(entry, contents[entry.name])
        case list():
            for inner in entry:
                yield from _to_parts(inner, contents)
        case str():
            yield {"type": "text", "text": entry}
        case None:
            return  # an optional file of a form that was left out
        case {"type": "image_url", "image_url": {"url": FileVariable() as file}}:
            image = _file_part(file, contents[file.name])
            yield {**entry, "image_url": {**entry["image_url"], **image.get("image_url", {})}}
        case _:
            yield entry


def _file_part(file: FileVariable, content: bytes) -> dict[str, Any]:
    if file.mimetype in IMAGE_TYPES:
        url = f"data:{file.mimetype};base64,{base64.b64encode(content).decode()}"
        return {"type": "image_url", "image_url": {"url": url}}
    if not file.mimetype.startswith(TEXT_TYPES):
        kind = file.mimetype or "of no MIME type"
        raise FieldError(
            PAYLOAD, f"uses the File '{file.name}' ({kind}), which is neither text nor image", "Convert it first"
        )
    try:
        return {"type": "text", "text": content.decode(file.encoding)}
    except (UnicodeDecodeError, LookupError) as error:
        raise FieldError(
            PAYLOAD,
            f"uses the File '{file.name}', whose content is not {file.encoding} text",
            "Set the encoding of the File variable",
        ) from error


def _image_urls(messages: Sequence[Any]) -> Iterator[str]:
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") == "image_url":
                yield str((part.get("image_url") or {}).get("url"))


def _check_images(model_id: str, urls: Sequence[str], catalog: ModelCatalog) -> None:
    size = sum(len(url) for url in urls if url.startswith("data:"))
    if size > MAX_IMAGE_BYTES:
        raise FieldError(
            PAYLOAD, f"sends images of {size:,} bytes; Groq takes {MAX_IMAGE_BYTES:,}", "Send smaller images"
        )
    model = catalog.get(model_id)
    if not urls or model is None or not model.is_available:
        return
    if Feature.VISION not in model.features:
        able = ", ".join(other.id for other in catalog.available() if Feature.VISION in other.features)
        raise FieldError(PAYLOAD, f"sends images, but {model_id} does not support images", f"Use the model {able}")
    if len(urls) > model.max_images:
        raise FieldError(PAYLOAD, f"sends {len(urls)} images; {model_id} takes {model.max_images}", "Send fewer images")
