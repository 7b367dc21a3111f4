"""Writes deploy/kubernetes/catalyst-groq.yaml from the Helm chart: `python scripts/plain_manifests.py`.

A test holds the file to the chart. Helm is looked up on the PATH and where `go install` puts it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

DEPLOY = Path(__file__).parents[1] / "deploy"
CHART = DEPLOY / "helm" / "catalyst-groq"
VALUES = DEPLOY / "kubernetes" / "values.yaml"
MANIFESTS = DEPLOY / "kubernetes" / "catalyst-groq.yaml"
KUBERNETES = "1.27.0"
"""The oldest version that the chart allows. A Helm that Go has built assumes an older one."""

INTRODUCTION = """\
# Made from the Helm chart by scripts/plain_manifests.py, with the values in values.yaml: see docs/deployment.md.
"""
OF_HELM = re.compile(r"^(?:# Source: .*| *helm\.sh/chart: .*| *app\.kubernetes\.io/managed-by: Helm)\n", re.MULTILINE)
MISSING = "{} is not installed. Install it, or run .ci/go-programs, which builds it where Go is installed."


def find_program(name: str) -> str | None:
    """Return the path of a program that may be one of Go's; None if it is not installed."""
    folders = [os.environ["PATH"], os.environ.get("GOBIN", ""), str(Path(os.environ.get("GOPATH") or "~/go", "bin"))]
    return shutil.which(name, path=os.pathsep.join(str(Path(folder).expanduser()) for folder in folders if folder))


def template(helm: str, values: str) -> subprocess.CompletedProcess[str]:
    """Render the chart with values in YAML."""
    command = [helm, "template", "catalyst-groq", str(CHART), "--values", "-", "--kube-version", KUBERNETES]
    return subprocess.run(command, input=values, capture_output=True, text=True, check=False)  # noqa: S603 -- our chart


def plain_manifests(helm: str) -> str:
    """Return the chart's manifests without what only Helm uses. Raises `CalledProcessError`."""
    rendered = template(helm, VALUES.read_text(encoding="utf-8"))
    rendered.check_returncode()
    return INTRODUCTION + OF_HELM.sub("", rendered.stdout)


if __name__ == "__main__":
    if not (found := find_program("helm")):
        sys.exit(MISSING.format("helm"))
    MANIFESTS.write_text(plain_manifests(found), encoding="utf-8")
