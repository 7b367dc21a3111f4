"""Loads what is previewed: the task in its diagram, and its data from the command line or a running instance."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.definition_cache import DefinitionCache
from catalyst_groq.commands.preview.errors import PreviewError
from catalyst_groq.commands.preview.instances import InstanceData, find_instance
from catalyst_groq.commands.preview.task_selection import SelectedTask, select_task
from catalyst_groq.commands.variable_options import GivenVariables, read_file, read_variables
from catalyst_groq.common.bounded_execution import BoundedExecutor
from catalyst_groq.connector.process_data import ProcessData
from catalyst_groq.domain.definitions import CallingProcess, Definition
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.variables import Encoder, TypedValueDto
from catalyst_groq.domain.variables_to_fetch import VariablesToFetch
from catalyst_groq.errors import DefinitionError

GIVEN, INPUT, INSTANCE = "--var", "input parameter", "instance"
LONG_AGO = {"createTime": "2000-01-01T00:00:00.000+0000", "lockExpirationTime": "2001-01-01T00:00:00.000+0000"}
"""Times of a task that waits for nothing any more, so that an answer has its final outcome at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOptions:
    """What is previewed. `file` is None for the deployed diagram of an instance."""

    file: Path | None = None
    task_id: str | None = None
    variables: Sequence[str] = ()
    """As `read_variables` reads them."""
    instance: str | None = None
    send: bool = False
    response: bytes | None = None
    """An answer to try; None for none."""
    status: int = HTTPStatus.OK
    """The HTTP status of that answer."""

    @property
    def is_answered(self) -> bool:
        """Whether the requests get answers."""
        return self.send or self.response is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedTask:
    """A task with its data, as the worker would fetch it."""

    selected: SelectedTask
    task: ExternalTask
    typed: Mapping[str, TypedValueDto]
    """Its variables, as the engine sends them."""
    files: Mapping[str, bytes]
    """The contents of the Files that were given, by the names of their variables."""
    sources: Mapping[str, str]
    """Where each variable comes from."""
    notes: Sequence[str] = field(default_factory=list)


async def load_task(
    options: PreviewOptions, topics: Sequence[str], encoder: Encoder, engine: EngineClient | None
) -> PreviewedTask:
    """Read the diagram, the variables and the instance. `engine`: only for an instance. Raises `CatalystError`."""
    given = read_variables(options.variables, encoder)
    content = None if options.file is None else read_file(options.file, "FILE")
    selected = None if content is None else select_task(content, str(options.file), options.task_id, topics)
    instance = None
    if options.instance is not None:
        assert engine is not None  # noqa: S101 -- the caller has one then
        activity_id = selected.written.id if selected else options.task_id
        instance = await find_instance(engine.queries(), options.instance, activity_id)
        if selected is None:
            xml = await engine.definition_xml(instance.definition_id)
            selected = select_task(xml, instance.definition_id, str(instance.fetched["activityId"]), topics)
    if selected is None:
        raise PreviewError("Name a BPMN file, or a running instance with --instance.")
    return _assemble(options, selected, given, instance)


def _assemble(
    options: PreviewOptions, selected: SelectedTask, given: GivenVariables, instance: InstanceData | None
) -> PreviewedTask:
    inputs = selected.written.inputs
    fixed: dict[str, TypedValueDto] = {
        name: {"type": "String", "value": text} for name, text in inputs.items() if text is not None
    }
    if clash := sorted(fixed.keys() & given.typed.keys()):
        raise PreviewError(
            f"--var {clash[0]}: the task has an input parameter of this name with a fixed text, which the engine would "
            "use. Leave the option out, or change the diagram."
        )
    of_instance = instance.variables if instance else {}
    typed = {**of_instance, **given.typed, **fixed}
    sources = dict.fromkeys(of_instance, INSTANCE) | dict.fromkeys(given.typed, GIVEN) | dict.fromkeys(fixed, INPUT)
    facts = {
        "id": None,
        "processInstanceId": None,
        "executionId": None,
        "processDefinitionId": None,
        "processDefinitionKey": selected.definition.origins[selected.written.id].process,
        **(instance.fetched if instance else {}),
        "activityId": selected.written.id,
        "topicName": selected.topic,
        "extensionProperties": selected.written.external_task.extension_properties,
        "variables": typed,
        **(LONG_AGO | {"retries": 1} if options.response is not None else {}),
    }
    task = ExternalTask(facts)
    task.process_definition_id = selected.source
    notes = [instance.note] if instance and instance.note else []
    if not selected.is_fetched:
        notes.append(f"A worker with these settings does not fetch the topic '{selected.written.topic}'")
    computed = [name for name, text in inputs.items() if text is None and name not in typed]
    notes += [f"The engine computes the input parameter '{name}': give its value with --var" for name in computed]
    return PreviewedTask(selected=selected, task=task, typed=typed, files=given.files, sources=sources, notes=notes)


def make_process_data(previewed: PreviewedTask, engine: EngineClient | None, executor: BoundedExecutor) -> ProcessData:
    """Return where the handler reads data of processes: in the diagram, in given files, and in the engine if any."""
    definitions = DefinitionCache(engine.definition_xml, executor) if engine else None

    async def definition_of(definition_id: str) -> Definition:
        if definition_id == previewed.selected.source:
            return previewed.selected.definition
        if definitions is None:
            raise DefinitionError(definition_id, "is not known here")
        return await definitions.get(definition_id)

    async def calling_process(instance_id: str) -> CallingProcess | None:
        is_running = engine is not None and previewed.task.facts.get("processInstanceId")
        return await engine.calling_process(instance_id) if engine and is_running else None

    async def read_variable_file(execution_id: str, name: str) -> bytes:
        if name in previewed.files:
            return previewed.files[name]
        assert engine is not None  # noqa: S101 -- all other Files are those of an instance
        return await engine.file(execution_id, name)

    async def visible_variables(_: str) -> Collection[str]:
        return previewed.typed

    return ProcessData(
        definition_of=definition_of,
        variables_to_fetch=VariablesToFetch(),
        calling_process=calling_process,
        read_file=read_variable_file,
        visible_variables=visible_variables,
    )
