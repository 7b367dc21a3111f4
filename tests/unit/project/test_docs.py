"""The documents agree with the code, and their links and citations exist."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
import typer
import yaml
from docs_site import FENCE, PAGES, REPOSITORY, link_on_site, to_page
from docs_tables import documents, fill_tables

from catalyst_groq.cli import app
from catalyst_groq.config.factory import make_endpoints
from catalyst_groq.config.settings import Settings
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS
from catalyst_groq.groq.api.remedies import AUDIO_REMEDIES, GROQ_REMEDIES
from catalyst_groq.groq.api.server_kinds import ServerKind
from faults.pictures import PAGE as MONITORING_PAGE
from faults.pictures import date_pictures as date_monitoring
from modeler.pictures import PAGE as PAGE_WITH_PICTURES
from modeler.pictures import date_pictures
from support.field_cases.page import PAGE, page
from support.handler_harness import make_secrets
from support.outages.page import PAGE as OUTAGES_PAGE
from support.outages.page import page as outages_page
from support.outages.page import read_rows
from support.outages.table import OUTAGES
from support.planted_mistakes.page import PAGE as MISTAKES_PAGE
from support.planted_mistakes.page import as_cell
from support.planted_mistakes.page import page as mistakes_page

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REPOSITORY_FILE = r"^https://github\.com/catalyst-groq/catalyst-groq-worker/(?:blob|tree|raw)/main/(.+)$"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "worker").rglob("*.md")])


def test_changelog_begins_with_unreleased_and_this_version():
    versions = re.findall(r"^## \[(\S+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert versions[:2] == ["Unreleased", PROJECT["project"]["version"]]


def test_architecture_gives_a_reason_for_each_dependency():
    extras = PROJECT["project"]["optional-dependencies"].values()
    required = [*PROJECT["project"]["dependencies"], *(requirement for extra in extras for requirement in extra)]
    names = {re.match(r"[\w-]+", requirement).group() for requirement in required}
    table = set(re.findall(r"^\| `([\w-]+)` \|", ARCHITECTURE, re.MULTILINE))

    assert table == names


def test_architecture_lists_every_package():
    packages = {
        path.parent.relative_to(ROOT / "worker" / "catalyst_groq").as_posix()
        for path in (ROOT / "worker" / "catalyst_groq").rglob("__init__.py")
    }
    listed = set(re.findall(r"^ *([a-z_]+)/ ", ARCHITECTURE.split("<!-- map -->")[1], re.MULTILINE))

    assert {package.split("/")[-1] for package in packages - {"."}} <= listed


def test_failure_modes_list_every_remedy():
    table = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").split("<!-- remedies -->")[1]

    assert table.strip().splitlines()[2:] == [
        f"| {kind.description} | {kind.remedy} | {GROQ_REMEDIES.get(kind, '')} | {AUDIO_REMEDIES.get(kind, '')} |"
        for kind in ERROR_KINDS
    ]


@pytest.mark.parametrize("document", ["docs/faults.md", "SECURITY.md"])
def test_guarantees_cite_existing_tests(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    cited = re.findall(r"\[(test_\w+)\]\((?:\.\./)?([^)]+)\)", text)
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for _, file in cited}

    assert cited
    assert [name for name, file in cited if f"def {name}(" not in sources[file]] == []


@pytest.mark.anyio
async def test_examples_of_endpoints_are_valid_settings():
    text = (ROOT / "docs" / "endpoints.md").read_text(encoding="utf-8")
    examples = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.+?)```", text, re.DOTALL)]
    settings = Settings(endpoints=[entry for example in examples for entry in example["endpoints"]])
    secrets = make_secrets(dict.fromkeys(re.findall(r"[A-Z_]+_(?:KEY|TOKEN)", text.upper()), "secret-of-the-test"))
    accounts = {endpoint.name: endpoint.account for endpoint in await make_endpoints(settings, secrets)}

    assert list(accounts) == ["azure", "cloudflare", "helicone", "portkey", "openrouter"]
    assert accounts["azure"].query == (("api-version", "2024-10-21"),)
    assert accounts["azure"].request_headers == {"api-key": "secret-of-the-test"}
    assert accounts["cloudflare"].request_headers["cf-aig-authorization"] == "Bearer secret-of-the-test"
    assert [name for name, account in accounts.items() if account.server is ServerKind.GROQ] == [
        "cloudflare",
        "helicone",
        "portkey",
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_files_of_the_project_exist(document):
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]+src=\"([^\"]+)\"", text)
    targets = [target for pair in links for target in pair if target]
    in_repository = [ROOT / path for target in targets for path in re.findall(REPOSITORY_FILE, target)]
    relative = [document.parent / target for target in targets if "://" not in target]

    assert [path for path in (*in_repository, *relative) if not path.exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_blank_lines_of_documents_are_those_that_markdown_needs(document):
    text = FENCE.sub("code", document.read_text(encoding="utf-8"))

    assert re.findall(r"\n\n\n", text) == []
    assert re.findall(r"[^\n]\n(#{1,6} .+)", text) == [], "a heading needs a blank line before it"


def test_readme_fits_on_a_page():
    assert len(README.splitlines()) < 100


def test_readme_links_work_outside_of_the_repository():
    """A package index shows the README without the files beside it."""
    assert re.findall(r"\]\((?!https://|#)([^)]+)\)", README) == []


def test_features_cite_existing_tests():
    rows = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    cited = set(re.findall(r"`(test_\w+)` \|$", rows, re.MULTILINE))
    existing = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }

    assert cited
    assert cited - existing == set()


def test_answers_page_is_made_from_the_cases():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make answers`"


@pytest.mark.slow
def test_mistakes_page_is_made_from_the_mistakes():
    assert MISTAKES_PAGE.read_text(encoding="utf-8") == mistakes_page(), "run `make mistakes`"


def test_cell_of_the_mistakes_page_shows_markup_as_it_is():
    assert as_cell("the element <b> in `a < b`. Write &lt; for <.\nOr | none.") == (
        r"the element &lt;b&gt; in `a < b`. Write &amp;lt; for &lt;. Or \| none."
    )


def test_outages_page_is_made_from_what_the_test_of_them_has_seen():
    assert read_rows().keys() == {outage.name for outage in OUTAGES}, "run `make outages`"
    assert OUTAGES_PAGE.read_text(encoding="utf-8") == outages_page(), "run `make outages`"


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_tables_of_documents_are_those_of_the_code(document):
    text = document.read_text(encoding="utf-8")
    assert text == fill_tables(text), "run `make pages`"


def test_pictures_have_a_date_and_the_versions_in_use():
    page = PAGE_WITH_PICTURES.read_text(encoding="utf-8")
    dates = re.compile(r"(?<=made on )\d{4}-\d\d-\d\d(?= in)")

    assert len(dates.findall(page)) == 1
    assert date_pictures(page, date(2026, 1, 2)) == dates.sub("2026-01-02", page), "make pictures"


def test_pictures_of_prometheus_have_a_date_and_its_version():
    page = MONITORING_PAGE.read_text(encoding="utf-8")
    dated = re.compile(r"(?<=made on )\d{4}-\d\d-\d\d in Prometheus [\d.]+(?=\.\n)")

    assert len(dated.findall(page)) == 1
    assert date_monitoring(page, date(2026, 1, 2), "3.0.1") == dated.sub("2026-01-02 in Prometheus 3.0.1", page)


def test_site_shows_every_page():
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    shown = [page for section in site["nav"] for pages in section.values() for page in list_pages(pages)]
    existing = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]

    assert sorted(shown) == sorted([*existing, *PAGES.values()]), "correct `nav` in mkdocs.yml"


def list_pages(entry):
    return [entry] if isinstance(entry, str) else [page for item in entry for page in item.values()]


@pytest.mark.parametrize(
    ("target", "on_site"),
    [
        ("#crashes", "#crashes"),
        ("lint.md#unknown-model", "lint.md#unknown-model"),
        ("../SECURITY.md#guarantees", "security.md#guarantees"),
        ("../bpmn", f"{REPOSITORY}/tree/main/bpmn"),
        ("../tests/conftest.py", f"{REPOSITORY}/blob/main/tests/conftest.py"),
        (f"{REPOSITORY}/blob/main/docs/faults.md#groq", "faults.md#groq"),
        (f"{REPOSITORY}/issues", f"{REPOSITORY}/issues"),
        ("https://groq.com", "https://groq.com"),
        ("mailto:a@example.com", "mailto:a@example.com"),
    ],
)
def test_link_leads_to_the_page_or_to_the_repository(target, on_site):
    assert link_on_site(target, "docs/faults.md") == on_site


def test_page_of_the_site_has_no_escaped_pipes_and_the_same_code():
    text = "| `a \\| b` | [x](../LICENSE) |\n\n```\n| `a \\| b` | [x](../LICENSE) |\n```\n"
    in_table, in_block = to_page(text, "docs/page.md").split("\n\n")

    assert in_table == f"| `a | b` | [x]({REPOSITORY}/blob/main/LICENSE) |"
    assert in_block == text.split("\n\n")[1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_in_documents_exist_with_their_options(document):
    blocks = FENCE.findall(document.read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block.splitlines() if line.strip().startswith("catalyst-groq ")]
    for words in (line.split("#")[0].split()[1:] for line in lines):
        command = typer.main.get_command(app)
        while inner := getattr(command, "commands", None):
            command = inner[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert [word for word in words if word.startswith("--") and word.split("=")[0] not in known] == []
