"""What the commands have in common: the files that they read in the current folder, and an exit code."""

from pathlib import Path

ENV_FILE = Path(".env")
SETTINGS_FILE = Path("worker.yaml")
INTERRUPTED = 130
"""Exit code of a command that Ctrl-C or SIGTERM has ended, as in a shell."""
