"""The setting `endpoints`."""

import pytest

ENDPOINTS = """
routing_strategy: least-latency
endpoints:
  - {name: local, url: "http://gpu:8000/v1/", models: {openai/gpt-oss-20b: gpt-oss}, priority: 2}
  - {name: groq, models: [openai/gpt-oss-20b]}
  - {name: other, url: https://other, key: other_key}
"""


def test_endpoints_are_a_list_in_worker_yaml(load):
    local, groq, other = load(ENDPOINTS).endpoints

    assert (local.name, local.url, local.key, local.priority) == ("local", "http://gpu:8000/v1", None, 2)
    assert local.models == {"openai/gpt-oss-20b": "gpt-oss"}
    assert (groq.url, groq.models) == (None, {"openai/gpt-oss-20b": "openai/gpt-oss-20b"})
    assert (other.url, other.key, other.models, other.priority) == ("https://other/openai/v1", "other_key", None, 0)


def test_endpoints_from_the_environment(load):
    assert [entry.name for entry in load(CATALYST_ENDPOINTS='[{"name": "a"}, {"name": "b"}]').endpoints] == ["a", "b"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            "x",
            ": is not a list of endpoints. Write lines such as - {name: backup, url: https://…, key: groq_backup_key}",
        ),
        (
            "{",
            ": is not a list of endpoints. Write lines such as - {name: backup, url: https://…, key: groq_backup_key}",
        ),
        ("[{name: a}, {name: a}]", ": duplicate name a. Give each endpoint a unique name"),
        ("[{name: a}, {url: http://x}]", "[1].name: Field required"),
        ("[{name: a b}]", "[0].name: must be 1 to 40 letters, digits, dots, hyphens or underscores"),
        (
            "[{name: a, url: ftp://x}]",
            "[0].url: 'ftp://x' is not a plain http(s) URL such as https://api.groq.com/openai/v1",
        ),
        (
            "[{name: a, url: 'https://me:s3cret@x'}]",
            "[0].url: 'https://***@x' is not a plain http(s) URL such as https://api.groq.com/openai/v1",
        ),
        (
            "[{name: a, u: 1}]",
            "[0]: unknown field u. Must be one of name, url, key, models, priority, key_header, headers, query, server",
        ),
        ("[{name: a, models: 7}]", "[0].models: Input should be a valid dictionary"),
        (
            "[{name: a, key: gsk_0123456789}]",
            "[0].key: contains a key instead of a secret's name such as groq_backup_key. Revoke that key",
        ),
    ],
)
def test_invalid_endpoint_is_reported_without_its_values(find_problems, value, problem):
    assert find_problems(CATALYST_ENDPOINTS=value) == [f"CATALYST_ENDPOINTS{problem}"]
