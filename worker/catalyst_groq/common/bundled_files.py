"""Files for modellers that the package contains: element templates, example processes, the plugin for linters."""

from pathlib import Path

TEMPLATES, EXAMPLES, PLUGIN = "templates", "bpmn", "bpmnlint-plugin-catalyst-groq"
"""Their folders, in a checkout."""

PACKAGE = Path(__file__).parents[1]


def find_folder(name: str) -> Path:
    """Return a folder of files: inside the package when it is installed, beside `worker/` in a checkout."""
    installed = PACKAGE / "files" / name
    return installed if installed.exists() else PACKAGE.parents[1] / name
