"""Adds a version of the site to the published ones: `python scripts/publish_docs.py FOLDER VERSION`, after `make docs`.

The folder is a checkout of the branch gh-pages. Each version has a folder of its own; the newest one is `latest` too.
`versions.json` has the form of `mike`, from which the theme makes its list of versions.
"""

import json
import shutil
import sys
from pathlib import Path

SITE = Path(__file__).parents[1] / "site"
LATEST = "latest"
REDIRECT = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={LATEST}/index.html">\n'


def publish(site: Path, folder: Path, version: str) -> None:
    """Copy the site into the folder as a version, and as the latest one."""
    versions = folder / "versions.json"
    known = json.loads(versions.read_text(encoding="utf-8")) if versions.exists() else []
    for name in (version, LATEST):
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(site, folder / name)
    versions.write_text(json.dumps(add_version(known, version), indent=2), encoding="utf-8")
    (folder / "index.html").write_text(REDIRECT, encoding="utf-8")


def add_version(known: list[dict[str, object]], version: str) -> list[dict[str, object]]:
    """Return the list of versions with a new one, which is the latest."""
    older = [{**entry, "aliases": []} for entry in known if entry["version"] != version]
    return [{"version": version, "title": version, "aliases": [LATEST]}, *older]


if __name__ == "__main__":
    publish(SITE, Path(sys.argv[1]), sys.argv[2])
