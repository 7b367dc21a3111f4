"""Where the key comes from, and that it goes nowhere else."""

import traceback
from pathlib import Path

import pytest

from catalyst_groq.connector.access.secrets import Redactor, Secret, Secrets, SecretSource
from catalyst_groq.domain.variables import TypedValue
from catalyst_groq.errors import FieldError

KEY = "gsk_0123456789abcdef"


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


@pytest.fixture
def secrets(directory, tmp_path):
    """Make the sources; the environment by keyword."""

    def make(*, allowed=("groq*",), allow_variables=True, **environ):
        return Secrets(
            environ=environ,
            directory=directory,
            properties=tmp_path / "catalyst-secrets.properties",
            allowed=allowed,
            allow_variables=allow_variables,
        )

    return make


def refused(secrets, source, name, variables=None):
    with pytest.raises(FieldError) as caught:
        secrets.resolve(SecretSource(source), name, variables or {})
    assert KEY not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["groq_api_key", "GROQ_API_KEY", "groq-api.key"])
def test_a_key_comes_from_the_environment_in_upper_case(secrets, name):
    assert secrets(GROQ_API_KEY=KEY).resolve(SecretSource.ENV, name, {}).reveal() == KEY


@pytest.mark.parametrize("text", [KEY, f"{KEY}\n", f"  {KEY}\r\n"])
def test_a_key_comes_from_a_file_without_the_blanks_around_it(secrets, directory, text):
    (directory / "groq_api_key").write_text(text)
    assert secrets().resolve(SecretSource.FILE, "groq_api_key", {}).reveal() == KEY


@pytest.mark.parametrize("line", [f"groq_api_key = {KEY}", f"groq_api_key:{KEY}  ", f"! note\n\n  groq_api_key {KEY}"])
def test_a_key_comes_from_a_properties_file(secrets, tmp_path, line):
    (tmp_path / "catalyst-secrets.properties").write_text(f"# ü\nother = x\n{line}\n", "utf-8")
    assert secrets().resolve(SecretSource.PROPERTIES, "groq_api_key", {}).reveal() == KEY


@pytest.mark.parametrize(
    ("written", "variables"),
    [(KEY, {}), ("key", {"key": f" {KEY} "}), ("my key!", {"my key!": KEY}), (KEY, {"key": "x"})],
)
def test_a_key_comes_from_the_field_itself_or_from_the_variable_it_names(secrets, written, variables):
    assert secrets().resolve(SecretSource.VARIABLE, written, variables).reveal() == KEY


def test_a_key_that_changes_is_read_anew(secrets, directory):
    source = secrets()
    for key in ("gsk_old", "gsk_new"):
        (directory / "groq_api_key").write_text(key)
        assert source.resolve(SecretSource.FILE, "groq_api_key", {}).reveal() == key


@pytest.mark.parametrize("source", ["env", "file", "properties"])
@pytest.mark.parametrize("name", ["aws_secret", "", "my_groq_key", "../groq_api_key"])
def test_only_allowed_names_are_looked_up(secrets, source, name):
    said = refused(secrets(AWS_SECRET=KEY, MY_GROQ_KEY=KEY), source, name)
    assert said == (
        f"catalyst_apiKey: the secret name '{name}' is not allowed here (allowed: groq*). "
        "Use an allowed name, or ask the operator to add it to CATALYST_ALLOWED_SECRETS"
    )


def test_patterns_are_compared_without_case(secrets):
    source = secrets(allowed=("TEAM_?",), TEAM_A=KEY)
    assert source.resolve(SecretSource.ENV, "team_a", {}).reveal() == KEY


@pytest.mark.parametrize("name", ["groq/../../outside", "../outside", "/etc/hostname", "groq_link"])
def test_no_name_leads_out_of_the_folder(secrets, directory, tmp_path, name):
    (tmp_path / "outside").write_text(KEY)
    (directory / "groq").mkdir()
    (directory / "groq_link").symlink_to(tmp_path / "outside")
    said = refused(secrets(allowed=("*",)), "file", name)
    assert said == f"catalyst_apiKey: '{name}' leads out of {directory}. Write the bare name of a file there"


def test_a_link_inside_the_folder_is_followed_as_kubernetes_needs_it(secrets, directory):
    (directory / "..data").mkdir()
    (directory / "..data" / "groq_api_key").write_text(KEY)
    (directory / "groq_api_key").symlink_to(Path("..data") / "groq_api_key")
    assert secrets().resolve(SecretSource.FILE, "groq_api_key", {}).reveal() == KEY


def test_a_missing_variable_of_the_environment_is_named_with_the_mend(secrets):
    assert refused(secrets(GROQ_API_KEY="  "), "env", "groq_api_key") == (
        "catalyst_apiKey: the environment variable GROQ_API_KEY is not set where the worker runs. "
        "Start the worker with GROQ_API_KEY=gsk_…, or choose another Secret Source"
    )


def test_a_file_that_cannot_be_read_is_named_with_the_reason(secrets, directory):
    (directory / "groq_folder").mkdir()
    (directory / "groq_image").write_bytes(b"\x89PNG\xff")
    (directory / "groq_circle").symlink_to("groq_circle")
    path = directory / "groq_api_key"
    assert refused(secrets(), "file", "groq_api_key") == (
        f"catalyst_apiKey: the secret file {path} cannot be read (No such file or directory). Put the key into {path}"
    )
    assert "cannot be read (Is a directory)" in refused(secrets(), "file", "groq_folder")
    assert "cannot be read (not a text file)" in refused(secrets(), "file", "groq_image")
    assert "cannot be read (" in refused(secrets(), "file", "groq_circle")
    assert "cannot be read (" in refused(secrets(), "file", "groq\0")


def test_a_properties_file_that_does_not_hold_the_key_is_named_with_the_mend(secrets, tmp_path):
    path = tmp_path / "catalyst-secrets.properties"
    assert refused(secrets(), "properties", "groq_api_key") == (
        f"catalyst_apiKey: the properties file {path} cannot be read (No such file or directory). "
        "Write 'groq_api_key = gsk_…' into it, or set CATALYST_SECRETS_FILE"
    )
    path.write_text(f"groq_other = {KEY}\ngroq_api_key =\n")
    assert refused(secrets(), "properties", "groq_api_key") == (
        f"catalyst_apiKey: 'groq_api_key' is not set in {path}. Add the line 'groq_api_key = gsk_…' there"
    )
    path.write_text(r"groq_api_key = \u00")
    assert "cannot be read (not a properties file)" in refused(secrets(), "properties", "groq_api_key")


def test_a_process_variable_that_is_missing_or_no_text_is_named(secrets):
    assert refused(secrets(), "variable", "my_key").startswith(
        "catalyst_apiKey: there is no process variable 'my_key'. Set"
    )
    assert refused(secrets(), "variable", "my_key", {"my_key": 5}).startswith(
        "catalyst_apiKey: the process variable 'my_key' holds no text. Put the key into it"
    )


def test_an_operator_can_forbid_keys_in_processes(secrets):
    said = refused(secrets(allow_variables=False), "variable", KEY, {"key": KEY})
    assert said.startswith("catalyst_secretSource: 'variable' is switched off by the operator")
    assert said.endswith("Use env, file or properties")


@pytest.mark.parametrize("key", ["   ", "gsk_a\nX-Evil: 1", "gsk_ü", "gsk_\0"])
def test_what_cannot_emulator_a_header_is_no_key(secrets, key):
    said = refused(secrets(), "variable", "key", {"key": key})
    assert said == "catalyst_apiKey: the key found for 'key' is empty or has unprintable characters. Set it anew"


def test_a_key_that_was_resolved_is_masked_from_then_on(secrets):
    key = "sk-of-another-kind"
    source = secrets(GROQ_API_KEY=key)
    assert source.redactor.mask(f"<{key}>") == f"<{key}>"
    source.resolve(SecretSource.ENV, "groq_api_key", {})
    assert source.redactor.mask(f"<{key}>") == "<***>"


def test_what_looks_like_a_key_of_groq_is_masked_wherever_it_was_typed():
    assert Redactor().mask("model gsk_0123456789abcdefXYZ does not exist") == "model *** does not exist"


def test_a_key_too_short_to_be_one_ruins_no_text():
    assert Redactor(["e"]).mask("the message") == "the message"


def test_a_key_in_place_of_its_name_is_not_shown(secrets):
    with pytest.raises(FieldError, match="catalyst_apiKey: holds a key instead of the name of one") as caught:
        secrets().resolve(SecretSource.ENV, "gsk_0123", {})
    assert "gsk_0123" not in str(caught.value)


def test_a_secret_never_shows_itself():
    secret = Secret(KEY)
    shown = [
        str(secret),
        repr(secret),
        f"{secret} {secret!r} {secret:>40} {secret!s}",
        "%s %r" % (secret, secret),  # noqa: UP031 -- one of the ways
        "{}".format(secret),  # noqa: UP032 -- one of the ways
        str([secret]),
        str({"key": secret}),
    ]
    shown += traceback.format_exception(ValueError("went wrong with", secret))
    assert KEY not in "".join(shown)
    assert "***" in "".join(shown)
    assert not hasattr(secret, "__dict__")


def test_a_value_of_a_forced_type_is_masked_too():
    redactor = Redactor()
    redactor.add(KEY)
    assert redactor.mask_all({"a": TypedValue("Json", [KEY])}) == {"a": TypedValue("Json", ["***"])}


def test_only_the_exact_key_is_masked_wherever_it_stands():
    redactor = Redactor([KEY, ""])
    assert redactor.mask(f"Bearer {KEY}, not gsk_other") == "Bearer ***, not gsk_other"
    assert redactor.mask_all({"a": [KEY, {"b": f"x{KEY}", KEY: 1}], "n": 1, "f": 1.5, "none": None, "yes": True}) == {
        "a": ["***", {"b": "x***", "***": 1}],
        "n": 1,
        "f": 1.5,
        "none": None,
        "yes": True,
    }


def test_names_that_are_numbers_as_yaml_has_them_stay_what_they_are():
    assert Redactor([KEY]).mask_all({1: {None: KEY, True: "yes"}}) == {1: {None: "***", True: "yes"}}


def test_a_structure_without_keys_is_not_built_anew():
    structure = {"a": ["text", {"b": 1}], 2: None}
    assert Redactor([KEY]).mask_all(structure) is structure


def test_a_key_that_begins_like_another_leaves_no_tail():
    for keys in ([KEY, KEY + "_tail"], [KEY + "_tail", KEY]):
        assert Redactor(keys).mask(f"{KEY}_tail {KEY}") == "*** ***"


def test_a_redactor_without_keys_changes_nothing():
    assert Redactor().mask("text") == "text"


def test_the_operators_own_secret_is_found_wherever_it_is_whatever_tasks_may_use(secrets, directory, tmp_path):
    (directory / "in_file").write_text("key-in-a-file")
    (tmp_path / "catalyst-secrets.properties").write_text("in_properties = key-in-properties\nin_env = another\n")
    sources = secrets(allowed=(), IN_ENV="key-in-the-environment")

    found = {name: sources.find(name) for name in ("in_env", "in_file", "in_properties", "nowhere", "../in_file")}
    assert {name: secret and secret.reveal() for name, secret in found.items()} == {
        "in_env": "key-in-the-environment",
        "in_file": "key-in-a-file",
        "in_properties": "key-in-properties",
        "nowhere": None,
        "../in_file": None,
    }
    assert sources.redactor.mask("key-in-properties") == "***"
