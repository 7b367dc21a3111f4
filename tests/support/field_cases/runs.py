"""Runs cases on a real engine, and looks at what came of them."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from catalyst_groq.domain.variables import Encoder
from catalyst_groq.sandbox.process_client import ProcessClient
from support.diagrams import diagram
from support.field_cases.account_errors import FIRST, SECOND, respond_as_first, respond_as_second
from support.field_cases.case import Case, is_generation
from support.field_cases.families import CASES
from support.field_cases.transport import PROXY_REFUSAL
from support.raw_server import PROXY, Answer, Exchange, RawServer, Received

QUESTION = "How much is the invoice?"
POLL_INTERVAL_SECONDS = 0.3
LOCK_SECONDS = 60
"""The worker's lock duration. A task that is locked for longer waits at the engine."""

COMPLETED, CAUGHT = "Review", "Caught"
"""The user tasks that follow a completion and a BPMN error."""

INCIDENT, WAITING, RUNNING = "incident", "waiting", "running"
ATTEMPTS = 3
COMMON_PROPERTIES = {"catalyst_retries": f"R{ATTEMPTS}/PT1S", "catalyst_timeout": "60", "catalyst_giveUpAfter": "PT15M"}


def respond(name: str, received: Received) -> Answer:
    """Answer a request by the name in its path: that of a case, of an endpoint, or of the proxy."""
    match name:
        case _ if name in CASES:
            return CASES[name].respond(received)
        case str() if name == FIRST:
            return respond_as_first(received)
        case str() if name == SECOND:
            return respond_as_second(received)
        case str() if name == PROXY:
            return PROXY_REFUSAL
    raise LookupError(name)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one instance."""

    end: str
    """`Review`: completed, `Caught`: a BPMN error, `incident`, `waiting` at the engine, or `running`."""
    message: str = ""
    """Of the incident, or of the last failure."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    details: str = ""
    """The error details of the last failure."""
    retries: int | None = None
    wait_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a case: the result of each instance, and the requests that the server got for all of them."""

    case: Case
    results: tuple[Result, ...]
    exchanges: tuple[Exchange, ...]

    @property
    def sent(self) -> str:
        """All that the server sent."""
        return b"\n".join(exchange.sent for exchange in self.exchanges).decode(errors="replace")

    @property
    def paid_requests(self) -> list[bytes]:
        """The bodies of the requests that the server answered with something that is whole."""
        return [exchange.content for exchange in self.exchanges if is_generation(exchange.sent)]

    @property
    def paid(self) -> int:
        return len(self.paid_requests)


class CaseRunner:
    """Runs cases all at once; each worker of the test has a topic of its own."""

    def __init__(self, process_client: ProcessClient, raw: RawServer, topics: Mapping[str, str]) -> None:
        self._client = process_client
        self._raw = raw
        self._topics = topics
        self._keys: dict[str, str] = {}
        self._instances: dict[str, set[str]] = {}
        self._results: dict[str, Result] = {}

    def deploy(self, cases: Iterable[Case]) -> None:
        """Deploy one diagram for each case."""
        for case in cases:
            self._keys[case.id], xml = diagram(
                fields=_fields_of(case),
                properties=self._properties_of(case),
                boundary=case.boundary,
                topic=self._topics[case.worker],
            )
            self._client.deploy_texts({f"{self._keys[case.id]}.bpmn": xml})

    def start(self, cases: Iterable[Case]) -> None:
        """Start the instances of deployed cases."""
        for case in cases:
            variables = {**Encoder().encode_all({"userMessage": QUESTION}), **case.variables}
            self._instances[case.id] = {
                self._client.start_typed(self._keys[case.id], variables) for _ in range(case.instances)
            }

    def run_in_turn(self, cases: Iterable[Case], seconds: float) -> None:
        """Start each case after the one before has come to an end, or after this time."""
        for case in cases:
            self.start([case])
            self.wait(seconds)

    def wait(self, seconds: float) -> None:
        """Wait until the instances that were started have come to an end, or the time is over."""
        deadline = time.monotonic() + seconds
        while not self._have_ended() and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL_SECONDS)

    def runs(self) -> dict[str, Run]:
        """Return what came of each case."""
        return {
            case_id: Run(
                CASES[case_id],
                tuple(self._results.get(instance, Result(RUNNING)) for instance in instances),
                tuple(self._exchanges_of(CASES[case_id])),
            )
            for case_id, instances in self._instances.items()
        }

    def _have_ended(self) -> bool:
        """Look at the instances, and tell whether all have come to an end but those that may wait."""
        for instance, end in self._ends().items():
            if instance not in self._results:
                self._results[instance] = self._result_of(instance, end)
        return all(
            len(self._results.keys() & instances) >= CASES[case_id].instances - CASES[case_id].may_wait
            for case_id, instances in self._instances.items()
        )

    def _properties_of(self, case: Case) -> dict[str, str]:
        own_url = {"catalyst_url": f"{self._raw.url}/{case.id}"} if case.has_own_url else {}
        return {"catalyst_operation": case.operation, **COMMON_PROPERTIES, **own_url, **case.properties}

    def _ends(self) -> dict[str, str]:
        """Return by instance what it has come to, if it has."""
        tasks = self._query("/task", "taskDefinitionKey")
        waiting = {
            task["processInstanceId"]: WAITING
            for task in self._client.get("/external-task", processDefinitionKeyIn=",".join(self._keys.values()))
            if _seconds_until(task["lockExpirationTime"]) > LOCK_SECONDS
        }
        incidents = dict.fromkeys(self._query("/incident", "id"), INCIDENT)
        return {**waiting, **incidents, **tasks}

    def _query(self, path: str, name: str) -> dict[str, str]:
        found = self._client.get(path, processDefinitionKeyIn=",".join(self._keys.values()))
        return {entry["processInstanceId"]: entry[name] for entry in found}

    def _result_of(self, instance: str, end: str) -> Result:
        variables = self._client.variables(instance)
        if end not in {WAITING, INCIDENT}:
            return Result(end, str(variables.get("errorMessage", "")), variables)
        [task] = self._client.external_tasks(instance)
        details = self._client.http.get(f"/external-task/{task['id']}/errorDetails").raise_for_status().text
        [message] = self._client.incidents(instance) or [task["errorMessage"]]
        return Result(end, message, variables, details, task["retries"], _seconds_until(task["lockExpirationTime"]))

    def _exchanges_of(self, case: Case) -> list[Exchange]:
        if case.has_own_url:
            return self._raw.exchanges_of(case.id)
        at_endpoints = [*self._raw.exchanges_of(FIRST), *self._raw.exchanges_of(SECOND)]
        return [exchange for exchange in at_endpoints if case.id.encode() in exchange.content]


def _fields_of(case: Case) -> dict[str, str]:
    written = {
        "catalyst_payload": case.payload if case.operation == "chat" else None,
        "catalyst_responseMapping": case.mapping,
        "catalyst_errorMapping": case.errors,
    }
    return {name: json.dumps(value, ensure_ascii=False) for name, value in written.items() if value is not None}


def _seconds_until(moment: str | None) -> float:
    return (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds() if moment else 0
