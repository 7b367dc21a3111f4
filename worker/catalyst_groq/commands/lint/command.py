"""`catalyst-groq lint`: reads diagrams from files or from the engine, and lints and fixes each within bounds."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from catalyst_groq.camunda.deployments import ProcessDefinition
from catalyst_groq.commands.lint.context import LintContext
from catalyst_groq.commands.lint.findings import DiagramReport, Finding
from catalyst_groq.commands.lint.fixed_files import FixedFile, describe_change
from catalyst_groq.commands.lint.fixer import fix_diagram
from catalyst_groq.commands.lint.linter import lint_diagram, unreadable
from catalyst_groq.commands.models import DeployedDefinitions
from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished

MAX_FILE_BYTES = 20_000_000
SUFFIXES = (".bpmn", ".bpmn20.xml")


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and the diagrams in the folders, each once."""
    return list(dict.fromkeys(file for path in paths for file in _files_of(path)))


def _files_of(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(_diagrams_in(path))
    else:
        yield path


def _diagrams_in(folder: Path) -> Iterator[Path]:
    """Yield the diagrams in a folder. Hidden folders and virtual environments in it hold those of others."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _is_skipped(Path(parent, name))]
        files = (Path(parent, name) for name in names if name.endswith(SUFFIXES))
        yield from (file for file in files if file.is_file())


def _is_skipped(folder: Path) -> bool:
    return folder.name.startswith(".") or (folder / "pyvenv.cfg").is_file()


async def lint_files(
    files: Sequence[Path], context: LintContext, executor: BoundedExecutor, mask: Callable[[str], str]
) -> list[DiagramReport]:
    """Return the findings of files. Raises the executor's `OSError`."""
    reports = []
    await executor.run(load_linter)
    for file in files:
        content = _read(file)
        found = [content] if isinstance(content, Finding) else await _lint_bounded(content, context, executor)
        reports.append(DiagramReport(str(file), [finding.mask(mask) for finding in found]))
    return reports


async def fix_files(
    files: Sequence[Path], context: LintContext, executor: BoundedExecutor, mask: Callable[[str], str]
) -> list[FixedFile]:
    """Return the files that fixes would change. Raises the executor's `OSError`."""
    fixed = []
    await executor.run(load_linter)
    for file in files:
        if isinstance(before := _read(file), Finding):
            continue
        values = await executor.run(fix_to_values, before, context)
        if not isinstance(values, Unfinished) and values[1]:
            after, count = values
            fixed.append(FixedFile(file, before, after, count, mask(describe_change(file, before, after))))
    return fixed


async def lint_deployed(
    definitions: DeployedDefinitions, context: LintContext, executor: BoundedExecutor, mask: Callable[[str], str]
) -> list[DiagramReport]:
    """Return the findings of the latest versions of deployed processes. Raises `EngineError`, `OSError`."""
    reports = []
    for definition in await definitions.latest_definitions():
        found = await _lint_bounded(await definitions.definition_xml(definition.id), context, executor)
        masked = [finding.mask(mask) for finding in found]
        reports.append(DiagramReport(describe_definition(definition), masked, definition.id))
    return reports


def describe_definition(definition: ProcessDefinition) -> str:
    """Return how a reader knows a deployed process: its key, its version, and its file in the deployment."""
    tenant = f" of tenant {definition.tenant}" if definition.tenant else ""
    resource = f" ({definition.resource})" if definition.resource else ""
    return f"{definition.key} version {definition.version}{tenant}{resource}"


def load_linter() -> None:
    """Do nothing: the process imports the linter, whose checks then have the time of a call to themselves."""


def lint_to_rows(content: bytes | str, context: LintContext) -> list[tuple[int, str, str, str, str, str]]:
    """Return the findings of a diagram as plain values: a child process may return nothing else."""
    return [tuple(finding) for finding in lint_diagram(content, context)]  # type: ignore[misc]


def fix_to_values(content: bytes, context: LintContext) -> tuple[bytes, int]:
    """Return a diagram after its fixes, and their number, as plain values."""
    content, fixed = fix_diagram(content, context)
    return content, fixed


async def _lint_bounded(content: bytes | str, context: LintContext, executor: BoundedExecutor) -> list[Finding]:
    rows = await executor.run(lint_to_rows, content, context)
    if isinstance(rows, Unfinished):
        return [unreadable(f"cannot be checked: the check {rows.reason}")]
    return [Finding(*row) for row in rows]


def _read(file: Path) -> bytes | Finding:
    try:
        size = file.stat().st_size
        return file.read_bytes() if size <= MAX_FILE_BYTES else unreadable(f"has more than {MAX_FILE_BYTES:,} bytes")
    except OSError as error:
        return unreadable(f"cannot be read: {error.strerror}")
