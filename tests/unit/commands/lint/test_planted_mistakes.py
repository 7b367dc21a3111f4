"""What lint says of planted mistakes, and that an incident of the worker names the same fix."""

import asyncio
from xml.etree import ElementTree as ET

import pytest

from catalyst_groq.commands.lint.context import InlineExecutor, SampleProvider
from catalyst_groq.commands.lint.names import CAMUNDA
from catalyst_groq.commands.lint.rules import all_rules
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls
from catalyst_groq.connector.endpoint_selection import check_parameters, resolve_base_url, select_endpoints
from catalyst_groq.connector.fields.names import LOOP_COUNTER
from catalyst_groq.connector.requests.response_schema import check_response_schema
from catalyst_groq.connector.results.collecting import Collecting
from catalyst_groq.connector.task_request import TaskRequestReader
from catalyst_groq.domain.definitions import parse
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.server_kinds import ServerKinds
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.lint_diagrams import VARIABLES, lint, lint_task, process_around
from support.planted_mistakes.table import MISTAKES

pytestmark = pytest.mark.slow

PROPERTY = f"{CAMUNDA}property"
INCIDENTS = [mistake for mistake in MISTAKES.values() if mistake.shown is None]


def named(planted):
    return planted.name


def execute(xml):
    """Do what a worker does with the task `Ask` before it sends the request."""
    properties = {item.get("name"): item.get("value") for item in ET.fromstring(xml).iter(PROPERTY)}  # noqa: S314 -- made by the test
    variables = {name: {"type": "String", "value": name} for name in VARIABLES}
    recording = {"type": "File", "value": None, "valueInfo": {"filename": "recording.mp3", "mimeType": "audio/mpeg"}}
    fetched = dict.fromkeys(("id", "processInstanceId", "executionId", "processDefinitionId"), "1") | {
        "activityId": "Ask",
        "extensionProperties": properties,
        "variables": {**variables, "recording": recording, LOOP_COUNTER: {"type": "Integer", "value": 0}},
    }
    task, reader = ExternalTask(fetched), TaskRequestReader(shipped_catalog())
    secrets = Secrets(providers={"env": SampleProvider()}, allowed=("groq*",), allow_variables=True)
    definition = parse(xml)
    fields = reader.read_fields(task, definition)
    fields.template.check_names()
    collecting = Collecting.from_fields(fields, task, definition)
    request = reader.read(fields)
    if collecting:
        collecting.check_request(request)
    payload = request.builder.payload(stream=False)
    asyncio.run(check_response_schema(payload, InlineExecutor()))
    request.builder.with_files(payload, {"recording": b"mp3"})
    url = resolve_base_url(request, AllowedUrls(GROQ_URL))
    server = Account(url, "", ServerKinds(GROQ_URL).of(url))
    endpoints = asyncio.run(select_endpoints(request, task.variables, server, secrets, ()))
    check_parameters(request, payload, endpoints)


@pytest.mark.parametrize("planted", MISTAKES.values(), ids=named)
def test_lint_finds_planted_mistake(planted):
    (finding, *_) = [finding for finding in lint(planted.inside) if finding.rule_id == planted.rule_id]

    assert planted.problem in finding.problem
    assert planted.fix in f"{finding.problem}. {finding.fix}"


@pytest.mark.parametrize("planted", INCIDENTS, ids=named)
def test_incident_names_the_problem_and_fix_of_lint(planted):
    with pytest.raises(FieldError) as raised:
        execute(process_around(planted.inside))
    error = raised.value
    found = [(finding.problem, finding.fix) for finding in lint(planted.inside) if finding.rule_id == planted.rule_id]

    assert (f"{error.field}: {error.problem}", error.fix) in found


def test_planted_mistakes_name_rules_of_the_table():
    assert {planted.rule_id for planted in MISTAKES.values()} <= all_rules().keys()


def test_default_of_a_missing_variable_is_written_as_jmespath():
    payload = r'{"messages": [{"role": "user", "content": "${\"kunde-nr\"}"}]}'
    (finding,) = [
        finding for finding in lint_task({"catalyst_payload": payload}) if finding.rule_id == "missing-variable"
    ]

    assert finding.fix == "Set it before this task, or give a default: ${\"kunde-nr\" || '(none)'}"


@pytest.mark.parametrize(
    "fields",
    [
        {"catalyst_payload": '{"messages": [{"role": "user", "content": ["What is this?", "${document}"]}]}'},
        {"catalyst_operation": "transcribe", "catalyst_audio": "document"},
        {"catalyst_operation": "transcribe", "catalyst_audio": "${document}"},
    ],
    ids=["part of a message", "name of a recording", "placeholder of a recording"],
)
def test_missing_file_has_no_text_as_default(fields):
    (finding,) = [finding for finding in lint_task(fields) if finding.rule_id == "missing-variable"]

    assert finding.fix == "Set it to a File or a text before this task"
