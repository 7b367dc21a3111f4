"""Each released version of the site has a folder, and the newest one is also `latest`."""

import json

from publish_docs import publish


def test_published_versions_stay_and_the_new_one_is_latest(tmp_path):
    site, folder = tmp_path / "site", tmp_path / "published"
    site.mkdir()
    folder.mkdir()
    for version in ("0.1.0", "0.2.0", "0.2.0"):
        (site / "index.html").write_text(f"page of {version}")
        publish(site, folder, version)

    pages = {path.parent.name: path.read_text() for path in folder.glob("*/index.html")}
    assert pages == {"0.1.0": "page of 0.1.0", "0.2.0": "page of 0.2.0", "latest": "page of 0.2.0"}
    versions = json.loads((folder / "versions.json").read_text())
    assert [(entry["version"], entry["aliases"]) for entry in versions] == [("0.2.0", ["latest"]), ("0.1.0", [])]
    assert "latest/index.html" in (folder / "index.html").read_text()
