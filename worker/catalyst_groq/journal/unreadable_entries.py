"""Entries that cannot be read: they are kept beside the others, and read again when their task is processed again."""

import logging

from catalyst_groq.errors import UnreadableEntry
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import JournalKey, decode_response
from catalyst_groq.journal.encryption import Cipher

log = logging.getLogger(__name__)


def read_response(cipher: Cipher, key: JournalKey, entry: bytes | None, set_aside: bytes | None) -> Response | None:
    """Return the response of an entry; without one, that of an entry that was set aside and can be read now.

    Raises `UnreadableEntry` when `entry` cannot be read.
    """
    if entry:
        return decode_response(cipher.decrypt(entry))
    if not set_aside:
        return None
    try:
        response = decode_response(cipher.decrypt(set_aside))
    except UnreadableEntry as error:
        log.warning("Task %s: its stored response still cannot be read, Groq is asked again: %s", key.task_id, error)
        return None
    log.info("Task %s: its stored response can be read again", key.task_id)
    return response
