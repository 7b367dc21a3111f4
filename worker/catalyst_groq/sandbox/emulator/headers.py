"""The headers of every response of Groq and of Cloudflare before it."""

from collections.abc import Mapping

_COMMON_HEADERS = {
    "cache-control": "private, max-age=0, no-store, no-cache, must-revalidate",
    "server": "cloudflare",
    "vary": "Origin",
    "via": "1.1 google",
    "x-groq-region": "emulator",
    "set-cookie": "__cf_bm=emulator; path=/; HttpOnly",
}


def response_headers(request_id: str, more: Mapping[str, str]) -> dict[str, str]:
    """Return the common headers and those of this response, which take precedence."""
    ray = request_id.removeprefix("req_")[:16]
    return {**_COMMON_HEADERS, "cf-ray": f"{ray}-EMU", "x-request-id": request_id, **more}
