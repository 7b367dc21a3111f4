"""The built-in secret sources, and one that is added from outside of the package."""

import os
import socket
from pathlib import Path

import pytest

from catalyst_groq.connector.access.providers import (
    EnvProvider,
    FileProvider,
    PropertiesProvider,
    SecretProvider,
    check_name,
)
from catalyst_groq.connector.access.urls import GROQ_URL
from catalyst_groq.connector.endpoint_selection import select_endpoints
from catalyst_groq.connector.task_request import TASK_OPERATIONS, TaskRequestReader
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.factories import make_definition, make_task

pytestmark = pytest.mark.anyio

KEY = "gsk_0123456789abcdef"


async def error_of(provider, name):
    with pytest.raises(FieldError) as caught:
        await provider.get(name)
    assert KEY not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["groq_api_key", "GROQ_API_KEY", "groq-api.key"])
async def test_env_provider_reads_the_upper_case_variable(name):
    assert await EnvProvider({"GROQ_API_KEY": KEY}).get(name) == KEY


async def test_env_provider_names_a_missing_variable_and_the_fix():
    assert await error_of(EnvProvider({"GROQ_API_KEY": "  "}), "groq_api_key") == (
        "catalyst_apiKey: the environment variable GROQ_API_KEY is not set where the worker runs. "
        "Start the worker with GROQ_API_KEY=gsk_…, or choose another Secret Source"
    )


async def test_file_provider_reads_a_changed_file_again(directory):
    for key in ("gsk_old", "gsk_new"):
        (directory / "groq_api_key").write_text(key)
        assert await FileProvider(directory).get("groq_api_key") == key


@pytest.mark.parametrize(
    "name",
    [
        *("groq/../engine_password", "../outside", "/etc/hostname", "..", ".", "", "groq\\..\\x", "C:groq", "groq..x"),
        *("groq_key.", "groq_key ", "groq_key. ."),
        *("groq\0", "groq\n", "groq\x1b[2J", "groq\u2028", "groq\u202e", "groq\xa0key", "g" * 101),
        *("ﬁle", "groq_ａpi_key", "groq_a\u0308", "groq_\u212b", "groq／x", "groq‥x"),  # noqa: RUF001 -- on purpose
    ],
)
def test_name_that_is_not_bare_is_refused(name):
    """Also one that NFKC would change: U+2025 becomes two dots, a full-width slash a slash."""
    with pytest.raises(FieldError) as caught:
        check_name(name)
    assert str(caught.value).startswith(
        f"catalyst_apiKey: {name!a} is not the bare name of a secret. Write a name such"
    )


@pytest.mark.parametrize("name", ["groq_api_key", "groq-api.key", "schlüssel", "鍵", "my key", ".env"])
def test_bare_name_is_accepted(name):
    check_name(name)


async def test_env_provider_refuses_letters_that_upper_case_makes_ascii():
    """The dotless i becomes an I."""
    assert "is no name of an environment variable" in await error_of(EnvProvider({"GROQ_API_KEY": KEY}), "groq_apı_key")  # noqa: RUF001


@pytest.mark.parametrize("target", ["file", "folder"])
async def test_file_provider_follows_no_link_out_of_its_directory(directory, tmp_path, target):
    (tmp_path / "groq_key").write_text(KEY)
    if target == "file":
        (directory / "groq_key").symlink_to(tmp_path / "groq_key")
    else:
        (directory / "..data").symlink_to(tmp_path)
        (directory / "groq_key").symlink_to(Path("..data") / "groq_key")
    message = await error_of(FileProvider(directory), "groq_key")
    assert message == (
        f"catalyst_apiKey: 'groq_key' leads out of {directory} or to another name. Write the name of a file there"
    )


async def test_file_provider_follows_no_link_to_another_name(directory):
    """Such a link would give a task a secret whose name is not allowed."""
    (directory / "engine_password").write_text(KEY)
    (directory / "groq_key").symlink_to("engine_password")
    assert "leads out of" in await error_of(FileProvider(directory), "groq_key")


async def test_file_provider_reads_only_regular_files_of_a_limited_size(directory):
    os.mkfifo(directory / "groq_pipe")
    (directory / "groq_huge").write_bytes(b"x" * 64_001)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "groq_socket"))
        files = FileProvider(directory)
        assert "cannot be read (not a regular file)" in await error_of(files, "groq_pipe")
        assert "cannot be read (larger than 64,000 bytes)" in await error_of(files, "groq_huge")
        assert "cannot be read (No such device or address)" in await error_of(files, "groq_socket")


async def test_properties_provider_reads_no_device():
    assert "cannot be read (not a regular file)" in await error_of(PropertiesProvider(Path("/dev/zero")), "groq_key")


async def test_file_provider_follows_a_link_inside_its_directory(directory):
    """Kubernetes mounts secrets as links to `..data`."""
    (directory / "..data").mkdir()
    (directory / "..data" / "groq_api_key").write_text(KEY)
    (directory / "groq_api_key").symlink_to(Path("..data") / "groq_api_key")
    assert await FileProvider(directory).get("groq_api_key") == KEY


async def test_file_provider_says_why_a_file_cannot_be_read(directory):
    (directory / "groq_folder").mkdir()
    (directory / "groq_image").write_bytes(b"\x89PNG\xff")
    (directory / "groq_circle").symlink_to("groq_circle")
    path = directory / "groq_api_key"
    files = FileProvider(directory)
    assert await error_of(files, "groq_api_key") == (
        f"catalyst_apiKey: the secret file {path} cannot be read (No such file or directory). Put the key into {path}"
    )
    assert "cannot be read (Is a directory)" in await error_of(files, "groq_folder")
    assert "cannot be read (not a text file)" in await error_of(files, "groq_image")
    assert "cannot be read (" in await error_of(files, "groq_circle")


@pytest.mark.parametrize("line", [f"groq_api_key = {KEY}", f"groq_api_key:{KEY}", f"! note\n\n  groq_api_key {KEY}"])
async def test_properties_provider_reads_a_properties_file(properties_file, line):
    properties_file.write_text(f"# ü\nother = x\n{line}\n", "utf-8")
    assert await PropertiesProvider(properties_file).get("groq_api_key") == KEY


async def test_properties_provider_names_the_problem_and_the_fix(properties_file):
    properties = PropertiesProvider(properties_file)
    assert await error_of(properties, "groq_api_key") == (
        f"catalyst_apiKey: the properties file {properties_file} cannot be read (No such file or directory). "
        "Write 'groq_api_key = gsk_…' into it, or set CATALYST_SECRETS_FILE"
    )
    properties_file.write_text(f"groq_other = {KEY}\ngroq_api_key =\n")
    assert await error_of(properties, "groq_api_key") == (
        f"catalyst_apiKey: 'groq_api_key' is not set in {properties_file}. Add the line 'groq_api_key = gsk_…' there"
    )
    properties_file.write_text(r"groq_api_key = \u00")
    assert "cannot be read (not a properties file)" in await error_of(properties, "groq_api_key")


class VaultProvider:
    """A secret source as a user of the package would write it."""

    def __init__(self, secrets):
        self.secrets = secrets

    async def get(self, name):
        return self.secrets.get(name)


async def key_for_task(secrets, properties):
    """Return the key that a task with these extension properties is sent with."""
    reader = TaskRequestReader(shipped_catalog(), TASK_OPERATIONS, secrets.sources)
    request = reader.read(reader.read_fields(make_task({}, properties), make_definition()))
    (endpoint,) = await select_endpoints(request, {}, Account(GROQ_URL, ""), secrets, ())
    return endpoint.account.key


async def test_provider_added_from_outside_serves_tasks(make_secrets):
    vault: SecretProvider = VaultProvider({"groq_api_key": f"{KEY}\n"})
    secrets = make_secrets(further={"vault": vault})

    assert secrets.sources == ("env", "file", "properties", "vault", "variable")
    assert await key_for_task(secrets, {"catalyst_secretSource": "vault"}) == KEY
    assert secrets.redactor.mask(KEY) == "***"


async def test_provider_added_from_outside_serves_endpoints(make_secrets):
    secret = await make_secrets(further={"vault": VaultProvider({"backup": KEY})}).find("backup")
    assert secret is not None
    assert secret.reveal() == KEY


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            {"catalyst_secretSource": "vault"},
            "catalyst_apiKey: the secret source 'vault' has no secret 'groq_api_key'. Add it there, or choose another",
        ),
        (
            {"catalyst_secretSource": "vault", "catalyst_apiKey": "aws_secret"},
            "catalyst_apiKey: the secret name 'aws_secret' is not allowed here (allowed: groq*). Use an allowed name",
        ),
        (
            {"catalyst_secretSource": "safe"},
            "catalyst_secretSource: 'safe' is not a valid value. It must be one of env, file, properties, vault, v",
        ),
    ],
)
async def test_provider_added_from_outside_has_messages(make_secrets, properties, message):
    with pytest.raises(FieldError) as caught:
        await key_for_task(make_secrets(further={"vault": VaultProvider({"aws_secret": KEY})}), properties)
    assert str(caught.value).startswith(message)
