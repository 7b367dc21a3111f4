"""Responses of Groq for the tests of the router."""

from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from support.factories import REPLY, make_response

GONE = make_response(404, {"error": {"message": "gone", "code": "model_not_found"}})
BUSY = make_response(503, "")
DENIED = make_response(401, {"error": {"message": "Invalid API Key"}})
BAD = make_response(400, {"error": {"message": "no"}})
SPENT = make_response(400, {"error": {"message": "no", "code": "spend_limit_reached"}})
FLEX = make_response(498, "")
MOVED = make_response(302, "", location="https://portal.test/login")
NOWHERE = make_response(404, "<html>Not Found</html>")
SILENT = NoResponse(NoResponseReason.TIMEOUT, "nothing", sent=True, seconds=1)
HELLO = make_response()
TOO_LARGE = make_response(413, {"error": {"message": "Request too large (TPM): Limit 2000, Requested 3000, please"}})
JSON = {"response_format": {"type": "json_object"}}


def completion_with(content, reason="stop"):
    return make_response(body={**REPLY, "choices": [{"message": {"content": content}, "finish_reason": reason}]})


IN_JSON = completion_with("{}")


def rate_limited(wait):
    return make_response(429, {"error": {"message": f"Please try again in {wait}."}})
