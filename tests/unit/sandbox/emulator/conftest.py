"""What the tests of the emulator share."""

import pytest


@pytest.fixture(autouse=True)
def no_certificates(monkeypatch, tmp_path):
    """Let HTTP clients load no certificates: each client would need 40 ms for them, and the emulator speaks http."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
