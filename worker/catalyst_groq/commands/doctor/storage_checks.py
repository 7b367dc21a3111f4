"""Checks where the worker stores things: the journal, and Redis for shared rate limits."""

import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from pathlib import Path

from catalyst_groq.commands.doctor.findings import Area, Finding
from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.config import factory
from catalyst_groq.config.settings import Settings
from catalyst_groq.errors import JournalError, SettingsError
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal import JournalKey

AREA = Area("Storage")
PROBE = JournalKey("doctor", "")
CHECK_JOURNAL = "Set CATALYST_JOURNAL to a file in a folder that the worker may write, to redis://…, or to off"
START_REDIS = (
    "Start Redis, or correct CATALYST_JOURNAL. Another location would leave the stored responses behind, "
    "and their tasks would be paid for again"
)
INSTALL_EXTRA = "Install the extra"
CHECK_REDIS = "Check the URL, its password, and that Redis runs; without it each worker enforces the limits alone"


async def check_journal(settings: Settings) -> AsyncIterator[Finding]:
    """Yield whether the journal can be written. A file that does not exist yet is not made: it would be this user's."""
    location = factory.journal_location(settings)
    shown = hide_user_info(location)
    if location == "off":
        text = "the journal is off: a crash may repeat, and pay for, a request to Groq"
        yield AREA.hint(text, "Unset CATALYST_JOURNAL, so that it is a file")
        return
    try:
        journal, ledger = factory.make_journal(settings.model_copy(update={"journal_required": True}))
    except SettingsError as error:
        yield AREA.fault_of(str(error), INSTALL_EXTRA)
        return
    async with aclosing(journal), aclosing(ledger):
        if new := _find_new_file(location):
            yield _check_new_file(new)
            return
        try:
            await journal.store(PROBE, Response(HTTPStatus.OK, {}, b""))
            await journal.discard(PROBE.task_id)
        except JournalError as error:
            fix = START_REDIS if factory.is_journal_in_redis(settings) else CHECK_JOURNAL
            yield AREA.fault_of(f"the journal {shown} cannot be written: {error}", fix)
        else:
            yield AREA.ok(f"the journal {shown} can be written")
            if factory.is_journal_in_redis(settings):
                from catalyst_groq.commands.doctor.redis_checks import check_durability  # noqa: PLC0415 -- an extra

                for finding in await check_durability(AREA, location):
                    yield finding


def _find_new_file(location: str) -> Path | None:
    """Return the file of the journal if it does not exist yet."""
    file = Path(location).expanduser()
    return None if "://" in location or file.exists() else file


def _check_new_file(file: Path) -> Finding:
    folder = next(parent for parent in file.absolute().parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return AREA.ok(f"the journal {file} does not exist yet, and can be made")
    return AREA.fault(f"the journal {file} cannot be made: {folder} is no folder to write in", CHECK_JOURNAL)


async def check_shared_limits(settings: Settings) -> AsyncIterator[Finding]:
    """Yield whether the Redis of shared rate limits responds."""
    url = settings.limits_redis_url
    if settings.limits == "off" or not url:
        return
    shown = hide_user_info(url)
    try:
        with require_extra("redis", "CATALYST_LIMITS_REDIS_URL"):
            from redis.exceptions import RedisError  # noqa: PLC0415 -- an extra

            from catalyst_groq.common.redis_client import describe_error  # noqa: PLC0415 -- an extra
            from catalyst_groq.groq.rate_limits.redis_backend import RedisBackend  # noqa: PLC0415 -- an extra

        backend = RedisBackend(url)
    except SettingsError as error:
        yield AREA.fault_of(str(error), INSTALL_EXTRA)
        return
    async with aclosing(backend):
        try:
            await backend.check()
        except (RedisError, OSError) as error:
            yield AREA.fault_of(f"Redis at {shown} does not work: {describe_error(error)}", CHECK_REDIS)
        else:
            yield AREA.ok(f"Redis at {shown} responds: workers share the rate limits")
