"""What answers the requests of a preview: nobody, a file, or the server; each request is recorded."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from catalyst_groq.common.http_statuses import SUCCESS_STATUSES
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.groq.api.client import make_accumulator, mask_and_decode, to_response
from catalyst_groq.groq.api.requests import GroqRequest
from catalyst_groq.groq.api.response_body import ResponseBody
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.api.streaming import InvalidStreamError
from catalyst_groq.groq.models.catalog import ModelCatalog

Answer = Callable[[GroqRequest], Awaitable[Response | NoResponse]]

NOT_SENT = NoResponse(NoResponseReason.CONNECTION_REFUSED, "a preview sends nothing", sent=False, seconds=0)
"""It lets the router go on to the next route, so that a preview shows all of them."""

MODEL_NOT_FOUND = b'{"error": {"message": "The model is retired", "code": "model_not_found"}}'


class RecordingClient:
    """A `GroqClient` that keeps the requests that it gets, in their order, with their results."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.exchanges: list[tuple[GroqRequest, Response | NoResponse]] = []

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        """Return the answer to a request."""
        response = await self._answer(request)
        self.exchanges.append((request, response))
        return response


def answer_nothing(catalog: ModelCatalog) -> Answer:
    """Return what answers no request; a retired model is refused as Groq does, so that its replacement is shown."""

    async def answer(request: GroqRequest) -> Response | NoResponse:
        model = catalog.get(request.payload["model"])
        is_retired = model is not None and model.retired is not None
        if is_retired and request.account.server is ServerKind.GROQ:
            return Response(HTTPStatus.NOT_FOUND, {}, MODEL_NOT_FOUND)
        return NOT_SENT

    return answer


def answer_from_file(content: bytes, status: int, redactor: Redactor) -> Answer:
    """Return what answers every request with the content of a file: a body as it came, whole or streamed."""

    async def answer(request: GroqRequest) -> Response | NoResponse:
        body = ResponseBody(make_accumulator(request) if status in SUCCESS_STATUSES else None)
        try:
            body.feed(content)
            body.close()
        except InvalidStreamError as error:
            return NoResponse(NoResponseReason.INVALID_RESPONSE, str(error), sent=True, seconds=0)
        response = to_response(body, status, {})
        if isinstance(response, NoResponse):
            return response
        return mask_and_decode(request, response, redactor.for_key(request.account.key))

    return answer
