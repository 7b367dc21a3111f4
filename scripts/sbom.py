"""Adds the licences of the packages to uv's software bill of materials (CycloneDX), and checks them. No network.

    uv export --frozen --format cyclonedx1.5 … | python scripts/sbom.py > sbom.cdx.json

It exits with 1 and names every package whose licence is unknown or not allowed in licences.toml. The same lock file
gives the same bytes.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

LICENCES = Path(__file__).parents[1] / "licences.toml"
OPERATORS = {"AND", "OR", "WITH"}
IDENTIFIER = re.compile(r"[\w.+-]+")


def find_licence(package: str, rules: Mapping[str, Any]) -> str | None:
    """Return the SPDX expression of an installed package, or of a decision in licences.toml; None if it is unknown."""
    if package in rules["packages"]:
        return str(rules["packages"][package])
    try:
        described = metadata.metadata(package).json
    except metadata.PackageNotFoundError:
        return None
    if expression := described.get("license_expression"):
        return str(expression)
    for name in (described.get("license"), *described.get("classifier", ())):
        if name in rules["allowed"] or name in rules["aliases"]:
            return str(rules["aliases"].get(name, name))
    return None


def find_problems(licences: Mapping[str, str | None], rules: Mapping[str, Any]) -> Iterator[str]:
    """Yield a message for each package whose licence is unknown or not allowed."""
    for package, licence in licences.items():
        identifiers = set(IDENTIFIER.findall(licence or "")) - OPERATORS
        if licence is None:
            yield f"{package}: its licence is unknown. Read it, and add the package to licences.toml"
        elif package not in rules["packages"] and (refused := sorted(identifiers - set(rules["allowed"]))):
            yield f"{package}: its licence {', '.join(refused)} is not allowed in licences.toml"


def add_licences(bom: dict[str, Any], rules: Mapping[str, Any]) -> list[str]:
    """Add the licence of each component to a bill of materials, and remove what differs at each run.

    Returns the problems.
    """
    bom.pop("serialNumber", None)
    bom["metadata"].pop("timestamp", None)
    licences = {component["name"]: find_licence(component["name"], rules) for component in bom["components"]}
    for component in bom["components"]:
        if licence := licences[component["name"]]:
            component["licenses"] = [{"expression": licence}]
    return list(find_problems(licences, rules))


def main() -> int:
    """Read a bill of materials from stdin, and write it with licences to stdout. Returns the exit code."""
    bom = json.load(sys.stdin)
    problems = add_licences(bom, tomllib.loads(LICENCES.read_text("utf-8")))
    json.dump(bom, sys.stdout, indent=2)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
