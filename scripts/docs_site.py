"""Builds the documentation as a site: `python scripts/docs_site.py`, or `make docs`. Exits with 1 for a wrong link.

A document links to other files of the repository by relative paths, or by their addresses on GitHub. On the site such a
link leads to the page, if the file is one, and otherwise to GitHub. So documents are read on GitHub and on the site.
"""

import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = "docs"
COPY = ROOT / ".docs"
"""The pages as the site's builder reads them; git ignores it."""

SITE = ROOT / "site"
REPOSITORY = "https://github.com/catalyst-groq/catalyst-groq-worker"
PAGES = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "worker/catalyst_groq/sandbox/emulator/README.md": "emulator.md",
}
"""The pages whose files are outside of docs/: page by path in the repository."""

FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<=\]\()[^)\s]+(?=\))")
ON_GITHUB = re.compile(rf"{re.escape(REPOSITORY)}/(?:blob|tree|raw)/main/(.+)")
TABLE_ROW = re.compile(r"^ *\|.*\|$", re.MULTILINE)
CODE = re.compile(r"`[^`\n]+`")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SEARCH_SHIM = "https://unpkg.com/iframe-worker/shim"
"""What the theme loads so that the search works from disk. Without a network it is loaded from the site instead."""

EXTERNAL_PART = re.compile(r"<(?:script|img|link rel=\"?stylesheet)[^>]+(?:src|href)=\"?(https?://[^\"\s>]+)")


def main() -> int:
    """Build the site. Returns the exit code."""
    copy_pages()
    shutil.rmtree(SITE, ignore_errors=True)
    built = subprocess.run(  # noqa: S603 -- our own command
        [Path(sys.executable).with_name("zensical"), "build", "--strict", "--clean"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if built.returncode:
        print(COLOUR.sub("", built.stdout + built.stderr).partition("Traceback")[0], file=sys.stderr)
        return 1
    external = sorted({part for page in SITE.rglob("*.html") for part in _make_self_contained(page)})
    if external:
        print(f"These parts of pages would be loaded from the network: {', '.join(external)}", file=sys.stderr)
    return 1 if external else 0


def copy_pages() -> None:
    """Copy all pages to `COPY`, with their links as they are on the site."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(ROOT / DOCS, COPY)
    sources = {
        page.relative_to(ROOT / DOCS).as_posix(): page.relative_to(ROOT).as_posix()
        for page in (ROOT / DOCS).rglob("*.md")
    }
    for page, source in (sources | {page: source for source, page in PAGES.items()}).items():
        (COPY / page).write_text(to_page((ROOT / source).read_text(encoding="utf-8"), source), encoding="utf-8")


def to_page(markdown: str, source: str) -> str:
    r"""Return a document as a page of the site. `source` is its path in the repository.

    In a table GitHub needs `\|` in code. Python-Markdown needs no escape there, and would show it.
    """
    parts = []
    end = 0
    for fence in FENCE.finditer(markdown):
        parts += [_convert(markdown[end : fence.start()], source), fence[0]]
        end = fence.end()
    return "".join([*parts, _convert(markdown[end:], source)])


def _convert(markdown: str, source: str) -> str:
    linked = LINK.sub(lambda link: link_on_site(link[0], source), markdown)
    return TABLE_ROW.sub(lambda row: CODE.sub(lambda code: code[0].replace(r"\|", "|"), row[0]), linked)


def link_on_site(target: str, source: str) -> str:
    """Return where a link leads on the site. `source` is the path of the document that contains it."""
    path, hash_sign, anchor = target.partition("#")
    on_github = ON_GITHUB.fullmatch(path)
    if not path or (":" in path and not on_github):
        return target
    file = on_github[1] if on_github else posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if file in PAGES:
        return PAGES[file] + hash_sign + anchor
    if file.startswith(f"{DOCS}/"):
        return file.removeprefix(f"{DOCS}/") + hash_sign + anchor
    kind = "tree" if (ROOT / file).is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/main/{file}{hash_sign}{anchor}"


def _make_self_contained(page: Path) -> Iterator[str]:
    """Let a page load the shim of the search from the site. Yields what it would still load from elsewhere."""
    text = page.read_text(encoding="utf-8").replace(SEARCH_SHIM, "assets/iframe-worker.js")
    page.write_text(text, encoding="utf-8")
    yield from EXTERNAL_PART.findall(text)


if __name__ == "__main__":
    sys.exit(main())
