"""A handler with fake surroundings: engine, Groq, journal and ledger."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from catalyst_groq.camunda.definition_cache import DefinitionCache
from catalyst_groq.connector.access.providers import default_providers
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls
from catalyst_groq.connector.budgets import BudgetedClient, BudgetLimits
from catalyst_groq.connector.calls import CallFactory
from catalyst_groq.connector.handler import Handler
from catalyst_groq.connector.process_data import ProcessData
from catalyst_groq.connector.task_request import TASK_OPERATIONS, TaskOperation, TaskRequestReader
from catalyst_groq.domain.outcomes import Outcome
from catalyst_groq.domain.variables_to_fetch import VariablesToFetch
from catalyst_groq.groq.api.response_validation import ResponseValidator
from catalyst_groq.groq.api.server_kinds import ServerKinds
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Router
from catalyst_groq.journal import MemoryLedger, NullJournal
from support.factories import make_task
from support.groq_clients import FakeGroqClient
from support.inline_executor import InlineExecutor

NO_FOLDER = Path("/nowhere")
KEY = "gsk_0123456789abcdef"
PLAIN_TASK = '<serviceTask id="AskGroq" camunda:topic="catalyst-groq"/>'
CATCHING_TASK = PLAIN_TASK + '<boundaryEvent id="b" attachedToRef="AskGroq"><errorEventDefinition/></boundaryEvent>'


def make_secrets(environ: Mapping[str, str]) -> Secrets:
    """The built-in secret sources with this environment, and without files."""
    return Secrets(providers=default_providers(environ, NO_FOLDER, NO_FOLDER), allowed=("groq*",), allow_variables=True)


def _replace_parts(own, parts):
    """Take the parts of the same names out of `parts`."""
    return {name: parts.pop(name, part) for name, part in own.items()}


class InMemoryJournal(NullJournal):
    """A journal that ends with the test; records the tasks that were discarded."""

    is_available = True

    def __init__(self):
        self.responses = {}
        self.discarded = []

    async def load(self, key):
        return self.responses.get(key)

    async def store(self, key, response):
        self.responses[key] = response

    async def discard(self, task_id):
        self.discarded.append(task_id)
        self.responses = {key: response for key, response in self.responses.items() if key.task_id != task_id}


class HandlerHarness:
    """A handler whose Groq client returns the given responses in turn.

    `process` is the XML of the process of the task, `processes` that of others by definition id. `calling` are the
    calling processes by process instance id, or the error of the engine. `client` replaces the Groq client; `router`
    are further parts of the router, `parts` of the handler, its process data and its call factory.
    """

    def __init__(
        self,
        *responses,
        process=PLAIN_TASK,
        processes=None,
        calling=None,
        engine_error=None,
        client=None,
        ledger=None,
        operations: Mapping[str, TaskOperation] = TASK_OPERATIONS,
        router=None,
        executor=None,
        **parts,
    ):
        self.groq = client or FakeGroqClient(*responses)
        self.ledger = ledger or MemoryLedger()
        self.executor = executor or InlineExecutor()
        self.read_files: list[str] = []
        self._process = process
        self._processes = processes or {}
        self._calling = calling or {}
        self._engine_error = engine_error
        catalog = shipped_catalog()
        state = RoutingState(RetiredModels(catalog))
        secrets = make_secrets({"GROQ_API_KEY": KEY, "GROQ_BILLING_KEY": "key-of-billing"})
        journal = parts.pop("journal", None) or NullJournal()
        data: dict[str, Any] = {
            "definition_of": DefinitionCache(self._definition_xml, self.executor).get,
            "variables_to_fetch": VariablesToFetch(),
            "calling_process": self._calling_process,
            "read_file": self._read_file,
            "visible_variables": self._visible_variables,
        }
        calls: dict[str, Any] = {
            "secrets": secrets,
            "urls": AllowedUrls(GROQ_URL),
            "servers": ServerKinds(GROQ_URL),
            "journal": journal,
            "lock_duration": timedelta(minutes=1),
            "endpoints": (),
            "budgets": BudgetLimits(),
        }
        surroundings: dict[str, Any] = {
            "data": ProcessData(**_replace_parts(data, parts)),
            "reader": TaskRequestReader(catalog, operations, secrets.sources),
            "secrets": secrets,
            "calls": CallFactory(**_replace_parts(calls, parts)),
            "router": Router(
                BudgetedClient(self.groq, self.ledger, catalog),
                state,
                catalog,
                **{"validate": ResponseValidator(self.executor).validate, **(router or {})},
            ),
            "executor": self.executor,
            "journal": journal,
        }
        self.handler = Handler(**(surroundings | parts))

    @property
    def payloads(self):
        """The payloads that were sent to Groq."""
        return self.groq.payloads

    @property
    def accounts(self):
        """URL and key of each request that was sent to Groq."""
        return [(request.account.url, request.account.key) for request in self.groq.requests]

    async def handle(self, variables=None, properties=None, *, files=None, **context) -> Outcome:
        """Handle a task; `files` are its variables as the engine writes them."""
        task = make_task(variables, properties, **context)
        if files:
            task._fetched["variables"] = files
        return await self.handler.handle(task)

    async def _definition_xml(self, definition_id):
        if self._engine_error:
            raise self._engine_error
        process = self._processes.get(definition_id, self._process)
        return (
            '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
            f'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"><process id="p">{process}</process></definitions>'
        ).encode()

    async def _read_file(self, execution_id, name):
        assert execution_id == "execution-1"
        self.read_files.append(name)
        return f"the content of {name}".encode()

    async def _visible_variables(self, execution_id):
        assert execution_id == "execution-1"
        return ()

    async def _calling_process(self, process_instance_id):
        if isinstance(self._calling, Exception):
            raise self._calling
        return self._calling.get(process_instance_id)
