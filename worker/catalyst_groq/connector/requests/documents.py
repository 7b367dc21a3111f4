"""The texts of documents (PDF, Word) that the messages of a payload use. They are read in a process with bounds."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.connector.requests.file_types import DOCX, PDF, recognize
from catalyst_groq.connector.requests.files import Contents, files_in
from catalyst_groq.connector.requests.pdf_documents import read_pdf
from catalyst_groq.connector.requests.unreadable_document import UnreadableDocumentError
from catalyst_groq.connector.requests.word_documents import read_docx
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError, UnreadableFile

MAX_DOCUMENT_BYTES = 50_000_000
READERS: Mapping[str, Callable[[bytes], str]] = {PDF: read_pdf, DOCX: read_docx}
NAMES = {PDF: "PDF", DOCX: "Word document"}
MISSING_EXTRA = "Have the operator install it: pip install 'catalyst-groq-worker[documents]'; or send its text"


async def extract_texts(
    payload: Mapping[str, Any], contents: Mapping[str, bytes], executor: BoundedExecutor
) -> Contents:
    """Return the contents of Files with the texts of documents in place of their bytes, as far as messages use them.

    Raises `FieldError`, and the executor's `OSError`.
    """
    texts: dict[str, str] = {}
    for file in files_in({"messages": payload.get("messages")}):
        content = contents[file.name]
        if content and (mimetype := recognize(file, content)) in READERS:
            texts[file.name] = await _extract_text(file, content, mimetype, executor)
    return {**contents, **texts}


async def _extract_text(file: FileVariable, content: bytes, mimetype: str, executor: BoundedExecutor) -> str:
    subject = f"uses the File '{file.name}', a {NAMES[mimetype]} that"
    if mimetype == PDF and find_spec("pypdfium2") is None:
        raise FieldError(PAYLOAD, f"{subject} only a worker with the extra 'documents' can read", MISSING_EXTRA)
    if len(content) > MAX_DOCUMENT_BYTES:
        problem = f"{subject} has {len(content):,} bytes; the worker reads {MAX_DOCUMENT_BYTES:,}"
        raise UnreadableFile(PAYLOAD, problem, "Send a part of it, or its text", file.name)
    result: tuple[str, str, str] | Unfinished = await executor.run(read_document, mimetype, content)
    if isinstance(result, Unfinished):
        problem = f"{subject} cannot be converted to text: the conversion {result.reason}"
        raise UnreadableFile(PAYLOAD, problem, "Send a part of it, or its text", file.name)
    text, problem, fix = result
    if problem:
        raise UnreadableFile(PAYLOAD, f"{subject} {problem}", fix, file.name)
    return text


def read_document(mimetype: str, content: bytes) -> tuple[str, str, str]:
    """Return the text of a document, or what keeps it from being read and the fix. It may take any time and memory."""
    try:
        return READERS[mimetype](content), "", ""
    except UnreadableDocumentError as error:
        return "", error.problem, error.fix
