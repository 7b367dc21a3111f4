"""Names of secrets lead nowhere else, and no text forges a line of the log."""

import os

import pytest

from support.worker_process import FILE_KEY

pytestmark = pytest.mark.engine
FROM_FILE = {"catalyst_secretSource": "file"}
FORGED = "gone\n2030-01-01 00:00:00,000 ERROR   forged line\r\x1b[2J\x9b2J\u2028\u202e"
CONTROL_CHARACTERS = set("\r\x1b\x9b\u2028\u202e")


def test_secret_name_leads_to_no_other_file(fault_environment):
    """Neither by its path nor in another form of Unicode, nor does a link lead out of the folder."""
    secrets = fault_environment.folder / "secrets"
    worker = fault_environment.worker(log_level="DEBUG")
    outside = fault_environment.folder / "outside"
    for file in (secrets / "engine_password", outside):
        file.write_text("the-password-of-the-engine-1")
    (secrets / "groq").mkdir()
    (secrets / "groq_link").symlink_to(outside)
    (secrets / "groq_device").symlink_to("/dev/zero")
    os.mkfifo(secrets / "groq_pipe")
    (secrets / "groq_assignment").write_text(f"GROQ_API_KEY={FILE_KEY}\n")
    expected = {
        "groq/../engine_password": "is not the bare name of a secret",
        "groq\uff0f\u2025\uff0fengine_password": "is not the bare name of a secret",
        "groq\\..\\engine_password": "is not the bare name of a secret",
        "groq_link": "leads out of",
        "groq_device": "leads out of",
        "groq_pipe": "cannot be read (not a regular file)",
        "groq_assignment": "is written as NAME=value. Store the value alone",
        "engine_password": "is not allowed here",
    }
    with worker:
        instances = {
            name: fault_environment.instance(properties={**FROM_FILE, "catalyst_apiKey": name}) for name in expected
        }
        messages = {name: instance.incident() for name, instance in instances.items()}

    assert [name for name, text in expected.items() if text not in messages[name]] == [], messages
    assert all(message.startswith("catalyst_apiKey: ") for message in messages.values())
    assert fault_environment.emulator.calls == ()
    assert "the-password-of-the-engine-1" not in worker.log


def test_secret_that_kubernetes_mounts_is_read(fault_environment):
    worker = fault_environment.worker()
    secrets = fault_environment.folder / "secrets"
    (secrets / "..2026_01_01").mkdir()
    (secrets / "groq_api_key").rename(secrets / "..2026_01_01" / "groq_api_key")
    (secrets / "..data").symlink_to("..2026_01_01")
    (secrets / "groq_api_key").symlink_to("..data/groq_api_key")
    with worker:
        assert fault_environment.instance(properties=FROM_FILE).task() == "Review"
    [call] = fault_environment.emulator.calls
    assert call.status == 200


def test_text_of_groq_or_a_variable_forges_no_log_line(fault_environment):
    fault_environment.emulator.next(None, when={"equals": "refuse"}, status=400, body={"error": {"message": FORGED}})
    fault_environment.emulator.next(
        None, when={"equals": "html"}, status=403, body=f"<html><title>{FORGED}</title></html>"
    )
    model = {"catalyst_model": "${model}"}
    with fault_environment.worker(log_level="DEBUG") as worker:
        instances = [
            fault_environment.instance({"userMessage": "refuse"}),
            fault_environment.instance({"userMessage": "html"}),
            fault_environment.instance({"userMessage": "other", "model": FORGED}, properties=model),
            fault_environment.instance(properties={"catalyst_timeout": FORGED.replace("\x1b", "").replace("\x9b", "")}),
        ]
        messages = [instance.incident() for instance in instances]
        details = [instance.error_details() for instance in instances]

    assert all("forged line" in message for message in messages), messages
    assert not [line for line in worker.log.splitlines() if line.startswith("2030")]
    assert not CONTROL_CHARACTERS & set(worker.log)
    assert not (CONTROL_CHARACTERS | {"\n"}) & set("".join(messages))
    assert not CONTROL_CHARACTERS & set("".join(details))
