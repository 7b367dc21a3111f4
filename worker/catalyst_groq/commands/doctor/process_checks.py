"""Checks what the engine executes: secrets that processes name, tasks that wait, workers, incidents."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.definition_cache import DefinitionCache
from catalyst_groq.camunda.queries import EngineQueries, Entity
from catalyst_groq.commands.doctor.findings import Area, Finding, split_message
from catalyst_groq.common.bounded_execution import BoundedExecutor
from catalyst_groq.common.durations import format_duration
from catalyst_groq.connector.access.secrets import VARIABLE_SOURCE, Secrets
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.fields.names import API_KEY, COMMON_DEFAULTS, SECRET_SOURCE
from catalyst_groq.errors import DefinitionError, FieldError

PROCESSES, SECRETS, TASKS = Area("Processes"), Area("Secrets"), Area("Tasks")
MAX_INCIDENTS = 1000
MAX_TASKS = 1000
MAX_SHOWN = 5
"""Of the activities with one cause."""

LONG_WAIT_SECONDS = 30.0
"""A task that waits longer, while no task of its topic is locked, is fetched by nobody."""

VARYING_PARTS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|'[^']{1,200}'|\d+(?:[.,]\d+)*")
"""In which the messages of one cause differ: ids, quoted names and figures."""

RAISE_RETRIES = "Remove the cause, then raise the retries of the tasks with catalyst-groq retry"
START_WORKER = "Start a worker for this topic (catalyst-groq run), or see its log if one runs"


class DeployedTask(NamedTuple):
    """A task of this worker in the latest version of a deployed process."""

    definition_id: str
    process: str
    activity: str
    fields: Mapping[str, str]

    @property
    def place(self) -> str:
        """Where it is."""
        return f"{self.process}/{self.activity}"


async def find_tasks(
    engine: EngineClient, topics: Sequence[str], executor: BoundedExecutor
) -> tuple[list[DeployedTask], list[Finding]]:
    """Return the tasks of these topics, and the diagrams that cannot be read. Raises `EngineError`."""
    definitions, tasks, findings = DefinitionCache(engine.definition_xml, executor), [], []
    for entry in await engine.queries().list("process-definition", latestVersion="true"):
        # The id of a process with a long key does not contain the key.
        id_, key = str(entry.get("id")), str(entry.get("key"))
        try:
            definition = await definitions.get(id_)
        except DefinitionError as error:
            findings.append(PROCESSES.fault_of(str(error), "Deploy the diagram anew"))
            continue
        for activity, (process, topic) in definition.origins.items():
            if topic not in topics or process != key:
                continue
            if reason := definition.unreadable.get(activity):
                findings.append(PROCESSES.fault_of(f"The BPMN of {id_} {reason}", "Deploy the diagram anew"))
            else:
                tasks.append(DeployedTask(id_, process, activity, definition.fields[activity]))
    number = len({task.process for task in tasks})
    if not tasks:
        fix = "Deploy a diagram with the element template Catalyst - Groq, or set CATALYST_TOPIC"
        findings.append(PROCESSES.hint(f"no deployed process has a task with the topic {' or '.join(topics)}", fix))
    else:
        findings.append(
            PROCESSES.ok(f"{_count(len(tasks), 'task')} of the worker's topics in {_count(number, 'deployed process')}")
        )
    return tasks, findings


async def check_secrets(tasks: Sequence[DeployedTask], secrets: Secrets) -> list[Finding]:
    """Return whether each secret that deployed processes name is found."""
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for task in tasks:
        source = task.fields.get(SECRET_SOURCE, "").strip() or COMMON_DEFAULTS[SECRET_SOURCE]
        name = task.fields.get(API_KEY, "").strip() or COMMON_DEFAULTS[API_KEY]
        if source != VARIABLE_SOURCE and not OPENING_MARKS.search(source + name):
            users[source, name].append(task.place)
    return [await _check_secret(*secret, places, secrets) for secret, places in users.items()]


async def _check_secret(source: str, name: str, places: Sequence[str], secrets: Secrets) -> Finding:
    used = f"used by {_list(places)}"
    if source not in secrets.sources:
        return SECRETS.fault(
            f"'{source}' is no secret source ({used})", f"Write one of {', '.join(secrets.sources)} in Secret Source"
        )
    try:
        await secrets.resolve(source, name, {})
    except FieldError as error:
        return SECRETS.fault(f"{error.problem} ({used})", error.fix)
    return SECRETS.ok(f"'{name}' is found in the secret source '{source}' ({used})")


async def check_tasks(queries: EngineQueries, topics: Sequence[str], now: datetime | None = None) -> list[Finding]:
    """Return who works on each topic, and which tasks wait. Raises `EngineError`."""
    findings: list[Finding] = []
    for topic in topics:
        locked = await queries.list("external-task", topicName=topic, locked="true", maxResults=str(MAX_TASKS))
        waiting = await queries.list(
            "external-task",
            topicName=topic,
            notLocked="true",
            withRetriesLeft="true",
            active="true",
            sortBy="createTime",
            sortOrder="asc",
            maxResults=str(MAX_TASKS),
        )
        findings += _describe_topic(topic, locked, waiting, now or datetime.now(UTC))
    return findings


def _describe_topic(
    topic: str, locked: Sequence[Entity], waiting: Sequence[Entity], now: datetime
) -> Iterator[Finding]:
    workers = Counter(str(task.get("workerId")) for task in locked if not task.get("errorMessage"))
    if workers:
        active = ", ".join(f"{worker} ({number})" for worker, number in workers.items())
        yield TASKS.ok(f"{topic}: {_count(sum(workers.values()), 'task')} locked by {active}")
    if not waiting:
        if not workers:
            yield TASKS.ok(f"{topic}: no task waits, and none is locked; whether a worker fetches it is not known")
        return
    age = _age(waiting[0], now)
    more = " or more" if len(waiting) == MAX_TASKS else ""
    text = f"{topic}: {_count(len(waiting), 'task')}{more} waiting, the oldest for {format_duration(age)}"
    if workers or age < LONG_WAIT_SECONDS:
        yield TASKS.ok(text)
    else:
        yield TASKS.fault(f"{text}, and none is locked: no worker fetches them", START_WORKER)


def _age(task: Entity, now: datetime) -> float:
    """Return the seconds since a task was created; 0 on engines that do not tell."""
    created = task.get("createTime")
    return max((now - datetime.fromisoformat(created)).total_seconds(), 0.0) if isinstance(created, str) else 0.0


async def check_incidents(queries: EngineQueries, tasks: Sequence[DeployedTask]) -> list[Finding]:
    """Return the open incidents of the worker's tasks by their causes. Raises `EngineError`."""
    own = {task.place for task in tasks}
    causes: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for process in sorted({task.process for task in tasks}):
        criteria = {"processDefinitionKeyIn": process, "incidentType": "failedExternalTask"}
        for incident in await queries.list("incident", **criteria, maxResults=str(MAX_INCIDENTS)):
            if (place := f"{process}/{incident.get('activityId')}") in own:
                message = str(incident.get("incidentMessage"))
                causes[VARYING_PARTS.sub("#", message)].append((place, message))
    if not causes:
        return [TASKS.ok("no task of the worker has an incident")]
    return [_describe_cause(found) for found in sorted(causes.values(), key=len, reverse=True)]


def _describe_cause(incidents: Sequence[tuple[str, str]]) -> Finding:
    """Describe incidents of one cause: their places, with their messages."""
    problem, remedy = split_message(incidents[0][1])
    places = _list(sorted({place for place, _ in incidents}))
    return TASKS.fault(f"{_count(len(incidents), 'incident')} at {places}: {problem}", remedy or RAISE_RETRIES)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 'es' if noun.endswith('s') else 's'}"


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MAX_SHOWN])
    return shown if len(names) <= MAX_SHOWN else f"{shown} and {len(names) - MAX_SHOWN} more"
