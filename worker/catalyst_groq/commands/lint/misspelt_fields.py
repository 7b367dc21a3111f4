"""Fields under misspelt names, which the worker refuses: lint reads them as they are meant.

Otherwise the defaults would stand in for them, and everything that follows from these would be reported too. Pure.
"""

from collections.abc import Mapping

from catalyst_groq.commands.lint.tasks import WrittenTask
from catalyst_groq.connector.fields.ignored_fields import find_ignored_fields
from catalyst_groq.connector.task_request import TASK_OPERATIONS
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.domain.extension_elements import FIELD_PREFIX, looks_like_field
from catalyst_groq.domain.external_task import ExternalTask

KNOWN_FIELDS = frozenset(name for operation in TASK_OPERATIONS.values() for name in operation.defaults)


def find_misspelt_fields(task: WrittenTask, definition: Definition) -> dict[str, str]:
    """Return the misspelt names of fields by those that are meant, unless the field is there under that one too.

    Raises `FieldsError` if the fields of the diagram cannot be read.
    """
    texts = _texts_of(task, definition)
    names = [name for name in texts if is_meant_as_field(task, name)]
    found: dict[str, str] = {}
    for ignored in find_ignored_fields(names, KNOWN_FIELDS, KNOWN_FIELDS, ""):
        if ignored.meant and ignored.meant not in texts:
            found.setdefault(ignored.meant, ignored.name)
    return found


def read_as_meant(task: WrittenTask, definition: Definition, misspelt: Mapping[str, str]) -> ExternalTask:
    """Return the task with its misspelt fields under the names that are meant, where the worker looks first."""
    if not misspelt:
        return task.external_task
    texts, properties = _texts_of(task, definition), task.external_task.extension_properties
    as_meant = {meant: texts[name] for meant, name in misspelt.items()}
    return task.external_task.with_extension_properties({**properties, **as_meant})


def is_meant_as_field(task: WrittenTask, name: str) -> bool:
    """Whether a name is meant as that of a field; an input parameter may be a variable of the process's own."""
    return name.strip().lower().startswith(FIELD_PREFIX) if name in task.inputs else looks_like_field(name)


def _texts_of(task: WrittenTask, definition: Definition) -> dict[str, str]:
    """Return the texts by their names that are not blank. Of several the worker takes the last one."""
    sources: tuple[Mapping[str, str | None], ...] = (
        task.inputs,
        definition.fields_of(task.id),
        task.external_task.extension_properties,
    )
    return {name: text for source in sources for name, text in source.items() if text and text.strip()}
