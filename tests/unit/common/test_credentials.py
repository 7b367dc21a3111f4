"""User and password are taken out of URLs."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.common.credentials import SplitUrl, find_passwords, hide_user_info, split_credentials


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://Proxy:1", SplitUrl("http://Proxy:1")),
        ("http://u:p@Proxy:1/a?b#c", SplitUrl("http://Proxy:1/a?b#c", "u", "p")),
        ("http://u:p%40%2f@[::1]:1", SplitUrl("http://[::1]:1", "u", "p@/")),
        ("http://token@host", SplitUrl("http://host", "token")),
        ("http://:p@host", SplitUrl("http://host", "", "p")),
        ("http://u:p@q@host", SplitUrl("http://host", "u", "p@q")),
        ("http://host/me@there", SplitUrl("http://host/me@there")),
    ],
)
def test_url_is_split_from_its_credentials(url, parts):
    assert split_credentials(url) == parts


@given(st.text(min_size=1), st.text(min_size=1))
def test_credentials_survive_the_split(user, password):
    user, password = (text.encode("utf-8", "replace").decode() for text in (user, password))
    url = f"http://{quote(user, safe='')}:{quote(password, safe='')}@host:1/x"
    assert split_credentials(url) == SplitUrl("http://host:1/x", user, password)
    assert password not in repr(split_credentials(url)) or password in repr(SplitUrl("http://host:1/x", user))


@pytest.mark.parametrize(
    ("url", "passwords"),
    [
        ("redis://:pass%2Fword@host/0", {"pass%2Fword", "pass/word"}),
        ("redis://host/0?password=pass%2Fword", {"pass/word"}),
        ("redis://host/0", set()),
        ("http://[bad:pw@host", set()),
    ],
)
def test_passwords_are_found_as_written_and_decoded(url, passwords):
    assert find_passwords(url) == passwords


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at https://u:p@host/x: no", "at https://***@host/x: no"),
        ("http://u:p/w@r@host", "http://***@host"),
        ("mail me@example.com", "mail me@example.com"),
    ],
)
def test_user_info_in_a_text_is_hidden(text, shown):
    assert hide_user_info(text) == shown
