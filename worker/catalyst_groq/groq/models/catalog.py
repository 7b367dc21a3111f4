"""The model catalog: features, prices and limits of each model, and the replacements of retired models."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError, model_validator
from pydantic_core import ErrorDetails

from catalyst_groq.common.lru_cache import cache_short_texts
from catalyst_groq.groq.models.model_names import find_gateway_name

CACHED_NAMES = 1024

Plan = Literal["free", "developer"]


class Feature(StrEnum):
    """A feature of some models, beyond plain chat."""

    TOOLS = "tools"
    PARALLEL_TOOLS = "parallel_tools"
    BUILT_IN_TOOLS = "built_in_tools"
    JSON_SCHEMA = "json_schema"
    STRICT_JSON_SCHEMA = "strict_json_schema"
    VISION = "vision"
    PROMPT_CACHE = "prompt_cache"
    TRANSLATION = "translation"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Price(_Entry):
    """USD per million tokens, per hour of audio, per million characters of speech; None: unknown or not applicable."""

    input: Decimal | None = None
    cached_input: Decimal | None = None
    output: Decimal | None = None
    audio_hour: Decimal | None = None
    million_characters: Decimal | None = None


FREE = Price(input=Decimal(), output=Decimal(), audio_hour=Decimal(), million_characters=Decimal())


class ModelLimits(_Entry):
    """The limits of one organization for one model, by their short names at Groq; None: no limit of that kind."""

    rpm: PositiveInt | None = None
    rpd: PositiveInt | None = None
    tpm: PositiveInt | None = None
    tpd: PositiveInt | None = None
    otpm: PositiveInt | None = None
    ash: PositiveInt | None = None
    asd: PositiveInt | None = None


class Reasoning(_Entry):
    """The values that a reasoning model supports for `reasoning_effort` (the lowest first) and `reasoning_format`."""

    efforts: tuple[str, ...]
    default: str
    formats: tuple[str, ...] = ()


class Model(_Entry):
    """One model, available or retired.

    `template_tokens`: the tokens that its chat template adds to every prompt. `image_tokens`: the tokens of one image.
    `enterprise`: whether organizations with committed spend can still use a retired model.
    """

    id: str
    status: Literal["production", "preview", "enterprise", "retired"]
    kind: Literal["chat", "transcription", "speech"] = "chat"
    owned_by: str = ""
    context_window: PositiveInt | None = None
    max_completion_tokens: PositiveInt | None = None
    price: Price = Price()
    tokens_per_second: PositiveInt | None = None
    template_tokens: NonNegativeInt = 0
    image_tokens: NonNegativeInt = 0
    max_images: NonNegativeInt = 0
    features: frozenset[Feature] = frozenset()
    reasoning: Reasoning | None = None
    limits: Mapping[Plan, ModelLimits] = {}
    retired: date | None = None
    replacement: str | None = None
    enterprise: bool = False

    @property
    def is_available(self) -> bool:
        """Whether an ordinary account can still use it."""
        return self.status in {"production", "preview"}


class ModelCatalog(_Entry):
    """All models, as Groq documented them on the day `dated`."""

    dated: date
    default: str
    models: tuple[Model, ...]

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        ids = [model.id for model in self.models]
        if duplicates := {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"models listed twice: {', '.join(sorted(duplicates))}")
        available = {model.id for model in self.models if model.is_available}
        required = {self.default, *(model.replacement for model in self.models if model.replacement)}
        if unknown := required - available:
            raise ValueError(f"default and replacements must be available models: {', '.join(sorted(unknown))}")
        for model in self.models:
            if (model.status == "retired") != (model.retired is not None):
                raise ValueError(f"{model.id}: `retired` is the day for models whose status is retired")
        return self

    def __getitem__(self, model_id: str) -> Model:
        if model := self.get(model_id):
            return model
        raise KeyError(model_id)

    def get(self, model_id: str) -> Model | None:
        """Return the model of that id; None when it is not in the catalog."""
        return self._by_id.get(model_id)

    def find(self, name: str) -> Model | None:
        """Return the model of that id, or the one that a gateway calls so; None when it is not in the catalog.

        What a gateway calls free has no price.
        """
        return self.get(name) or self._find_under_gateway_name(name)

    @cached_property
    def _find_under_gateway_name(self) -> Callable[[str], Model | None]:
        """Finds a model by comparing all ids, once for each name: several parts look up the model of every request."""
        return cache_short_texts(CACHED_NAMES)(self._compare_gateway_name)

    def _compare_gateway_name(self, name: str) -> Model | None:
        if (found := find_gateway_name(name, self._by_id)) is None:
            return None
        model = self[found.id]
        return model.model_copy(update={"price": FREE}) if found.is_free else model

    def assume(self, name: str) -> Model:
        """Return the model of that name. One that is not in the catalog is assumed to be available, without limits."""
        return self.find(name) or Model(id=name, status="production")

    @cached_property
    def _by_id(self) -> Mapping[str, Model]:
        return {model.id: model for model in self.models}

    def __getstate__(self) -> dict[Any, Any]:
        """Leave out the indexes of `cached_property`: the cache of names cannot be pickled."""
        return super().__getstate__() | {"__dict__": {name: getattr(self, name) for name in type(self).model_fields}}

    def available(self) -> Iterator[Model]:
        """Yield the models that an ordinary account can use."""
        return (model for model in self.models if model.is_available)


def parse_catalog(text: str) -> ModelCatalog:
    """Return the catalog of a YAML text. Raises `pydantic.ValidationError`, which names every wrong entry."""
    return ModelCatalog.model_validate(yaml.safe_load(text))


def apply_overrides(catalog: ModelCatalog, text: str) -> ModelCatalog:
    """Return the catalog with the entries of a YAML text. Their fields replace the catalog's; omitted fields stay.

    Raises `ValueError`, which names every wrong model and field, and `yaml.YAMLError`.
    """
    overrides = yaml.safe_load(text) or {}
    entries = overrides.get("models", []) if isinstance(overrides, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "id" in entry for entry in entries):
        raise ValueError("has no models; write models: and below it lines such as - {id: …, price: {input: …}}")
    models = {model.id: model.model_dump(exclude_unset=True) for model in catalog.models}
    for entry in entries:
        models[entry["id"]] = _merge(models.get(entry["id"], {}), entry)
    try:
        return ModelCatalog.model_validate(catalog.model_dump() | overrides | {"models": list(models.values())})
    except ValidationError as error:
        raise ValueError("; ".join(_describe_error(entry, list(models)) for entry in error.errors())) from error


def _merge(model: dict[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    nested = {
        name: _merge(model[name], override[name])
        for name in override
        if isinstance(model.get(name), Mapping) and isinstance(override[name], Mapping)
    }
    return {**model, **override, **nested}


def _describe_error(error: ErrorDetails, ids: Sequence[str]) -> str:
    message = error["msg"].removeprefix("Value error, ")
    match error["loc"]:
        case ("models", int(number), *field):
            return f"{ids[number]}: {'.'.join(map(str, field))}: {message}"
        case location:
            return ": ".join([*map(str, location), message])


@cache
def shipped_catalog() -> ModelCatalog:
    """Return the catalog that the package contains (`catalog.yaml`)."""
    return parse_catalog(files("catalyst_groq.groq.models").joinpath("catalog.yaml").read_text("utf-8"))
