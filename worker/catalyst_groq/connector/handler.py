"""One task's way: fields, secret, payload, Groq, mapping, outcome."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.access.urls import AllowedUrls
from catalyst_groq.connector.budgets import Budgets
from catalyst_groq.connector.endpoint_selection import resolve_base_url, select_endpoints
from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, PAYLOAD, RETRIES
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.retry_cycle import RetryCycle
from catalyst_groq.connector.requests.files import files_in
from catalyst_groq.connector.requests.payload import to_bytes
from catalyst_groq.connector.requests.truncation import Truncator
from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.connector.results.outcome_mapping import to_outcome
from catalyst_groq.connector.task_request import TaskRequest, read_task_request
from catalyst_groq.domain.definitions import CallingProcess, Definition
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome, Unlocked
from catalyst_groq.domain.variables_to_fetch import VariablesToFetch
from catalyst_groq.errors import EngineError, EngineUnreachable, FieldError, JournalError
from catalyst_groq.groq.api.requests import Account, Ask, Payload
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import ask_models
from catalyst_groq.groq.routing.retry import CallResult
from catalyst_groq.groq.routing.router import RoutingState, Succession
from catalyst_groq.journal import Journal, JournalKey, replay_or_call, request_key

log = logging.getLogger(__name__)
JOURNAL_RETRY_TIMEOUT = timedelta(seconds=30)
"""How long a task waits in the engine for a journal that is required and broken."""

DEFAULT_RETRIES = RetryCycle.parse(RETRIES, CHAT_DEFAULTS[RETRIES])


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Turns a task into an outcome. What it needs of the engine is handed in as questions."""

    definition_of: Callable[[str], Awaitable[Definition]]
    variables_to_fetch: VariablesToFetch
    calling_process: Callable[[str], Awaitable[CallingProcess | None]]
    read_file: Callable[[str, str], Awaitable[bytes]]
    secrets: Secrets
    urls: AllowedUrls
    ask: Ask
    routing_state: RoutingState
    journal: Journal
    lock_duration: timedelta
    details: ErrorDetails = field(default_factory=ErrorDetails)
    endpoints: Sequence[Endpoint] = ()
    """The operator's, in order."""
    budgets: Budgets = field(default_factory=Budgets)
    throw_uncaught: bool = False
    stream: bool = False
    """Whether Groq is asked for streams, also where the payload does not."""

    async def handle(self, task: ExternalTask) -> Outcome:
        """Return one task's outcome. Never raises: whatever happens is an outcome."""
        try:
            return self._redacted(await self._outcome(task))
        except Exception as defect:
            log.exception("Task %s met a defect of the worker", task.id)
            said = f"A defect of the worker, see its log: {type(defect).__name__}: {defect}"
            return self._redacted(_attempt_failed(task, said))

    async def on_reported(self, task: ExternalTask, outcome: Outcome) -> None:
        """Forget what was kept for a task once the engine has gone on with it; a further try may want the answer."""
        if not isinstance(outcome, Completion | BpmnError):
            return
        try:
            await self.journal.discard(task.id)
        except JournalError as error:
            log.warning("What was kept for task %s stays until it is too old: %s", task.id, error)

    async def _outcome(self, task: ExternalTask) -> Outcome:
        try:
            definition = await self.definition_of(task.process_definition_id)
            written = RawFields.from_task(task, definition)
            self.variables_to_fetch.add(needs := written.required_variables)
            if not task.has_variables(needs):
                return Unlocked()
            return await self._execute(task, written, definition)
        except EngineUnreachable as error:
            return Failure(str(error), retries=DEFAULT_RETRIES.retries_left(task.retries))
        except JournalError as error:
            said = f"{error}. Groq is not asked without it"
            return Failure(
                said, retries=DEFAULT_RETRIES.retries_left(task.retries), retry_timeout=JOURNAL_RETRY_TIMEOUT
            )
        except EngineError as error:
            return _attempt_failed(task, f"The engine does not let the worker read the process: {error}")

    async def _execute(self, task: ExternalTask, written: RawFields, definition: Definition) -> Outcome:
        """Ask Groq what is written and make an outcome of what it says."""
        mask_all = self.secrets.redactor.mask_all
        try:
            fields = read_task_request(written)
            payload = await self._build_payload(task, fields)
            exchange = await self._call_groq(task, fields, payload)
        except FieldError as error:
            return Failure(str(error), self.details.of_fields(mask_all(written.non_default)))
        outcome = await self._incident_if_uncaught(
            to_outcome(fields, exchange, task.retries, payload), task, definition
        )
        if isinstance(outcome, Failure):
            return replace(outcome, details=self.details.of(mask_all(payload), exchange))
        return outcome

    async def _build_payload(self, task: ExternalTask, fields: TaskRequest) -> dict[str, Any]:
        """Return what Groq is asked, with the Files that it uses."""
        payload = fields.builder.payload(stream=self.stream)
        used = files_in(payload) if task.has_files else ()
        files = {file.name: await self.read_file(task.process_instance_id, file.name) for file in used}
        return fields.builder.with_files(payload, files)

    async def _call_groq(self, task: ExternalTask, fields: TaskRequest, payload: Mapping[str, Any]) -> CallResult:
        """Ask once for a task, also when it comes again, wherever a model is that answers."""
        base_url = resolve_base_url(fields, self.urls)
        endpoints = select_endpoints(fields, task.variables, base_url, self.secrets, self.endpoints)
        patience = fields.give_up_after - task.age(self.lock_duration)
        succession = Succession(self.routing_state, endpoints, payload["model"], fields.fallback_models)
        shortener = Truncator(fields.builder.truncate)

        def send(account: Account, request: Payload) -> Awaitable[Response | NoResponse]:
            return self.ask(account, request, fields.timeout)

        async def ask() -> CallResult:
            asking = shortener.around(self.budgets.around(send, task))
            exchange = await ask_models(asking, payload, patience.total_seconds(), succession)
            return exchange._replace(left_out=shortener.omitted) if shortener.omitted else exchange

        return await replay_or_call(
            self.journal, JournalKey(task.id, request_key(base_url, to_bytes(PAYLOAD, payload))), ask
        )

    async def _incident_if_uncaught(self, outcome: Outcome, task: ExternalTask, definition: Definition) -> Outcome:
        """Keep a BPMN error only if something can catch it.

        The engine ends the instance as completed, silently, when nothing does; an incident is what a modeller sees.
        """
        if not isinstance(outcome, BpmnError) or self.throw_uncaught:
            return outcome
        if definition.catches(task.activity_id, outcome.code):
            return outcome
        if await self._caller_catches(task.process_instance_id, outcome.code):
            return outcome
        missing = f"Nothing catches the BPMN error {outcome.code}: {definition.where_to_catch(task.activity_id)}"
        return Failure(f"{outcome.message} {missing}.", variables=outcome.variables)

    async def _caller_catches(self, process_instance_id: str, code: str) -> bool:
        caller = await self.calling_process(process_instance_id)
        while caller:
            if (await self.definition_of(caller.definition_id)).catches_from_calls(code):
                return True
            caller = await self.calling_process(caller.instance_id)
        return False

    def _redacted(self, outcome: Outcome) -> Outcome:
        mask, mask_all = self.secrets.redactor.mask, self.secrets.redactor.mask_all
        variables = mask_all(outcome.variables)
        match outcome:
            case Completion():
                return outcome if variables is outcome.variables else replace(outcome, variables=variables)
            case BpmnError():
                return replace(outcome, message=mask(outcome.message), variables=variables)
            case Failure():
                message, details = mask(outcome.message), mask(outcome.details)
                return replace(outcome, message=message, details=details, variables=variables)
            case Unlocked():
                return outcome


def _attempt_failed(task: ExternalTask, message: str) -> Failure:
    left, retry_timeout = DEFAULT_RETRIES.after_failure(task.retries)
    return Failure(message, retries=left, retry_timeout=retry_timeout)
