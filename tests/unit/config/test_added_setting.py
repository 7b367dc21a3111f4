"""A setting that a caller adds without changing the package."""

import pytest
from pydantic import Field

from catalyst_groq.config.settings import Settings
from catalyst_groq.errors import SettingsError


class VaultSettings(Settings):
    """The worker's settings and one more."""

    vault_attempts: int = Field(3, ge=1, description="How often to ask the vault for a secret")


@pytest.fixture
def load_vault_settings(tmp_path, monkeypatch):
    """Load the settings from a `worker.yaml` and the environment."""

    def load(yaml="", **environ):
        (tmp_path / "worker.yaml").write_text(yaml)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return VaultSettings.load(tmp_path / "worker.yaml", tmp_path / ".env")

    return load


def test_added_setting_has_its_default(load_vault_settings):
    assert load_vault_settings().vault_attempts == 3


def test_added_setting_comes_from_worker_yaml_or_environment(load_vault_settings):
    yaml = "vault_attempts: 5\ntopic: mine"
    settings = load_vault_settings(yaml)
    assert (settings.vault_attempts, settings.topic) == (5, ("mine",))
    assert load_vault_settings(yaml, CATALYST_VAULT_ATTEMPTS="7").vault_attempts == 7


def test_added_setting_has_the_messages_of_the_others(load_vault_settings):
    with pytest.raises(SettingsError) as caught:
        load_vault_settings("vault_attemps: 5", CATALYST_VAULT_ATEMPTS="5", CATALYST_VAULT_ATTEMPTS="0")
    assert str(caught.value).splitlines() == [
        "Invalid settings:",
        "  CATALYST_VAULT_ATEMPTS: unknown setting. Did you mean CATALYST_VAULT_ATTEMPTS?",
        "  vault_attemps (in worker.yaml): unknown setting. Did you mean vault_attempts?",
        "  CATALYST_VAULT_ATTEMPTS=0: Input should be greater than or equal to 1",
    ]


def test_added_setting_is_unknown_to_the_settings_without_it(tmp_path):
    (tmp_path / "worker.yaml").write_text("vault_attempts: 5")
    with pytest.raises(SettingsError, match=r"vault_attempts \(in worker.yaml\): unknown setting"):
        Settings.load(tmp_path / "worker.yaml", tmp_path / ".env")
