"""What the documents say of the code is true."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from catalyst_groq.config.settings import Settings
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.connector.results.outcome_mapping import REMEDIES

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "worker").rglob("*.md")])


def shown(default):
    """A default as an operator would write it."""
    plain = TypeAdapter(type(default)).dump_python(default, mode="json")
    match plain:
        case list() | dict():
            return ",".join(plain)
        case bool():
            return str(plain).lower()
        case None:
            return ""
    return str(plain)


def test_the_readme_lists_every_setting_with_its_default():
    variable = SettingsDiagnostics(Settings.model_fields).variable
    rows = [
        f"| `{variable(name)}` | {f'`{shown(field.default)}`' if shown(field.default) else ''} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    table = README.split("<!-- settings -->")[1].strip().splitlines()[2:]

    assert table == rows, "\n" + "\n".join(rows)


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert versions[0] == PROJECT["project"]["version"]


def test_every_dependency_is_justified_in_the_architecture():
    extras = PROJECT["project"]["optional-dependencies"].values()
    required = [*PROJECT["project"]["dependencies"], *(requirement for extra in extras for requirement in extra)]
    names = {re.match(r"[\w-]+", requirement).group() for requirement in required}
    table = set(re.findall(r"^\| `([\w-]+)` \|", ARCHITECTURE, re.MULTILINE))

    assert table == names


def test_every_room_is_on_the_map():
    rooms = {
        path.parent.relative_to(ROOT / "worker" / "catalyst_groq").as_posix()
        for path in (ROOT / "worker" / "catalyst_groq").rglob("__init__.py")
    }
    drawn = set(re.findall(r"^ *([a-z_]+)/ ", ARCHITECTURE.split("<!-- map -->")[1], re.MULTILINE))

    assert {room.split("/")[-1] for room in rooms - {"."}} <= drawn


def test_every_mend_is_listed():
    table = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").split("<!-- mends -->")[1]

    assert table.strip().splitlines()[2:] == [f"| {problem.words} | {mend} |" for problem, mend in REMEDIES.items()]


def test_every_fault_names_its_test():
    table = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    named = re.findall(r"\[(test_\w+)\]\(\.\./([^)]+)\)", table)
    there = {file: (ROOT / file).read_text(encoding="utf-8") for _, file in named}

    assert named
    assert [name for name, file in named if f"def {name}(" not in there[file]] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document):
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]+src=\"([^\"]+)\"", text)
    local = [target for pair in targets for target in pair if target and "://" not in target]

    assert [target for target in local if not (document.parent / target).exists()] == []


def test_every_feature_is_shown_by_a_test_that_there_is():
    rows = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)` \|$", rows, re.MULTILINE))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }

    assert named
    assert named - there == set()
