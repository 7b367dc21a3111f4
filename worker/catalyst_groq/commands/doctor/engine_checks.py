"""Checks the engine: reachable, product, log-in, rights, JSON data format, string limit, clocks."""

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.failed_calls import CHECK_ENGINE
from catalyst_groq.camunda.product import EngineProduct
from catalyst_groq.camunda.queries import EngineQueries, Permission
from catalyst_groq.commands.doctor.findings import Area, Finding
from catalyst_groq.common.durations import format_duration
from catalyst_groq.errors import EngineError, EngineRefused

AREA = Area("Engine")
CHECK_USER = "Check the user of CATALYST_ENGINE_USER and its rights"
ORACLE, ORACLE_STRING_LIMIT = "Oracle", 2000
FIRST_VERSION_WITH_CREATE_TIME = (7, 21)
MAX_CLOCK_DIFFERENCE = timedelta(seconds=30)
"""Budgets of a day and the age of stored responses count by the worker's clock; locks and waits do not."""

PROCESS_DEFINITION, PROCESS_INSTANCE, DEPLOYMENT = ("ProcessDefinition", 6), ("ProcessInstance", 8), ("Deployment", 9)
"""Names and numbers of the engine's resources."""


class Right(NamedTuple):
    """A right that the worker needs: any of the permissions gives it."""

    permissions: tuple[Permission, ...]
    purpose: str
    grant: str
    is_needed: bool = True


RIGHTS = (
    Right(
        (Permission("READ", *PROCESS_DEFINITION),),
        "read the diagrams of processes",
        "Grant READ on the process definitions",
    ),
    Right(
        (Permission("READ_INSTANCE", *PROCESS_DEFINITION), Permission("READ", *PROCESS_INSTANCE)),
        "fetch tasks and read variables",
        "Grant READ_INSTANCE on the process definitions, or READ on process instances",
    ),
    Right(
        (Permission("UPDATE_INSTANCE", *PROCESS_DEFINITION), Permission("UPDATE", *PROCESS_INSTANCE)),
        "lock and complete tasks",
        "Grant UPDATE_INSTANCE on the process definitions, or UPDATE on process instances",
    ),
    Right(
        (Permission("READ", *DEPLOYMENT),),
        "read diagrams that are not in UTF-8",
        "Grant READ on deployments if a diagram is in another encoding",
        is_needed=False,
    ),
)


async def check_engine(engine: EngineClient, string_limit: int | None) -> tuple[list[Finding], EngineProduct | None]:
    """Return the findings about the engine, and which one it is; None if it cannot be used.

    `string_limit`: the setting; None if it is wrong.
    """
    try:
        product = await engine.product()
        await engine.queries().count("process-definition")
    except EngineRefused as refusal:
        return [_describe_refusal(engine.url, refusal)], None
    except EngineError as error:
        return [AREA.fault_of(str(error), CHECK_ENGINE)], None
    findings = [AREA.ok(f"{product} at {engine.url}"), *check_version(product)]
    findings += [] if string_limit is None else check_database(product, string_limit)
    findings += check_clock(engine.queries().server_time, datetime.now(UTC))
    findings.append(await _check_json(engine.queries()))
    return findings, product


def _describe_refusal(url: str, refusal: EngineRefused) -> Finding:
    """Return the fault of an engine that refuses its user; the message of a 401 ends with the settings to check."""
    *problem, remedy = refusal.message.split(". ")
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        return AREA.fault(": ".join([f"{url} refuses the log-in (401)", *problem]), remedy)
    return AREA.fault_of(f"{url} refuses the worker: {refusal}", CHECK_USER)


def check_version(product: EngineProduct) -> list[Finding]:
    """Return a hint about an engine that does not tell when a task was created."""
    parts = product.version.split(".")[:2]
    is_old = product.name != "Operaton" and all(map(str.isdigit, parts)) and tuple(map(int, parts)) >= (7, 0)
    if not is_old or tuple(map(int, parts)) >= FIRST_VERSION_WITH_CREATE_TIME:
        return []
    text = f"version {product.version} does not tell when a task was created, so that its age counts as zero"
    return [AREA.hint(text, "Upgrade to 7.21 or later if 'Give up waiting after' matters")]


def check_database(product: EngineProduct, string_limit: int) -> list[Finding]:
    """Return whether the database stores texts of that many characters."""
    if product.database == ORACLE and string_limit > ORACLE_STRING_LIMIT:
        text = (
            f"Oracle stores {ORACLE_STRING_LIMIT} characters in a String, and CATALYST_STRING_LIMIT is {string_limit}"
        )
        return [AREA.fault(text, f"Set CATALYST_STRING_LIMIT={ORACLE_STRING_LIMIT}")]
    if not product.database:
        text = "the database is unknown, because only an administrator may ask for it"
        return [AREA.hint(text, f"Set CATALYST_STRING_LIMIT={ORACLE_STRING_LIMIT} if it is Oracle")]
    return [AREA.ok(f"texts up to {string_limit} characters are Strings, longer ones Objects")]


def check_clock(engine_time: datetime | None, own_time: datetime) -> list[Finding]:
    """Compare the clock of the engine's server with the own one; None: the server does not tell."""
    if engine_time is None:
        return []
    difference = own_time - engine_time
    if abs(difference) <= MAX_CLOCK_DIFFERENCE:
        return [AREA.ok("the clocks of the engine and of this machine agree")]
    seconds = format_duration(abs(difference).total_seconds())
    ahead = "ahead of" if difference > timedelta() else "behind"
    text = f"the clock of this machine is {seconds} {ahead} that of the engine"
    return [AREA.hint(text, "Set both by a time server (NTP)")]


async def _check_json(queries: EngineQueries) -> Finding:
    try:
        problem = await queries.find_json_problem()
    except EngineError as error:
        return AREA.unknown(f"whether the engine has the JSON data format is unknown: {error}")
    if not problem:
        return AREA.ok("it has the JSON data format")
    return AREA.fault(
        "it has no JSON data format, so that structures and long texts become files",
        "Add camunda-engine-plugin-spin and camunda-spin-dataformat-json-jackson to the engine",
    )


async def check_rights(queries: EngineQueries, product: EngineProduct, keys: Collection[str]) -> AsyncIterator[Finding]:
    """Yield whether the worker's user has each right that it needs. `keys`: of the process definitions with its topics.

    An engine that tells which database it has either checks no rights, or the user is an administrator.
    """
    if product.database:
        yield AREA.ok("the worker has all rights, or the engine checks none")
        return
    for right in RIGHTS:
        try:
            missing = await _find_missing(queries, right, keys)
        except EngineError as error:
            yield AREA.unknown(f"whether the worker may {right.purpose} is unknown: {error}")
            continue
        if missing is None:
            yield AREA.ok(f"the worker may {right.purpose}")
        elif right.is_needed:
            yield AREA.fault(f"the worker's user may not {right.purpose}{missing}", right.grant)
        else:
            yield AREA.hint(f"the worker's user may not {right.purpose}{missing}", right.grant)


async def _find_missing(queries: EngineQueries, right: Right, keys: Collection[str]) -> str | None:
    """Return for which processes a right is missing, as the end of a sentence; None if it is there."""
    for permission in right.permissions:
        if await queries.is_authorized(permission):
            return None
    of_definitions = [permission for permission in right.permissions if permission.resource == PROCESS_DEFINITION[0]]
    allowed = {
        key for key in keys for permission in of_definitions if await queries.is_authorized(permission, resource_id=key)
    }
    if keys and of_definitions and not (missing := set(keys) - allowed):
        return None
    return f" of {', '.join(sorted(missing))}" if keys and allowed else ""
