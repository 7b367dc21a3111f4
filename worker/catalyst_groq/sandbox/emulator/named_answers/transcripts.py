"""Answers to recordings."""

from typing import Any

from catalyst_groq.sandbox.emulator.named_answers.answer import NamedAnswer, RequestKind, json_answer, same_for_all


def _entry(name: str, description: str, body: Any, status: int = 200) -> NamedAnswer:
    answer = json_answer(body, status, is_from_groq=status != 200)  # noqa: PLR2004 -- OK
    return NamedAnswer(name, description, same_for_all(answer), RequestKind.AUDIO)


def _refused(name: str, description: str, message: str) -> NamedAnswer:
    return _entry(name, f"Groq: {description}", {"error": {"message": message, "type": "invalid_request_error"}}, 400)


TRANSCRIPTS = (
    _refused(
        "unreadable_recording", "it cannot read the recording", "could not process file - is it a valid media file?"
    ),
    _refused(
        "recording_too_short",
        "the recording is too short",
        "Audio file is too short. Minimum audio length is 0.01 seconds.",
    ),
    _entry("transcript_null", "a transcript that is null", {"text": None, "duration": 2.5}),
    _entry("transcript_only", "a text without the duration and segments that were requested", {"text": "Hello."}),
)
