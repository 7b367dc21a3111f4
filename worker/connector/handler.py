"""One task's way: fields, secret, payload, Groq, mapping, outcome."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from worker.camunda.definitions import CallingProcess, Definition, Definitions
from worker.camunda.tasks import ExternalTask
from worker.camunda.wanted import WantedVariables
from worker.connector.budgets import Budgets
from worker.connector.conclusion import conclude
from worker.connector.destinations import asked_at, endpoints_for
from worker.connector.details import Details
from worker.connector.fields import Fields, read_fields
from worker.connector.files import files_in
from worker.connector.outcomes import BpmnError, Completion, Failure, GivenBack, Outcome
from worker.connector.payload import to_bytes
from worker.connector.retries import RetryCycle
from worker.connector.secrets import Secrets
from worker.connector.shortening import Shortener
from worker.connector.urls import AllowedUrls
from worker.connector.written import DEFAULTS, PAYLOAD, RETRIES, Written
from worker.errors import EngineError, EngineUnreachable, FieldError, JournalError
from worker.groq.accounts import Account, Ask, Payload
from worker.groq.answers import Answer, NoAnswer
from worker.groq.asking import ask_models
from worker.groq.endpoints import Endpoint
from worker.groq.succession import Experience, Succession
from worker.groq.waiting import Exchange
from worker.journal import Entry, Journal, ask_once, request_key

log = logging.getLogger(__name__)
JOURNAL_PAUSE = timedelta(seconds=30)
"""How long a task waits in the engine for a journal that is required and broken."""

DEFAULT_RETRIES = RetryCycle.parse(RETRIES, DEFAULTS[RETRIES])


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Turns a task into an outcome. What it needs of the engine is handed in as questions."""

    definitions: Definitions
    wanted: WantedVariables
    calling_process: Callable[[str], Awaitable[CallingProcess | None]]
    read_file: Callable[[str, str], Awaitable[bytes]]
    secrets: Secrets
    urls: AllowedUrls
    ask: Ask
    experience: Experience
    journal: Journal
    lock_duration: timedelta
    details: Details = field(default_factory=Details)
    endpoints: Sequence[Endpoint] = ()
    """The operator's, in order."""
    budgets: Budgets = field(default_factory=Budgets)
    throw_uncaught: bool = False
    stream: bool = False
    """Whether Groq is asked for streams, also where the payload does not."""

    async def handle(self, task: ExternalTask) -> Outcome:
        """Return one task's outcome. Never raises: whatever happens is an outcome."""
        try:
            return self._without_keys(await self._outcome(task))
        except Exception as defect:
            log.exception("Task %s met a defect of the worker", task.id)
            said = f"A defect of the worker, see its log: {type(defect).__name__}: {defect}"
            return self._without_keys(_failed_try(task, said))

    async def settle(self, task: ExternalTask, outcome: Outcome) -> None:
        """Forget what was kept for a task once the engine has gone on with it; a further try may want the answer."""
        if not isinstance(outcome, Completion | BpmnError):
            return
        try:
            await self.journal.forget(task.id)
        except JournalError as error:
            log.warning("What was kept for task %s stays until it is too old: %s", task.id, error)

    async def _outcome(self, task: ExternalTask) -> Outcome:
        try:
            definition = await self.definitions.of(task.process_definition_id)
            written = Written.of(task, definition)
            self.wanted.add(needs := written.needs)
            if not task.has_what_it_needs(needs):
                return GivenBack()
            return await self._carried_out(task, written, definition)
        except EngineUnreachable as error:
            return Failure(str(error), retries=DEFAULT_RETRIES.left(task.retries))
        except JournalError as error:
            said = f"{error}. Groq is not asked without it"
            return Failure(said, retries=DEFAULT_RETRIES.left(task.retries), retry_timeout=JOURNAL_PAUSE)
        except EngineError as error:
            return _failed_try(task, f"The engine does not let the worker read the process: {error}")

    async def _carried_out(self, task: ExternalTask, written: Written, definition: Definition) -> Outcome:
        """Ask Groq what is written and make an outcome of what it says."""
        mask_all = self.secrets.redactor.mask_all
        try:
            fields = read_fields(written)
            payload = await self._question(task, fields)
            exchange = await self._answer(task, fields, payload)
        except FieldError as error:
            return Failure(str(error), self.details.of_fields(mask_all(written.edited)))
        outcome = await self._unless_uncaught(conclude(fields, exchange, task.retries, payload), task, definition)
        if isinstance(outcome, Failure):
            return replace(outcome, details=self.details.of(mask_all(payload), exchange))
        return outcome

    async def _question(self, task: ExternalTask, fields: Fields) -> dict[str, Any]:
        """Return what Groq is asked, with the Files that it uses."""
        payload = fields.question.payload(stream=self.stream)
        used = files_in(payload) if task.has_files else ()
        files = {file.name: await self.read_file(task.process_instance_id, file.name) for file in used}
        return fields.question.with_files(payload, files)

    async def _answer(self, task: ExternalTask, fields: Fields, payload: Mapping[str, Any]) -> Exchange:
        """Ask once for a task, also when it comes again, wherever a model is that answers."""
        base_url = asked_at(fields, self.urls)
        endpoints = endpoints_for(fields, task.variables, base_url, self.secrets, self.endpoints)
        patience = fields.give_up_after - task.age(self.lock_duration)
        succession = Succession(self.experience, endpoints, payload["model"], fields.fallback_models)
        shortener = Shortener(fields.question.shorter)

        def send(account: Account, request: Payload) -> Awaitable[Answer | NoAnswer]:
            return self.ask(account, request, fields.timeout)

        async def ask() -> Exchange:
            asking = shortener.around(self.budgets.around(send, task))
            exchange = await ask_models(asking, payload, patience.total_seconds(), succession)
            return exchange._replace(left_out=shortener.left_out) if shortener.left_out else exchange

        return await ask_once(self.journal, Entry(task.id, request_key(base_url, to_bytes(PAYLOAD, payload))), ask)

    async def _unless_uncaught(self, outcome: Outcome, task: ExternalTask, definition: Definition) -> Outcome:
        """Keep a BPMN error only if something can catch it.

        The engine ends the instance as completed, silently, when nothing does; an incident is what a modeller sees.
        """
        if not isinstance(outcome, BpmnError) or self.throw_uncaught:
            return outcome
        if definition.catches(task.activity_id, outcome.code):
            return outcome
        if await self._is_caught_by_a_caller(task.process_instance_id, outcome.code):
            return outcome
        missing = f"Nothing catches the BPMN error {outcome.code}: {definition.where_to_catch(task.activity_id)}"
        return Failure(f"{outcome.message} {missing}.", variables=outcome.variables)

    async def _is_caught_by_a_caller(self, process_instance_id: str, code: str) -> bool:
        caller = await self.calling_process(process_instance_id)
        while caller:
            if (await self.definitions.of(caller.definition_id)).catches_from_calls(code):
                return True
            caller = await self.calling_process(caller.instance_id)
        return False

    def _without_keys(self, outcome: Outcome) -> Outcome:
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
            case GivenBack():
                return outcome


def _failed_try(task: ExternalTask, message: str) -> Failure:
    left, retry_timeout = DEFAULT_RETRIES.after_failure(task.retries)
    return Failure(message, retries=left, retry_timeout=retry_timeout)
