"""Dashboards, alerts and the Compose profile in `deploy/` name what really exists."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from dashboards import DASHBOARDS, FOLDER, format_dashboard, to_json

from support.all_metrics import all_metrics

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
LABELS_OF_PROMETHEUS = {"instance", "job", "le"}
PROMTOOL = shutil.which("promtool")
SAMPLES = {
    sample.name: set(sample.labels) | LABELS_OF_PROMETHEUS
    for metric in all_metrics().collect()
    for sample in metric.samples
}


def queries():
    """Every query of the dashboards and the alerts, by where it is."""
    for rule in RULES:
        yield pytest.param(rule["expr"], id=rule["alert"])
    for dashboard in DASHBOARDS:
        for panel in to_json(dashboard)["panels"]:
            for target in panel.get("targets", ()):
                yield pytest.param(target["expr"], id=f"{dashboard.name}: {panel['title']} {target['refId']}")
        for name, (query, _) in dashboard.variables.items():
            yield pytest.param(query, id=f"{dashboard.name}: ${name}")


@pytest.mark.parametrize("query", list(queries()))
def test_query_names_metrics_and_labels_that_exist(query):
    names = set(re.findall(r"\b(?:catalyst|gen_ai)_\w+", query))
    used = set(re.findall(r"[{,]\s*(\w+)=", query)) | {
        label for group in re.findall(r"by \(([^)]+)\)", query) for label in re.split(r",\s*", group)
    }

    assert names - SAMPLES.keys() == set()
    assert used <= set().union(*(SAMPLES[name] for name in names), LABELS_OF_PROMETHEUS)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_dashboard_is_what_the_script_writes(dashboard):
    file = FOLDER / f"{dashboard.name}.json"
    assert file.read_text(encoding="utf-8") == format_dashboard(dashboard), "run python scripts/dashboards.py"


def test_dashboards_show_every_metric_of_the_worker_at_least_once():
    shown = set(re.findall(r"\bcatalyst_\w+", " ".join(map(format_dashboard, DASHBOARDS))))
    known = {name for name in SAMPLES if name.startswith("catalyst_")}
    hidden = {re.sub("_(bucket|sum|count)$", "", name) for name in known - shown}

    # Alerts show these, or they are shown by what is derived from them.
    assert hidden - {re.sub("_(bucket|sum|count)$", "", name) for name in shown} == {
        "catalyst_engine_outage_seconds",
        "catalyst_journal_bytes",
    }


def test_every_alert_has_severity_summary_description_and_a_test():
    tests = (PROMETHEUS / "rules_test.yml").read_text(encoding="utf-8")
    for rule in RULES:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert f"- name: {rule['alert']}\n" in tests


def test_monitoring_lists_every_alert():
    text = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8").split("<!-- alerts -->")[1]
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_monitoring_quotes_the_lines_of_the_log():
    text = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8").split("<!-- alerts -->")[1]
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "worker").rglob("*.py"))
    pieces = [piece.strip() for quoted in re.findall("log: `([^`]+)`", text) for piece in quoted.split("…")]
    assert pieces
    assert [piece for piece in pieces if piece not in source] == []


@pytest.mark.slow
@pytest.mark.skipif(not PROMTOOL, reason="needs promtool (Debian: prometheus)")
@pytest.mark.parametrize("command", [["check", "config", "prometheus.yml"], ["test", "rules", "rules_test.yml"]])
def test_promtool_accepts_the_rules_and_their_tests(command):
    done = subprocess.run([PROMTOOL, *command], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not PROMTOOL, reason="needs promtool (Debian: prometheus)")
def test_promtool_accepts_the_queries_of_the_dashboards(tmp_path):
    expressions = [query.values[0] for query in queries() if not query.values[0].startswith("label_values")]
    rules = [
        {"record": f"query:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, expression in enumerate(expressions)
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    done = subprocess.run(
        [PROMTOOL, "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_profile_loads_rules_and_dashboards():
    prometheus, grafana = (COMPOSE["services"][name] for name in ("prometheus", "grafana"))
    mounted = {
        source: target
        for service in (prometheus, grafana)
        for source, target, *_ in (volume.split(":") for volume in service["volumes"])
        if source.startswith("./")
    }
    provider = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "dashboards" / "dashboards.yml").read_text())
    scrape = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"][0]

    assert prometheus["profiles"] == grafana["profiles"] == ["observability"]
    assert [source for source in mounted if not (ROOT / source).exists()] == []
    assert mounted["./deploy/grafana/dashboards"] == provider["providers"][0]["options"]["path"]
    assert scrape["job_name"] == "catalyst-groq"
    assert scrape["dns_sd_configs"] == [{"names": ["worker"], "type": "A", "port": 8081}]
