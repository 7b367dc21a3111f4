"""Writes the Grafana dashboards: `python scripts/dashboards.py`. A test holds them to this file and to the metrics."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "deploy" / "grafana" / "dashboards"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS, PANEL_HEIGHT, STAT_HEIGHT = 24, 8, 4
WORKER = 'instance=~"$instance"'
PROCESS = f'{WORKER}, process="$process"'
MODEL = f'{WORKER}, model=~"$model"'


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its title, its unit as Grafana names it, and queries by their legends."""

    title: str
    unit: str
    queries: Mapping[str, str]
    kind: str = "timeseries"
    width: int = 8
    is_stacked: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard: its file, its title, the panels of its rows, and its variables by metric and label."""

    name: str
    title: str
    rows: Mapping[str, Sequence[Panel]]
    variables: Mapping[str, tuple[str, bool]]
    """By name: the query of its values, and whether several may be chosen."""


def rate(metric: str, labels: str, *by: str) -> str:
    """Return the rate per second of a counter, by labels."""
    return f"sum by ({', '.join(by)}) (rate({metric}{{{labels}}}[$__rate_interval]))"


def quantile(share: float, metric: str, labels: str, *by: str) -> str:
    """Return a quantile of a histogram, by labels."""
    grouped = ", ".join(["le", *by])
    return f"histogram_quantile({share}, sum by ({grouped}) (rate({metric}_bucket{{{labels}}}[$__rate_interval])))"


def stat(title: str, unit: str, query: str) -> Panel:
    """Return a panel with one figure."""
    return Panel(title, unit, {title: query}, kind="stat", width=4)


def tasks_by_outcome(labels: str) -> Panel:
    """Return the panel of tasks."""
    queries = {"{{outcome}}": rate("catalyst_tasks_total", labels, "outcome")}
    return Panel("Tasks by outcome", "ops", queries, is_stacked=True)


def errors_by_kind(labels: str) -> Panel:
    """Return the panel of errors."""
    return Panel("Errors by kind", "ops", {"{{error_kind}}": rate("catalyst_task_errors_total", labels, "error_kind")})


INSTANCES = {"instance": ("label_values(catalyst_build_info, instance)", True)}

OVERVIEW = Dashboard(
    "overview",
    "Catalyst Groq: overview",
    {
        "Now": [
            stat("Workers ready", "short", f"sum(catalyst_ready{{{WORKER}}})"),
            stat("Active tasks", "short", f"sum(catalyst_tasks_in_hand{{{WORKER}}})"),
            stat("Capacity", "short", f"sum(catalyst_capacity{{{WORKER}}})"),
            stat("Paused accounts", "short", f"sum(catalyst_accounts_paused{{{WORKER}}}) or vector(0)"),
            stat("Open circuit breakers", "short", f"sum(catalyst_circuits_open{{{WORKER}}}) or vector(0)"),
            stat("Broken journals", "short", f"sum(catalyst_journal_broken{{{WORKER}}})"),
        ],
        "Tasks": [
            Panel(
                "Tasks by outcome",
                "ops",
                {"{{outcome}}": rate("catalyst_tasks_total", WORKER, "outcome")},
                is_stacked=True,
            ),
            Panel(
                "Errors by kind", "ops", {"{{error_kind}}": rate("catalyst_task_errors_total", WORKER, "error_kind")}
            ),
            Panel(
                "Seconds of a task",
                "s",
                {
                    "median": quantile(0.5, "catalyst_task_seconds", WORKER),
                    "99 %": quantile(0.99, "catalyst_task_seconds", WORKER),
                },
            ),
            Panel(
                "Seconds by stage (mean)",
                "s",
                {
                    "{{stage}}": f"{rate('catalyst_stage_seconds_sum', WORKER, 'stage')} / "
                    f"{rate('catalyst_stage_seconds_count', WORKER, 'stage')}"
                },
                is_stacked=True,
            ),
            Panel(
                "Active tasks",
                "short",
                {
                    "active": f"sum(catalyst_tasks_in_hand{{{WORKER}}})",
                    "in flight to Groq": f"sum(catalyst_groq_requests_in_flight{{{WORKER}}})",
                    "capacity": f"sum(catalyst_capacity{{{WORKER}}})",
                },
            ),
            Panel(
                "Tasks without an accepted outcome",
                "ops",
                {"{{process}}": rate("catalyst_tasks_unreported_total", WORKER, "process")},
            ),
        ],
        "Groq": [
            Panel(
                "Requests by status",
                "reqps",
                {"{{endpoint}} {{status}}": rate("catalyst_groq_responses_total", WORKER, "endpoint", "status")},
                width=6,
                is_stacked=True,
            ),
            Panel(
                "Seconds of a request",
                "s",
                {
                    "median {{model}}": quantile(0.5, "catalyst_groq_seconds", WORKER, "model"),
                    "99 % {{model}}": quantile(0.99, "catalyst_groq_seconds", WORKER, "model"),
                },
                width=6,
            ),
            Panel(
                "Open circuit breakers",
                "short",
                {"{{model}} at {{endpoint}}": f"sum by (endpoint, model) (catalyst_circuits_open{{{WORKER}}})"},
                width=6,
            ),
            Panel(
                "Seconds without a response",
                "s",
                {"{{endpoint}}": f"max by (endpoint) (catalyst_groq_unresponsive_seconds{{{WORKER}}})"},
                width=6,
            ),
        ],
        "Engine and journal": [
            Panel(
                "Polls and fetched tasks",
                "ops",
                {"polls": rate("catalyst_polls_total", WORKER), "tasks": rate("catalyst_tasks_fetched_total", WORKER)},
            ),
            Panel(
                "Engine errors and lock renewals",
                "ops",
                {
                    "engine {{kind}}": rate("catalyst_engine_errors_total", WORKER, "kind"),
                    "lock {{result}}": rate("catalyst_lock_renewals_total", WORKER, "result"),
                },
            ),
            Panel(
                "Journal",
                "short",
                {
                    "entries {{instance}}": f"catalyst_journal_entries{{{WORKER}}}",
                    "replays {{instance}}": rate("catalyst_journal_replays_total", WORKER, "instance"),
                },
            ),
        ],
    },
    INSTANCES,
)

ONE_PROCESS = Dashboard(
    "process",
    "Catalyst Groq: one process",
    {
        "Tasks": [
            Panel(
                "Tasks by outcome",
                "ops",
                {"{{outcome}}": rate("catalyst_tasks_total", PROCESS, "outcome")},
                is_stacked=True,
            ),
            Panel(
                "Errors by kind", "ops", {"{{error_kind}}": rate("catalyst_task_errors_total", PROCESS, "error_kind")}
            ),
            Panel(
                "Incidents in an hour",
                "short",
                {"incidents": f'sum(increase(catalyst_tasks_total{{{PROCESS}, outcome="incident"}}[1h]))'},
            ),
        ],
        "What it uses": [
            Panel(
                "Tokens",
                "short",
                {"{{model}} {{kind}}": rate("catalyst_process_tokens_total", PROCESS, "model", "kind")},
                is_stacked=True,
            ),
            Panel(
                "Cost in a day",
                "currencyUSD",
                {"{{model}}": f"sum by (model) (increase(catalyst_process_cost_usd_total{{{PROCESS}}}[1d]))"},
                is_stacked=True,
            ),
            Panel(
                "Budget of the day",
                "currencyUSD",
                {
                    "spent": f"max(catalyst_budget_spent_usd{{{PROCESS}}})",
                    "budget": f"max(catalyst_budget_limit_usd{{{PROCESS}}})",
                },
            ),
        ],
    },
    INSTANCES | {"process": ("label_values(catalyst_tasks_total, process)", False)},
)

COST_AND_LIMITS = Dashboard(
    "cost-and-limits",
    "Catalyst Groq: cost and limits",
    {
        "Cost": [
            Panel(
                "Cost in a day by process",
                "currencyUSD",
                {"{{process}}": f"sum by (process) (increase(catalyst_process_cost_usd_total{{{MODEL}}}[1d]))"},
                is_stacked=True,
            ),
            Panel(
                "Cost in an hour by model",
                "currencyUSD",
                {"{{model}}": f"sum by (model) (increase(catalyst_groq_cost_usd_total{{{MODEL}}}[1h]))"},
                is_stacked=True,
            ),
            Panel(
                "Budgets: share that is spent today",
                "percentunit",
                {
                    "{{budget}} {{process}}": f"max by (budget, process) (catalyst_budget_spent_usd{{{WORKER}}} / "
                    f"catalyst_budget_limit_usd{{{WORKER}}})"
                },
            ),
            Panel(
                "Tokens",
                "short",
                {"{{model}} {{kind}}": rate("catalyst_groq_tokens_total", MODEL, "model", "kind")},
                is_stacked=True,
            ),
            Panel(
                "Cached share of the prompts",
                "percentunit",
                {
                    "{{model}}": f"{rate('catalyst_groq_cached_tokens_total', MODEL, 'model')} / "
                    + rate("catalyst_groq_tokens_total", f'{MODEL}, kind="prompt"', "model")
                },
            ),
            Panel(
                "Models that were replaced",
                "ops",
                {"{{model}} → {{by}}": rate("catalyst_models_replaced_total", WORKER, "model", "by")},
            ),
        ],
        "Limits": [
            Panel(
                "Share that is left",
                "percentunit",
                {
                    "{{model}} {{limit}}": f"min by (model, limit) (catalyst_groq_limit_remaining{{{MODEL}}} / "
                    f"catalyst_groq_limit{{{MODEL}}})"
                },
            ),
            Panel(
                "Seconds waited in each second",
                "s",
                {"{{model}}": rate("catalyst_groq_waited_seconds_total", MODEL, "model")},
            ),
            Panel(
                "Wait for a rate limit",
                "s",
                {"{{model}}": f"max by (model) (catalyst_groq_limit_wait_seconds{{{MODEL}}})"},
            ),
            Panel("Rate limits are shared in Redis", "short", {"{{instance}}": f"catalyst_limits_shared{{{WORKER}}}"}),
        ],
    },
    INSTANCES | {"model": ("label_values(catalyst_groq_requests_total, model)", True)},
)

DASHBOARDS = (OVERVIEW, ONE_PROCESS, COST_AND_LIMITS)


def to_json(dashboard: Dashboard) -> dict[str, Any]:
    """Return a dashboard as Grafana stores it."""
    return {
        "uid": f"catalyst-groq-{dashboard.name}",
        "title": dashboard.title,
        "tags": ["catalyst-groq"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": list(_variables(dashboard))},
        "panels": list(_panels(dashboard)),
    }


def _variables(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"}
    for name, (query, is_multiple) in dashboard.variables.items():
        yield {
            "name": name,
            "type": "query",
            "datasource": DATASOURCE,
            "query": {"query": query, "refId": name},
            "refresh": 2,
            "sort": 1,
            "multi": is_multiple,
            "includeAll": is_multiple,
            "allValue": ".*" if is_multiple else None,
            "current": {"text": "All", "value": "$__all"} if is_multiple else {},
        }


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    """Yield rows and panels from left to right and from top to bottom."""
    number, top = 0, 0
    for title, panels in dashboard.rows.items():
        number += 1
        yield {"id": number, "type": "row", "title": title, "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1}}
        top, left, height = top + 1, 0, 0
        for panel in panels:
            number += 1
            if left + panel.width > COLUMNS:
                top, left = top + height, 0
            height = STAT_HEIGHT if panel.kind == "stat" else PANEL_HEIGHT
            yield _panel(panel, number, {"x": left, "y": top, "w": panel.width, "h": height})
            left += panel.width
        top += height


def _panel(panel: Panel, number: int, position: Mapping[str, int]) -> dict[str, Any]:
    stacking = {"fillOpacity": 30, "stacking": {"mode": "normal"}} if panel.is_stacked else {}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": DATASOURCE,
        "gridPos": position,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": stacking}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + index), "expr": query, "legendFormat": legend, "datasource": DATASOURCE}
            for index, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def format_dashboard(dashboard: Dashboard) -> str:
    """Return the file of a dashboard."""
    return json.dumps(to_json(dashboard), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for written in DASHBOARDS:
        (FOLDER / f"{written.name}.json").write_text(format_dashboard(written), encoding="utf-8")
