"""Secret sources in a folder of the test's own."""

import pytest

from catalyst_groq.connector.access.providers import default_providers
from catalyst_groq.connector.access.secrets import Secrets


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


@pytest.fixture
def properties_file(tmp_path):
    return tmp_path / "catalyst-secrets.properties"


@pytest.fixture
def make_secrets(directory, properties_file):
    """Make `Secrets` with the built-in sources; the environment by keyword."""

    def make(*, allowed=("groq*",), allow_variables=True, further=None, **environ):
        providers = default_providers(environ, directory, properties_file) | (further or {})
        return Secrets(providers=providers, allowed=allowed, allow_variables=allow_variables)

    return make
