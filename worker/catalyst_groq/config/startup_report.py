"""What a worker logs when it starts: what it uses, where its key is, and which settings have no effect. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.config.secret_files import file_setting
from catalyst_groq.config.settings import GROQ_API_KEY, Settings
from catalyst_groq.connector.access.providers import ENV_SOURCE, FILE_SOURCE, PROPERTIES_SOURCE
from catalyst_groq.connector.access.secrets import FoundKeys
from catalyst_groq.groq.routing.endpoints import Endpoint


def locate_key(found: FoundKeys, settings: Settings, environ: Mapping[str, str]) -> FoundKeys:
    """Return the secret sources that have the key, each with its place: `env (GROQ_API_KEY)`."""
    in_file = file_setting(GROQ_API_KEY)
    places = {
        ENV_SOURCE: f"file of {in_file}" if environ.get(in_file) else GROQ_API_KEY,
        FILE_SOURCE: settings.secrets_dir / GROQ_API_KEY.lower(),
        PROPERTIES_SOURCE: settings.secrets_file,
    }
    named = (f"{source} ({places[source]})" if source in places else source for source in found.places)
    return found._replace(places=tuple(named))


def describe_key(key: FoundKeys) -> str:
    """Return where the key is."""
    first, *others = key.places or ("",)
    also = f", also in {', '.join(others)}" if others else ""
    return f"in the secret source {first}{also}" if first else "not found"


def describe_different_keys(key: FoundKeys) -> str:
    """Return which of several different keys is used."""
    first, *others = key.places
    return (
        f"The key {GROQ_API_KEY.lower()} is not the same in the secret sources {first} and {', '.join(others)}: a task "
        f"uses the one that its Secret Source names, an endpoint that of {first}"
    )


def describe_settings(settings: Settings, journal: str, endpoints: Sequence[Endpoint], key: FoundKeys) -> Iterator[str]:
    """Yield what the worker uses, in a few lines. `journal`: where the journal is."""
    if endpoints:
        urls = (f"{endpoint.name} ({hide_user_info(endpoint.account.url)})" for endpoint in endpoints)
        yield f"Endpoints: {', '.join(urls)}"
    yield f"Groq at {hide_user_info(settings.groq_api_url)}; key groq_api_key: {describe_key(key)}"
    encryption = "" if journal == "off" else ", encrypted" if settings.journal_key else ", not encrypted"
    yield f"Journal: {hide_user_info(journal)}{' (required)' if settings.journal_required else ''}{encryption}"
    yield f"Rate limits: {_describe_limits(settings)}; budgets: {_describe_budgets(settings)}"
    is_served = settings.http_port is not None
    address = f"{settings.http_host}:{settings.http_port or 'a free port'}" if is_served else "off"
    yield f"Up to {settings.concurrency} tasks at once; health probes and metrics: {address}"


def find_key_problems(key: FoundKeys, settings: Settings, endpoints: Sequence[Endpoint]) -> Iterator[str]:
    """Yield a warning if there is no key, or if it is not clear which one is used."""
    if key.differ:
        yield describe_different_keys(key)
    if not key.places and not any(endpoint.account.key for endpoint in endpoints):
        yield (
            f"There is no key groq_api_key: neither in the environment variable {GROQ_API_KEY}, nor in "
            f"{settings.secrets_dir / 'groq_api_key'}, nor in {settings.secrets_file}. Tasks that use it will fail"
        )


def find_ineffective_settings(settings: Settings) -> Iterator[str]:
    """Yield a warning for each setting that has no effect, or takes it from others, and what to do."""
    if settings.engine_user and not settings.engine_password:
        yield "CATALYST_ENGINE_USER has no CATALYST_ENGINE_PASSWORD: the engine gets an empty password"
    if settings.engine_token and (settings.engine_user or settings.engine_token_url):
        yield "CATALYST_ENGINE_TOKEN is used, and the other credentials for the engine are not: unset one of them"
    if settings.limits == "off" and (settings.limits_redis_url or settings.model_limits):
        yield "CATALYST_LIMITS is off: CATALYST_LIMITS_REDIS_URL and CATALYST_MODEL_LIMITS have no effect"
    if _has_budget(settings) and settings.journal == "off":
        yield "CATALYST_JOURNAL is off: what was spent of the budgets is forgotten when the worker stops"
    if settings.journal == "off" and (settings.journal_required or settings.journal_key):
        yield "CATALYST_JOURNAL is off: CATALYST_JOURNAL_REQUIRED and CATALYST_JOURNAL_KEY have no effect"


def _describe_limits(settings: Settings) -> str:
    texts = {"auto": "as Groq reports them", "off": "off"}
    shared = ", shared in Redis" if settings.limits_redis_url and settings.limits != "off" else ""
    own = f", own figures for {len(settings.model_limits)} models" if settings.model_limits else ""
    return texts.get(settings.limits, f"of the {settings.limits} plan") + own + shared


def _has_budget(settings: Settings) -> bool:
    return any((settings.budget_per_instance, settings.budget_per_definition, settings.budget_per_day))


def _describe_budgets(settings: Settings) -> str:
    budgets = {
        "per instance": settings.budget_per_instance,
        "per definition and day": settings.budget_per_definition,
        "per day": settings.budget_per_day,
    }
    return ", ".join(f"{dollars} USD {period}" for period, dollars in budgets.items() if dollars) or "none"
