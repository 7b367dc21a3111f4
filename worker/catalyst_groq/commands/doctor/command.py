"""`catalyst-groq doctor`: runs all checks. It locks no task, takes no worker id and changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from aiohttp import ClientError
from yarl import URL

from catalyst_groq.commands.doctor.engine_checks import check_engine, check_rights
from catalyst_groq.commands.doctor.findings import Area, Finding, split_message
from catalyst_groq.commands.doctor.groq_checks import Server, check_server, describe_limits
from catalyst_groq.commands.doctor.process_checks import (
    SECRETS,
    DeployedTask,
    check_incidents,
    check_secrets,
    check_tasks,
    find_tasks,
)
from catalyst_groq.commands.doctor.settings_checks import check_settings
from catalyst_groq.commands.doctor.storage_checks import check_journal, check_shared_limits
from catalyst_groq.common.bounded_execution import ProcessPool, make_process_environment
from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.common.transport import TransportConfig
from catalyst_groq.config import factory
from catalyst_groq.config.endpoint_accounts import make_account, make_server_kinds
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.sources import GROQ_API_KEY, FoundSettings
from catalyst_groq.config.startup_report import describe_different_keys, describe_key, locate_key
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.errors import EngineError, FieldError, SettingsError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.observability.health import HealthProblem, find_health_problem

WORKER_ID = "catalyst-groq-doctor"
ENGINE, ENDPOINTS, SETTINGS, STORAGE, WORKER = map(Area, ("Engine", "Endpoints", "Settings", "Storage", "Worker"))
OWN_KEY = GROQ_API_KEY.lower()
SAME_KEY = "Remove one of them, or store the same key in both"
SET_KEY = f"Set {GROQ_API_KEY} where the worker runs, or store the secret {OWN_KEY}"
GRANT = "Grant the worker's user the rights above"


async def diagnose(found: FoundSettings[Settings], environ: Mapping[str, str]) -> list[Finding]:
    """Return all findings. `environ`: the environment with `.env`."""
    findings = list(check_settings(found))
    if found.settings is None:
        return [
            *findings,
            SETTINGS.unknown("nothing else was checked, because the settings contradict each other, or are not read"),
        ]
    redactor = factory.make_redactor(found.settings, environ)
    doctor = Doctor(found.settings, found.invalid, environ, redactor)
    checks = [doctor.check_engine(), doctor.check_endpoints(), doctor.check_storage(), doctor.check_worker()]
    groups = await asyncio.gather(*map(_collect, checks))
    findings += [finding for group in groups for finding in group]
    return [
        finding._replace(text=redactor.mask_message(finding.text), fix=redactor.mask_message(finding.fix))
        for finding in findings
    ]


async def _collect(checks: AsyncIterator[Finding]) -> list[Finding]:
    return [finding async for finding in checks]


@dataclass(frozen=True, slots=True)
class Doctor:
    """Checks everything outside of the settings. What an invalid setting decides is not checked with its default."""

    settings: Settings
    invalid: frozenset[str]
    environ: Mapping[str, str]
    redactor: Redactor

    @property
    def secrets(self) -> Secrets:
        """The secret sources."""
        return factory.make_secrets(self.settings, self.environ, self.redactor)

    def _invalid_of(self, *prefixes: str) -> list[str]:
        """Return the settings that are refused or not read, of those whose names begin so."""
        names = {name: SettingsDiagnostics(Settings.model_fields).variable_name(name) for name in Settings.model_fields}
        names[OWN_KEY] = GROQ_API_KEY
        return sorted(names[name] for name in self.invalid if name.startswith(prefixes))

    async def check_storage(self) -> AsyncIterator[Finding]:
        """Check the journal and Redis."""
        if names := self._invalid_of("journal", "limits"):
            yield STORAGE.unknown(f"not checked, because {', '.join(names)} is wrong")
            return
        async for finding in check_journal(self.settings):
            yield finding
        async for finding in check_shared_limits(self.settings):
            yield finding

    async def check_engine(self) -> AsyncIterator[Finding]:
        """Check the engine, and what it executes."""
        if names := self._invalid_of("engine", "topic"):
            yield ENGINE.unknown(f"not checked, because {', '.join(names)} is wrong")
            return
        try:
            engine = factory.make_engine_client(self.settings, WORKER_ID)
            transport = factory.make_engine_transport(self.settings)
        except SettingsError as error:
            yield ENGINE.fault_of(str(error), "Correct the file in the settings")
            return
        yield _check_proxy(ENGINE, transport, self.settings.engine_url, "CATALYST_ENGINE_PROXY")
        pool = ProcessPool(make_process_environment(self.environ))
        async with aclosing(engine), aclosing(pool) as executor:
            findings, product = await check_engine(
                engine, None if self._invalid_of("string_limit") else self.settings.string_limit
            )
            for finding in findings:
                yield finding
            if product is None:
                yield ENGINE.unknown("rights, processes, secrets, tasks and incidents were not checked")
                return
            try:
                tasks, findings = await find_tasks(engine, self.settings.topic, executor)
                async for finding in check_rights(engine.queries(), product, {task.process for task in tasks}):
                    yield finding
                findings += await self._check_secrets(tasks)
                findings += await check_tasks(engine.queries(), self.settings.topic)
                findings += await check_incidents(engine.queries(), tasks)
            except EngineError as error:
                findings = [ENGINE.fault_of(f"the engine does not return data of processes: {error}", GRANT)]
            for finding in findings:
                yield finding

    async def _check_secrets(self, tasks: Sequence[DeployedTask]) -> list[Finding]:
        if names := self._invalid_of("allow", "secrets", OWN_KEY):
            return [SECRETS.unknown(f"not checked, because {', '.join(names)} is wrong")]
        return await check_secrets(tasks, self.secrets)

    async def check_endpoints(self) -> AsyncIterator[Finding]:
        """Check the servers of the requests."""
        if names := self._invalid_of("groq", "endpoints", "models", "limits", "secrets"):
            yield ENDPOINTS.unknown(f"not checked, because {', '.join(names)} is wrong")
            return
        try:
            catalog, transport = factory.load_catalog(self.settings), factory.make_groq_transport(self.settings)
        except SettingsError as error:
            yield ENDPOINTS.fault_of(str(error), "Correct the file in the settings")
            return
        yield _check_proxy(ENDPOINTS, transport, self.settings.groq_api_url, "CATALYST_GROQ_PROXY")
        servers, findings = await self._find_servers()
        for finding in [*await self._check_key_places(), *findings]:
            yield finding
        async with aclosing(factory.make_groq_client(self.settings, self.redactor)) as client:
            for checked in await asyncio.gather(*(check_server(client, server) for server in servers)):
                for finding in checked:
                    yield finding
        yield describe_limits(str(self.settings.limits), catalog)

    async def _check_key_places(self) -> list[Finding]:
        """Return where the operator's key is, and a hint if several sources have different ones."""
        key = locate_key(await self.secrets.sources_of(OWN_KEY), self.settings, self.environ)
        if not key.places:
            return []  # a fault, unless each endpoint has a key of its own
        found = ENDPOINTS.ok(f"the key {OWN_KEY} is {describe_key(key)}")
        return [found, ENDPOINTS.hint(describe_different_keys(key), SAME_KEY)] if key.differ else [found]

    async def _find_servers(self) -> tuple[list[Server], list[Finding]]:
        """Return the servers that requests may go to, with their keys, and what is wrong with the keys."""
        settings, secrets = self.settings, self.secrets
        servers, findings, accounts = [], [], []
        own = Account(settings.groq_api_url, "", make_server_kinds(settings).of(settings.groq_api_url))
        try:
            key = await secrets.find(OWN_KEY)
        except FieldError as error:
            findings.append(ENDPOINTS.fault(f"{OWN_KEY}: {error.problem}", error.fix))
            key = None
        if key:
            own = own.with_key(key.reveal())
        for entry in settings.endpoints:
            try:
                account = await make_account(entry, settings, secrets)
            except SettingsError as error:
                findings.append(ENDPOINTS.fault_of(str(error), "Add the secret"))
                continue
            if own.key and Endpoint(entry.name, account).needs_key_of(own):
                account = account.with_key(own.key)
            accounts.append(account)
            servers.append(Server(entry.name, account, tuple((entry.models or {}).values())))
        if key is None and not findings and not any(account.key for account in accounts):
            places = f"{settings.secrets_dir / OWN_KEY}, nor in {settings.secrets_file}"
            text = f"there is no key {OWN_KEY}: neither in the environment variable {GROQ_API_KEY}, nor in {places}"
            findings.append(ENDPOINTS.fault(text, SET_KEY))
        if key and own not in accounts:
            servers.append(Server("Groq", own))
        return servers, findings

    async def check_worker(self) -> AsyncIterator[Finding]:
        """Check the worker at the health port of the settings."""
        port = self.settings.http_port
        if not port or self._invalid_of("http"):
            yield WORKER.ok("no health port is set, so that only the locks of tasks show which workers run")
        elif problem := await find_health_problem(self.settings.http_host, port):
            yield _describe_health(problem)
        else:
            yield WORKER.ok(f"a worker of this machine is alive at port {port}")


def _describe_health(problem: HealthProblem) -> Finding:
    """Return a hint if no server is at the health port: the set-up is checked before the worker runs, too."""
    if problem.is_connection_refused:
        text, _ = split_message(problem.text)
        return WORKER.hint(text, "Start the worker. If it runs, set the CATALYST_HTTP_PORT that it has")
    return WORKER.fault_of(problem.text, "Start the worker, or restart it if it hangs")


def _check_proxy(area: Area, transport: TransportConfig, url: str, setting: str) -> Finding:
    shown = hide_user_info(url)
    try:
        proxy = transport.proxy_for(URL(url)).url
    except ClientError as error:
        return area.fault(f"requests to {shown} cannot be sent: {error}", "Correct HTTP_PROXY and HTTPS_PROXY")
    if proxy is None:
        return area.ok(f"requests to {shown} use no proxy")
    source = setting if transport.proxy else "the environment"
    return area.ok(f"requests to {shown} go through the proxy {proxy} of {source}")
