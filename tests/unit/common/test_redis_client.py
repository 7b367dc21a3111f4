"""Clients of Redis: TLS, and servers that the worker cannot use, on real ones."""

from contextlib import aclosing
from datetime import timedelta

import pytest
from redis.exceptions import AskError, MovedError, RedisError, ResponseError

from catalyst_groq.common.redis_client import NAME_PRIMARY, NO_CLUSTER, TRUST_AUTHORITY, connect, describe_error
from catalyst_groq.errors import JournalError, SettingsError
from catalyst_groq.groq.rate_limits.redis_backend import RedisBackend
from catalyst_groq.journal import JournalKey, make_cipher
from catalyst_groq.journal.redis_store import RedisJournal, RedisLedger
from support.certificates import Authority
from support.factories import make_response
from support.redis_server import MISSING, find_program, running_redis, unused_port

pytestmark = pytest.mark.anyio
KEY = JournalKey("task-1", "request-1")


@pytest.fixture(scope="module")
def program():
    return find_program() or pytest.skip(MISSING)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls_url(program, authority):
    """The URL of a server with a certificate of a private authority."""
    certificate, key = authority.issue("redis")
    port = unused_port()
    files = ("--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority.ca)
    with running_redis(program, options=("--tls-port", port, "--tls-auth-clients", "no", *files)):
        yield f"rediss://127.0.0.1:{port}/0"


async def test_redis_with_tls_and_a_private_authority_is_used(tls_url, authority):
    url = f"{tls_url}?ssl_ca_certs={authority.ca}"
    journal = RedisJournal(url, cipher=make_cipher(None), max_age=timedelta(hours=1))
    async with aclosing(journal), aclosing(RedisLedger(url)) as ledger, aclosing(RedisBackend(url)) as backend:
        await journal.store(KEY, make_response())
        await ledger.spent(["day", "instance:1"])
        await backend.check()

        assert await journal.load(KEY) == make_response()


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        (lambda url, _: url, TRUST_AUTHORITY),
        (
            lambda url, authority: f"{url.replace('127.0.0.1', 'localhost')}?ssl_ca_certs={authority.ca}",
            "Write the host in the URL as the certificate names it",
        ),
    ],
)
async def test_redis_with_a_certificate_that_is_refused(tls_url, authority, change, remedy):
    async with connect(change(tls_url, authority), 1) as redis:
        with pytest.raises(RedisError) as refused:
            await redis.ping()

    assert describe_error(refused.value).endswith(f". {remedy}")


async def test_redis_error_shows_no_stored_response(program):
    with running_redis(program, options=("--maxmemory", "1")) as url:
        journal = RedisJournal(url, cipher=make_cipher(None), max_age=timedelta(hours=1))
        async with aclosing(journal):
            with pytest.raises(JournalError) as full:
                await journal.store(KEY, make_response(body="private"))

    assert "'maxmemory'" in str(full.value)
    assert "version" not in str(full.value)


async def test_redis_cluster_is_named_with_the_remedy(program):
    with running_redis(program, options=("--cluster-enabled", "yes")) as url:
        journal = RedisJournal(url, cipher=make_cipher(None), max_age=timedelta(hours=1))
        async with aclosing(journal):
            with pytest.raises(JournalError, match=f"used: Hash slot not served. {NO_CLUSTER}$"):
                await journal.store(KEY, make_response())


async def test_redis_replica_is_named_with_the_remedy(program):
    with running_redis(program, options=("--replicaof", "127.0.0.1", unused_port())) as url:
        journal = RedisJournal(url, cipher=make_cipher(None), max_age=timedelta(hours=1))
        async with aclosing(journal):
            with pytest.raises(JournalError, match=f"used: You can't write .* replica. {NAME_PRIMARY}$"):
                await journal.store(KEY, make_response())


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            MovedError("3999 10.0.0.2:6379"),
            f"the key is at another node of a cluster (3999 10.0.0.2:6379). {NO_CLUSTER}",
        ),
        (AskError("3999 10.0.0.2:6379"), f"the key is at another node of a cluster (3999 10.0.0.2:6379). {NO_CLUSTER}"),
        (
            ResponseError("unknown command 'GET', with args"),
            "unknown command 'GET', with args. The server may be a Sentinel: name the Redis server itself",
        ),
        (RedisError("Error 111 connecting to redis. Refused."), "Error 111 connecting to redis: Refused"),
        (ResponseError("invalid username-password pair"), "invalid username-password pair"),
    ],
)
def test_redis_error_has_a_remedy_where_there_is_one(error, message):
    assert describe_error(error) == message


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ("foo=1", "got an unexpected keyword argument 'foo'"),
        ("socket_timeout=x", "Invalid value for 'socket_timeout' in connection URL"),
        ("ssl_ca_certs=/ca.pem", "got an unexpected keyword argument 'ssl_ca_certs'"),
    ],
)
def test_redis_url_with_a_wrong_parameter_is_refused(parameters, problem):
    with pytest.raises(SettingsError) as refused:
        connect(f"redis://:secret@redis/0?{parameters}", 1)

    message = f"redis://***@redis/0?{parameters}: {problem}. Correct the parameters of the URL"
    assert str(refused.value) == message
