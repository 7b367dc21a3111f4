"""Checks the settings: which are set, where they come from, and what is wrong with them."""

from collections.abc import Iterator

from catalyst_groq.commands.doctor.findings import Area, Finding
from catalyst_groq.config.effective_settings import find_replaced_secrets, list_settings
from catalyst_groq.config.factory import find_short_secrets
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.sources import FoundSettings
from catalyst_groq.config.startup_report import find_ineffective_settings

AREA = Area("Settings")
FIXES = {
    "CATALYST_ENGINE_USER": "Set CATALYST_ENGINE_PASSWORD",
    "CATALYST_ENGINE_TOKEN": "Unset the token, or the other credentials",
    "CATALYST_LIMITS": "Set CATALYST_LIMITS=auto, or unset the others",
    "CATALYST_JOURNAL": "Set CATALYST_JOURNAL to a file or redis://…, or unset the others",
}
"""By the setting that has no effect, or takes it from others."""

LENGTHEN_IT = "Choose a longer secret"
CORRECT_IT = "Correct it in the environment, .env or worker.yaml"


def check_settings(found: FoundSettings[Settings]) -> Iterator[Finding]:
    """Yield the settings that are set, and every problem."""
    for problem in found.problems:
        text, fix = problem.split(". ", 1) if ". " in problem else (problem, CORRECT_IT)
        yield AREA.fault(text, fix.rstrip("."))
    if found.settings is None:
        return
    listed = [setting for setting in list_settings(found) if not setting.is_default]
    for setting in listed:
        if not setting.is_refused:
            yield AREA.ok(f"{setting.name}={setting.value} ({setting.source})")
    if not listed:
        yield AREA.ok("none is set, all have their defaults")
    for text in find_replaced_secrets(found):
        yield AREA.hint(text, "Remove what is not used, or write the same value into all of them")
    for text in find_short_secrets(found.settings):
        yield AREA.hint(text, LENGTHEN_IT)
    for text in find_ineffective_settings(found.settings):
        yield AREA.hint(text.removesuffix(": unset one of them"), FIXES[text.split()[0]])
