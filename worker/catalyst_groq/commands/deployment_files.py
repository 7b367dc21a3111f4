"""The files of a deployment: diagrams, what they refer to beside them, and what else was named."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from catalyst_groq.domain.diagram_encoding import ENCODING_FIX, EncodingError, decode_diagram
from catalyst_groq.domain.diagram_scopes import is_executable
from catalyst_groq.domain.extension_elements import BPMN, attribute
from catalyst_groq.errors import CatalystError

DIAGRAM_SUFFIXES = (".bpmn", ".bpmn20.xml")
DECISION_SUFFIXES = (".dmn", ".dmn11.xml")
FORM_SUFFIX = ".form"
"""The engine reads diagrams, decisions and forms from files with these names; any other file it only stores."""

FORM_KEY_PREFIXES = ("camunda-forms:deployment:", "embedded:deployment:")
SCRIPT_PREFIX = "deployment://"
DEPLOYMENT_BINDING = "deployment"
MAX_FILE_BYTES = 20_000_000


class DeploymentFilesError(CatalystError):
    """The files cannot be deployed; the message names the file and the remedy."""


class Reference(NamedTuple):
    """A file that an element of a diagram refers to: by the file's name, or by the id of a form."""

    element_id: str
    file: str = ""
    form_id: str = ""
    is_required: bool = True
    """Whether it must be in the same deployment."""


@dataclass(frozen=True, slots=True)
class DeploymentFiles:
    """Files by their names, the executable processes in them, and what a user should know about them."""

    contents: dict[str, bytes] = field(default_factory=dict)
    processes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def collect_files(paths: Sequence[Path]) -> DeploymentFiles:
    """Return the files, the diagrams and decisions in folders, and the files beside diagrams that these refer to.

    Raises `DeploymentFilesError`.
    """
    collected = DeploymentFiles()
    named = list(dict.fromkeys(file for path in paths for file in _files_of(path)))
    for path in named:
        _add(collected, path)
    for path in named:
        if path.name.endswith(DIAGRAM_SUFFIXES):
            _add_diagram(collected, path)
        elif not path.name.endswith(DECISION_SUFFIXES) and _is_diagram(collected.contents[path.name]):
            suffixes = " or ".join(DIAGRAM_SUFFIXES)
            raise DeploymentFilesError(f"{path}: the engine reads diagrams from {suffixes} files only. Rename it.")
    return collected


def _files_of(path: Path) -> Iterator[Path]:
    if path.is_dir():
        suffixes = (*DIAGRAM_SUFFIXES, *DECISION_SUFFIXES)
        yield from sorted(file for file in path.iterdir() if file.name.endswith(suffixes) and file.is_file())
    else:
        yield path


def _add(collected: DeploymentFiles, path: Path) -> None:
    """Add a file. One of another folder with the same name would replace it in the engine."""
    content = _read(path)
    if collected.contents.setdefault(path.name, content) != content:
        raise DeploymentFilesError(f"{path}: another file is called {path.name}, too. Rename one of them.")


def _add_diagram(collected: DeploymentFiles, path: Path) -> None:
    root = _parse(path, collected.contents[path.name])
    executable = [process for process in root.iterfind(f"{BPMN}process") if is_executable(process)]
    if not executable:
        raise DeploymentFilesError(
            f"{path}: no process is executable, so the engine would ignore it. Tick 'Executable' in the Modeler."
        )
    collected.processes.extend(str(process.get("id")) for process in executable)
    for reference in _find_references(root):
        _add_reference(collected, path, reference)


def _add_reference(collected: DeploymentFiles, diagram: Path, reference: Reference) -> None:
    """Add the file that is meant, if it is beside the diagram and not yet among the files."""
    if reference.file:
        is_found = reference.file in collected.contents or _add_if_there(collected, diagram.parent / reference.file)
    else:
        is_found = _has_form(collected, reference.form_id) or any(
            _form_id(path) == reference.form_id and _add_if_there(collected, path)
            for path in sorted(diagram.parent.glob(f"*{FORM_SUFFIX}"))
        )
    if is_found:
        return
    meant = reference.file or f"a form with the id '{reference.form_id}'"
    problem = f"{diagram}: '{reference.element_id}' refers to {meant}, which is not beside the diagram"
    if reference.is_required:
        raise DeploymentFilesError(f"{problem}. Put it there, or name it, too.")
    collected.notes.append(f"{problem}: the engine uses the one that is deployed already.")


def _add_if_there(collected: DeploymentFiles, path: Path) -> bool:
    if path.is_file():
        _add(collected, path)
        return True
    return False


def _has_form(collected: DeploymentFiles, form_id: str) -> bool:
    return any(
        _id_of_form(content) == form_id for name, content in collected.contents.items() if name.endswith(FORM_SUFFIX)
    )


def _form_id(path: Path) -> str | None:
    return _id_of_form(_read(path))


def _id_of_form(content: bytes) -> str | None:
    try:
        form = json.loads(content)
    except (ValueError, RecursionError):  # a form that is not meant
        return None
    return str(form.get("id")) if isinstance(form, dict) else None


def _find_references(root: ET.Element) -> Iterator[Reference]:
    for element in root.iter():
        id_ = element.get("id", "")
        if form_id := attribute(element, "formRef"):
            is_required = attribute(element, "formRefBinding") == DEPLOYMENT_BINDING
            yield Reference(id_, form_id=form_id, is_required=is_required)
        form_key, script = attribute(element, "formKey") or "", attribute(element, "resource") or ""
        for text, prefixes in ((form_key, FORM_KEY_PREFIXES), (script, (SCRIPT_PREFIX,))):
            for prefix in prefixes:
                if text.startswith(prefix):
                    yield Reference(id_, file=text.removeprefix(prefix))


def _is_diagram(content: bytes) -> bool:
    try:
        return ET.fromstring(decode_diagram(content)).tag == f"{BPMN}definitions"  # noqa: S314 -- the user's own file
    except (ET.ParseError, EncodingError, UnicodeEncodeError, RecursionError):
        return False


def _parse(path: Path, content: bytes) -> ET.Element:
    try:
        return ET.fromstring(decode_diagram(content))  # noqa: S314 -- the user's own file
    except EncodingError as error:
        raise DeploymentFilesError(f"{path}: {error}. {ENCODING_FIX}.") from error
    except (ET.ParseError, UnicodeEncodeError, RecursionError) as error:
        raise DeploymentFilesError(f"{path}: is not well-formed XML: {error}. Correct it.") from error


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DeploymentFilesError(f"{path}: cannot be read: {error.strerror}. Name a file.") from error
    if len(content) > MAX_FILE_BYTES:
        raise DeploymentFilesError(f"{path}: has more than {MAX_FILE_BYTES:,} bytes. Name a smaller file.")
    return content
