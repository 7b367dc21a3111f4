"""Dockerfile, docker-compose.yml and the Kubernetes manifest agree with each other and with the worker's settings."""

import re
from pathlib import Path

import pytest
import yaml

from catalyst_groq.config.settings import Settings

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
MANIFEST = yaml.safe_load(re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / "containers.md").read_text(), re.DOTALL)[1])
POD = MANIFEST["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]
PORT = int(re.search(r"CATALYST_HTTP_PORT=(\d+)", DOCKERFILE)[1])
JOURNAL_FOLDER = re.search(r"CATALYST_JOURNAL=(\S+)/journal.sqlite", DOCKERFILE)[1]


@pytest.mark.parametrize(
    "seconds",
    [int(COMPOSE["services"]["worker"]["stop_grace_period"].removesuffix("s")), POD["terminationGracePeriodSeconds"]],
    ids=["compose", "kubernetes"],
)
def test_a_stop_waits_longer_than_the_worker_does(seconds):
    grace, poll = (
        Settings.model_fields[name].default.total_seconds() for name in ("shutdown_timeout", "async_response_timeout")
    )

    assert seconds > grace + poll


def test_the_user_is_the_same_everywhere():
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)

    assert {POD["securityContext"]["runAsUser"], POD["securityContext"]["fsGroup"]} == {int(user[1]), int(user[2])}
    assert f"-o {user[1]} -g {user[2]}" in DOCKERFILE


def test_the_port_is_the_same_everywhere():
    assert f"EXPOSE {PORT}\n" in DOCKERFILE
    assert CONTAINER["ports"] == [{"name": "health", "containerPort": PORT}]


def test_the_journal_is_on_a_volume_everywhere():
    assert COMPOSE["services"]["worker"]["volumes"] == [JOURNAL_FOLDER]
    assert JOURNAL_FOLDER in [mount["mountPath"] for mount in CONTAINER["volumeMounts"]]


def test_workers_can_be_several():
    worker = COMPOSE["services"]["worker"]

    assert not worker.keys() & {"container_name", "ports", "hostname", "network_mode"}
    assert "CATALYST_WORKER_ID" not in worker["environment"]


def test_every_environment_variable_of_the_worker_is_a_setting():
    known = {f"CATALYST_{name.upper()}" for name in Settings.model_fields}
    used = set(re.findall(r"CATALYST_[A-Z_]+", DOCKERFILE)) | {
        name for name in COMPOSE["services"]["worker"]["environment"] if name.startswith("CATALYST_")
    }

    assert used <= known


def test_only_what_the_image_is_made_of_is_sent_to_its_build():
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert not [rule for rule in rules if rule.startswith(("!secrets", "!.env", "!catalyst-secrets", "!*"))]
