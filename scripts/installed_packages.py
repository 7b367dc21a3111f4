"""Writes the packages of this Python's environment as a bill of materials (CycloneDX) without licences.

python installed_packages.py | python sbom.py > sbom.cdx.json
"""

import json
import re
import sys
from importlib import metadata
from typing import Any


def list_packages() -> dict[str, Any]:
    """Return the bill of materials, sorted by name."""
    found = sorted({(_normalize(package.name), package.version) for package in metadata.distributions()})
    components = [
        {
            "type": "library",
            "bom-ref": f"{name}-{version}",
            "name": name,
            "version": version,
            "purl": _url(name, version),
        }
        for name, version in found
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {}, "components": components}


def _normalize(name: str) -> str:
    """Return a name as package indexes write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _url(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


if __name__ == "__main__":
    json.dump(list_packages(), sys.stdout, indent=2)
