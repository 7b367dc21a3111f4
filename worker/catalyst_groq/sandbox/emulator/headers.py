"""The headers that come with every answer of Groq and of the edge before it."""

from collections.abc import Mapping

_ALWAYS = {
    "cache-control": "private, max-age=0, no-store, no-cache, must-revalidate",
    "server": "cloudflare",
    "vary": "Origin",
    "via": "1.1 google",
    "x-groq-region": "emulator",
    "set-cookie": "__cf_bm=emulator; path=/; HttpOnly",
}


def response_headers(request_id: str, more: Mapping[str, str]) -> dict[str, str]:
    """Return the usual headers and those of this answer, which win."""
    ray = request_id.removeprefix("req_")[:16]
    return {**_ALWAYS, "cf-ray": f"{ray}-EMU", "x-request-id": request_id, **more}
