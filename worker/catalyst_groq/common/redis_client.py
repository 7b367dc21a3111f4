"""Clients of Redis: one server by its URL, and what its errors mean for an operator."""

import re
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import AskError, ClusterCrossSlotError, ClusterError, MovedError, ReadOnlyError

from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.errors import SettingsError

NO_CLUSTER = "The worker uses no Redis Cluster: name a server without cluster mode, or a proxy that hides the cluster"
NAME_PRIMARY = "Name the primary, or an address that follows it after a failover"
TRUST_AUTHORITY = "Write rediss://…?ssl_ca_certs=/path/of/ca.pem, or make this machine trust the authority"
REMEDIES_BY_TEXT = {
    "Hostname mismatch": "Write the host in the URL as the certificate names it",
    "IP address mismatch": "Write the host in the URL as the certificate names it",
    "CERTIFICATE_VERIFY_FAILED": TRUST_AUTHORITY,
    "WRONG_VERSION_NUMBER": "The port speaks no TLS: write redis://, or the port of TLS",
    "unknown command": "The server may be a Sentinel: name the Redis server itself",
}
"""By what the messages of the client and of the server contain; the first that matches."""

PIPELINE = re.compile(r"Command # \d+ \(.*\) of pipeline caused error: \((['\"])(.*)\1,\)", re.DOTALL)
"""What the client makes of an error in a pipeline: it shows the beginning of what was to be stored."""


def connect(url: str, timeout_seconds: float, **options: Any) -> Redis:
    """Return a client, which connects when it is used. Raises `SettingsError` for parameters that it does not know."""
    try:
        redis = Redis.from_url(url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds, **options)
        redis.connection_pool.connection_class(**redis.connection_pool.connection_kwargs)
    except (TypeError, ValueError) as error:
        problem = str(error).rpartition("__init__() ")[2].rstrip(".")
        raise SettingsError(f"{hide_user_info(url)}: {problem}. Correct the parameters of the URL") from error
    return redis


def describe_error(error: Exception) -> str:
    """Return the message of an error as one sentence, and its remedy where there is one that its words do not say."""
    text = PIPELINE.sub(r"\2", str(error)).rstrip(".").replace(". ", ": ")
    if isinstance(error, MovedError | AskError):
        return f"the key is at another node of a cluster ({text}). {NO_CLUSTER}"
    if isinstance(error, ClusterCrossSlotError | ClusterError):
        return f"{text}. {NO_CLUSTER}"
    if isinstance(error, ReadOnlyError):
        return f"{text}. {NAME_PRIMARY}"
    remedy = next((remedy for words, remedy in REMEDIES_BY_TEXT.items() if words in text), "")
    return f"{text}. {remedy}" if remedy else text
