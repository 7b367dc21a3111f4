"""File variables in a payload: images become image parts, texts become text parts. Pure; the content is handed in.

A File stands where a message's content or one part of it stands, or where the URL of an image does:
`"content": ["What is this?", "${photo}"]`.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalyst_groq.connector.expressions.placeholders import find_opaque_values
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import Feature, known_models

MAX_IMAGE_BYTES = 4_000_000
"""Of all images of a request, in base64: Groq refuses more with a 413."""

TEXT_TYPES = ("text/", "application/json", "application/xml", "application/yaml", "application/x-yaml")
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
Contents = Mapping[str, bytes]


def files_in(payload: Mapping[str, Any]) -> list[FileVariable]:
    """Return the Files that a payload uses, each once."""
    found = {file.name: file for file in find_opaque_values(dict(payload)) if isinstance(file, FileVariable)}
    return list(found.values())


def with_files(field: str, payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
    """Put the content of each File, by the name of its variable, where it stands. Raises `FieldError`."""
    messages = [_with_files(field, message, contents) for message in payload["messages"]]
    filled = {**payload, "messages": messages}
    if contents and (left := files_in(filled)):  # without contents there was no File in it
        mend = 'Let it be a part of a message: "content": ["What is this?", "${…}"]'
        raise FieldError(field, f"holds the File '{left[0].name}' where no file can be", mend)
    _check_images(field, filled["model"], list(_image_urls(messages)))
    return filled


def _with_files(field: str, message: Any, contents: Contents) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list | FileVariable):
        return message
    parts = content if isinstance(content, list) else [content]
    return {**message, "content": [part for entry in parts for part in _parts(field, entry, contents)]}


def _parts(field: str, entry: Any, contents: Contents) -> Iterator[Any]:
    match entry:
        case FileVariable():
            yield _part(field, entry, contents[entry.name])
        case list():
            for inner in entry:
                yield from _parts(field, inner, contents)
        case str():
            yield {"type": "text", "text": entry}
        case None:
            return  # a form's file that was left out
        case {"type": "image_url", "image_url": {"url": FileVariable() as file}}:
            image = _part(field, file, contents[file.name])
            yield {**entry, "image_url": {**entry["image_url"], **image.get("image_url", {})}}
        case _:
            yield entry


def _part(field: str, file: FileVariable, content: bytes) -> dict[str, Any]:
    if file.mimetype in IMAGE_TYPES:
        url = f"data:{file.mimetype};base64,{base64.b64encode(content).decode()}"
        return {"type": "image_url", "image_url": {"url": url}}
    if not file.mimetype.startswith(TEXT_TYPES):
        kind = file.mimetype or "of no MIME type"
        raise FieldError(
            field, f"uses the File '{file.name}' ({kind}), which is neither text nor image", "Convert it first"
        )
    try:
        return {"type": "text", "text": content.decode(file.encoding)}
    except (UnicodeDecodeError, LookupError) as error:
        raise FieldError(
            field, f"uses the File '{file.name}', which is no {file.encoding} text", "Name its encoding"
        ) from error


def _image_urls(messages: Sequence[Any]) -> Iterator[str]:
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") == "image_url":
                yield str((part.get("image_url") or {}).get("url"))


def _check_images(field: str, model_id: str, urls: Sequence[str]) -> None:
    size = sum(len(url) for url in urls if url.startswith("data:"))
    if size > MAX_IMAGE_BYTES:
        raise FieldError(field, f"sends images of {size:,} bytes; Groq takes {MAX_IMAGE_BYTES:,}", "Make them smaller")
    model = known_models().get(model_id)
    if not urls or model is None or not model.is_available:
        return
    if Feature.VISION not in model.features:
        able = ", ".join(other.id for other in known_models().available() if Feature.VISION in other.features)
        raise FieldError(field, f"shows images to {model_id}, which cannot see", f"Name {able} as the model")
    if len(urls) > model.max_images:
        raise FieldError(field, f"shows {len(urls)} images; {model_id} takes {model.max_images}", "Show fewer")
