"""How much of Groq's limits a request may use (the reservation), and how much it has used in the end."""

from dataclasses import dataclass
from http import HTTPStatus
from math import ceil

from catalyst_groq.groq.api.requests import GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.models.token_estimate import estimate_prompt, max_output_tokens
from catalyst_groq.groq.rate_limits.bucket import LIMIT_KINDS, LimitKind
from catalyst_groq.groq.rate_limits.queue import Amounts, LimitFigures

OUTPUT_MARGIN_TOKENS = 16
"""Groq has been seen to reserve this much more output than `max_tokens`."""

MAX_OVERESTIMATE = 1.3
"""The estimate may exceed the true token count by up to this factor."""

EWMA_WEIGHT = 0.2
"""Weight of the newest request in the correction of estimates."""

MIN_CORRECTION, MAX_CORRECTION = 0.5, 2.0

MAX_CORRECTED_MODELS = 1000
"""Models whose corrections are kept: tasks choose their names."""

UNCOUNTED_STATUSES = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
"""Refusals by the limits themselves, which Groq does not count."""


@dataclass(frozen=True, slots=True)
class UsageEstimate:
    """The tokens that a request may use: its prompt's are estimated, its output's are the maximum it allows."""

    prompt: int = 0
    output: int = 0
    uncorrected: int = 0
    """The estimate of the prompt before the correction learned for its model."""

    @property
    def amounts(self) -> Amounts:
        """The amounts to reserve, as Groq counts them."""
        return _make_amounts(1, self.prompt + self.output, self.output + OUTPUT_MARGIN_TOKENS)

    def check_fits(self, limits: LimitFigures, context: int | None) -> str:
        """Describe the limit that the request can never fit, even if the estimate is too high; empty if it may fit."""
        minimum = _make_amounts(1, ceil(self.prompt / MAX_OVERESTIMATE) + self.output, self.output)
        for kind, limit in limits.items():
            if minimum[kind] > limit:
                return f"{kind.description} ({kind.name}): Limit {limit}, {self._describe_request(kind)}"
        if context and minimum[LimitKind.TPM] > context:
            return f"the model's context: Limit {context}, {self._describe_request(LimitKind.TPM)}"
        return ""

    def _describe_request(self, kind: LimitKind) -> str:
        output = f"{self.output} for the response (max_tokens)"
        if kind is LimitKind.OTPM:
            return f"Requested {output}"
        return f"Requested {self.prompt + self.output}: about {self.prompt} in the messages and {output}"


class UsageEstimator:
    """Estimates usage, and learns for each model by how much its estimates are wrong."""

    def __init__(self, catalog: ModelCatalog) -> None:
        self._catalog = catalog
        self._corrections: dict[str, float] = {}
        """By model, in the order in which they were last learned. No `LruCache`: estimates run in other threads."""

    def estimate(self, request: GroqRequest) -> UsageEstimate:
        """Estimate a request; one whose operation uses no tokens counts as a request only."""
        if not request.operation.uses_tokens:
            return UsageEstimate()
        payload = request.payload
        model_id = payload["model"]
        estimate = estimate_prompt(payload, self._catalog.assume(model_id))
        prompt = ceil(estimate * self._corrections.get(model_id, 1.0))
        return UsageEstimate(prompt, max_output_tokens(payload), estimate)

    def update(self, model_id: str, estimate: UsageEstimate, response: Response) -> None:
        """Compare an estimate with Groq's own count."""
        usage = response.usage
        if usage and usage.prompt and estimate.uncorrected:
            ratio = min(max(usage.prompt / estimate.uncorrected, MIN_CORRECTION), MAX_CORRECTION)
            correction = self._corrections.pop(model_id, 1.0)
            if len(self._corrections) >= MAX_CORRECTED_MODELS:
                del self._corrections[next(iter(self._corrections))]
            self._corrections[model_id] = correction + EWMA_WEIGHT * (ratio - correction)


def actual_usage(response: Response | NoResponse, reserved: Amounts) -> Amounts:
    """Return what Groq counts in the end; cached tokens are free."""
    if isinstance(response, NoResponse):
        # It is unknown what became of a request that has reached Groq: all of it may count.
        return reserved if response.sent else _make_amounts(0, 0, 0)
    if response.status in UNCOUNTED_STATUSES:
        return _make_amounts(0, 0, 0)
    usage = response.usage
    if usage is None:
        return reserved if response.ok else _make_amounts(1, 0, 0)
    return _make_amounts(1, usage.prompt - usage.cached + usage.completion, usage.completion)


def _make_amounts(requests: float, tokens: float, output: float) -> Amounts:
    return dict(zip(LIMIT_KINDS, (requests, requests, tokens, tokens, output, requests, tokens), strict=True))
