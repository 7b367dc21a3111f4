"""Writes the names of the settings into the schema of the Helm chart's values: `python scripts/chart_schema.py`.

A test holds the file to the settings. All else in it is written by hand.
"""

import json
from typing import Any

from plain_manifests import CHART

from catalyst_groq.config.settings import Settings
from catalyst_groq.config.validation import PREFIX, SettingsDiagnostics

SCHEMA = CHART / "values.schema.json"


def format_schema(schema: dict[str, Any]) -> str:
    """Return the schema with the settings as they are: names of `config`, and names of `extraEnv` with the prefix."""
    diagnostics = SettingsDiagnostics(Settings.model_fields)
    variables = sorted(name for name in diagnostics.known_variables if name.startswith(PREFIX))
    values = schema["properties"]
    names: dict[str, Any] = {name: {} for name in sorted(diagnostics.known_names)}
    values["config"] = {"type": "object", "additionalProperties": False, "properties": names}
    values["extraEnv"]["items"]["properties"]["name"] = {
        "type": "string",
        "minLength": 1,
        "if": {"pattern": f"^{PREFIX}"},
        "then": {"enum": variables},
    }
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(format_schema(json.loads(SCHEMA.read_text(encoding="utf-8"))), encoding="utf-8")
