"""`catalyst-groq config`."""


def test_config_shows_values_and_sources_without_secrets(run_command):
    environ = {
        "CATALYST_ENGINE_USER": "me",
        "CATALYST_ENGINE_PASSWORD": "secret-password",
        "GROQ_API_KEY": "gsk_secret",
    }
    exit_code, text = run_command("config", **environ)
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()}

    assert exit_code == 0
    assert rows["CATALYST_ENGINE_USER"] == ["me", "environment"]
    assert rows["CATALYST_ENGINE_PASSWORD"] == ["***", "environment"]
    assert rows["GROQ_API_KEY"] == ["***", "environment"]
    assert rows["CATALYST_LOCK_DURATION"] == ["PT1M", "default"]
    assert not any(secret in text for secret in ("secret-password", "gsk_"))


def test_config_names_what_was_meant_by_unknown_settings(run_command, tmp_path):
    (tmp_path / "worker.yaml").write_text("concurency: 5\n")
    exit_code, text = run_command("config", "--only-set", CATALYST_TOPC="x")

    assert exit_code == 1
    assert text.splitlines()[-2:] == [
        "CATALYST_TOPC: unknown setting. Did you mean CATALYST_TOPIC?",
        "concurency (in worker.yaml): unknown setting. Did you mean concurrency?",
    ]


def test_config_for_programs_has_every_setting(run_json, tmp_path):
    (tmp_path / "operator.yaml").write_text("topic: mine\n")
    exit_code, report = run_json("config", "--config", "operator.yaml", CATALYST_CONCURRENCY="many")
    by_name = {setting["name"]: setting for setting in report["settings"]}

    assert exit_code == 1
    assert report["problems"] == [
        "CATALYST_CONCURRENCY=many: Input should be a valid integer, unable to parse string as an integer"
    ]
    assert by_name["CATALYST_TOPIC"]["source"] == "operator.yaml"
    assert by_name["CATALYST_ENGINE_USER"]["value"] is None
    assert by_name["CATALYST_ENGINE_PASSWORD"]["isSecret"]
    assert by_name["CATALYST_HTTP_HOST"] == {
        "name": "CATALYST_HTTP_HOST",
        "value": "127.0.0.1",
        "source": "default",
        "unused": [],
        "isDefault": True,
        "isSecret": False,
        "description": by_name["CATALYST_HTTP_HOST"]["description"],
    }


def test_config_only_set_leaves_out_defaults(run_json):
    _, report = run_json("config", "--only-set", CATALYST_TOPIC="mine")

    assert [(setting["name"], setting["value"]) for setting in report["settings"]] == [("CATALYST_TOPIC", "mine")]


def test_config_names_the_sources_that_are_not_used(run_command, run_json, tmp_path):
    (tmp_path / "worker.yaml").write_text("topic: yaml\n")
    _, text = run_command("config", "--only-set", CATALYST_TOPIC="mine")
    _, report = run_json("config", "--only-set", CATALYST_TOPIC="mine")

    assert text.splitlines()[-1].split(maxsplit=2) == ["CATALYST_TOPIC", "mine", "environment, not worker.yaml"]
    assert report["settings"][0]["unused"] == ["worker.yaml"]
