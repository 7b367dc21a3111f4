"""Files for modellers that the package contains: element templates and example processes."""

from pathlib import Path

TEMPLATES, EXAMPLES = "templates", "bpmn"
"""Their folders, in a checkout."""

PACKAGE = Path(__file__).parents[1]


def find_folder(name: str) -> Path:
    """Return a folder of files: inside the package when it is installed, beside `worker/` in a checkout."""
    installed = PACKAGE / "files" / name
    return installed if installed.exists() else PACKAGE.parents[1] / name
