"""Checks the English of the documents: `python scripts/prose.py`. Exits with 1 if proselint or the vocabulary objects.

Code and links are left out, and so are texts of others (docs/answers.md quotes servers).
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from proselint.checks import __register__
from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

ROOT = Path(__file__).parents[1]
FOLDERS = ("*.md", "docs/*.md", "secrets/*.md", "worker/**/*.md")
LEFT_OUT = {"LICENSE.md", "CODE_OF_CONDUCT.md", "answers.md"}
CODE = re.compile(r"^ *```.*?^ *```$|``.+?``|`[^`\n]+`|\]\([^)\s]+\)|<[^>\n]+>", re.MULTILINE | re.DOTALL)
CHECKS = {
    "max_errors": 1000,
    "checks": {**DEFAULT["checks"], "typography": False, "lexical_illusions": False, "needless_variants": False},
}
"""Straight quotes and three dots are right in Markdown, a word is not repeated if there was code in between,
and of two spellings either is right."""

TERMS: Mapping[str, str] = {
    r"[Mm]ax(?:imum)? retries": "retries",
    r"[Bb]usiness errors?": "BPMN error",
    r"[Ee]lement-templates?": "element template",
    r"[Bb]oundary-events?": "boundary event",
    r"[Mm]ulti instances?": "multi-instance",
    r"[Cc]amunda modeler|camunda Modeler": "Camunda Modeler",
    r"bpmn|Bpmn": "BPMN",
    r"[Mm]end(?:s|ed|ing)?": "correct",
    r"[Cc]an not": "cannot",
    r"e\.g\.|i\.e\.|etc\.": "for example, that is, and so on",
    r"[Ss]imply|[Oo]bviously|[Oo]f course|[Ee]asily": "no word",
}
"""What is not written, and the term of the field, of Camunda or of plain English."""


def main() -> int:
    """Print all objections. Returns the exit code."""
    CheckRegistry().register_many(__register__)
    documents = sorted(path for folder in FOLDERS for path in ROOT.glob(folder) if path.name not in LEFT_OUT)
    objections = [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {problem}"
        for path in documents
        for line, problem in find_objections(path.read_text(encoding="utf-8"))
    ]
    print("\n".join(objections), end="\n" if objections else "", file=sys.stderr)
    return 1 if objections else 0


def find_objections(markdown: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the problem of each objection to a document."""
    prose = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), markdown)
    for wrong, right in TERMS.items():
        for found in re.finditer(rf"(?<![\w./-])(?:{wrong})(?![\w/])", prose):
            yield prose.count("\n", 0, found.start()) + 1, f"'{found[0]}'. Write {right}."
    for result in LintFile("document", prose).lint(CHECKS):
        yield result.pos[0] - 1, result.check_result.message


if __name__ == "__main__":
    sys.exit(main())
