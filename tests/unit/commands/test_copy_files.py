"""`catalyst-groq templates`, `examples` and `modeler-plugin`: the files of the package, copied to a folder."""

import json

import pytest
from typer.testing import CliRunner

from catalyst_groq.cli import app
from catalyst_groq.commands.copy_files import CopyError, copy_files
from catalyst_groq.common.bundled_files import EXAMPLES, PLUGIN, TEMPLATES, find_folder


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a.json").write_text("a")
    (folder / "b.json").write_text("b")
    return folder


def test_copies_are_made_in_a_new_folder(source, tmp_path):
    target = tmp_path / "x" / "y"
    assert copy_files(source, target) == [target / "a.json", target / "b.json"]
    assert (target / "b.json").read_text() == "b"
    assert copy_files(source, target), "the same contents may be copied again"


def test_copy_keeps_a_file_that_was_changed(source, tmp_path):
    target = tmp_path / "target"
    copy_files(source, target)
    (target / "b.json").write_text("mine")
    (target / "a.json").unlink()
    with pytest.raises(CopyError, match=r"other contents in b.json\. .* --overwrite"):
        copy_files(source, target)
    assert not (target / "a.json").exists(), "nothing is written"
    copy_files(source, target, overwrite=True)
    assert (target / "b.json").read_text() == "b"


def test_copy_to_a_file_names_the_problem(source):
    with pytest.raises(CopyError, match=r"cannot be written: .* Choose another folder"):
        copy_files(source, source / "a.json")


@pytest.mark.parametrize("arguments", [["templates", "--to"], ["examples", "--to"]])
def test_command_lists_what_it_has_copied(arguments, tmp_path):
    result = CliRunner().invoke(app, [*arguments, str(tmp_path)])
    assert result.exit_code == 0
    source = find_folder(TEMPLATES if arguments[0] == "templates" else EXAMPLES)
    copies = sorted(path.name for path in source.iterdir() if path.is_file())
    assert sorted(path.name for path in tmp_path.iterdir()) == copies
    assert len(result.stdout.splitlines()) == len(copies)


def test_templates_are_copied_to_where_the_modeler_looks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["templates"]).exit_code == 0
    template = tmp_path / ".camunda" / "element-templates" / "groq.element.json"
    assert json.loads(template.read_text(encoding="utf-8"))["name"] == "Catalyst - Groq"


def test_plugin_is_copied_with_its_folders(tmp_path):
    result = CliRunner().invoke(app, ["modeler-plugin", "--to", str(tmp_path)])
    source = find_folder(PLUGIN)
    copies = {path.relative_to(tmp_path / PLUGIN) for path in (tmp_path / PLUGIN).rglob("*") if path.is_file()}

    assert result.exit_code == 0
    assert copies == {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    assert (tmp_path / PLUGIN / "client" / "client.bundle.js").exists()


def test_copy_names_a_changed_file_in_a_folder(tmp_path):
    (tmp_path / PLUGIN / "lib").mkdir(parents=True)
    (tmp_path / PLUGIN / "lib" / "task.js").write_text("mine")
    with pytest.raises(CopyError, match=r"other contents in lib/task\.js"):
        copy_files(find_folder(PLUGIN), tmp_path / PLUGIN, recursive=True)
