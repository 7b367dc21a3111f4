"""Checks the settings: which are set, where they come from, and what is wrong with them."""

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr, TypeAdapter

from catalyst_groq.commands.doctor.findings import Area, Finding
from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.sources import FoundSettings
from catalyst_groq.config.startup_report import find_ineffective_settings
from catalyst_groq.config.validation import SettingsDiagnostics

AREA = Area("Settings")
FIXES = {
    "CATALYST_ENGINE_USER": "Set CATALYST_ENGINE_PASSWORD",
    "CATALYST_ENGINE_TOKEN": "Unset the token, or the other credentials",
    "CATALYST_LIMITS": "Set CATALYST_LIMITS=auto, or unset the others",
    "CATALYST_JOURNAL": "Set CATALYST_JOURNAL to a file or redis://…, or unset the others",
}
"""By the setting that has no effect, or takes it from others."""

ANY_SOURCE = ("env",)
CORRECT_IT = "Correct it in the environment, .env or worker.yaml"


def check_settings(found: FoundSettings[Settings]) -> Iterator[Finding]:
    """Yield the settings that are set, and every problem."""
    names = SettingsDiagnostics(Settings.model_fields)
    for problem in found.problems:
        text, fix = problem.split(". ", 1) if ". " in problem else (problem, CORRECT_IT)
        yield AREA.fault(text, fix.rstrip("."))
    if found.settings is None:
        return
    for name, written in found.values.items():
        if name not in found.invalid:
            value = describe_value(getattr(found.settings, name))
            yield AREA.ok(f"{names.variable_name(name)}={value} ({written.source})")
    if not found.values:
        yield AREA.ok("none is set, all have their defaults")
    for text in find_ineffective_settings(found.settings, (), ANY_SOURCE):
        yield AREA.hint(text.removesuffix(": unset one of them"), FIXES[text.split()[0]])


def describe_value(value: Any) -> str:
    """Return the value of a setting without secrets."""
    if isinstance(value, SecretStr):
        return "***"
    plain = TypeAdapter(type(value)).dump_python(value, mode="json")
    text = ",".join(map(str, plain)) if isinstance(plain, list | dict) else str(plain)
    return hide_user_info(text)
