"""The Helm chart, rendered by the real Helm, and the schemas that kubeconform checks manifests against."""

import json
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from plain_manifests import MISSING, find_program, template

SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
CUSTOM_RESOURCES = Path(__file__).parent / "custom_resources"
Values = dict[str, Any]
Manifests = dict[str, dict[str, Any]]
"""By kind."""

ENGINE = {"url": "http://camunda:8080/engine-rest"}
"""All that the chart must be given."""
VERSIONS = ("1.27.0", "1.37.0")
"""The oldest Kubernetes that the chart allows, and the newest one with schemas."""

KINDS = (
    *("deployment-apps-v1", "service-v1", "serviceaccount-v1", "configmap-v1", "poddisruptionbudget-policy-v1"),
    *("networkpolicy-networking-v1", "horizontalpodautoscaler-autoscaling-v2"),
)


def program_or_skip(name: str) -> str:
    """Return the path of one of Go's programs, which `.ci/go-programs` builds. Skips where it is missing."""
    return find_program(name) or pytest.skip(MISSING.format(name))


class HelmChart:
    """The chart in deploy/helm."""

    def __init__(self, helm: str) -> None:
        self._helm = helm

    def errors(self, values: Values) -> str:
        """Return Helm's words about values that it refuses; nothing if it renders them."""
        return self._template(values).stderr

    def text(self, values: Values) -> str:
        """Return the manifests as YAML."""
        rendered = self._template(values)
        assert rendered.returncode == 0, rendered.stderr
        return rendered.stdout

    def render(self, values: Values) -> Manifests:
        """Return the manifests by kind."""
        return {manifest["kind"]: manifest for manifest in yaml.safe_load_all(self.text(values)) if manifest}

    def _template(self, values: Values) -> subprocess.CompletedProcess[str]:
        return template(self._helm, yaml.safe_dump({"engine": ENGINE} | values))


def copy_schemas(version: str, folder: Path) -> None:
    """Copy the schemas of the chart's kinds, with references that kubeconform resolves in the folder."""
    for name in (*KINDS, "_definitions"):
        schema = json.loads((SCHEMAS / f"v{version}-local-strict" / f"{name}.json").read_text(encoding="utf-8"))
        schema.pop("$id")
        text = json.dumps(schema).replace('"/api/_definitions.json', '"_definitions.json')
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def find_errors(kubeconform: str, schemas: Path, manifests: str) -> str:
    """Return what kubeconform says about manifests; nothing if they are valid. `schemas`: what `copy_schemas` made."""
    locations = (
        f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
        f"{CUSTOM_RESOURCES}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json",
    )
    options = [option for location in locations for option in ("-schema-location", location)]
    command = [kubeconform, "-strict", *options]
    return subprocess.run(command, input=manifests, capture_output=True, text=True, check=False).stdout


def environment(manifests: Manifests) -> dict[str, str | None]:
    """Return the environment of the worker's container; None for values that are in a Secret."""
    return {entry["name"]: entry.get("value") for entry in container(manifests)["env"]}


def container(manifests: Manifests) -> Values:
    """Return the worker's container."""
    (only,) = pod(manifests)["containers"]
    return only


def pod(manifests: Manifests) -> Values:
    """Return the specification of the pods."""
    return manifests["Deployment"]["spec"]["template"]["spec"]
