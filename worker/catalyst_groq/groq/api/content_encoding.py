"""Content encodings of responses: what nobody has decoded, and what is unreadable although it was decoded. Pure."""

from catalyst_groq.common.json_codec import is_json
from catalyst_groq.groq.api.responses import Response

DECODED = {"br", "deflate", "gzip", "zstd"}
"""aiohttp decodes these, whether the request has asked for them or not."""

UNENCODED = {"", "identity"}


def find_encoding_problem(response: Response) -> str | None:
    """Return why a body that has arrived cannot be read; None when it can.

    JSON can be read whatever its header says: some servers name a character set there.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in UNENCODED or not response.content or is_json(response.content):
        return None
    if encoding not in DECODED:
        return f"the response has the content-encoding '{encoding}', which the worker does not read"
    if response.is_success and "json" in response.headers.get("content-type", ""):
        return f"the response is not JSON after its content-encoding '{encoding}' was decoded"
    return None
