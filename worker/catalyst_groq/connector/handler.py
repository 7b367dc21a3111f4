"""The flow of one task: fields, secret, payload, call to Groq, outcome."""

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catalyst_groq.common.bounded_execution import BoundedExecutor, InterruptedCallError
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.calls import CallFactory
from catalyst_groq.connector.fields.names import API_KEY, SECRET_SOURCE
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.process_data import ProcessData
from catalyst_groq.connector.requests.documents import extract_texts
from catalyst_groq.connector.requests.files import files_in
from catalyst_groq.connector.requests.response_schema import check_response_schema
from catalyst_groq.connector.results.collecting import COLLECT_FIELDS, Collecting
from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.connector.results.missing_variables import suggest_variable
from catalyst_groq.connector.results.outcome_mapping import hand_back, to_outcome, uncaught_failure
from catalyst_groq.connector.results.outcome_redaction import redact_outcome, texts_of
from catalyst_groq.connector.results.task_failures import attempt_failed, error_to_failure, field_failure
from catalyst_groq.connector.results.uncaught_errors import Catchers
from catalyst_groq.connector.results.unsent_requests import (
    UnsentRequest,
    apply_error_mapping,
    missing_key,
    refused_file,
    unreadable_file,
)
from catalyst_groq.connector.task_request import TaskRequest, TaskRequestReader
from catalyst_groq.domain.call_records import CallRecord
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.domain.extension_elements import FieldsError
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import NO_RETRY, BpmnError, Failure, FailureCause, Outcome, Unlocked
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import (
    DefinitionError,
    EngineError,
    EngineRefused,
    EngineResponseTooLarge,
    FieldError,
    FileError,
    JournalError,
    MissingKey,
    UnreadableFile,
)
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.routing.call_result import CallResult, record_call
from catalyst_groq.groq.routing.router import Router
from catalyst_groq.journal import Journal

log = logging.getLogger(__name__)

CAUSES_BEFORE_REQUEST = {FailureCause.FIELD, FailureCause.FILE}
"""The causes of failures that are found before a request is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Turns a task into an outcome."""

    data: ProcessData
    reader: TaskRequestReader
    secrets: Secrets
    calls: CallFactory
    router: Router
    executor: BoundedExecutor
    """Runs what may take any time or memory for what a modeller, a process or Groq has written."""
    journal: Journal
    details: ErrorDetails = field(default_factory=ErrorDetails)
    throw_uncaught: bool = False
    stream: bool = False
    """Whether responses are streamed, also where the payload does not request it."""

    async def handle(self, task: ExternalTask) -> Outcome:
        """Return a task's outcome. Never raises: whatever happens is an outcome."""
        redactor, fields = self.secrets.redactor, None
        try:
            definition, fields = await self._read_fields(task)
            await fields.parse_in_advance(self.executor)
            redactor = await self.redactor_for(task, fields)
            outcome = await self._outcome(task, fields, definition, redactor)
        except (DefinitionError, EngineError, JournalError) as error:
            outcome = error_to_failure(task, error)
        except InterruptedCallError as error:
            message = f"{error}. Check that the worker's host has CPU time and memory left"
            outcome = attempt_failed(task, message, FailureCause.INTERRUPTED)
        except Exception as error:
            log.exception("Task %s: internal error", task.id, extra={"redactor": redactor})
            message = f"Internal error of the worker, see its log: {type(error).__name__}: {error}"
            outcome = attempt_failed(task, message, FailureCause.INTERNAL)
        if fields and (warnings := fields.template.ignored_names) and not isinstance(outcome, Unlocked):
            outcome = replace(outcome, warnings=warnings)
        outcome = await self._add_fields(task, outcome, fields, redactor)
        try:
            return await run_beside_loop_if_large(texts_of(outcome), redact_outcome, outcome, redactor)
        except Exception as error:  # noqa: BLE001 -- otherwise the task stays locked
            name = type(error).__name__
            # Without the traceback: what cannot be masked is not shown.
            log.error("Task %s: its outcome cannot be masked: internal error (%s)", task.id, name)  # noqa: TRY400
            message = f"Internal error of the worker: the outcome cannot be masked ({name})"
            return attempt_failed(task, message, FailureCause.INTERNAL)

    async def on_reported(self, task: ExternalTask, outcome: Outcome) -> None:
        """Discard a task's stored responses once no further attempt can use them."""
        may_be_replayed = isinstance(outcome, Failure) and not outcome.discard_responses
        if may_be_replayed or isinstance(outcome, Unlocked):
            return
        try:
            await self.journal.discard(task.id)
        except JournalError as error:
            log.warning("Task %s: its stored responses stay in the journal until they expire: %s", task.id, error)

    async def _read_fields(self, task: ExternalTask) -> tuple[Definition, RawFields]:
        """Look up the fields of a task. Raises `DefinitionError` if the diagram's cannot be read, and `EngineError`."""
        definition = await self.data.definition_of(task.process_definition_id)
        try:
            return definition, self.reader.read_fields(task, definition)
        except FieldsError as error:
            raise DefinitionError(task.process_definition_id, str(error)) from error

    async def redactor_for(self, task: ExternalTask, fields: RawFields) -> Redactor:
        """Return the redactor of a task, which masks the key that it brings."""
        try:
            fields = await fields.evaluate_in_advance(self.executor, (SECRET_SOURCE, API_KEY))
            return self.secrets.redactor_for(fields.text(SECRET_SOURCE), fields.text(API_KEY), task.variables)
        except FieldError:  # reported when the fields are checked; without them the task brings no key
            return self.secrets.redactor

    async def _outcome(
        self, task: ExternalTask, fields: RawFields, definition: Definition, redactor: Redactor
    ) -> Outcome:
        self.data.variables_to_fetch.add(required := fields.required_variables)
        if not task.has_variables(required):
            return Unlocked()
        return await self._execute(task, fields, definition, redactor)

    async def _execute(
        self, task: ExternalTask, fields: RawFields, definition: Definition, redactor: Redactor
    ) -> Outcome:
        """Send the task's request and map the result."""
        collecting = None
        try:
            fields.template.check_names()
            fields = await fields.evaluate_in_advance(self.executor, COLLECT_FIELDS)
            collecting = Collecting.from_fields(fields, task, definition)
            fields = await fields.evaluate_in_advance(self.executor)
            request, payload = await run_beside_loop_if_large(task.variables, self._fill_fields, fields)
            if collecting:
                collecting.check_request(request)
            answer = await self._call_groq(task, request, payload)
        except FieldError as error:
            failure = field_failure(fields, await self._suggest_variable(task, error))
            is_of_item = fields.template.depends_on_data(error.field)
            return collecting.collect_failure(failure) if collecting and is_of_item else failure
        outcome = await self._conclude(task, request, answer)
        if collecting:
            outcome = collecting.collect(outcome, request, answer.result)
        if isinstance(outcome, BpmnError) and not self.throw_uncaught:
            outcome = await self._unless_uncaught(task, definition, request, answer, outcome)
        return await self._add_call(outcome, answer, redactor)

    async def _call_groq(self, task: ExternalTask, request: TaskRequest, payload: dict[str, Any]) -> "_Answer":
        """Call Groq, unless the key or a File that the request uses cannot be read. Raises `FieldError`."""
        try:
            payload = await self._check_payload(task, request, payload)
        except FileError as error:
            retry = request.retries.after_failure(task.retries) if error.may_pass else NO_RETRY
            return _Answer.of_unsent(payload, refused_file(error, retry))
        except UnreadableFile as error:
            return _Answer.of_unsent(payload, unreadable_file(error))
        started = time.monotonic()
        try:
            call = await self.calls.make(task, request, payload)
        except MissingKey as error:
            if request.error_mapping.code_for((ErrorKind.MISSING_API_KEY.name,)) is None:
                raise
            return _Answer.of_unsent(payload, missing_key(error))
        result = await self.router.call(call)
        record = record_call(result, request.builder.operation, payload["model"], started)
        return _Answer(payload=payload, result=result, call=record)

    async def _conclude(self, task: ExternalTask, request: TaskRequest, answer: "_Answer") -> Outcome:
        if answer.unsent:
            return apply_error_mapping(request, answer.unsent, answer.payload)
        return await to_outcome(request, answer.result, task.retries, answer.payload, self.executor)

    async def _add_call(self, outcome: Outcome, answer: "_Answer", redactor: Redactor) -> Outcome:
        """Return the outcome with how it came about: for observers, and in the details of a failure."""
        if answer.call is None or isinstance(outcome, Unlocked):
            return outcome
        if isinstance(outcome, Failure):
            payload, result = answer.payload, answer.result
            content = result.response.content if isinstance(result.response, Response) else b""
            details = await run_beside_loop_if_large([payload, content], self._describe_call, payload, result, redactor)
            return replace(outcome, details=details, call=answer.call)
        return replace(outcome, call=answer.call)

    async def _add_fields(
        self, task: ExternalTask, outcome: Outcome, fields: RawFields | None, redactor: Redactor
    ) -> Outcome:
        """Return the outcome, with the task's fields in the details of an incident that has none. Never raises."""
        if fields is None or not isinstance(outcome, Failure) or outcome.retries or outcome.details:
            return outcome
        before_request = outcome.cause in CAUSES_BEFORE_REQUEST
        try:
            details = await run_beside_loop_if_large(
                fields.fields, self._describe_fields, fields, redactor, before_request=before_request
            )
        except Exception as error:  # noqa: BLE001 -- the message matters more than the details
            name = type(error).__name__
            # Without the traceback: the masking may have failed.
            log.error("Task %s: its fields cannot be described: internal error (%s)", task.id, name)  # noqa: TRY400
            return outcome
        return replace(outcome, details=details)

    async def _suggest_variable(self, task: ExternalTask, error: FieldError) -> FieldError:
        """Return the error with the variable that may be meant by one that does not exist."""
        return suggest_variable(error, await self._names_of_variables(task)) if error.missing_variable else error

    async def _names_of_variables(self, task: ExternalTask) -> Collection[str]:
        """Return the names of the variables that the task sees. The fetch may have requested only some of them."""
        if task.fetched_variables is None:
            return task.variables
        try:
            return await self.data.visible_variables(task.execution_id)
        except EngineError as error:  # the incident is raised without a suggestion
            log.debug("Task %s: its variables cannot be read: %s", task.id, error)
            return ()

    async def _unless_uncaught(
        self, task: ExternalTask, definition: Definition, request: TaskRequest, answer: "_Answer", error: BpmnError
    ) -> BpmnError | Failure:
        """Return the BPMN error, or the failure in its place if nothing catches it."""
        catchers = Catchers(self.data.definition_of, self.data.calling_process)
        missing = await catchers.explain_missing(task, definition, error.code)
        if missing is None:
            return error
        if handed_back := hand_back(request, answer.result, task.retries, error.variables):
            return handed_back
        cause = answer.unsent.failure.cause if answer.unsent else None
        return replace(uncaught_failure(request, answer.result, error, missing), cause=cause)

    def _describe_call(self, payload: Mapping[str, Any], result: CallResult, redactor: Redactor) -> str:
        return self.details.describe_call(redactor.mask_all(payload), result)

    def _describe_fields(self, fields: RawFields, redactor: Redactor, *, before_request: bool) -> str:
        return self.details.describe_fields(redactor.mask_all(fields.non_default), before_request=before_request)

    def _fill_fields(self, fields: RawFields) -> tuple[TaskRequest, dict[str, Any]]:
        """Return the request and its payload, without the contents of Files. It takes time for large variables."""
        request = self.reader.read(fields)
        return request, request.builder.payload(stream=self.stream)

    async def _check_payload(self, task: ExternalTask, request: TaskRequest, payload: dict[str, Any]) -> dict[str, Any]:
        """Check the payload's schema, and return the payload with the contents of the Files that it uses."""
        await check_response_schema(payload, self.executor)
        used = files_in(payload) if task.has_files else ()
        contents = {file.name: await self._read_file(task, file) for file in used}
        texts = await extract_texts(payload, contents, self.executor)
        return await run_beside_loop_if_large(texts, request.builder.with_files, payload, texts)

    async def _read_file(self, task: ExternalTask, file: FileVariable) -> bytes:
        try:
            return await self.data.read_file(task.execution_id, file.name)
        except EngineResponseTooLarge as error:
            raise FileError(file.name, f"{error}. Store less in it", may_pass=False) from error
        except EngineRefused as refusal:
            raise FileError(file.name, f"the engine responded {refusal}", may_pass=True) from refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came of a request: the result of a call, or why it is not sent."""

    payload: Mapping[str, Any]
    result: CallResult
    call: CallRecord | None = None
    unsent: UnsentRequest | None = None

    @classmethod
    def of_unsent(cls, payload: Mapping[str, Any], unsent: UnsentRequest) -> "_Answer":
        return cls(payload=payload, result=unsent.result, unsent=unsent)
