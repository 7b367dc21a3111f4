import pytest

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.emulator import EmulatorConfig, make_config
from catalyst_groq.sandbox.emulator.api_keys import ApiKeys
from catalyst_groq.sandbox.emulator.control import add_rule
from catalyst_groq.sandbox.emulator.scripts import load_script
from catalyst_groq.sandbox.emulator.service import GroqService
from support.emulator_requests import chat_body, completion_of, error_of, make_service, reply_to

SCRIPT = """\
answers:
  - when: {equals: ping}
    answer: pong
  - when: {contains: Invoice, model: openai/gpt-oss-20b}
    answer: {total: 12.5, currency: EUR}
  - when: {matches: "order \\\\d+"}
    count: 1
    status: 503
  - when: {matches: "order \\\\d+"}
    answer: It is on its way.
  - when: {contains: forty-two}
    answer: 42
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "answers.yaml"

    def write(text):
        path.write_text(text, "utf-8")
        return path

    return write


def scripted(path):
    return GroqService(EmulatorConfig(), load_script(path))


@pytest.mark.parametrize(
    ("question", "model", "answer"),
    [
        ("ping", "openai/gpt-oss-120b", "pong"),
        ("an invoice, please", "openai/gpt-oss-20b", '{"total": 12.5, "currency": "EUR"}'),
        ("say forty-two", "openai/gpt-oss-120b", "42"),
    ],
)
def test_script_maps_requests_to_answers(script, question, model, answer):
    assert completion_of(scripted(script(SCRIPT)), chat_body(question, model=model)).content == answer


def test_request_without_a_rule_gets_the_default_answer(script):
    groq = scripted(script(SCRIPT))

    assert "emulator" in str(completion_of(groq, chat_body("pingpong")).content)
    assert "emulator" in str(completion_of(groq, chat_body("an invoice, please")).content)


def test_rule_with_count_expires(script):
    groq = scripted(script(SCRIPT))
    body = chat_body("Where is order 77?")

    assert error_of(groq, body).status == 503
    assert completion_of(groq, body).content == "It is on its way."

    groq.reset()
    assert error_of(groq, body).status == 503


def test_added_rules_precede_the_script(script):
    groq = scripted(script(SCRIPT))
    add_rule(groq, {"status": 500})
    add_rule(groq, {"answer": "", "count": 2})

    assert error_of(groq, chat_body("ping")).status == 500
    assert [completion_of(groq, chat_body("ping")).content for _ in range(3)] == ["", "", "pong"]


def test_added_rule_waits_for_a_matching_request():
    groq = make_service({"status": 500, "when": {"contains": "angry"}})

    assert completion_of(groq, chat_body("calm")).content
    assert error_of(groq, chat_body("ANGRY")).status == 500
    assert completion_of(groq, chat_body("angry")).content


def test_rejected_request_does_not_use_up_a_rule():
    groq = make_service({"answer": "yes"})
    error_of(groq, chat_body(model="nonsense"))
    error_of(groq, chat_body(), organization=None)

    assert completion_of(groq, chat_body()).content == "yes"


def test_rule_with_tool_calls():
    tool = {"type": "function", "function": {"name": "look_up"}}
    groq = make_service({"tool_calls": [{"name": "look_up", "arguments": {"number": 7}}]})

    [call] = completion_of(groq, chat_body(tools=[tool])).tool_calls

    assert (call.name, call.arguments) == ("look_up", {"number": 7})


def test_unknown_tool_is_called_without_tool_validation():
    groq = make_service({"tool_calls": [{"name": "fly"}]})

    assert completion_of(groq, chat_body(disable_tool_validation=True)).tool_calls[0].name == "fly"


def test_scripted_call_violating_its_schema_fails():
    schema = {"type": "object", "properties": {"domain": {"type": "array"}}}
    tool = {"type": "function", "function": {"name": "HassTurnOff", "parameters": schema}}
    groq = make_service({"tool_calls": [{"name": "HassTurnOff", "arguments": {"domain": "light"}}]})

    assert (
        "tool call validation failed: parameters for tool HassTurnOff did not match schema: errors: [`/domain`: "
        "expected array, but got string]"
    ) in error_of(groq, chat_body(tools=[tool])).body


@pytest.mark.parametrize(("response_format", "length"), [({"characters": 20_000}, 20_000), ({"characters": 1}, 1)])
def test_rule_with_a_number_of_characters(response_format, length):
    assert len(str(completion_of(make_service(response_format), chat_body()).content)) == length


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("answers: [", "is not YAML"),
        ("answer: x", "answers: Field required"),
        ("answers: [{answer: x, status: 500}]", "answers.0: only one of answer, status is allowed"),
        ("answers: [{when: {contains: x}}]", "answers.0: has no effect; set one of answer, "),
        ("answers: [{when: {about: x}, answer: y}]", "answers.0.when.about: Extra inputs are not permitted"),
        ("answers: [{when: {matches: '('}, answer: y}]", "answers.0.when.matches: not a regular expression"),
        ("answers: [{status: 700}]", "answers.0.status: Input should be less than or equal to 599"),
        ("answers: [{status: 200}]", "answers.0: status 200 requires `body`"),
        ("answers: [{body: x, answer: y}]", "answers.0: `body` requires `status`"),
        (
            "answers: [{error_code: go_away}]",
            "answers.0.error_code: unknown error code 'go_away'; must be one of invalid_api",
        ),
        ("answers: [{fault: fire}]", "answers.0.fault: Input should be 'hang', 'cut', 'garbage', 'reset'"),
    ],
)
def test_invalid_script_error_names_entry_and_fix(script, text, problem):
    path = script(text)

    with pytest.raises(SandboxError, match="script of answers") as raised:
        load_script(path)

    assert problem in str(raised.value)
    assert str(path) in str(raised.value)


def test_missing_script_is_named(tmp_path):
    with pytest.raises(SandboxError, match=r"nowhere\.yaml cannot be read"):
        load_script(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"plan": "gold"}, "plan: Input should be 'none', 'free' or 'developer'"),
        ({"latency": -1}, "latency: Input should be greater than or equal to 0"),
        ({"tokens_per_second": 0}, "tokens_per_second"),
        ({"limits": {"*": {"rps": 1}}}, "limits.*.rps: Extra inputs are not permitted"),
        ({"keys": {"gsk_secret": 5}}, "keys: must be a list of keys"),
    ],
)
def test_invalid_option_is_named(options, problem):
    with pytest.raises(SandboxError) as raised:
        make_config(**options)

    assert problem in str(raised.value)
    assert "gsk_secret" not in str(raised.value)


def test_settings_change_at_runtime_and_reset():
    groq = make_service()
    groq.update_settings({"limits": {"*": {"rpm": 1}}})
    groq.update_settings({"latency": 1})
    completion_of(groq, chat_body())
    assert error_of(groq, chat_body()).status == 429

    groq.reset()

    assert [reply_to(groq, chat_body()).completion.usage.queue_time for _ in range(3)] == [0, 0, 0]


def test_unknown_setting_is_named():
    with pytest.raises(SandboxError, match=r"Settings of the Groq emulator: port: Extra inputs are not permitted"):
        make_service().update_settings({"port": 5})


@pytest.mark.parametrize(
    ("authorization", "accepted"),
    [
        ("Bearer gsk_anything", True),
        ("bearer gsk_anything", True),
        ("Bearer gsk_invalid", False),
        ("Bearer  gsk_padded", False),
        ("Bearer sk-other", False),
        ("Basic gsk_anything", False),
        ("", False),
        (None, False),
    ],
)
def test_api_keys_without_a_list_accept_groqs_format(authorization, accepted):
    assert (ApiKeys({}).organization(authorization) is not None) == accepted


def test_api_keys_with_a_list_accept_only_its_keys():
    keys = ApiKeys({"gsk_a": "org_a", "gsk_b": "org_b"})

    named = [keys.organization(f"Bearer {key}") for key in ("gsk_a", "gsk_b", "gsk_c")]

    assert named == ["org_a", "org_b", None]


def test_api_key_list_creates_hidden_organizations():
    config = make_config(keys=["gsk_a", "gsk_b"])

    assert dict(config.keys) == {"gsk_a": "org_1", "gsk_b": "org_2"}
    assert "gsk_a" not in repr(config)


def test_each_new_api_key_has_its_own_organization():
    keys = ApiKeys({})

    one, other, again = (keys.organization(f"Bearer gsk_{name}") for name in ("one", "other", "one"))

    assert one == again != other


@pytest.mark.parametrize("key", ["error_code", "refusal"])
def test_script_names_an_error_code_by_its_present_or_earlier_key(script, key):
    service = scripted(script(f"answers: [{{{key}: model_not_found}}]"))

    assert error_of(service, chat_body("Hello")).status == 404
