"""Which key a task gets, which names it may use, and that a key shows itself nowhere."""

import traceback

import pytest

from catalyst_groq.connector.access.secrets import FoundKeys, Secret
from catalyst_groq.domain.redaction import MAX_KEY_CHARS
from catalyst_groq.errors import FieldError

pytestmark = pytest.mark.anyio

KEY = "gsk_0123456789abcdef"


async def error_of(secrets, source, name, variables=None):
    with pytest.raises(FieldError) as caught:
        await secrets.resolve(source, name, variables or {})
    assert KEY not in str(caught.value)
    return str(caught.value)


async def test_secret_comes_from_its_source(make_secrets, directory, properties_file):
    (directory / "groq_api_key").write_text("key-in-a-file")
    properties_file.write_text("groq_api_key = key-in-properties")
    secrets = make_secrets(GROQ_API_KEY="key-in-the-environment")

    keys = {source: (await secrets.resolve(source, "groq_api_key", {})).reveal() for source in secrets.providers}
    assert keys == {"env": "key-in-the-environment", "file": "key-in-a-file", "properties": "key-in-properties"}


@pytest.mark.parametrize("text", [KEY, f"{KEY}\n", f"  {KEY}\r\n"])
async def test_secret_has_no_blanks_around_it(make_secrets, directory, text):
    (directory / "groq_api_key").write_text(text)
    assert (await make_secrets().resolve("file", "groq_api_key", {})).reveal() == KEY


@pytest.mark.parametrize(
    ("text", "variables"), [(KEY, {}), ("key", {"key": f" {KEY} "}), ("my key!", {"my key!": KEY}), (KEY, {"key": "x"})]
)
async def test_secret_comes_from_the_field_or_a_variable(make_secrets, text, variables):
    assert (await make_secrets().resolve("variable", text, variables)).reveal() == KEY


@pytest.mark.parametrize("source", ["env", "file", "properties"])
@pytest.mark.parametrize("name", ["aws_secret", "my_groq_key"])
async def test_secret_name_must_be_allowed(make_secrets, source, name):
    assert await error_of(make_secrets(AWS_SECRET=KEY, MY_GROQ_KEY=KEY), source, name) == (
        f"catalyst_apiKey: the secret name '{name}' is not allowed here (allowed: groq*). "
        "Use an allowed name, or ask the operator to add it to CATALYST_ALLOWED_SECRETS"
    )


@pytest.mark.parametrize("source", ["env", "file", "properties"])
@pytest.mark.parametrize("name", ["groq/../engine_password", "groq\0", ""])
async def test_secret_name_must_be_bare_in_every_source(make_secrets, source, name):
    message = await error_of(make_secrets(allowed=("*",), GROQ____ENGINE_PASSWORD=KEY), source, name)
    assert message.startswith(f"catalyst_apiKey: {name!a} is not the bare name of a secret. ")


async def test_secret_name_patterns_ignore_case(make_secrets):
    secrets = make_secrets(allowed=("TEAM_?",), TEAM_A=KEY)
    assert (await secrets.resolve("env", "team_a", {})).reveal() == KEY


async def test_secret_variable_must_be_a_text(make_secrets):
    assert (await error_of(make_secrets(), "variable", "my_key")).startswith(
        "catalyst_apiKey: there is no process variable 'my_key'. Set"
    )
    assert (await error_of(make_secrets(), "variable", "my_key", {"my_key": 5})).startswith(
        "catalyst_apiKey: the process variable 'my_key' holds no text. Put the key into it"
    )


async def test_secret_source_variable_can_be_switched_off(make_secrets):
    message = await error_of(make_secrets(allow_variables=False), "variable", KEY, {"key": KEY})
    assert message.startswith("catalyst_secretSource: 'variable' is switched off by the operator")
    assert message.endswith("Use one of env, file, properties")


@pytest.mark.parametrize("key", ["   ", "gsk_a\nX-Evil: 1", "gsk_ü", "gsk_\0"])
async def test_secret_must_be_a_valid_header_value(make_secrets, key):
    message = await error_of(make_secrets(), "variable", "key", {"key": key})
    assert message == "catalyst_apiKey: the key found for 'key' is empty or has unprintable characters. Set it again"


@pytest.mark.parametrize(
    "key",
    [
        *("choices", '"choices"', "password", "internationalization", "gsk_short", "16 characters 12", "a" * 16),
        *('{"a":1,"b":2,"c":3}', "with-a-quote-12'", "finish_reason_stop", "0123456789abcde"),
    ],
)
async def test_key_of_a_task_that_may_be_a_word_is_refused(make_secrets, key):
    """Masking it would change the texts of the answer."""
    message = await error_of(make_secrets(), "variable", "key", {"key": key})
    assert message.startswith("catalyst_apiKey: the value is no API key: one that a process brings has at least 16 cha")
    assert message.endswith(". Correct it, or let the operator store the key and write its name here")


@pytest.mark.parametrize(
    "key",
    [
        *(KEY, "gsk_key_from_the_process", "sk-proj-0123456789abcdef", "sk-ant-api03-AbC_dEf-0123"),
        *("0123456789abcdef0123456789abcdef", "QmFzZTY0IG9mIGEga2V5MQ==", "abcdefghijklmnopqrstuvwxyzabcdef"),
        *("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "a/b+c~d.e-f_1234"),
    ],
)
async def test_key_of_a_task_has_the_form_of_existing_keys(make_secrets, key):
    secrets = make_secrets()
    assert (await secrets.resolve("variable", "my_key", {"my_key": key})).reveal() == key


async def test_short_key_of_the_operator_is_used(make_secrets):
    assert (await make_secrets(GROQ_LOCAL="ollama").resolve("env", "groq_local", {})).reveal() == "ollama"


@pytest.mark.parametrize(
    "text", [f"GROQ_API_KEY={KEY}", f"export GROQ_API_KEY='{KEY}'\n", f"GROQ_API_KEY = {KEY}\nOTHER=1\n"]
)
@pytest.mark.parametrize("source", ["env", "file"])
async def test_secret_that_is_an_assignment_is_refused(make_secrets, directory, source, text):
    (directory / "groq_api_key").write_text(text)
    assert await error_of(make_secrets(GROQ_API_KEY=text), source, "groq_api_key") == (
        "catalyst_apiKey: the key found for 'groq_api_key' is written as NAME=value. "
        "Store the value alone, without NAME="
    )


async def test_secret_may_end_with_equals_signs(make_secrets):
    assert (await make_secrets(GROQ_API_KEY="QmFzZTY0==").resolve("env", "groq_api_key", {})).reveal() == "QmFzZTY0=="


async def test_key_of_a_task_is_masked_for_that_task_alone(make_secrets):
    key, secrets = "another-kind-of-key-1", make_secrets()
    await secrets.resolve("variable", "my_key", {"my_key": key})
    assert secrets.redactor.mask(key) == key
    assert secrets.redactor_for("variable", "my_key", {"my_key": f" {key}\n"}).mask(f"<{key}>") == "<***>"
    assert secrets.redactor_for("variable", key, {}).mask(f"<{key}>") == "<***>"
    assert secrets.redactor_for("env", key, {}) is secrets.redactor
    assert secrets.redactor_for("variable", "my_other_key", {}) is secrets.redactor


@pytest.mark.parametrize(
    "name", ["sk-0123456789abcdef01", "0123456789abcdef0123456789abcdef", "ab/cd+0123456789abcdef0123456789=="]
)
async def test_secret_name_that_looks_like_a_key_is_not_shown(make_secrets, name):
    message = await error_of(make_secrets(), "env", name)
    assert message.startswith("catalyst_apiKey: holds a key instead of the name of a secret. ")
    assert name not in message


async def test_long_secret_name_is_allowed(make_secrets):
    name = "groq_api_key_of_team_7_in_production"
    assert (await make_secrets(**{name.upper(): KEY}).resolve("env", name, {})).reveal() == KEY


@pytest.mark.parametrize(
    "text",
    [
        "Bearer gsk_0123",
        "Authorization: Bearer sk-0123456789abcdef01",
        "GROQ_API_KEY=gsk_0123",
        "export GROQ_API_KEY = 'sk-0123456789abcdef01'",
        "groq_api_key:gsk_0123",
        '"0123456789abcdef0123456789abcdef"',
    ],
)
async def test_key_with_words_around_it_is_no_secret_name(make_secrets, text):
    message = await error_of(make_secrets(), "env", text)

    assert message.startswith("catalyst_apiKey: holds a key instead of the name of a secret. ")
    assert "0123" not in message


async def test_allowed_secret_name_may_be_long(make_secrets):
    name = "groq/team-0123456789abcdef0123456789abcdef"

    assert "holds a key" not in await error_of(make_secrets(), "env", name)


async def test_secret_is_masked_once_resolved(make_secrets):
    key = "sk-of-another-kind"
    secrets = make_secrets(GROQ_API_KEY=key)
    assert secrets.redactor.mask(f"<{key}>") == f"<{key}>"
    await secrets.resolve("env", "groq_api_key", {})
    assert secrets.redactor.mask(f"<{key}>") == "<***>"


async def test_secret_name_that_is_a_key_is_not_shown(make_secrets):
    message = await error_of(make_secrets(), "env", "gsk_0123")
    assert message.startswith("catalyst_apiKey: holds a key instead of the name of a secret. Write the name")
    assert "gsk_0123" not in message


def test_secret_never_shows_itself():
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


async def test_find_returns_the_operators_secret_from_any_source(make_secrets, directory, properties_file):
    (directory / "in_file").write_text("key-in-a-file")
    properties_file.write_text("in_properties = key-in-properties\nin_env = another\n")
    secrets = make_secrets(allowed=(), IN_ENV="key-in-the-environment")

    found = {name: await secrets.find(name) for name in ("in_env", "in_file", "in_properties", "nowhere", "../in_file")}
    assert {name: secret and secret.reveal() for name, secret in found.items()} == {
        "in_env": "key-in-the-environment",
        "in_file": "key-in-a-file",
        "in_properties": "key-in-properties",
        "nowhere": None,
        "../in_file": None,
    }
    assert secrets.redactor.mask("key-in-properties") == "***"


@pytest.mark.parametrize(
    ("in_file", "found"),
    [
        (None, FoundKeys(("env",))),
        ("gsk_0123456789abcdef\n", FoundKeys(("env", "file"))),
        ("gsk_another0123456789", FoundKeys(("env", "file"), differ=True)),
    ],
)
async def test_sources_of_a_key_say_whether_it_is_the_same(make_secrets, directory, in_file, found):
    if in_file:
        (directory / "groq_api_key").write_text(in_file)

    assert await make_secrets(GROQ_API_KEY="gsk_0123456789abcdef").sources_of("groq_api_key") == found


@pytest.mark.parametrize(("source", "name"), [("variable", "key"), ("file", "groq_key")])
async def test_text_longer_than_any_key_is_refused(make_secrets, directory, source, name):
    key = "gsk_" + "0" * (MAX_KEY_CHARS - 4)
    secrets, variables = make_secrets(), {"key": key}
    (directory / "groq_key").write_text(key)
    assert (await secrets.resolve(source, name, variables)).reveal() == key
    (directory / "groq_key").write_text(key + "0")
    message = await error_of(secrets, source, name, {"key": key + "0"})
    assert f"has more than {MAX_KEY_CHARS} characters. Store the key alone" in message


def test_task_that_may_bring_no_key_has_the_common_redactor(make_secrets):
    secrets = make_secrets(allow_variables=False)
    assert secrets.redactor_for("variable", "key", {"key": "choices in the answer"}) is secrets.redactor
