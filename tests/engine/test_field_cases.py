"""What models and servers answered in public reports, byte for byte: each task ends as `docs/answers.md` says."""

import json
import re
from collections import Counter
from contextlib import ExitStack

import pytest
import yaml

from support.field_cases.account_errors import FIRST, SECOND
from support.field_cases.case import Completed, ErrorEvent, Incident, Waiting
from support.field_cases.families import CASES
from support.field_cases.runs import (
    ATTEMPTS,
    CAUGHT,
    COMPLETED,
    INCIDENT,
    LOCK_SECONDS,
    RUNNING,
    WAITING,
    CaseRunner,
    respond,
)
from support.field_cases.transport import PROXY_WORKERS
from support.raw_server import running_raw_server
from support.worker_process import KEYS, WorkerProcess

pytestmark = pytest.mark.engine
MAX_SECONDS = 120
PROXY_PASSWORD = "password-of-the-proxy"
MAPPED = ("aiReply", "transcript", "text", "amount", "approved", "firstName", "content", "thoughts")
GROQS_PAGES = ("console.groq.com", "groqstatus.com")
NO_GROQ = "https://groq.example.test/openai/v1"


@pytest.fixture(scope="module")
def raw():
    with running_raw_server(respond) as server:
        yield server


@pytest.fixture(scope="module")
def workers(engine, raw, tmp_path_factory):
    """One worker for most cases, one between two endpoints, and three behind a proxy; each has its own topic."""
    proxy = f"http://user:{PROXY_PASSWORD}@{{}}:{raw.port}"
    settings = {
        "groq": {"allowed_urls": raw.url},
        "endpoints": {},
        "proxy-password": {"groq_proxy": proxy.format("127.0.0.1")},
        "proxy-env": {},
        "proxy-capitals": {"groq_proxy": proxy.format("LOCALHOST")},
    }
    workers = {}
    with ExitStack() as running:
        for name, own in settings.items():
            folder = tmp_path_factory.mktemp(name)
            url = NO_GROQ if name in PROXY_WORKERS else raw.url
            worker = WorkerProcess(folder, engine.rest_url, url, topic=f"cases-{name}", limits="auto", **own)
            if name == "proxy-env":
                worker.environ["HTTPS_PROXY"] = proxy.format("127.0.0.1")
            if name == "endpoints":
                first = {"name": "first", "url": f"{raw.url}/{FIRST}", "key": "endpoint_key"}
                second = {"name": "second", "url": f"{raw.url}/{SECOND}", "key": "endpoint_key", "priority": 1}
                (folder / "worker.yaml").write_text(yaml.safe_dump({"endpoints": [first, second]}))
            workers[name] = running.enter_context(worker)
        yield workers


@pytest.fixture(scope="module")
def runs(process_client, raw, workers):
    """Every case, all of them at once; those of two endpoints one after another, for what one teaches about them."""
    runner = CaseRunner(process_client, raw, {name: f"cases-{name}" for name in workers})
    runner.deploy(CASES.values())
    runner.run_in_turn([case for case in CASES.values() if case.worker == "endpoints"], MAX_SECONDS)
    runner.start(case for case in CASES.values() if case.worker != "endpoints")
    runner.wait(MAX_SECONDS)
    return runner.runs()


@pytest.mark.parametrize("case_id", CASES)
def test_answer_comes_out_as_documented(runs, case_id):
    run = runs[case_id]
    case = run.case
    still_waiting = [result for result in run.results if result.end in {RUNNING, WAITING}]
    ended = [result for result in run.results if result not in still_waiting] if case.may_wait else run.results
    calls = range((case.fewest_calls or case.calls) * len(ended), case.calls * case.instances + 1)

    assert len(still_waiting) <= case.may_wait or isinstance(case.outcome, Waiting)
    for result in ended:
        check(result, case.outcome)
    assert len(run.exchanges) in calls, [exchange.content for exchange in run.exchanges]
    assert run.paid in range(case.paid * len(ended), case.paid * case.instances + 1)


def check(result, outcome):
    """Compare the result of an instance with what must come out."""
    match outcome:
        case Completed():
            assert result.end == COMPLETED, f"{result.end}: {result.message}"
            assert {name: result.variables.get(name) for name in outcome.variables} == outcome.variables
            meta = result.variables["catalyst_meta"]
            assert {name: meta.get(name) for name in outcome.meta} == outcome.meta
            assert result.variables["catalyst_success"] is True
        case ErrorEvent():
            assert (result.end, result.variables.get("errorCode")) == (CAUGHT, outcome.code), result.message
            assert outcome.text in result.message
        case Incident():
            assert result.end == INCIDENT
            assert [text for text in outcome.texts if text not in result.message] == [], result.message
            assert [text for text in outcome.not_about if text in result.message] == [], result.message
        case Waiting():
            assert result.end == WAITING
            assert outcome.text in result.message
            assert result.retries == ATTEMPTS
            assert LOCK_SECONDS < result.wait_seconds <= outcome.seconds


def test_success_has_only_what_the_server_sent(runs):
    """No word of a variable comes from anywhere else, such as a repair."""
    invented = {}
    for case_id, run in runs.items():
        sent = without_escapes(run.sent)
        for variables in (result.variables for result in run.results if result.end == COMPLETED):
            mapped = json.dumps([variables[name] for name in MAPPED if name in variables], ensure_ascii=False)
            words = {*re.findall(r"[^\W_]+", without_escapes(mapped))} - {"null"}
            invented[case_id] = [word for word in words if word not in sent]

    assert {case_id: found for case_id, found in invented.items() if found} == {}


def test_whole_answer_is_paid_once(runs):
    """The same request is never sent again after the server has answered it with something that is whole."""
    paid = {case_id: Counter(run.paid_requests) for case_id, run in runs.items()}

    assert [case_id for case_id, sent in paid.items() if max(sent.values(), default=0) > CASES[case_id].instances] == []


def test_conversation_keeps_no_empty_turn(runs):
    talks = [
        result.variables.get("talk", []) for run in runs.values() for result in run.results if result.end == COMPLETED
    ]
    turns = [turn for talk in talks for turn in talk if turn["role"] == "assistant"]

    assert len(turns) > 1
    assert [turn for turn in turns if set(turn) != {"role", "content"} or not turn["content"]] == []


def test_message_names_groq_only_where_groq_answers(runs):
    """Other servers are not Groq: its console and its status page help nobody there, unless the server names them."""
    others = [run for run in runs.values() if run.case.worker not in PROXY_WORKERS]
    messages = [(result.message, run.sent) for run in others for result in run.results]

    assert [message for message, _ in messages if message.startswith("Groq")] == []
    assert [message for message, sent in messages for word in GROQS_PAGES if word in message and word not in sent] == []


def test_answers_show_no_key(runs, workers):
    shown = [repr(result) for run in runs.values() for result in run.results]
    texts = [*shown, *(worker.log for worker in workers.values())]

    assert all("fetches" in worker.log for worker in workers.values())
    assert [text for text in texts for key in (*KEYS, PROXY_PASSWORD) if key in text] == []


def without_escapes(text):
    return re.sub(r"\\+(?:u[0-9a-f]{4}|[nrtbf])", " ", text).lower()
