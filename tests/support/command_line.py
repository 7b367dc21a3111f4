"""Commands of `catalyst-groq`, run in this process, in a folder without settings."""

import json
import os

from typer.testing import CliRunner

from catalyst_groq.cli import app

SETTINGS = ("CATALYST_", "GROQ_")


class CommandLine:
    """Runs commands; `environ` are the settings of all of them."""

    def __init__(self, folder, monkeypatch, **environ):
        for name in [name for name in os.environ if name.upper().startswith(SETTINGS)]:
            monkeypatch.delenv(name)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "200")
        self._environ = environ

    def run(self, *arguments, **environ):
        """Run a command; return its exit code and what it prints."""
        result = CliRunner().invoke(app, list(map(str, arguments)), env={**self._environ, **environ})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    def run_json(self, *arguments, **environ):
        """Run a command with `--json`; return its exit code and the value that it prints."""
        exit_code, text = self.run(*arguments, "--json", **environ)
        return exit_code, json.loads(text)
