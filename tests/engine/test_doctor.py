"""`catalyst-groq doctor` on real engines, a real Redis and the emulator: each planted fault is found with its fix."""

import json
import re
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from typer.testing import CliRunner

from catalyst_groq.cli import app
from catalyst_groq.sandbox.process_client import ProcessClient
from support.diagrams import diagram
from support.engine_with_login import ADMINISTRATOR, running_engine_with_login
from support.process_instance import start
from support.worker_process import ENV_KEY

pytestmark = pytest.mark.engine
UNUSED = "http://127.0.0.1:1"
PASSWORD = "password-of-the-worker"
DEFINITIONS, INSTANCES = 6, 8
"""The engine's numbers of resources."""


@pytest.fixture
def settings(engine, emulator, tmp_path, monkeypatch):
    """The settings of a set-up without faults, in an empty folder; the topic is this test's own."""
    monkeypatch.chdir(tmp_path)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "a-file").write_text("no database " * 100)

    def set_all(**changes):
        defaults = {
            "GROQ_API_KEY": ENV_KEY,
            "GROQ_API_URL": emulator.base_url,
            "CATALYST_ENGINE_URL": engine.rest_url,
            "CATALYST_TOPIC": "doctor",
            "CATALYST_JOURNAL": str(tmp_path / "journal.sqlite"),
        }
        for name, value in (defaults | changes).items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.fixture
def topic():
    """A topic that nobody else uses."""
    return f"doctor-{uuid4()}"


@pytest.fixture
def places(engine, emulator, redis, tmp_path):
    """What stands in the values of `PLANTED`."""
    return {
        "engine": engine.rest_url.removesuffix("/engine-rest"),
        "engine_port": urlsplit(engine.rest_url).port,
        "groq": emulator.base_url,
        "folder": tmp_path,
        "redis_with_password": redis.replace("redis://", "redis://stranger:wrong-password@"),
    }


def examine():
    """Return the findings, and the exit code."""
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout), result.exit_code


def faults(area=None):
    """Return the faults of an area, or of all, each as its text and its fix."""
    findings, exit_code = examine()
    found = [finding for finding in findings if finding["status"] == "fault"]
    assert exit_code == int(bool(found))
    return [(fault["text"], fault["fix"]) for fault in found if area in (None, fault["area"])]


def texts(area):
    return [finding["text"] for finding in examine()[0] if finding["area"] == area]


PLANTED = {
    "misspelt setting": (
        {"CATALYST_CONCURENCY": "5"},
        "CATALYST_CONCURENCY: unknown setting",
        "Did you mean CATALYST_CONCURRENCY?",
    ),
    "invalid setting": ({"CATALYST_LOCK_DURATION": "60"}, "CATALYST_LOCK_DURATION=60: '60' is not", "Correct it"),
    "two invalid settings": ({"CATALYST_LOCK_DURATION": "1", "CATALYST_LIMITS": "gold"}, "CATALYST_LIMITS=gold", "."),
    "password without user": (
        {"CATALYST_ENGINE_PASSWORD": PASSWORD},
        "CATALYST_ENGINE_PASSWORD is set, but CATALYST_ENGINE_USER is not",
        "Correct it",
    ),
    "secret file missing": (
        {"CATALYST_ENGINE_PASSWORD_FILE": "/nowhere", "CATALYST_ENGINE_USER": "x"},
        "CATALYST_ENGINE_PASSWORD_FILE=/nowhere: No such file",
        "Correct it",
    ),
    "key file missing": ({"GROQ_API_KEY": "", "GROQ_API_KEY_FILE": "/nowhere"}, "GROQ_API_KEY_FILE=/nowhere", "."),
    "engine not running": (
        {"CATALYST_ENGINE_URL": f"{UNUSED}/engine-rest"},
        f"Engine unreachable at {UNUSED}/engine-rest",
        "Check CATALYST_ENGINE_URL, the network and the proxy",
    ),
    "wrong path of the engine": (
        {"CATALYST_ENGINE_URL": "{engine}/rest"},
        "is not a Camunda engine: 404",
        "Is /engine-rest missing in CATALYST_ENGINE_URL?",
    ),
    "no engine at the URL": ({"CATALYST_ENGINE_URL": "{groq}"}, "is not a Camunda engine", "CATALYST_ENGINE_URL"),
    "proxy of the engine is away": (
        {"CATALYST_ENGINE_PROXY": UNUSED},
        "Engine unreachable at",
        "the network and the proxy",
    ),
    "proxy of the environment is no URL": (
        {"http_proxy": "ftp://proxy", "CATALYST_ENGINE_URL": "http://engine.invalid/engine-rest"},
        "cannot be sent: .*the proxy of the environment is not an http",
        "Correct HTTP_PROXY and HTTPS_PROXY",
    ),
    "authorities are missing": (
        {"CATALYST_ENGINE_CA_FILE": "/nowhere.pem"},
        "The certificate /nowhere.pem cannot be used",
        "Correct the file in the settings",
    ),
    "no key": ({"GROQ_API_KEY": ""}, "there is no key groq_api_key: neither in", "Set GROQ_API_KEY where the worker"),
    "key is NAME=value": ({"GROQ_API_KEY": f"GROQ_API_KEY={ENV_KEY}"}, "is written as NAME=value", "Store the value"),
    "key is refused": (
        {"GROQ_API_KEY": "gsk_unknownunknownunknown"},
        r"Groq \(.+\) refuses the key: 401 Invalid API Key",
        "Store a key that the server accepts",
    ),
    "groq is away": (
        {"GROQ_API_URL": f"{UNUSED}/openai/v1"},
        r"Groq \(.+\) cannot be reached: connection refused",
        "Check the URL, the network and the proxy",
    ),
    "endpoint without its key": (
        {"CATALYST_ENDPOINTS": '[{"name": "backup", "key": "groq_backup_key"}]'},
        "Endpoint backup: key not found",
        "Add a secret of that name to",
    ),
    "endpoint without a model": (
        {"CATALYST_ENDPOINTS": '[{"name": "own", "models": ["openai/gpt-oss-20b", "big"]}]'},
        "own does not offer big",
        "Correct the models of the endpoint",
    ),
    "journal in no folder": (
        {"CATALYST_JOURNAL": "{folder}/a-file/journal.sqlite"},
        "the journal .+ cannot be made: .+a-file is no folder",
        "Set CATALYST_JOURNAL",
    ),
    "journal is a folder": (
        {"CATALYST_JOURNAL": "{folder}"},
        "the journal .+ cannot be written",
        "Set CATALYST_JOURNAL",
    ),
    "journal is another file": (
        {"CATALYST_JOURNAL": "{folder}/a-file"},
        "the journal .+a-file cannot be written: .*not a database",
        "Set CATALYST_JOURNAL",
    ),
    "key of the journal": (
        {"CATALYST_JOURNAL_KEY": "abc"},
        r"CATALYST_JOURNAL_KEY=\*\*\*: key 1 is not",
        "Make a key: openssl",
    ),
    "redis of the journal is away": (
        {"CATALYST_JOURNAL": "redis://127.0.0.1:1/0"},
        "the journal redis://127.0.0.1:1/0 cannot be written",
        "Start Redis",
    ),
    "redis of the limits is away": (
        {"CATALYST_LIMITS_REDIS_URL": "redis://127.0.0.1:1/0"},
        "Redis at redis://127.0.0.1:1/0 does not work",
        "Check the URL, its password",
    ),
    "password of redis": (
        {"CATALYST_LIMITS_REDIS_URL": "{redis_with_password}"},
        r"Redis at redis://\*\*\*@.+ does not work: .*password",
        "Check the URL, its password",
    ),
    "another server at the health port": (
        {"CATALYST_HTTP_PORT": "{engine_port}"},
        r"The server at 127\.0\.0\.1:\d+ is no worker",
        "Set CATALYST_HTTP_PORT to the worker's health port",
    ),
}
"""By the fault the settings that plant it, and what its text and its fix are or begin with."""


def test_doctor_finds_no_fault_in_a_healthy_setup(settings, engine, redis):
    settings(CATALYST_LIMITS_REDIS_URL=redis, CATALYST_LIMITS="free")
    findings, exit_code = examine()

    assert exit_code == 0
    assert {finding["status"] for finding in findings} == {"ok", "hint"}
    assert f"CATALYST_ENGINE_URL={engine.rest_url} (environment)" in texts("Settings")
    assert ENV_KEY not in json.dumps(findings)


def test_doctor_before_the_worker_runs_finds_no_fault(settings):
    settings(CATALYST_HTTP_PORT="1")
    findings, exit_code = examine()
    [worker] = [finding for finding in findings if finding["area"] == "Worker"]

    assert exit_code == 0
    assert worker["status"] == "hint"
    assert worker["text"].startswith("No worker responds at 127.0.0.1:1")
    assert worker["fix"] == "Start the worker. If it runs, set the CATALYST_HTTP_PORT that it has"


@pytest.mark.parametrize("name", PLANTED)
def test_doctor_finds_planted_fault_of_settings(name, settings, places):
    changes, text, fix = PLANTED[name]
    settings(**{key: value if "[" in value else value.format(**places) for key, value in changes.items()})
    found = faults()

    assert [fault for fault in found if re.match(f".*{text}", fault[0]) and fix in fault[1]], found
    assert all(fix for _, fix in found)
    assert PASSWORD not in json.dumps(found)
    assert "wrong-password" not in json.dumps(found)


def test_doctor_says_which_of_two_different_keys_is_used(settings, tmp_path):
    other = "gsk_another0123456789"
    (tmp_path / "groq_api_key").write_text(other)
    settings(CATALYST_SECRETS_DIR=str(tmp_path))
    findings, exit_code = examine()
    found, hint = [finding["text"] for finding in findings if "the key groq_api_key" in finding["text"].lower()]

    assert exit_code == 0
    places = f"env (GROQ_API_KEY), also in file ({tmp_path / 'groq_api_key'})"
    assert found == f"the key groq_api_key is in the secret source {places}"
    assert hint.endswith("an endpoint that of env (GROQ_API_KEY)")
    assert other not in json.dumps(findings)


SECRETS: dict[str, tuple[dict[str, str], str, str]] = {
    "missing": (
        {"catalyst_apiKey": "groq_other_key"},
        "the environment variable GROQ_OTHER_KEY is not set where the worker runs (used by {place})",
        "Start the worker with GROQ_OTHER_KEY=gsk_…, or choose another Secret Source",
    ),
    "not allowed": (
        {"catalyst_apiKey": "aws_key"},
        "the secret name 'aws_key' is not allowed here (allowed: groq*) (used by {place})",
        "Use an allowed name, or ask the operator to add it to CATALYST_ALLOWED_SECRETS",
    ),
    "in no source": (
        {"catalyst_secretSource": "vault"},
        "'vault' is no secret source (used by {place})",
        "Write one of env, file, properties, variable in Secret Source",
    ),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_doctor_finds_missing_secret_of_a_deployed_process(settings, process_client, topic, kind):
    properties, text, fix = SECRETS[kind]
    made = diagram(properties=properties, topic=topic)
    process_client.deploy_texts({f"{made[0]}.bpmn": made[1]})
    settings(CATALYST_TOPIC=topic)

    assert faults("Secrets") == [(text.format(place=f"{made[0]}/Ask"), fix)]


def test_doctor_finds_tasks_that_wait_and_changes_nothing(settings, process_client, topic, monkeypatch):
    monkeypatch.setattr("catalyst_groq.commands.doctor.process_checks.LONG_WAIT_SECONDS", 0)
    instance = start(process_client, diagram(topic=topic), userMessage="hi")
    before = process_client.external_tasks(instance.id)
    settings(CATALYST_TOPIC=topic)
    [(text, fix)] = faults()

    assert re.fullmatch(rf"{topic}: 1 task waiting, the oldest for .+, and none is locked: no worker .+", text)
    assert fix.startswith("Start a worker for this topic")
    assert process_client.external_tasks(instance.id) == before

    fetch(process_client, topic, "somebody")
    assert faults() == []
    assert f"{topic}: 1 task locked by somebody (1)" in texts("Tasks")


def test_doctor_checks_nothing_with_the_default_of_a_wrong_setting(settings):
    settings(CATALYST_STRING_LIMIT="many", CATALYST_ALLOW_VARIABLE_SECRETS="maybe", CATALYST_JOURNAL_MAX_AGE="1")
    found = examine()[0]
    unknown = [(finding["area"], finding["text"]) for finding in found if finding["status"] == "unknown"]

    assert not any("are Strings" in finding["text"] for finding in found)
    assert unknown == [
        ("Secrets", "not checked, because CATALYST_ALLOW_VARIABLE_SECRETS is wrong"),
        ("Storage", "not checked, because CATALYST_JOURNAL_MAX_AGE is wrong"),
    ]


def fetch(process_client, topic, worker):
    topics = [{"topicName": topic, "lockDuration": 60_000}]
    body = {"workerId": worker, "maxTasks": 10, "topics": topics}
    return process_client.http.post("/external-task/fetchAndLock", json=body).raise_for_status().json()


def test_doctor_sums_up_incidents_by_cause(settings, process_client, topic):
    key, xml = diagram(topic=topic)
    made = topic, xml.replace(key, topic)
    for _ in range(3):
        start(process_client, made, userMessage="hi")
    messages = ["Groq: 401 Invalid key 1. Correct the key.", "Groq: 401 Invalid key 2. Correct the key.", "Boom"]
    for task, message in zip(fetch(process_client, topic, "w"), messages, strict=True):
        failure = {"workerId": "w", "errorMessage": message, "retries": 0, "retryTimeout": 0}
        process_client.http.post(f"/external-task/{task['id']}/failure", json=failure).raise_for_status()
    settings(CATALYST_TOPIC=topic)
    (first, fix), (second, other_fix) = faults("Tasks")

    assert re.fullmatch(rf"2 incidents at {made[0]}/Ask: Groq: 401 Invalid key [12]", first)
    assert fix == "Correct the key"
    assert second == f"1 incident at {made[0]}/Ask: Boom"
    assert other_fix == "Remove the cause, then raise the retries of the tasks with catalyst-groq retry"


def test_doctor_finds_diagram_that_cannot_be_read(settings, process_client, topic):
    key, xml = diagram(fields={"catalyst_payload": "{}"}, topic=topic)
    other = '<o:field xmlns:o="http://operaton.org/schema/1.0/bpmn" name="catalyst_payload" stringValue="other"/>'
    process_client.deploy_texts({f"{key}.bpmn": xml.replace("</camunda:field>", f"</camunda:field>{other}")})
    settings(CATALYST_TOPIC=topic)
    [(text, fix)] = faults("Processes")

    assert f"The BPMN of {key}:" in text
    assert text.endswith(
        "has two texts of 'catalyst_payload' at 'Ask': in the namespace of Operaton and in another one"
    )
    assert fix == "Keep one of them"


@pytest.fixture(scope="module")
def engine_with_login():
    """An engine with a log-in and without the JSON data format; yields a client of its administrator."""
    with running_engine_with_login(spin=False) as engine, ProcessClient(engine.rest_url) as client:
        client.http.auth = ADMINISTRATOR
        yield client


def add_user(client, name, rights=(), resource_id="*"):
    """Add a user with rights: numbers of resources, each with permissions."""
    profile = {"id": name, "firstName": name, "lastName": name, "email": "a@example.com"}
    user = {"profile": profile, "credentials": {"password": PASSWORD}}
    client.http.post("/user/create", json=user).raise_for_status()
    for resource, permissions in rights:
        right = {"type": 1, "permissions": permissions, "userId": name, "resourceType": resource}
        client.http.post("/authorization/create", json={**right, "resourceId": resource_id}).raise_for_status()


def log_in(client, user, password=PASSWORD, **more):
    url = str(client.http.base_url).rstrip("/")
    return {
        "CATALYST_ENGINE_URL": url,
        "CATALYST_ENGINE_USER": user,
        "CATALYST_ENGINE_PASSWORD": password,
        "no_proxy": httpx.URL(url).host,
        **more,
    }


NO_JSON = "Add camunda-engine-plugin-spin and camunda-spin-dataformat-json-jackson to the engine"


def test_doctor_finds_refused_log_in(settings, engine_with_login):
    url = str(engine_with_login.http.base_url).rstrip("/")
    settings(CATALYST_ENGINE_URL=url)
    fix = "Set CATALYST_ENGINE_USER and CATALYST_ENGINE_PASSWORD, or CATALYST_ENGINE_TOKEN"
    assert faults("Engine") == [(f"{url} refuses the log-in (401)", fix)]

    settings(**log_in(engine_with_login, "stranger"))
    assert faults("Engine") == [
        (f"{url} refuses the log-in (401)", "Check CATALYST_ENGINE_USER and CATALYST_ENGINE_PASSWORD")
    ]


def test_doctor_finds_missing_json_format(settings, engine_with_login):
    settings(**log_in(engine_with_login, *ADMINISTRATOR))

    assert [fix for _, fix in faults("Engine")] == [NO_JSON]
    assert "the worker has all rights, or the engine checks none" in texts("Engine")


def test_doctor_finds_missing_rights(settings, engine_with_login):
    key, xml = diagram(topic="doctor")
    engine_with_login.deploy_texts({f"{key}.bpmn": xml})
    all_rights = [(DEFINITIONS, ["READ", "READ_INSTANCE", "UPDATE_INSTANCE"])]
    add_user(engine_with_login, "nobody")
    add_user(engine_with_login, "reader", [(DEFINITIONS, ["READ", "READ_INSTANCE"])])
    add_user(engine_with_login, "worker", [(DEFINITIONS, ["READ"]), (INSTANCES, ["READ", "UPDATE"])])
    add_user(engine_with_login, "single", all_rights, key)
    missing = {}
    for name in ("nobody", "reader", "worker", "single"):
        settings(**log_in(engine_with_login, name))
        missing[name] = [fix for _, fix in faults("Engine") if fix != NO_JSON]

    read, fetch_tasks, report = (
        "Grant READ on the process definitions",
        "Grant READ_INSTANCE on the process definitions, or READ on process instances",
        "Grant UPDATE_INSTANCE on the process definitions, or UPDATE on process instances",
    )
    assert missing == {"nobody": [read, fetch_tasks, report], "reader": [report], "worker": [], "single": []}
