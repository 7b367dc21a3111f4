"""What can be set about the emulator, at its start and while it runs."""

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
    """What may change while the emulator runs (`POST /_emulator/settings`).

    `latency` is the seconds a request waits in the queue. `tokens_per_second` is the speed of answers: a number,
    "model" for each model's published speed, nothing for answers at once. `model_latency` and
    `model_tokens_per_second` set both per model. `plan` chooses the limits; `limits` overrides them per model
    ("*" is every model). `time_scale` is how many of the emulator's seconds pass in one: waits become shorter and
    limits refill faster, while messages and headers tell the emulator's time. `flex_full` refuses flex requests.
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
    """How an emulator starts.

    Port 0 is a free one. `keys` maps each accepted key to its organization, whose limits it shares; without any,
    every `gsk_…` key without the word "invalid" is accepted and is an organization of its own. `script` is a YAML
    file of answers. The newest `max_calls` requests are remembered.
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
            raise ValueError("texts are needed: a list of keys, or each key with the name of its organization")
        return named


def make_config(**options: Any) -> EmulatorConfig:
    """Make a configuration from the options of a command; `keys` may be a list.

    Raises:
        SandboxError: an option is wrong; the message names it. No key is in the message.

    """
    try:
        return EmulatorConfig.model_validate(options)
    except ValidationError as error:
        raise SandboxError(f"The Groq emulator: {format_validation_error(error)}") from None


def update_settings(settings: EmulatorSettings, changes: Mapping[str, Any]) -> EmulatorSettings:
    """Return the settings with some of them changed.

    Raises:
        SandboxError: a change names no setting or holds a wrong value.

    """
    try:
        return EmulatorSettings.model_validate(
            {**settings.model_dump(include=set(EmulatorSettings.model_fields)), **changes}
        )
    except ValidationError as error:
        raise SandboxError(f"Settings of the Groq emulator: {format_validation_error(error)}") from None


def format_validation_error(error: ValidationError) -> str:
    """Say in one line which fields are wrong and why."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'the entry'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)
    )
