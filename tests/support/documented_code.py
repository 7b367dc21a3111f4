"""The Python code in documents."""

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"(?:<!-- example: (\w+) -->\n)?```python\n(.+?)```", re.DOTALL)


def code_blocks(document: str) -> list[tuple[str, str]]:
    """Return name and code of each block of Python in a document; the name is empty where none is written before it."""
    return BLOCK.findall((DOCS / document).read_text(encoding="utf-8"))


def named_blocks(document: str) -> dict[str, str]:
    return {name: code for name, code in code_blocks(document) if name}


def execute(code: str) -> dict[str, Any]:
    """Execute code as that of a module; return its names."""
    names = {"__name__": "documented"}
    exec(compile(code, "documented", "exec"), names)  # noqa: S102 -- from our own documents
    return names
