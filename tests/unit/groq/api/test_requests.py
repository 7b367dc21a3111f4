"""Accounts: what identifies them, and what is sent with each of their requests."""

from catalyst_groq.groq.api.requests import Account

URL = "https://me.openai.azure.com/openai/deployments/gpt"


def test_account_sends_its_key_in_the_header_of_its_server():
    assert Account(URL, "the-key").request_headers == {"authorization": "Bearer the-key"}
    assert Account(URL, "the-key", key_header="api-key").request_headers == {"api-key": "the-key"}
    assert Account(URL, "", key_header="api-key", headers=(("x-title", "A"),)).request_headers == {"x-title": "A"}


def test_account_id_depends_on_all_that_its_server_may_ask_for():
    accounts = [
        Account(URL, "the-key"),
        Account(URL, "other-key"),
        Account(URL, "the-key", headers=(("x-virtual-key", "a-secret"),)),
        Account(URL, "the-key", headers=(("x-virtual-key", "another-secret"),)),
        Account(URL, "the-key", query=(("api-version", "2024-10-21"),)),
    ]
    assert len({account.id for account in accounts}) == len(accounts)
    assert "secret" not in repr(accounts) + "".join(account.id for account in accounts)
