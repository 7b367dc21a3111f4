"""A disk on which the journal finds no room, and a task whose response needs it."""

FULL_DISK = {"MAX_FILE_BYTES": str(64 * 1024), "PYTHONDONTWRITEBYTECODE": "1"}
"""Bytes that the worker may write to one file: enough for its log, too few for a long response in the journal.

Python 3.11 would cut off the bytecode files of modules at that size, for every later process.
"""

LONG_ANSWER = {"answer": "A long answer. " * 10_000}
LONG_PAYLOAD = {
    "catalyst_payload": '{"max_tokens": 60000, "messages": [{"role": "user", "content": "${userMessage}"}]}'
}
