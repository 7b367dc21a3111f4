"""The bill of materials has every package of the lock with its licence, and only allowed licences."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from installed_packages import list_packages
from sbom import LICENCES, add_licences, find_licence, find_problems

ROOT = Path(__file__).parents[3]
RULES = {"allowed": ["MIT", "Apache-2.0"], "aliases": {}, "packages": {"decided": "GPL-2.0-only"}}


def make_bom(*names):
    components = [{"name": name, "version": "1"} for name in names]
    return {"serialNumber": "random", "metadata": {"timestamp": "now"}, "components": components}


@pytest.mark.parametrize(
    ("licence", "problem"),
    [
        ("MIT", ""),
        ("MIT AND (Apache-2.0 OR MIT)", ""),
        ("GPL-3.0-only", "x: its licence GPL-3.0-only is not allowed in licences.toml"),
        ("MIT AND GPL-3.0-only", "x: its licence GPL-3.0-only is not allowed in licences.toml"),
        (None, "x: its licence is unknown. Read it, and add the package to licences.toml"),
    ],
)
def test_licence_that_is_not_allowed_is_named(licence, problem):
    assert list(find_problems({"x": licence}, RULES)) == ([problem] if problem else [])


def test_licence_may_be_a_decision():
    assert find_licence("decided", RULES) == "GPL-2.0-only"
    assert list(find_problems({"decided": "GPL-2.0-only"}, RULES)) == []


def test_licence_of_a_package_that_is_not_installed_is_unknown():
    bom = make_bom("pydantic", "no-such-package")
    [problem] = add_licences(bom, RULES)

    assert problem.startswith("no-such-package: its licence is unknown")
    assert bom["components"][0]["licenses"] == [{"expression": "MIT"}]
    assert bom.keys() == {"metadata", "components"}


@pytest.mark.slow
def test_bill_of_materials_lists_the_lock_with_hashes_and_licences():
    command = re.search(r"^SBOM := \$\(BIN\)/(uv export .+?) \|", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    uv, *options = command[1].split()
    exported = [
        subprocess.run(
            [Path(sys.executable).parent / uv, *options], cwd=ROOT, check=True, capture_output=True, timeout=60
        ).stdout
        for _ in range(2)
    ]
    script: list[str | Path] = [sys.executable, LICENCES.parent / "scripts" / "sbom.py"]
    written = [subprocess.run(script, input=bom, check=True, capture_output=True).stdout for bom in exported]

    assert written[0] == written[1]
    bom = json.loads(written[0])
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.5")
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements-worker.lock").read_text("utf-8"), re.MULTILINE))
    assert locked <= {component["name"] for component in bom["components"]}
    assert [component["name"] for component in bom["components"] if not component.get("licenses")] == []
    assert all(file["hashes"] for component in bom["components"] for file in component["externalReferences"])


def test_installed_packages_are_listed_by_normalized_names():
    bom = list_packages()
    packages = {component["name"]: component["purl"] for component in bom["components"]}

    assert list(packages) == sorted(packages)
    assert packages["pydantic-settings"].startswith("pkg:pypi/pydantic-settings@")
    assert add_licences(bom, {**RULES, "allowed": [], "packages": dict.fromkeys(packages, "MIT")}) == []
