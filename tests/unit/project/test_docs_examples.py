"""The examples of the documentation do what the documents say."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import tomllib
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from catalyst_groq.commands.lint.context import default_context
from catalyst_groq.commands.lint.linter import lint_diagram
from catalyst_groq.config.settings import Settings
from catalyst_groq.connector.expressions.jmespath import ExpressionError
from catalyst_groq.connector.expressions.placeholder_values import PlaceholderError, TaskVariables
from catalyst_groq.connector.expressions.placeholders import render_all
from catalyst_groq.connector.fields.error_causes import FOUND_BY_WORKER
from catalyst_groq.connector.fields.mappings import ErrorMapping, ResponseMapping
from catalyst_groq.connector.fields.names import COMMON_DEFAULTS, RETRIES
from catalyst_groq.connector.fields.retry_cycle import RetryCycle
from catalyst_groq.connector.results.outcome_mapping import standard_variables
from catalyst_groq.domain import definitions
from catalyst_groq.groq.api.errors import KIND_BY_REASON, NETWORK_FAILURE, classify
from catalyst_groq.journal import JournalKey, SqliteFile, SqliteJournal, make_cipher
from support.factories import make_call_result, make_response

DOCS = Path(__file__).parents[3] / "docs"
EXPRESSIONS = (DOCS / "expressions.md").read_text(encoding="utf-8")
PRODUCTION = (DOCS / "production.md").read_text(encoding="utf-8")
UPGRADES = (DOCS / "upgrades.md").read_text(encoding="utf-8")
SECRETS_OF_REPLICAS = {
    "groq_api_key": "gsk_0123456789",
    "engine_password": "secret",
    "redis_url": "rediss://:x@redis.example.com:6379/0",
    "journal_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=,MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}
ERRORS = (DOCS / "errors.md").read_text(encoding="utf-8")
NOT_SENT = ["incompatible_model", "unsupported_parameter", "model_not_found", "unreadable_file", "missing_api_key"]
"""The causes of requests that are sent to nobody."""

CAUSES = [
    *(causes for _, causes in (*KIND_BY_REASON.values(), NETWORK_FAILURE)),
    *((cause,) for causes in FOUND_BY_WORKER.values() for cause in causes),
    *((cause,) for cause in NOT_SENT),
    *(classify(make_response(status, {"error": {}})).causes for status in (200, 307, 400, 401, 429, 498, 503, 529)),
]
BLOCKS = re.findall(r"```json\n(.+?)```", EXPRESSIONS, re.DOTALL)
VARIABLES = TaskVariables(json.loads(BLOCKS[0]), {"task": {"businessKey": "order-4711"}})


def rows(head):
    """Return the cells of the table that has this head, without the marks of code."""
    table = EXPRESSIONS.split(head)[1].split("\n\n")[0].strip().splitlines()[1:]
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in table]
    return [tuple(_code(cell) for cell in row) for row in cells]


def _code(cell):
    text = cell.strip().replace(r"\|", "|")
    return text[3:-3] if text.startswith("`` ") else text[1:-1]


@pytest.mark.parametrize(("placeholder", "value"), rows("| placeholder | value |"))
def test_example_of_a_placeholder_has_this_value(placeholder, value):
    assert render_all(placeholder, VARIABLES) == json.loads(value)


@pytest.mark.parametrize(("elsewhere", "here", "value"), rows("| elsewhere | here | value |"))
def test_expression_of_another_language_is_refused_here(elsewhere, here, value):
    assert render_all(f"${{{here}}}", VARIABLES) == json.loads(value)
    with pytest.raises((ExpressionError, PlaceholderError)):
        render_all(f"${{{elsewhere}}}", VARIABLES)


def test_example_of_a_response_mapping_is_valid():
    mapping = ResponseMapping.parse("catalyst_responseMapping", json.loads(BLOCKS[1]))

    assert set(mapping.expressions) == {"reply", "total", "customer", "calls"}


def test_page_of_results_describes_every_key_of_catalyst_meta():
    page = (DOCS / "results.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    variables = standard_variables(make_call_result(make_response()), "openai/gpt-oss-120b")

    assert described == [*variables, *variables["catalyst_meta"]]


@pytest.mark.parametrize("causes", CAUSES, ids=lambda causes: causes[0])
def test_error_mapping_that_catches_everything_has_each_cause(causes):
    block = ERRORS.split("### Catch everything")[1].split("```json\n")[1].split("```")[0]
    mapping = ErrorMapping.parse("catalyst_errorMapping", json.loads(block))

    assert mapping.code_for(causes) == ("UNREADABLE_FILE" if "unreadable_file" in causes else "GROQ_FAILED")


def test_diagram_of_the_errors_page_has_no_mistake_and_catches_its_code():
    [xml] = re.findall(r"```xml\n(.+?)```", ERRORS, re.DOTALL)
    definition = definitions.parse(xml)

    assert [finding for finding in lint_diagram(xml.encode(), default_context()) if finding.severity != "hint"] == []
    assert definition.catches("read", "UNREADABLE_FILE")
    assert not definition.catches("read", "OTHER")


def test_trial_of_an_outage_takes_the_pauses_of_retries_and_the_polls_after_them():
    cycle = RetryCycle.parse(RETRIES, COMMON_DEFAULTS[RETRIES])
    pauses, left = [], cycle.max_attempts
    while left > 1:
        left, pause = cycle.after_failure(left)
        pauses.append(pause.total_seconds())
    poll = Settings.model_fields["async_response_timeout"].default.total_seconds()
    shortest, longest = sum(pauses), sum(pauses) + len(pauses) * poll

    assert f"take {shortest:g} to {longest:g} seconds" in ERRORS.replace("\n", " ")


def test_settings_of_replicas_are_valid_and_name_all_secrets(tmp_path, monkeypatch):
    (written,) = re.findall(r"<!-- settings of replicas -->\n```yaml\n(.+?)```", PRODUCTION, re.DOTALL)
    for name, content in SECRETS_OF_REPLICAS.items():
        (tmp_path / name).write_text(content)
    for name in [name for name in os.environ if name.startswith(("CATALYST_", "GROQ_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "worker.yaml").write_text(written.replace("/etc/catalyst-groq/secrets", str(tmp_path)))
    settings = Settings.load(tmp_path / "worker.yaml", tmp_path / ".env")

    assert settings.journal == settings.limits_redis_url == "rediss://:x@redis.example.com:6379/0"
    assert settings.journal_key.get_secret_value() == SECRETS_OF_REPLICAS["journal_key"]
    assert settings.journal_required
    assert set(re.findall(r"^\| `(\w+)` \| (?:the|`rediss|what)", PRODUCTION, re.MULTILINE)) >= {*SECRETS_OF_REPLICAS}


def test_drop_in_of_replicas_sets_the_files_of_the_settings():
    (written,) = re.findall(r"<!-- settings of replicas -->\n```yaml\n(.+?)```", PRODUCTION, re.DOTALL)
    (drop_in,) = re.findall(r"<!-- drop-in of replicas -->\n```ini\n(.+?)```", PRODUCTION, re.DOTALL)
    files = dict(re.findall(r"^(\w+_file): /etc/catalyst-groq/secrets/(\w+)$", written, re.MULTILINE))
    copies = re.findall(r"^LoadCredential=(\w+):/etc/catalyst-groq/secrets/(\w+)$", drop_in, re.MULTILINE)

    assert dict(re.findall(r"^Environment=CATALYST_(\w+)=%d/(\w+)$", drop_in, re.MULTILINE)) == {
        name.upper(): file for name, file in files.items()
    }
    assert dict(copies) == {file: file for file in files.values()}


def store_response(folder, task_id, key):
    async def store():
        file = SqliteFile(folder / "journal.sqlite")
        async with aclosing(
            SqliteJournal(file, cipher=make_cipher(key), max_age=timedelta(days=1), max_bytes=10**6)
        ) as journal:
            await journal.store(JournalKey(task_id, "a" * 64), make_response())

    asyncio.run(store())


@pytest.mark.slow
@pytest.mark.parametrize("place", ["with Helm", "on hosts"])
def test_new_journal_key_is_tried_alone(place, tmp_path, monkeypatch):
    [command] = re.findall(rf"<!-- the new key alone, {place} -->\n```sh\n(.+?)```", UPGRADES, re.DOTALL)
    old, new = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "journal_key").write_text(f"{new},{old}\n")
    (tmp_path / "secrets" / "redis_url").write_text(f"{tmp_path / 'journal.sqlite'}\n")
    settings = re.findall(r"^journal\w*: .+$", PRODUCTION, re.MULTILINE) if place == "on hosts" else []
    (tmp_path / "worker.yaml").write_text("\n".join(settings).replace("/etc/catalyst-groq", str(tmp_path)))
    for name in [name for name in os.environ if name.startswith(("CATALYST_", "GROQ_"))]:
        monkeypatch.delenv(name)
    if place == "with Helm":
        monkeypatch.setenv("CATALYST_JOURNAL", "")
        monkeypatch.setenv("CATALYST_JOURNAL_FILE", str(tmp_path / "secrets" / "redis_url"))
        monkeypatch.setenv("CATALYST_JOURNAL_KEY_FILE", str(tmp_path / "secrets" / "journal_key"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    here = command.replace("kubectl exec deploy/catalyst-groq -- ", "").replace("sudo ", "")
    here = here.replace("/etc/catalyst-groq", str(tmp_path)).replace("/opt/catalyst-groq/bin/", "")

    def try_new_key():
        ended = subprocess.run(["sh", "-c", here], cwd=tmp_path, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout + ended.stderr

    store_response(tmp_path, "needs-the-new-key", new)
    assert try_new_key()[0] == 0
    store_response(tmp_path, "needs-the-old-key", old)
    exit_code, text = try_new_key()
    assert exit_code == 1
    assert "2 entries, 1 cannot be read, " in text


def test_secrets_of_the_chart_are_those_that_its_values_name():
    values = yaml.safe_load((DOCS.parent / "deploy" / "helm" / "production.yaml").read_text(encoding="utf-8"))
    created = re.findall(r"^kubectl create secret generic (\w+) --from-file=(\w+)$", PRODUCTION, re.MULTILINE)

    assert dict(created) == {
        "groq": "groq_api_key",
        "engine": "password",
        "redis": "redis_url",
        "journal": "journal_key",
    }
    assert [name for name, _ in created] == [
        values["groq"]["existingSecret"],
        values["engine"]["auth"]["existingSecret"],
        values["redis"]["existingSecret"],
        values["journal"]["encryption"]["existingSecret"],
    ]


def test_extras_of_the_replicas_page_are_those_of_the_package():
    table = PRODUCTION.split("| extra | what for |")[1].split("\n\n")[0]
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {*extras} - {"sandbox"}
