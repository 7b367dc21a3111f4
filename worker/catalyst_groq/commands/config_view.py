"""Prints the settings, each with its value and its source, and what is wrong with them."""

import json
from collections.abc import Sequence

from rich.console import Console

from catalyst_groq.commands.tables import print_rows, print_text
from catalyst_groq.config.effective_settings import EffectiveSetting

HEADERS = ("setting", "value", "source")


def show_settings(console: Console, settings: Sequence[EffectiveSetting], problems: Sequence[str]) -> None:
    """Print the settings as a table, and the problems below it."""
    print_rows(console, HEADERS, [(setting.name, setting.value, _describe_source(setting)) for setting in settings])
    for problem in problems:
        print_text(console, problem)


def _describe_source(setting: EffectiveSetting) -> str:
    return f"{setting.source}, not {', '.join(setting.unused)}" if setting.unused else setting.source


def to_json(settings: Sequence[EffectiveSetting], problems: Sequence[str]) -> str:
    """Return settings and problems as a JSON object; the value of a secret is `***`, of one that is not set null."""
    entries = [
        {
            "name": setting.name,
            "value": setting.value or None,
            "source": setting.source,
            "unused": setting.unused,
            "isDefault": setting.is_default,
            "isSecret": setting.is_secret,
            "description": setting.description,
        }
        for setting in settings
    ]
    return json.dumps({"settings": entries, "problems": list(problems)}, indent=2, ensure_ascii=False)
