"""How the library's worker reaches the engine, and which reports it leaves out."""

import asyncio
from base64 import b64encode

import pytest
from camunda.external_task.async_external_task_worker import AsyncExternalTaskWorker
from camunda.external_task.external_task_worker import ExternalTaskWorker

from catalyst_groq.integrations.library_worker import MAX_REPORTED_TASKS, access_of, find_executor, take_over_reports

URL = "http://engine.example/engine-rest"
WORKERS = [ExternalTaskWorker, AsyncExternalTaskWorker]


def basic(user_and_password):
    return f"Basic {b64encode(user_and_password.encode()).decode()}"


def current_authorization(access):
    return access.authorization() if callable(access.authorization) else access.authorization


@pytest.mark.parametrize("worker", WORKERS)
@pytest.mark.parametrize(
    ("url", "config", "authorization"),
    [
        (URL, {}, ""),
        (URL, {"auth_basic": {"username": "demo", "password": "pä:ss"}}, basic("demo:pä:ss")),
        (URL, {"auth_bearer": {"access_token": "token"}}, "Bearer token"),
        (URL, {"auth_bearer": "token"}, ""),  # the library ignores it too
        (f"{URL}/", {}, ""),
        ("http://demo:p%40ss@engine.example/engine-rest", {}, basic("demo:p@ss")),
    ],
)
def test_access_is_that_of_worker(worker, url, config, authorization):
    access = access_of(worker("me", url, config).executor)

    assert (access.worker_id, access.url.rstrip("/"), current_authorization(access)) == ("me", URL, authorization)


def test_access_follows_token_that_changes():
    config = {"auth_bearer": {"access_token": "first"}}
    access = access_of(ExternalTaskWorker("me", URL, config).executor)
    config["auth_bearer"]["access_token"] = "second"

    assert current_authorization(access) == "Bearer second"


def test_executor_is_none_outside_of_worker():
    assert find_executor() is None


def test_reports_are_taken_over_once_for_all_handlers():
    executor = ExternalTaskWorker("me", URL).executor
    client = take_over_reports(executor)

    assert take_over_reports(executor) is client
    assert executor.external_task_client is client
    assert client.worker_id == "me"


@pytest.mark.parametrize("method", ["complete", "failure", "bpmn_failure"])
@pytest.mark.parametrize("worker", WORKERS)
def test_report_is_left_out_once(worker, method, monkeypatch):
    executor = worker("me", URL).executor
    sent = []

    async def send_later(*args):
        return sent.append(args)

    original = executor.external_task_client
    monkeypatch.setattr(
        original, method, send_later if worker is AsyncExternalTaskWorker else lambda *a: sent.append(a)
    )
    client = take_over_reports(executor)

    def report(task_id):
        result = getattr(client, method)(task_id, {"a": 1}, "message")
        return asyncio.run(result) if worker is AsyncExternalTaskWorker else result

    client.skip_next_report("t")
    assert report("t") is True
    assert sent == []
    assert report("t") is None
    assert sent == [("t", {"a": 1}, "message")]


def test_reports_to_leave_out_are_bounded():
    client = take_over_reports(ExternalTaskWorker("me", URL).executor)
    for number in range(MAX_REPORTED_TASKS + 1):
        client.skip_next_report(f"t{number}")

    assert client.complete(f"t{MAX_REPORTED_TASKS}", {}) is True
    with pytest.raises(OSError, match=r"engine\.example"):
        client.complete("t0", {})
