"""Diagrams from files and from the engine, each within bounds."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from catalyst_groq.camunda.deployments import ProcessDefinition
from catalyst_groq.cli import app
from catalyst_groq.commands.lint.command import (
    MAX_FILE_BYTES,
    describe_definition,
    find_files,
    lint_deployed,
    lint_files,
)
from catalyst_groq.commands.lint.context import default_context
from catalyst_groq.commands.lint.fixed_files import FixedFile, WriteError
from catalyst_groq.commands.lint.view import to_json
from catalyst_groq.common.bounded_execution import ProcessPool
from catalyst_groq.domain.redaction import Redactor
from support.lint_diagrams import process_around, rules_of, task_with

KEY = "gsk_abcdefghijklmnopqrstuvwxyz0123456789"
WRONG = process_around(task_with({"catalyst_retries": "3"}))
RIGHT = process_around(task_with({}))


class ThreadExecutor:
    """Runs functions in a thread, where they may run event loops of their own."""

    async def run(self, function, *args):
        return await asyncio.to_thread(function, *args)


class Deployed:
    def __init__(self, **diagrams):
        self.diagrams = diagrams

    async def latest_definitions(self):
        return [ProcessDefinition(id_, id_[0], int(id_[2:]), "", "d1", f"{id_[0]}.bpmn") for id_ in self.diagrams]

    async def definition_xml(self, process_definition_id):
        return self.diagrams[process_definition_id]


def lint_in_process(*files):
    async def run():
        async with aclosing(ProcessPool()) as executor:
            return await lint_files(files, default_context(), executor, Redactor().mask)

    return asyncio.run(run())


def write(folder, name, content):
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


def run_lint(*arguments):
    return CliRunner().invoke(app, ["lint", *map(str, arguments)])


@pytest.fixture(autouse=True)
def _settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_lint_finds_diagrams_in_folders_once(tmp_path):
    (tmp_path / "inner").mkdir()
    files = [write(tmp_path, "b.bpmn", ""), write(tmp_path / "inner", "a.bpmn20.xml", "")]
    write(tmp_path, "c.form", "")

    assert find_files([tmp_path, files[0]]) == files


def test_lint_skips_hidden_folders_and_virtual_environments(tmp_path):
    for name in (".git", "venv", "own"):
        (tmp_path / name / "inner").mkdir(parents=True)
        write(tmp_path / name / "inner", "a.bpmn", "")
    (tmp_path / "venv" / "pyvenv.cfg").touch()

    assert find_files([tmp_path]) == [tmp_path / "own" / "inner" / "a.bpmn"]
    assert find_files([tmp_path / ".git"]) == [tmp_path / ".git" / "inner" / "a.bpmn"]


@pytest.mark.slow
def test_lint_of_files_gives_lines_and_masks_keys(tmp_path):
    file = write(tmp_path, "a.bpmn", process_around(task_with({"catalyst_model": KEY, "catalyst_retries": KEY})))
    (report,) = lint_in_process(file)

    assert report.source == str(file)
    assert {finding.line for finding in report.findings} == {10}
    assert "invalid-retries" in rules_of(report.findings)
    assert KEY not in str(report)


@pytest.mark.slow
def test_lint_of_hostile_diagrams_ends(tmp_path):
    entities = "".join(f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 12))
    bomb = f'<!DOCTYPE d [<!ENTITY a0 "x">{entities}]><d>&a11;</d>'
    deep = RIGHT.replace("</bpmn:process>", "<bpmn:subProcess>" * 50_000)
    nested = RIGHT.replace("</bpmn:process>", "<a>" * 50_000 + "</a>" * 50_000 + "</bpmn:process>")
    merges = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 9))
    yaml = process_around(task_with({"catalyst_payload": merges}))
    contents = [bomb, deep, nested, yaml, RIGHT]
    reports = lint_in_process(*(write(tmp_path, f"{number}.bpmn", text) for number, text in enumerate(contents)))

    assert [rules_of(report.findings) for report in reports] == [
        ["unreadable-diagram"],
        ["unreadable-diagram"],
        [],  # the worker reads it, too
        ["invalid-payload"],
        [],
    ]


def test_lint_says_why_a_file_is_not_read(tmp_path):
    large = tmp_path / "large.bpmn"
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    files = [large, tmp_path / "gone.bpmn", write(tmp_path, "decision.bpmn", "<a/>")]
    reports = asyncio.run(lint_files(files, default_context(), ThreadExecutor(), str))
    problems = [report.findings[0].problem for report in reports]

    assert "has more than 20,000,000 bytes" in problems[0]
    assert "cannot be read: No such file" in problems[1]
    assert "is no BPMN diagram" in problems[2]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_lint_reads_diagrams_in_other_encodings(tmp_path, encoding):
    declared = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(encoding, encoding)
    text = WRONG.replace("UTF-8", declared).replace("Ask Groq", "Anfrage prüfen")
    file = tmp_path / "a.bpmn"
    file.write_bytes(text.encode(encoding))
    (report,) = asyncio.run(lint_files([file], default_context(), ThreadExecutor(), str))

    assert [(finding.rule_id, finding.element_name) for finding in report.findings] == [
        ("invalid-retries", "Anfrage prüfen")
    ]


@pytest.mark.parametrize(
    ("declared", "problem", "line"),
    [
        ("UTF-8", "The diagram has bytes that do not fit the encoding UTF-8, which its XML declaration names: ", 8),
        ("x-MacRoman", "The diagram declares the encoding x-MacRoman, which the worker does not know", 0),
    ],
)
def test_lint_says_that_bytes_do_not_fit_the_encoding(tmp_path, declared, problem, line):
    file = tmp_path / "a.bpmn"
    file.write_bytes(WRONG.replace("UTF-8", declared).replace("Ask Groq", "Anfrage prüfen").encode("latin-1"))
    (report,) = asyncio.run(lint_files([file], default_context(), ThreadExecutor(), str))
    (finding,) = report.findings

    assert (finding.rule_id, finding.line) == ("unreadable-diagram", line)
    assert finding.problem.startswith(problem)
    assert finding.fix == "Save it in UTF-8, or declare the encoding that it has"


def test_lint_of_deployed_diagrams_names_definition_and_topic():
    templated = task_with({}, 'camunda:modelerTemplate="io.catalyst.template.groq"').replace("catalyst-groq", "other")
    definitions = Deployed(**{"a:1": WRONG, "b:7": process_around(templated)})
    context = replace(default_context(), is_deployed=True)
    reports = asyncio.run(lint_deployed(definitions, context, ThreadExecutor(), str))

    assert [report.source for report in reports] == ["a version 1 (a.bpmn)", "b version 7 (b.bpmn)"]
    assert [finding["processDefinition"] for finding in json.loads(to_json(reports))] == ["a:1", "b:7"]
    assert [rules_of(report.findings) for report in reports] == [["invalid-retries"], ["topic-not-fetched"]]


def test_deployed_process_of_a_tenant_is_named_with_it():
    definition = ProcessDefinition("a:1", "a", 1, "acme", "d1", "forms/a.bpmn")

    assert describe_definition(definition) == "a version 1 of tenant acme (forms/a.bpmn)"
    assert describe_definition(definition._replace(tenant="", resource="")) == "a version 1"


@pytest.mark.slow
def test_lint_exits_with_1_and_writes_json_and_sarif(tmp_path):
    right, wrong = write(tmp_path, "right.bpmn", RIGHT), write(tmp_path, "wrong.bpmn", WRONG)
    sarif = tmp_path / "lint.sarif"
    result = run_lint(right, wrong, "--json", "--sarif", sarif)

    assert result.exit_code == 1
    assert [finding["rule"] for finding in json.loads(result.stdout)] == ["invalid-retries"]
    assert json.loads(sarif.read_text())["runs"][0]["results"][0]["ruleId"] == "invalid-retries"


@pytest.mark.slow
def test_lint_exits_with_0_where_settings_allow_what_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("CATALYST_ALLOWED_SECRETS", "team_*")
    file = write(tmp_path, "a.bpmn", process_around(task_with({"catalyst_apiKey": "team_one"})))

    assert run_lint(file).exit_code == 0


def test_lint_exits_with_2_where_it_is_used_wrongly(tmp_path):
    file = write(tmp_path, "a.bpmn", RIGHT)

    assert run_lint(tmp_path / "gone.bpmn").exit_code == 2
    assert run_lint().exit_code == 2
    assert run_lint(tmp_path / "a.bpmn", "--sarif", tmp_path).exit_code == 2
    assert file.exists()


@pytest.mark.slow
def test_lint_fixes_files_and_shows_what_remains(tmp_path):
    text = process_around(task_with({"catalyst_timeOut": "9", "catalyst_retries": "3"}))
    file, right = write(tmp_path, "a.bpmn", text), write(tmp_path, "b.bpmn", RIGHT)
    file.chmod(0o640)
    link = tmp_path / "link.bpmn"
    link.symlink_to(file)
    result = run_lint(link, right, "--fix", "--json")

    assert result.exit_code == 1
    assert [finding["rule"] for finding in json.loads(result.stdout)] == ["invalid-retries"]
    assert result.stderr == f"{link}: fixed 1 mistake\n"
    assert file.read_text() == text.replace("catalyst_timeOut", "catalyst_timeout")
    assert (link.is_symlink(), file.stat().st_mode & 0o777) == (True, 0o640)
    assert right.read_text() == RIGHT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bpmn", "b.bpmn", "link.bpmn"]


@pytest.mark.slow
def test_lint_shows_fixes_without_making_them(tmp_path):
    text = process_around(task_with({"catalyst_timeOut": "9", "catalyst_apiKey": KEY}))
    file = write(tmp_path, "a.bpmn", text)
    result = run_lint(file, "--fix", "--diff")
    lines = result.stdout.splitlines()

    assert (result.exit_code, file.read_text()) == (0, text)
    assert lines[:2] == [f"--- {file}", f"+++ {file}"]
    assert next(line for line in lines[2:] if line.startswith("+")).count("catalyst_timeout") == 1
    assert KEY not in result.stdout


def test_fix_of_deployed_diagrams_is_wrong_usage(tmp_path):
    assert run_lint(write(tmp_path, "a.bpmn", RIGHT), "--deployed", "--fix").exit_code == 2


def test_fixed_file_that_has_changed_meanwhile_is_left(tmp_path):
    file = write(tmp_path, "a.bpmn", "new")

    with pytest.raises(WriteError, match=r"has changed meanwhile\. Run the command again"):
        FixedFile(file, b"old", b"fixed", 1, "").write()
    assert file.read_text() == "new"
