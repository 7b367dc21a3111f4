"""What a request asks of Groq's limits, and what it has used of them in the end."""

from dataclasses import dataclass
from http import HTTPStatus
from math import ceil

from catalyst_groq.groq.api.requests import Payload
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import Model, known_models
from catalyst_groq.groq.models.token_estimate import estimate_prompt, max_output_tokens
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.queue import Amounts, LimitFigures

OUTPUT_MARGIN_TOKENS = 16
"""Tokens by which Groq has been seen to expect more output than it was told to allow."""

MAX_OVERESTIMATE = 1.3
"""By how much the true number of tokens may be smaller than an estimate of it."""

EWMA_WEIGHT = 0.2
"""The weight of the newest request in what is learned."""

MIN_CORRECTION, MAX_CORRECTION = 0.5, 2.0
"""How far an estimate may be corrected."""

LIMIT_KINDS = (LimitKind.RPM, LimitKind.RPD, LimitKind.TPM, LimitKind.TPD, LimitKind.OTPM)
UNCOUNTED_STATUSES = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
"""Refusals by the limits themselves."""


@dataclass(frozen=True, slots=True)
class UsageEstimate:
    """The tokens that a request may need: its prompt's are estimated, its output's are the most it may have."""

    prompt: int = 0
    output: int = 0
    uncorrected: int = 0
    """The estimate of the prompt before what was learned of its model."""

    @property
    def amounts(self) -> Amounts:
        """What it asks for, as Groq counts."""
        return _amounts(1, self.prompt + self.output, self.output + OUTPUT_MARGIN_TOKENS)

    def check_fits(self, limits: LimitFigures, context: int | None) -> str:
        """Say what it can never fit into, also if the estimate is too high; nothing where it may fit."""
        least = _amounts(1, ceil(self.prompt / MAX_OVERESTIMATE) + self.output, self.output)
        for dimension, limit in limits.items():
            if least[dimension] > limit:
                return f"{dimension.words} ({dimension.name}): Limit {limit}, {self._describe_request(dimension)}"
        if context and least[LimitKind.TPM] > context:
            return f"the model's context: Limit {context}, {self._describe_request(LimitKind.TPM)}"
        return ""

    def _describe_request(self, dimension: LimitKind) -> str:
        output = f"{self.output} for the answer (max_tokens)"
        if dimension is LimitKind.OTPM:
            return f"Requested {output}"
        return f"Requested {self.prompt + self.output}: about {self.prompt} in the messages and {output}"


class UsageEstimator:
    """Estimates demands, and learns for each model by how much its estimates are wrong."""

    def __init__(self) -> None:
        self._corrections: dict[str, float] = {}

    def estimate(self, payload: Payload) -> UsageEstimate:
        """Estimate a chat request; what is no chat has no tokens."""
        if "messages" not in payload:
            return UsageEstimate()
        model = payload["model"]
        estimate = estimate_prompt(payload, known_models().get(model) or Model(id=model, status="production"))
        return UsageEstimate(ceil(estimate * self._corrections.get(model, 1.0)), max_output_tokens(payload), estimate)

    def update(self, model: str, demand: UsageEstimate, answer: Response) -> None:
        """Compare an estimate with what Groq has counted."""
        usage = answer.usage
        if usage and usage.prompt and demand.uncorrected:
            ratio = min(max(usage.prompt / demand.uncorrected, MIN_CORRECTION), MAX_CORRECTION)
            known = self._corrections.get(model, 1.0)
            self._corrections[model] = known + EWMA_WEIGHT * (ratio - known)


def actual_usage(answer: Response | NoResponse, taken: Amounts) -> Amounts:
    """Return what Groq counts in the end, of what was taken for a request; cached tokens are free."""
    if isinstance(answer, NoResponse):
        # What became of a request that has reached Groq is not known: all of it may count.
        return taken if answer.sent else _amounts(0, 0, 0)
    if answer.status in UNCOUNTED_STATUSES:
        return _amounts(0, 0, 0)
    usage = answer.usage
    if usage is None:
        return taken if answer.ok else _amounts(1, 0, 0)
    return _amounts(1, usage.prompt - usage.cached + usage.completion, usage.completion)


def _amounts(requests: float, tokens: float, output: float) -> Amounts:
    return dict(zip(LIMIT_KINDS, (requests, requests, tokens, tokens, output), strict=True))
