"""The emulator's settings, at its start and while it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
)

from catalyst_groq.errors import SandboxError
from catalyst_groq.groq.models.catalog import ModelLimits

EVERY_MODEL = "*"


class EmulatorSettings(BaseModel):
    """Settings that can change while the emulator runs (`POST /_emulator/settings`).

    `latency` is the time in seconds that a request waits in the queue. `tokens_per_second` is the speed of responses: a
    number, "model" for each model's published speed, None for immediate responses. `model_latency` and
    `model_tokens_per_second` set both per model. `plan` selects the rate limits; `limits` overrides them per model
    ("*" is every model). `time_scale` is the number of emulator seconds per real second: waits become shorter and
    limits refill faster, while messages and headers use the emulator's time. `flex_full` rejects flex requests.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    latency: NonNegativeFloat = 0
    tokens_per_second: PositiveFloat | Literal["model"] | None = None
    model_latency: Mapping[str, NonNegativeFloat] = {}
    model_tokens_per_second: Mapping[str, PositiveFloat] = {}
    plan: Literal["none", "free", "developer"] = "none"
    limits: Mapping[str, ModelLimits] = {}
    time_scale: PositiveFloat = 1
    flex_full: bool = False


class EmulatorConfig(EmulatorSettings):
    """Settings of an emulator at its start.

    Port 0 chooses a free port. `keys` maps each accepted key to its organization; keys of one organization share its
    limits. Without `keys`, every `gsk_…` key without the word "invalid" is accepted and has its own organization.
    `script` is a YAML file of responses. The log holds the newest `max_calls` requests.
    """

    host: str = "127.0.0.1"
    port: int = 0
    keys: Mapping[str, str] = Field({}, repr=False)
    script: Path | None = None
    max_calls: PositiveInt = 1000

    @field_validator("keys", mode="before")
    @classmethod
    def _each_key_its_own_organization(cls, keys: object) -> object:
        named = {key: f"org_{n}" for n, key in enumerate(keys, 1)} if isinstance(keys, (list, tuple)) else keys
        if not isinstance(named, Mapping) or not all(isinstance(name, str) for name in (*named, *named.values())):
            raise ValueError("must be a list of keys, or a mapping from each key to the name of its organization")
        return named


def make_config(**options: Any) -> EmulatorConfig:
    """Create a configuration from command options. `keys` may be a list.

    Raises:
        SandboxError: an option is invalid. The message names it and contains no key.

    """
    try:
        return EmulatorConfig.model_validate(options)
    except ValidationError as error:
        raise SandboxError(f"The Groq emulator: {format_validation_error(error)}") from None


def update_settings(settings: EmulatorSettings, changes: Mapping[str, Any]) -> EmulatorSettings:
    """Return the settings with changes applied.

    Raises:
        SandboxError: a setting is unknown or has an invalid value.

    """
    try:
        return EmulatorSettings.model_validate(
            {**settings.model_dump(include=set(EmulatorSettings.model_fields)), **changes}
        )
    except ValidationError as error:
        raise SandboxError(f"Settings of the Groq emulator: {format_validation_error(error)}") from None


def format_validation_error(error: ValidationError) -> str:
    """Return one line with the invalid fields and the reasons."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'the entry'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)
    )
