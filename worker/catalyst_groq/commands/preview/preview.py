"""What a preview shows: the fields and variables of a task, its requests, and the outcome of an answer. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from catalyst_groq.commands.preview.estimate import Estimate, estimate
from catalyst_groq.commands.preview.task_selection import SelectedTask
from catalyst_groq.connector.fields.names import API_KEY, FALLBACK_MODELS, MODEL, PAYLOAD, SECRET_SOURCE, URL
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.reader import FieldSource
from catalyst_groq.domain.call_records import AttemptRecord
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome, Unlocked
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.groq.api.client import HEADERS, request_url
from catalyst_groq.groq.api.requests import GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.endpoints import Endpoint


class Piece(NamedTuple):
    """A field or a variable: where it comes from, and its value without keys."""

    name: str
    source: str
    type: str
    """Camunda's type of a variable; empty for a field."""
    value: Any


class PreviewedRequest(NamedTuple):
    """A request as it is sent, without keys."""

    endpoint: str
    model: str
    reasons: Sequence[str]
    """Why it goes to this endpoint with this model, as sentences."""
    method: str
    url: str
    headers: Mapping[str, str]
    payload: Mapping[str, Any]
    estimate: Estimate
    result: str
    """What came back, in a word or two; empty if nothing was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What becomes of one task."""

    task: SelectedTask
    fields: Sequence[Piece] = ()
    variables: Sequence[Piece] = ()
    requests: Sequence[PreviewedRequest] = ()
    skipped: Sequence[str] = ()
    """The routes to which no request goes, each with the reason."""
    outcome: Outcome | None = None
    """None without an answer, if a request was built."""
    encoded: Mapping[str, TypedValueDto] = field(default_factory=dict)
    """The variables of the outcome, as the engine gets them."""
    response: str = ""
    """The body of the last response."""
    notes: Sequence[str] = ()

    @property
    def has_failed(self) -> bool:
        """Whether the task would fail, also where its error is collected instead."""
        if isinstance(self.outcome, BpmnError):
            return False  # something catches it
        return isinstance(self.outcome, Failure) or not self.requests


class Exchange(NamedTuple):
    """A request, what came back, and the record of it."""

    request: GroqRequest
    response: Response | NoResponse
    attempt: AttemptRecord


def match_attempts(
    outcome: Outcome, exchanges: Sequence[tuple[GroqRequest, Response | NoResponse]]
) -> tuple[list[Exchange], list[str]]:
    """Return the requests with their records, and the routes without a request."""
    call = None if isinstance(outcome, Unlocked) else outcome.call
    attempts = call.attempts if call else ()
    sent = [attempt for attempt in attempts if attempt.sent]
    skipped = [f"{attempt.model} at {attempt.endpoint}: {attempt.result}" for attempt in attempts if not attempt.sent]
    pairs = zip(exchanges, sent, strict=False)
    return [Exchange(request, response, attempt) for (request, response), attempt in pairs], skipped


@dataclass(frozen=True, slots=True)
class RequestExplainer:
    """Explains the requests of one task."""

    fields: RawFields
    sources: Mapping[str, FieldSource]
    endpoints: Mapping[str, Endpoint]
    """The operator's, by their names."""
    catalog: ModelCatalog
    redactor: Redactor

    def explain(self, exchange: Exchange, model_asked: str, *, is_answered: bool) -> PreviewedRequest:
        """Describe one request."""
        request, attempt = exchange.request, exchange.attempt
        redactor = self.redactor.for_key(request.account.key)
        model = self.catalog.assume(attempt.model)
        return PreviewedRequest(
            attempt.endpoint,
            attempt.model,
            [redactor.mask_message(text) for text in self._reasons(exchange, model_asked)],
            request.operation.method,
            redactor.mask(str(request_url(request))),
            {name: redactor.mask(text) for name, text in _headers(request).items()},
            redactor.mask_all(request.payload),
            estimate(request, model),
            attempt.result if is_answered else "",
        )

    def _reasons(self, exchange: Exchange, model_asked: str) -> Iterator[str]:
        request, attempt = exchange.request, exchange.attempt
        yield f"Model: {self._why_model(attempt.model, model_asked)}"
        if endpoint := self.endpoints.get(attempt.endpoint):
            yield f"Endpoint: '{endpoint.name}' of CATALYST_ENDPOINTS, priority {endpoint.priority}"
            if endpoint.account.key:
                yield "Key: that of the endpoint"
                return
        else:
            is_written = request.account.url in str(self.fields.fields[URL])
            yield f"Endpoint: {URL} ({self.sources[URL]}){'' if is_written else ', which stands for GROQ_API_URL'}"
        source = self.fields.fields[SECRET_SOURCE]
        yield f"Key: {API_KEY} ({self.sources[API_KEY]}) in the secret source '{source}'"
        if (own := request.payload.get("model")) != attempt.model:
            yield f"The endpoint's own name of the model is {own}"

    def _why_model(self, model: str, model_asked: str) -> str:
        if model != model_asked:
            asked = self.catalog.get(model_asked)
            if asked and asked.replacement == model:
                return f"replaces {model_asked}, which was retired on {asked.retired}"
            return f"{FALLBACK_MODELS} ({self.sources[FALLBACK_MODELS]}), if the requests before it fail"
        if str(self.fields.fields[MODEL]).strip():
            return f"{MODEL} ({self.sources[MODEL]})"
        if PAYLOAD in self.fields.fields and "model" in self.fields.parse_object(PAYLOAD):
            return f"in {PAYLOAD} ({self.sources[PAYLOAD]})"
        return f"the default of the model catalog, as neither {MODEL} nor {PAYLOAD} names one"


def describe_fields(fields: RawFields, sources: Mapping[str, FieldSource], inputs: Mapping[str, Any]) -> list[Piece]:
    """Return the fields, those that are set first. `inputs` are the task's input parameters by their names."""
    pieces = [Piece(name, _source_of(name, sources, inputs), "", value) for name, value in fields.fields.items()]
    return sorted(pieces, key=lambda piece: piece.source == FieldSource.DEFAULT)


def _source_of(name: str, sources: Mapping[str, FieldSource], inputs: Mapping[str, Any]) -> str:
    return "input parameter" if sources[name] is FieldSource.VARIABLE and name in inputs else sources[name].value


def variables_of(outcome: Outcome) -> Mapping[str, Any]:
    """Return the variables that the engine gets."""
    match outcome:
        case Completion(variables) | BpmnError(variables=variables) | Failure(variables=variables):
            return variables
        case _:
            return {}


def _headers(request: GroqRequest) -> dict[str, str]:
    content = "application/json" if request.operation.uses_tokens else "multipart/form-data"
    return {**HEADERS, **request.account.request_headers, "content-type": content}
