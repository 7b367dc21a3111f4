"""What a request asks of Groq's limits, and what it has used of them in the end."""

from dataclasses import dataclass
from http import HTTPStatus
from math import ceil

from worker.groq.accounts import Payload
from worker.groq.answers import Answer, NoAnswer
from worker.groq.buckets import Dimension
from worker.groq.lines import Amounts, Figures
from worker.groq.models import Model, known_models
from worker.groq.tokens import estimate_prompt, most_output

OUTPUT_MARGIN = 16
"""Tokens by which Groq has been seen to expect more output than it was told to allow."""

ERROR = 1.3
"""By how much the true number of tokens may be smaller than an estimate of it."""

NEWEST = 0.2
"""The weight of the newest request in what is learned."""

LEAST, MOST = 0.5, 2.0
"""How far an estimate may be corrected."""

DIMENSIONS = (Dimension.RPM, Dimension.RPD, Dimension.TPM, Dimension.TPD, Dimension.OTPM)
NOT_COUNTED = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
"""Refusals by the limits themselves."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The tokens that a request may need: its prompt's are estimated, its output's are the most it may have."""

    prompt: int = 0
    output: int = 0
    uncorrected: int = 0
    """The estimate of the prompt before what was learned of its model."""

    @property
    def amounts(self) -> Amounts:
        """What it asks for, as Groq counts."""
        return _amounts(1, self.prompt + self.output, self.output + OUTPUT_MARGIN)

    def why_never(self, limits: Figures, context: int | None) -> str:
        """Say what it can never fit into, also if the estimate is too high; nothing where it may fit."""
        least = _amounts(1, ceil(self.prompt / ERROR) + self.output, self.output)
        for dimension, limit in limits.items():
            if least[dimension] > limit:
                return f"{dimension.words} ({dimension.name}): Limit {limit}, {self._asked(dimension)}"
        if context and least[Dimension.TPM] > context:
            return f"the model's context: Limit {context}, {self._asked(Dimension.TPM)}"
        return ""

    def _asked(self, dimension: Dimension) -> str:
        output = f"{self.output} for the answer (max_tokens)"
        if dimension is Dimension.OTPM:
            return f"Requested {output}"
        return f"Requested {self.prompt + self.output}: about {self.prompt} in the messages and {output}"


class Demands:
    """Estimates demands, and learns for each model by how much its estimates are wrong."""

    def __init__(self) -> None:
        self._corrections: dict[str, float] = {}

    def of(self, payload: Payload) -> Demand:
        """Estimate a chat request; what is no chat has no tokens."""
        if "messages" not in payload:
            return Demand()
        model = payload["model"]
        estimate = estimate_prompt(payload, known_models().get(model) or Model(id=model, status="production"))
        return Demand(ceil(estimate * self._corrections.get(model, 1.0)), most_output(payload), estimate)

    def learn(self, model: str, demand: Demand, answer: Answer) -> None:
        """Compare an estimate with what Groq has counted."""
        usage = answer.usage
        if usage and usage.prompt and demand.uncorrected:
            ratio = min(max(usage.prompt / demand.uncorrected, LEAST), MOST)
            known = self._corrections.get(model, 1.0)
            self._corrections[model] = known + NEWEST * (ratio - known)


def spent(answer: Answer | NoAnswer, taken: Amounts) -> Amounts:
    """Return what Groq counts in the end, of what was taken for a request; cached tokens are free."""
    if isinstance(answer, NoAnswer):
        # What became of a request that has reached Groq is not known: all of it may count.
        return taken if answer.sent else _amounts(0, 0, 0)
    if answer.status in NOT_COUNTED:
        return _amounts(0, 0, 0)
    usage = answer.usage
    if usage is None:
        return taken if answer.ok else _amounts(1, 0, 0)
    return _amounts(1, usage.prompt - usage.cached + usage.completion, usage.completion)


def _amounts(requests: float, tokens: float, output: float) -> Amounts:
    return dict(zip(DIMENSIONS, (requests, requests, tokens, tokens, output), strict=True))
