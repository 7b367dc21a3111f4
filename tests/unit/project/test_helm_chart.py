"""The Helm chart in deploy/helm, rendered by the real Helm: valid for Kubernetes and for the worker."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from plain_manifests import CHART, MANIFESTS, plain_manifests
from prometheus_client import CollectorRegistry

from catalyst_groq.config.settings import Settings
from catalyst_groq.observability.metrics import register_worker_gauges
from support.helm_chart import (
    ENGINE,
    VERSIONS,
    HelmChart,
    container,
    copy_schemas,
    environment,
    find_errors,
    pod,
    program_or_skip,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
REDIS: dict[str, Any] = {"url": "redis://redis:6379/0"}
AUTH: dict[str, dict[str, Any]] = {
    "basic": {"type": "basic", "user": "demo", "existingSecret": "engine"},
    "token": {"type": "token", "existingSecret": "engine", "key": "token"},
    "oauth2": {
        "type": "oauth2",
        "tokenUrl": "https://id.example/token",
        "clientId": "worker",
        "scope": "engine",
        "existingSecret": "engine",
    },
}
CASES: dict[str, dict[str, Any]] = {
    "minimum": {},
    "production": yaml.safe_load((CHART.parent / "production.yaml").read_text(encoding="utf-8")),
    "key": {"groq": {"existingSecret": "groq"}},
    "several keys": {"groq": {"existingSecret": "groq", "env": {"GROQ_BILLING_KEY": "billing"}}},
    **{name: {"engine": ENGINE | {"auth": auth}} for name, auth in AUTH.items()},
    "redis": {"journal": {"type": "redis"}, "redis": REDIS | {"limits": True}},
    "redis with password": {"journal": {"type": "redis"}, "redis": {"existingSecret": "redis", "limits": True}},
    "limits only": {"redis": REDIS | {"limits": True}},
    "no journal": {"journal": {"type": "off"}},
    "encrypted journal": {"journal": {"encryption": {"existingSecret": "journal"}}},
    "hpa": {"autoscaling": {"type": "hpa", "targetPercent": 1}, "concurrency": 1},
    "keda": {"autoscaling": {"type": "keda", "minReplicas": 0}, "topics": ["a", "b"]},
    **{
        f"keda with {name}": {"autoscaling": {"type": "keda"}, "engine": ENGINE | {"auth": AUTH[name]}}
        for name in ("basic", "token")
    },
    "keda with its own authentication": {
        "autoscaling": {"type": "keda", "keda": {"authenticationRef": "own", "authMode": "tls"}},
        "engine": ENGINE | {"auth": AUTH["oauth2"]},
    },
    "monitoring": {
        name: {"enabled": True, "labels": {"release": "prometheus"}} for name in ("serviceMonitor", "prometheusRule")
    },
    "network": {"networkPolicy": {"enabled": True, "metricsFrom": [], "extraEgress": [{"ports": [{"port": 3128}]}]}},
    "settings": {"config": {"limits": "developer", "endpoints": [{"name": "groq"}], "budget_per_day": 20}},
    "scheduling": {
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [{"key": "groq", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}}
        ],
        "priorityClassName": "low",
        "podLabels": {"team": "a"},
        "podAnnotations": {"note": "b"},
    },
    "extras": {
        "image": {"digest": f"sha256:{'0' * 64}"},
        "imagePullSecrets": [{"name": "registry"}],
        "serviceAccount": {"create": False},
        "podDisruptionBudget": {"enabled": False},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "extraEnvFrom": [{"secretRef": {"name": "more"}}],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
    },
}
CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "config.engine_url": {"config": {"engine_url": "http://other"}},
    "config.journal": {"config": {"journal": "off"}},
    "config.http_port": {"config": {"http_port": 80}},
    "engine.auth.existingSecret": {"engine": ENGINE | {"auth": {"type": "token"}}},
    "engine.auth.user": {"engine": ENGINE | {"auth": {"type": "basic", "existingSecret": "engine"}}},
    "engine.auth.tokenUrl": {"engine": ENGINE | {"auth": {"type": "oauth2", "existingSecret": "engine"}}},
    "engine.auth.type": {"engine": ENGINE | {"auth": {"user": "demo"}}},
    "redis.url": {"journal": {"type": "redis"}},
    "redis.url: redis.existingSecret": {"redis": REDIS | {"existingSecret": "redis", "limits": True}},
    "redis: nothing uses it": {"redis": REDIS},
    "journal.encryption.existingSecret": {"journal": {"type": "off", "encryption": {"existingSecret": "journal"}}},
    "autoscaling.minReplicas": {"autoscaling": {"minReplicas": 11}},
    "autoscaling.minReplicas: type hpa": {"autoscaling": {"type": "hpa", "minReplicas": 0}},
    "autoscaling.keda.authenticationRef": {
        "autoscaling": {"type": "keda"},
        "engine": ENGINE | {"auth": AUTH["oauth2"]},
    },
    "autoscaling.keda.authMode": {"autoscaling": {"type": "keda", "keda": {"authMode": "basic"}}},
}
REFUSED: dict[str, dict[str, Any]] = {
    "a misspelt name": {"replicas": 3},
    "a misspelt name inside": {"engine": ENGINE | {"auth": {"typ": "basic"}}},
    "no engine": {"engine": {"url": ""}},
    "a URL without http": {"engine": {"url": "camunda:8080"}},
    "an unknown type": {"autoscaling": {"type": "HPA"}},
    "no topics": {"topics": []},
    "two topics in one": {"topics": ["a,b"]},
    "a setting in upper case": {"config": {"CATALYST_LIMITS": "free"}},
    "a misspelt setting": {"config": {"limit": "free"}},
    "a misspelt variable": {"extraEnv": [{"name": "CATALYST_LOGLEVEL", "value": "DEBUG"}]},
    "too many tasks": {"concurrency": 2001},
    "a short margin": {"stopMarginSeconds": 0},
    "text for a number": {"replicaCount": "2"},
}


@pytest.fixture(scope="module")
def chart():
    return HelmChart(program_or_skip("helm"))


@pytest.fixture(scope="module")
def kubeconform():
    return program_or_skip("kubeconform")


@pytest.fixture(scope="module")
def manifests_of(chart):
    """The manifests of each case, by kind."""
    return {case: chart.render(values) for case, values in CASES.items()}


@pytest.fixture(scope="module", params=VERSIONS)
def schemas(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("schemas")
    copy_schemas(request.param, folder)
    return folder


def test_helm_chart_makes_manifests_that_kubernetes_takes(manifests_of, kubeconform, schemas):
    everything = [manifest for manifests in manifests_of.values() for manifest in manifests.values()]

    assert find_errors(kubeconform, schemas, yaml.safe_dump_all(everything)) == ""


def test_kubeconform_finds_errors_in_each_kind(manifests_of, kubeconform, schemas):
    by_kind = {kind: manifest for manifests in manifests_of.values() for kind, manifest in manifests.items()}
    wrong = [{**manifest, "misspelt": True} for manifest in by_kind.values()]
    found = find_errors(kubeconform, schemas, yaml.safe_dump_all(wrong))

    assert set(re.findall(r"^stdin - (\w+) .* is invalid", found, re.MULTILINE)) == set(by_kind)


@pytest.mark.parametrize("case", CASES)
def test_helm_chart_sets_valid_settings(manifests_of, case, tmp_path, monkeypatch):
    manifests = manifests_of[case]
    for name, value in environment(manifests).items():
        secret = "A" * 43 + "=" if "JOURNAL_KEY" in name else "redis://:password@redis"
        if name.endswith("_FILE"):
            (tmp_path / name).write_text(secret)
            monkeypatch.setenv(name, str(tmp_path / name))
        else:
            monkeypatch.setenv(name, secret if value is None else value)
    (tmp_path / "worker.yaml").write_text(manifests["ConfigMap"]["data"]["worker.yaml"])
    settings = Settings.load(tmp_path / "worker.yaml", tmp_path / ".env")

    assert settings.http_port == container(manifests)["ports"][0]["containerPort"]
    stop = (settings.shutdown_timeout + settings.async_response_timeout).total_seconds()
    assert pod(manifests)["terminationGracePeriodSeconds"] >= stop + 5


@pytest.mark.parametrize("case", CASES)
def test_helm_chart_mounts_each_file_that_it_names(manifests_of, case):
    manifests = manifests_of[case]
    paths = [value for name, value in environment(manifests).items() if name.endswith("_FILE")]
    mounts = {mount["mountPath"]: mount["name"] for mount in container(manifests)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(manifests)["volumes"]}

    assert set(mounts.values()) == set(volumes)
    for path in map(Path, paths):
        assert [item["path"] for item in volumes[mounts[str(path.parent)]]["secret"]["items"]] == [path.name]


@pytest.mark.parametrize("case", ["production", "redis with password"])
def test_redis_url_of_a_secret_may_end_with_a_line_break(manifests_of, case, tmp_path, monkeypatch):
    url = "rediss://:password@redis:6379/0"
    of_image = dict(re.findall(r"^\s+(CATALYST_\w+)=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    of_redis = ("CATALYST_JOURNAL_FILE", "CATALYST_LIMITS_REDIS_URL_FILE")
    (tmp_path / "redis_url").write_text(f"{url}\n")
    for name, value in {**of_image, **environment(manifests_of[case])}.items():
        if not name.endswith("_FILE"):
            monkeypatch.setenv(name, url if value is None else value)
    for name in of_redis:
        assert environment(manifests_of[case])[name] == "/run/redis/secret"
        monkeypatch.setenv(name, str(tmp_path / "redis_url"))
    settings = Settings.load(tmp_path / "worker.yaml", tmp_path / ".env")

    assert of_image["CATALYST_JOURNAL"]
    assert settings.journal == settings.limits_redis_url == url


@pytest.mark.parametrize("start", CONTRADICTIONS)
def test_helm_chart_refuses_contradictions(chart, start):
    message = chart.errors(CONTRADICTIONS[start]).partition(": execution error at ")[2].partition("\n\n")[0]

    assert f": {start}" in message
    assert re.search(r": .+\. .+\.$", message), "what is wrong. What to do."


@pytest.mark.parametrize("case", REFUSED)
def test_helm_chart_refuses_invalid_values(chart, case):
    assert "values don't meet the specifications of the schema" in chart.errors(REFUSED[case])


@pytest.mark.parametrize("values", [*CASES.values(), *CONTRADICTIONS.values()])
def test_helm_schema_accepts_valid_values(values):
    assert list(Draft7Validator(SCHEMA).iter_errors({**VALUES, "engine": ENGINE, **values})) == []


@pytest.mark.parametrize("case", REFUSED)
def test_helm_schema_finds_invalid_values(case):
    assert list(Draft7Validator(SCHEMA).iter_errors({**VALUES, "engine": ENGINE, **REFUSED[case]}))


def test_helm_schema_lists_every_value():
    def names(values, schema):
        assert set(values) <= set(schema["properties"])
        for name, value in values.items():
            if isinstance(value, dict) and "properties" in schema["properties"][name]:
                names(value, schema["properties"][name])

    names(VALUES, SCHEMA)
    assert set(SCHEMA["properties"]) - set(VALUES) == {"global"}


def test_helm_chart_has_the_projects_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    assert {chart["version"], chart["appVersion"]} == {version}


def test_helm_chart_scales_on_a_metric_of_the_worker(chart):
    class Load:
        active_tasks = 40
        is_ready = True

    registry = CollectorRegistry()
    register_worker_gauges(registry, Load())
    (metric,) = chart.render(CASES["hpa"])["HorizontalPodAutoscaler"]["spec"]["metrics"]

    assert registry.get_sample_value(metric["pods"]["metric"]["name"]) == 40


@pytest.mark.parametrize(("concurrency", "percent", "tasks"), [(50, 80, 40), (1, 1, 1), (2000, 100, 2000), (3, 50, 1)])
def test_helm_chart_scales_on_a_share_of_the_concurrency(chart, concurrency, percent, tasks):
    values = {"concurrency": concurrency, "autoscaling": {"type": "hpa", "targetPercent": percent}}
    (metric,) = chart.render(values)["HorizontalPodAutoscaler"]["spec"]["metrics"]

    assert metric["pods"]["target"]["averageValue"] == str(tasks)


def test_helm_chart_has_the_alerts_and_the_job_that_they_ask_for(chart):
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    assert (CHART / "rules.yml").read_text(encoding="utf-8") == rules, "copy deploy/prometheus/rules.yml into the chart"
    manifests = chart.render(CASES["monitoring"] | {"nameOverride": "groq"})
    (endpoint,) = manifests["ServiceMonitor"]["spec"]["endpoints"]

    assert manifests["PrometheusRule"]["spec"] == yaml.safe_load(rules)
    assert [relabeling["targetLabel"] for relabeling in endpoint["relabelings"]] == ["job"]
    assert f'up{{job="{endpoint["relabelings"][0]["replacement"]}"}}' in rules


def test_helm_chart_leaves_the_replicas_to_the_autoscaler(chart):
    assert chart.render({"replicaCount": 3})["Deployment"]["spec"]["replicas"] == 3
    assert "replicas" not in chart.render(CASES["keda"])["Deployment"]["spec"]


@pytest.mark.parametrize(
    ("values", "ports"),
    [
        ({}, {443, 8080}),
        ({"engine": {"url": "https://engine/engine-rest"}}, {443}),
        ({"engine": {"url": "http://engine/engine-rest"}}, {443, 80}),
        ({"engine": {"url": "https://[fd00::1]:8443/engine-rest"}}, {443, 8443}),
        ({"redis": REDIS | {"limits": True, "port": 6380}}, {443, 8080, 6380}),
        ({"groq": {"apiUrl": "http://gateway:4000/v1"}}, {443, 8080, 4000}),
    ],
)
def test_helm_chart_opens_the_ports_that_it_uses(chart, values, ports):
    policy = chart.render(values | {"networkPolicy": {"enabled": True}})["NetworkPolicy"]["spec"]
    dns, used = policy["egress"]

    assert {entry["port"] for entry in dns["ports"]} == {53}
    assert {entry["port"] for entry in used["ports"]} == ports


def test_helm_chart_replaces_pods_when_settings_change(chart):
    def annotations(limits):
        template = chart.render({"config": {"limits": limits}})["Deployment"]["spec"]["template"]
        return template["metadata"]["annotations"]

    assert annotations("free") != annotations("developer")


def test_plain_manifests_are_made_from_the_chart(chart):
    del chart
    assert MANIFESTS.read_text(encoding="utf-8") == plain_manifests(program_or_skip("helm")), (
        "run `python scripts/plain_manifests.py`"
    )
