"""Dockerfile, docker-compose.yml and the Kubernetes manifests agree with each other and with the worker's settings."""

import re
import tomllib
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from catalyst_groq.config.settings import Settings
from catalyst_groq.observability import health

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
MANIFESTS = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "catalyst-groq.yaml").read_text()))
(DEPLOYMENT,) = (manifest for manifest in MANIFESTS if manifest["kind"] == "Deployment")
POD = DEPLOYMENT["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]
PORT = int(re.search(r"CATALYST_HTTP_PORT=(\d+)", DOCKERFILE)[1])
JOURNAL_FOLDER = re.search(r"CATALYST_JOURNAL=(\S+)/journal.sqlite", DOCKERFILE)[1]


@pytest.mark.parametrize(
    "seconds",
    [int(COMPOSE["services"]["worker"]["stop_grace_period"].removesuffix("s")), POD["terminationGracePeriodSeconds"]],
    ids=["compose", "kubernetes"],
)
def test_stop_grace_period_exceeds_shutdown_of_worker(seconds):
    shutdown_timeout, poll_timeout = (
        Settings.model_fields[name].default.total_seconds() for name in ("shutdown_timeout", "async_response_timeout")
    )

    assert seconds > shutdown_timeout + poll_timeout


def test_user_id_is_the_same_in_all_files():
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)

    assert {POD["securityContext"]["runAsUser"], POD["securityContext"]["fsGroup"]} == {int(user[1]), int(user[2])}
    assert f"-o {user[1]} -g {user[2]}" in DOCKERFILE


def test_port_is_the_same_in_all_files():
    assert f"EXPOSE {PORT}\n" in DOCKERFILE
    assert CONTAINER["ports"] == [{"name": "health", "containerPort": PORT}]


def test_health_is_reachable_from_outside_of_the_container_only_there():
    assert "CATALYST_HTTP_HOST=0.0.0.0" in DOCKERFILE
    assert "CATALYST_HTTP_HOST" not in COMPOSE["services"]["worker"]["environment"]
    assert Settings.model_fields["http_host"].default == "127.0.0.1"


def test_published_ports_are_of_this_machine_only():
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]

    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_journal_is_on_a_volume_in_all_files():
    assert COMPOSE["services"]["worker"]["volumes"] == [JOURNAL_FOLDER]
    assert JOURNAL_FOLDER in [mount["mountPath"] for mount in CONTAINER["volumeMounts"]]


def test_compose_worker_can_have_replicas():
    worker = COMPOSE["services"]["worker"]

    assert not worker.keys() & {"container_name", "ports", "hostname", "network_mode"}
    assert "CATALYST_WORKER_ID" not in worker["environment"]


def test_environment_variables_are_settings():
    settings = {f"CATALYST_{name.upper()}" for name in Settings.model_fields}
    used = set(re.findall(r"CATALYST_[A-Z_]+", DOCKERFILE)) | {
        name for name in COMPOSE["services"]["worker"]["environment"] if name.startswith("CATALYST_")
    }

    assert used <= settings


def test_build_context_is_an_allow_list():
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert not [rule for rule in rules if rule.startswith(("!secrets", "!.env", "!catalyst-secrets", "!*"))]


@pytest.mark.slow
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["kind"])
@pytest.mark.parametrize("version", ["1.27", "1.37"])
def test_plain_manifests_are_valid(manifest, version):
    kubernetes_validate.validate(manifest, version, strict=True)


def test_plain_manifests_name_no_helm():
    assert "helm" not in (ROOT / "deploy" / "kubernetes" / "catalyst-groq.yaml").read_text().lower().partition("\n")[2]


def test_pods_write_to_volumes_only():
    assert POD["securityContext"]["runAsNonRoot"]
    assert CONTAINER["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


def test_probes_are_paths_of_the_worker():
    paths = {CONTAINER[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}

    assert paths == {health.LIVEZ, health.READYZ}


def test_image_has_wheels_for_arm64():
    """No package is compiled in the image, which has no compiler."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    wheels = {package["name"]: [wheel["url"] for wheel in package.get("wheels", ())] for package in locked}
    names = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-worker.lock").read_text(), re.MULTILINE)
    usable = re.compile(r"-none-any\.whl|-(cp313-cp313|cp3\d+-abi3|py3-none)-manylinux\w+_aarch64")

    assert names
    assert [name for name in names if not any(map(usable.search, wheels[name]))] == []


def test_image_labels_name_the_bill_of_materials_it_contains():
    label = re.search(r'io\.catalyst\.groq\.sbom="(\S+)"', DOCKERFILE)[1]

    assert f"> {label}\n" in DOCKERFILE
