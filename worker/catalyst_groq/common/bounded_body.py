"""Reads HTTP bodies of bounded size, so that no server can fill the worker's memory."""

from aiohttp import ClientResponse


class BodyTooLarge(Exception):  # noqa: N818 -- named after the state
    """A body is larger than allowed. The message names the server and the bound; the rest of the body is not read."""

    def __init__(self, response: ClientResponse, max_bytes: int) -> None:
        super().__init__(f"the response of {response.url.origin()} is larger than {max_bytes:,} bytes")


async def read_body(response: ClientResponse, max_bytes: int) -> bytes:
    """Return the body, decompressed. Raises `BodyTooLarge`."""
    body = bytearray()
    while chunk := await read_chunk(response, max_bytes, len(body)):
        body += chunk
    return bytes(body)


async def read_chunk(response: ClientResponse, max_bytes: int, size: int) -> bytes:
    """Return what arrives after the first `size` bytes, `b""` at the end. Raises `BodyTooLarge`.

    aiohttp decompresses no more than it was asked for, so a chunk is small even if the body unpacks to gigabytes.
    """
    if not size and (response.content_length or 0) > max_bytes:
        raise BodyTooLarge(response, max_bytes)
    chunk = await response.content.readany()
    if size + len(chunk) > max_bytes:
        raise BodyTooLarge(response, max_bytes)
    return chunk
