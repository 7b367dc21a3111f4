"""Where a key may be sent."""

import pytest

from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls, base_url


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://api.groq.com", GROQ_URL),
        (" https://api.groq.com/ ", GROQ_URL),
        ("https://api.groq.com/openai/v1", GROQ_URL),
        ("https://api.groq.com/openai/v1/", GROQ_URL),
        ("https://api.groq.com/openai/v1/chat/completions", GROQ_URL),
        ("https://api.groq.com/openai/v1/chat/completions/", GROQ_URL),
        ("HTTPS://API.Groq.COM", GROQ_URL),
        ("https://api.groq.com:443", GROQ_URL),
        ("https://api.groq.com:", GROQ_URL),
        ("http://localhost:8080", "http://localhost:8080/openai/v1"),
        ("http://localhost:80/v1", "http://localhost/v1"),
        ("https://localhost:80/v1", "https://localhost:80/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://groq_proxy:8080/V1", "http://groq_proxy:8080/V1"),
    ],
)
def test_url_has_one_normal_form(text, base):
    assert base_url(text) == base
    assert base_url(base) == base


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.groq.com",
        "ftp://api.groq.com",
        "https://",
        "https:///openai/v1",
        "https://api.groq.com:port",
        "https://api.groq.com:99999",
        "https://api.groq.com:0",
        "https://[::1",
        "https://key@api.groq.com",
        "https://:key@api.groq.com",
        "https://@api.groq.com",
        "https://api.groq.com:443@evil.example",
        r"https://evil.example\@api.groq.com",
        r"https://evil.example\.api.groq.com",
        "https://api..groq.com",
        "https://ａpi.groq.com",  # noqa: RUF001 -- a letter that only looks like an a
        "https://api.groq.com evil.example",
        "https://api.groq.com/openai/v1?to=evil.example",
        "https://api.groq.com/openai/v1#top",
        "https://api.groq.com/openai/../v1",
        "https://api.groq.com/openai/%2E%2e/v1",
    ],
)
def test_url_that_is_not_plain_is_refused(text):
    with pytest.raises(ValueError, match="is not a plain http"):
        base_url(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.groq.com.evil.example",
        "https://evil.example/api.groq.com/openai/v1",
        "https://xapi.groq.com",
        "http://api.groq.com",
        "https://api.groq.com:8443",
        "https://api.groq.com/openai/v11",
        "https://api.groq.com/openai",
        "http://proxy.example/v1",
        "https://proxy.example:444/v1",
        "https://proxy.example/v1evil",
    ],
)
def test_url_that_looks_alike_is_not_allowed(url):
    assert AllowedUrls(GROQ_URL, ("https://proxy.example/v1",)).resolve(url) is None


def test_url_below_an_allowed_one_is_allowed():
    allowed = AllowedUrls(GROQ_URL, ("https://proxy.example/v1",))
    assert allowed.resolve("https://PROXY.example:443/v1/chat/completions") == "https://proxy.example/v1"
    assert allowed.resolve("https://proxy.example/v1/team-a") == "https://proxy.example/v1/team-a"


@pytest.mark.parametrize("text", ["https://api.groq.com/openai/v1/chat/completions", "https://api.groq.com:443"])
def test_url_of_groq_resolves_to_the_operators_setting(text):
    assert AllowedUrls("http://127.0.0.1:9/openai/v1").resolve(text) == "http://127.0.0.1:9/openai/v1"
    assert AllowedUrls(GROQ_URL).resolve(text) == GROQ_URL


@pytest.mark.parametrize("path", ["models", "models/", "responses", "embeddings", "completions", "audio", "chat"])
def test_url_of_another_request_is_refused(path):
    with pytest.raises(
        ValueError,
        match=r"v1/\w+/?' ends in the path of another request, /\w+\. Write https://api\.groq\.com/openai/v1$",
    ):
        base_url(f"https://api.groq.com/openai/v1/{path}")


@pytest.mark.parametrize("url", ["https://ours.services.ai.azure.com/models", "https://gateway.test/v1/models/groq"])
def test_url_of_a_server_whose_path_is_called_alike_is_taken(url):
    assert base_url(url) == url
