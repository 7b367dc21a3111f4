"""Shared fixtures of the emulator's tests."""

import pytest


@pytest.fixture(autouse=True)
def no_certificates(monkeypatch, tmp_path):
    """Stop HTTP clients from loading certificates: that takes 40 ms per client, and the emulator uses plain HTTP."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
