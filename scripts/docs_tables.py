"""Fills the tables and diagrams of the documentation: `python scripts/docs_tables.py`, or `make pages`.

A document marks the place of a table by two comments, `<!-- table: NAME -->` and `<!-- end -->`. A test holds the
documents to the code.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import typer
from pydantic import TypeAdapter

from catalyst_groq.cli import app
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.connector.fields.error_causes import FOUND_BY_WORKER, KNOWN_CAUSES, UNSENT_KINDS
from catalyst_groq.connector.fields.names import (
    CHAT_DEFAULTS,
    COLLECT,
    COLLECT_KEY,
    OBJECT_FIELDS,
    TRANSCRIPTION_DEFAULTS,
)
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind, Failover, RetryAction
from catalyst_groq.groq.api.errors import KIND_BY_CODE, KIND_BY_REASON, KIND_BY_STATUS, NETWORK_FAILURE
from catalyst_groq.groq.api.remedies import AUDIO_REMEDIES, GROQ_REMEDIES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
CODE = re.compile(r"\$\$?\{(?:[^{}]*\})?|\bcatalyst_\w+(?:\.\w+)?")
DRAWING = re.compile(r"\n *<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", re.DOTALL)
PROPERTY = re.compile(r'\n *<camunda:property name="(\w+)" value="([^"]*)" />')
OF_MODELER = re.compile(
    r' (?:xmlns:(?:bpmndi|dc|di|modeler)|exporter(?:Version)?|modeler:\w+|camunda:modelerTemplate(?:Version)?)="[^"]*"'
    r"|\n *<bpmn:(incoming|outgoing|documentation)>.*?</bpmn:\1>"
)
"""What the engine does not need, without the drawing."""

EMPTY_PROPERTIES = re.compile(r"\n *<camunda:properties>\s*</camunda:properties>")
HELP_LINK = re.compile(r" <a [^>]+>Help</a>$")
"""What the Modeler shows behind a description: a link to the field's place on the page."""

WITH_EXAMPLE = {COLLECT, COLLECT_KEY}
"""The fields whose placeholder is an example. That of the others says what a blank field means."""

PAGE = re.compile(r"\bdocs/([\w-]+\.md)")
SETTING_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Connection to the engine": ("engine_*",),
    "Connection to Groq": ("groq_*",),
    "Tasks to fetch": ("topic", "only_*", "worker_id", "concurrency", "lock_*", "async_*", "shutdown_*"),
    "Secrets and allowed addresses": ("secrets_*", "allow_*", "allowed_*"),
    "Requests, responses and variables": ("stream*", "max_*", "string_*", "throw_*", "mask_*"),
    "Endpoints and models": ("endpoints", "routing_*", "circuit_*", "models"),
    "Rate limits": ("limits*", "model_limits"),
    "Journal": ("journal*",),
    "Budgets": ("budget_*",),
    "Health, metrics and logs": ("http_*", "log_*", "metrics_*", "trac*", "otel_*"),
    "Other settings": ("*",),
}
"""Patterns of the names in each group; the first group that matches has the setting."""

REACTIONS = {
    RetryAction.WAIT: "It waits and sends the request again. That counts as no failure.",
    RetryAction.RETRY: "It reports a failure, and the engine retries the task.",
    RetryAction.GIVE_UP: "It does not send the request again: unchanged, it would fail again.",
}
UNSENT = "It sends no request."
OTHER_ROUTES = {
    Failover.NONE: "It tries no other endpoint or model.",
    Failover.OTHER_MODEL: "Before that, it tries other endpoints that have the model, then replacements and fallbacks.",
    Failover.OTHER_ACCOUNT: "Before that, it tries endpoints with another key.",
}


def main() -> None:
    """Fill the tables of all documents in docs/."""
    for document in documents():
        document.write_text(fill_tables(document.read_text(encoding="utf-8")), encoding="utf-8")


def documents() -> list[Path]:
    """Return the documents that have tables."""
    return [path for path in sorted(DOCS.glob("*.md")) if TABLE.search(path.read_text(encoding="utf-8"))]


def fill_tables(text: str) -> str:
    """Return a document with its tables as the code has them. Raises `KeyError` for a table that does not exist."""
    return TABLE.sub(lambda table: f"{table[1]}\n{TABLES[table[2]]()}\n\n{table[3]}", text)


def format_default(default: Any) -> str:
    """Return a default as an operator would write it."""
    plain = TypeAdapter(type(default)).dump_python(default, mode="json")
    if isinstance(plain, list | dict):
        return ",".join(plain)
    if isinstance(plain, bool):
        return str(plain).lower()
    return "" if plain is None else str(plain)


def format_settings() -> str:
    """Return all settings by group."""
    groups: dict[str, list[str]] = {group: [] for group in SETTING_GROUPS}
    for name in Settings.model_fields:
        group = next(group for group, patterns in SETTING_GROUPS.items() if any(fnmatch(name, p) for p in patterns))
        groups[group].append(_setting_row(name))
    head = "| variable | default | meaning |\n|---|---|---|"
    return "\n\n".join(f"## {group}\n\n{head}\n" + "\n".join(rows) for group, rows in groups.items() if rows)


def _setting_row(name: str) -> str:
    field = Settings.model_fields[name]
    default = format_default(field.default)
    variable = SettingsDiagnostics(Settings.model_fields).variable_name(name)
    return f"| `{variable}` | {f'`{default}`' if default else ''} | {field.description} |"


def format_secret_files() -> str:
    """Return the names of the settings that may be in a file."""
    diagnostics = SettingsDiagnostics(Settings.model_fields)
    return "\n".join(
        f"- `{name}_FILE`" for name in ("GROQ_API_KEY", *map(diagnostics.variable_name, diagnostics.may_be_in_files))
    )


def format_fields(template: str, defaults: Mapping[str, str]) -> str:
    """Return the fields that an element template shows, each with its default and its choices."""
    content = json.loads((ROOT / "templates" / template).read_text(encoding="utf-8"))
    groups = {group["id"]: group["label"] for group in content["groups"]}
    shown = [entry for entry in content["properties"] if entry["type"] != "Hidden"]
    return "\n\n".join("\n".join(_format_field(entry, groups, defaults)) for entry in shown)


def _format_field(entry: Mapping[str, Any], groups: Mapping[str, str], defaults: Mapping[str, str]) -> Iterator[str]:
    name = entry["binding"]["name"]
    default = defaults[name]
    description = HELP_LINK.sub("", entry["description"])
    yield from (f"### `{name}`", "", f"**{entry['label']}** ({groups[entry['group']]}). {_as_code(description)}", "")
    for choice in entry.get("choices", ()):
        yield f"- `{choice['value']}`: {choice['name']}"
    if "choices" in entry:
        yield ""
    if name in OBJECT_FIELDS:
        yield from ("Default:", "", "```json", default, "```")
    elif name in WITH_EXAMPLE:
        yield f"Default: none. Example: `{entry['placeholder']}`"
    else:
        yield f"Default: {f'`{default}`' if default else entry.get('placeholder', 'none')}"


def format_diagram(name: str) -> str:
    """Return a recipe as somebody writes it by hand: without drawing, and without fields that have their defaults."""
    text = OF_MODELER.sub("", DRAWING.sub("", (ROOT / "bpmn" / name).read_text(encoding="utf-8")))
    text = PROPERTY.sub(lambda found: "" if found[2] == CHAT_DEFAULTS[found[1]] else found[0], text)
    return f"```xml\n{EMPTY_PROPERTIES.sub('', text).strip()}\n```"


def _as_code(text: str) -> str:
    """Mark placeholders and names of variables as code: GitHub takes two dollar signs for a formula."""
    return CODE.sub(r"`\g<0>`", text)


def format_commands() -> str:
    """Return all commands of the command line with their arguments and options."""
    return "\n\n".join("\n".join(lines) for lines in _commands("catalyst-groq", typer.main.get_command(app)))


def _commands(path: str, command: Any) -> Iterator[list[str]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", inner)
    if not hasattr(command, "commands"):
        context = typer.Context(command)
        usage = " ".join(command.collect_usage_pieces(context))
        records = [record for parameter in command.params if (record := parameter.get_help_record(context))]
        rows = [f"| `{_in_table(names)}` | {_in_table(meaning)} |" for names, meaning in records]
        table = ["", "| argument or option | meaning |", "|---|---|", *rows] if rows else []
        help_text = PAGE.sub(_link_page, inspect.cleandoc(command.help or ""))
        yield [f"## {path}", "", "```", f"{path} {usage}", "```", "", help_text, *table]


def _link_page(page: re.Match[str]) -> str:
    """Return a link to a page that a help text names by its path, with the page's title."""
    title = (DOCS / page[1]).read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    return f"[{title}]({page[1]})"


def _in_table(text: str) -> str:
    return text.replace("|", r"\|")


def format_errors() -> str:
    """Return the classes of errors, each with what the worker does and what helps."""
    return "\n\n".join("\n".join(_format_error(kind)) for kind in ERROR_KINDS)


def _format_error(kind: ErrorKind) -> Iterator[str]:
    yield from (f"### {kind.name}", "", f"{kind.description[0].upper()}{kind.description[1:]}.", "")
    yield f"- **What to do.** {kind.remedy}"
    if kind in GROQ_REMEDIES:
        yield f"- **At Groq.** {GROQ_REMEDIES[kind]}"
    if kind in AUDIO_REMEDIES:
        yield f"- **For recordings.** {AUDIO_REMEDIES[kind]}"
    pause = " The account is paused for all models meanwhile." if kind.pauses_account else ""
    reaction = UNSENT if kind in UNSENT_KINDS else f"{REACTIONS[kind.action]} {OTHER_ROUTES[kind.failover]}{pause}"
    yield f"- **What the worker does.** {reaction}"
    yield f"- **`catalyst_meta.blame`:** `{kind.blame}`"
    if causes := _causes_of(kind):
        yield f"- **In the Error Mapping:** {', '.join(f'`{cause}`' for cause in causes)}"


def _causes_of(kind: ErrorKind) -> list[str]:
    by_code = [code for code, known in KIND_BY_CODE.items() if known is kind]
    by_status = [str(int(status)) for status, known in KIND_BY_STATUS.items() if known is kind]
    by_reason = [
        cause for known, causes in (*KIND_BY_REASON.values(), NETWORK_FAILURE) if known is kind for cause in causes
    ]
    by_worker = (kind.name,) if kind in UNSENT_KINDS else FOUND_BY_WORKER.get(kind, ())
    return [
        cause for cause in dict.fromkeys([*by_status, *by_reason, *by_code, *by_worker]) if not cause.endswith("xx")
    ]


def format_causes() -> str:
    """Return the words that an error mapping may name besides statuses."""
    return ", ".join(f"`{cause}`" for cause in KNOWN_CAUSES)


TABLES: Mapping[str, Callable[[], str]] = {
    "settings": format_settings,
    "secret-files": format_secret_files,
    "chat-fields": lambda: format_fields("groq.element.json", CHAT_DEFAULTS),
    "transcription-fields": lambda: format_fields("groq-transcribe.element.json", TRANSCRIPTION_DEFAULTS),
    "commands": format_commands,
    "errors": format_errors,
    "causes": format_causes,
    "classify-diagram": lambda: format_diagram("groq-classify-example.bpmn"),
    "translate-diagram": lambda: format_diagram("groq-translate-example.bpmn"),
}
"""The tables by the names by which documents ask for them."""

if __name__ == "__main__":
    main()
