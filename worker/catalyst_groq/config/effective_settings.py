"""What each setting is, and where its value comes from, for people: secrets are masked. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from catalyst_groq.common.credentials import find_passwords, hide_user_info
from catalyst_groq.config.factory import journal_location
from catalyst_groq.config.secret_files import file_setting
from catalyst_groq.config.settings import GROQ_API_KEY, Settings
from catalyst_groq.config.sources import ENVIRONMENT, FILES_OF_VARIABLES, FILES_OF_YAML, FoundSettings, SourcedValue
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.domain.redaction import MASK, Redactor

DEFAULT = "default"
"""The source of a setting that nothing sets."""

FILE_OF = "file of "

KEY_DESCRIPTION = "Key of Groq's API (Secret Source 'env', secret `groq_api_key`)"


class EffectiveSetting(NamedTuple):
    """One setting. `name` is its environment variable."""

    name: str
    value: str
    """As an operator writes it, `***` for a secret; empty if it is not set. Of endpoints the names."""
    source: str
    """`environment`, `.env`, `worker.yaml`, `default`, or which setting names the file of a secret."""
    description: str
    is_secret: bool = False
    is_refused: bool = False
    """Whether its value is wrong or not read."""
    unused: tuple[str, ...] = ()
    """The overridden sources that have another value."""

    @property
    def is_default(self) -> bool:
        """Whether no operator has set it."""
        return self.source == DEFAULT


def list_settings(found: FoundSettings[Settings]) -> Iterator[EffectiveSetting]:
    """Yield every setting, and GROQ_API_KEY. A value that is refused is shown as it is written."""
    diagnostics = SettingsDiagnostics(Settings.model_fields)
    for field, info in Settings.model_fields.items():
        name = diagnostics.variable_name(field)
        written = found.values.get(field, SourcedValue(info.default, DEFAULT))
        is_secret = field in diagnostics.secrets
        is_refused = field in found.invalid
        value = _show(field, written.value, None if is_refused else found.settings, is_secret=is_secret)
        source, *unused = (_name_file(source, field, name) for source in (written.source, *written.unused))
        yield EffectiveSetting(name, value, source, info.description or "", is_secret, is_refused, unused=tuple(unused))
    key = found.key or SourcedValue("", DEFAULT)
    source = _name_file(key.source, GROQ_API_KEY.lower(), GROQ_API_KEY)
    value = MASK if key.value else ""
    yield EffectiveSetting(GROQ_API_KEY, value, source, KEY_DESCRIPTION, is_secret=True, unused=key.unused)


def find_replaced_secrets(found: FoundSettings[Settings]) -> Iterator[str]:
    """Yield a message for each secret, or URL that may have one, of which another value is not used."""
    diagnostics = SettingsDiagnostics(Settings.model_fields)
    names = {*map(diagnostics.variable_name, diagnostics.may_be_in_files), GROQ_API_KEY}
    for setting in list_settings(found):
        if setting.name in names and setting.unused:
            unused = " and ".join(map(_with_article, setting.unused))
            have = "have other values" if len(setting.unused) > 1 else "has another value"
            yield f"{setting.name}: {_with_article(setting.source)} is used, {unused} {have}"


def _with_article(source: str) -> str:
    return f"the {source}" if source == ENVIRONMENT or source.startswith(FILE_OF) else source


def _name_file(source: str, field: str, name: str) -> str:
    if source == FILES_OF_VARIABLES:
        return f"{FILE_OF}{file_setting(name)}"
    return f"{FILE_OF}{file_setting(field)}" if source == FILES_OF_YAML else source


def _show(field: str, raw: Any, settings: Settings | None, *, is_secret: bool) -> str:
    if is_secret:
        return MASK if raw else ""
    if field == "endpoints":  # a key may be in it by mistake
        return ", ".join(endpoint.name for endpoint in settings.endpoints) if settings else MASK if raw else ""
    value = raw if settings is None else getattr(settings, field)
    if field == "journal" and settings:
        value = journal_location(settings)
    return _hide_secrets(_to_text(value))


def _to_text(value: Any) -> str:
    """Return a value as the environment writes it."""
    match TypeAdapter(Any).dump_python(value, mode="json"):
        case None:
            return ""
        case bool() as flag:
            return str(flag).lower()
        case list() as entries:
            return ",".join(map(str, entries))
        case dict() as pairs:
            return ",".join(_pair(name, part) for name, part in pairs.items())
        case plain:
            return str(plain)


def _pair(name: str, value: Any) -> str:
    """Return `name=value`, and the limits of a model as `model rpm=30 tpm=8000`."""
    if not isinstance(value, Mapping):
        return f"{name}={value}"
    return " ".join([name, *(f"{part}={figure}" for part, figure in value.items() if figure is not None)])


def _hide_secrets(text: str) -> str:
    for password in sorted(find_passwords(text), key=len, reverse=True):  # one may be a part of another
        text = text.replace(password, MASK)
    return Redactor().mask(hide_user_info(text))
