"""The examples that the demo can run: with what each is started, and what a person would enter in its user tasks."""

import base64
import io
import math
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalyst_groq.common.bundled_files import EXAMPLES as FOLDER
from catalyst_groq.common.bundled_files import find_folder
from catalyst_groq.domain.variables import Encoder, TypedValueDto

Variables = Mapping[str, TypedValueDto]

RECORDING_SECONDS = 3
RECORDING_RATE_HERTZ = 8000
TONE_HERTZ = 440
INVOICE = "Invoice 4711\nLamp Ltd\nOne lamp: 40.00 EUR\nTotal: 40.00 EUR\n"
TEXTS = ["Guten Morgen.", "Wo ist der Bahnhof?"]
DOCUMENTS = [
    "The heating in flat 7 has been cold since Tuesday. Please send somebody before the weekend.",
    "Thank you for the quick repair. The invoice of 120 EUR is paid.",
    "We move out on 30 June and would like to hand over the keys on the same day.",
]


@dataclass(frozen=True, slots=True)
class Example:
    """One example process."""

    key: str
    """The id of the process, and the beginning of the names of its files."""
    question: str = ""
    """What is asked if the user does not choose; empty for an example that asks nothing."""
    question_task: str = ""
    """The user task that takes the question; empty if the instance is started with it."""
    question_variable: str = "userMessage"
    start: Variables = field(default_factory=dict)
    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By the id of a user task what a person would enter there."""
    emulated: Sequence[Mapping[str, Any]] = ()
    """What the emulator answers, one rule after the other, where its own answers would not show the example."""

    def files(self) -> list[Path]:
        """Return the diagram and the forms."""
        folder = find_folder(FOLDER)
        return sorted(
            path for path in folder.iterdir() if path.stem == self.key or path.stem.startswith(f"{self.key}-")
        )

    def start_variables(self, question: str) -> Variables:
        """Return the variables that an instance is started with."""
        asked = {self.question_variable: question} if question and not self.question_task else {}
        return {**self.start, **Encoder().encode_all(asked)}

    def entries_of(self, user_task: str, question: str) -> Mapping[str, Any]:
        """Return what is entered in a user task."""
        return (
            {self.question_variable: question} if user_task == self.question_task else self.entries.get(user_task, {})
        )


CHAT_EXAMPLE = Example("groq-example", "Why is the sky blue? Answer in one sentence.", question_task="Configure")


def _make_file(content: bytes, filename: str, mimetype: str) -> TypedValueDto:
    """Return a File variable as the REST API takes it."""
    value = base64.b64encode(content).decode()
    return {"type": "File", "value": value, "valueInfo": {"filename": filename, "mimeType": mimetype}}


def _make_recording() -> TypedValueDto:
    """Return a File variable with a tone: no speech, so the emulator makes up the words, and Groq may find none."""
    written = io.BytesIO()
    with wave.open(written, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(1)
        wav.setframerate(RECORDING_RATE_HERTZ)
        wav.writeframes(
            bytes(
                round(128 + 60 * math.sin(2 * math.pi * TONE_HERTZ * number / RECORDING_RATE_HERTZ))
                for number in range(RECORDING_RATE_HERTZ * RECORDING_SECONDS)
            )
        )
    return _make_file(written.getvalue(), "voicemail.wav", "audio/wav")


def list_examples() -> dict[str, Example]:
    """Return the examples by their names, the default first."""
    documents = Encoder().encode_all({"documents": DOCUMENTS})
    examples = [
        CHAT_EXAMPLE,
        Example(
            "groq-tools-example",
            "Where is order 4711?",
            entries={"LookUpOrder": {"toolResult": "The parcel of order 4711 has been in Bremen since this morning."}},
            emulated=[
                {"tool_calls": [{"name": "look_up_order", "arguments": {"order": "4711"}}]},
                {"answer": "Order 4711 is in Bremen, since this morning."},
            ],
        ),
        Example(
            "groq-classify-example",
            "My invoice 4711 is wrong.",
            question_variable="message",
            emulated=[{"answer": {"department": "billing", "urgent": True}}],
        ),
        Example(
            "groq-extract-example",
            start={"invoice": _make_file(INVOICE.encode(), "invoice.txt", "text/plain")},
            emulated=[{"answer": {"number": "4711", "supplier": "Lamp Ltd", "total": 40, "currency": "EUR"}}],
        ),
        Example("groq-approval-example", "Where is my order 4711?", entries={"Approve": {"approved": True}}),
        Example("groq-translate-example", start=Encoder().encode_all({"texts": TEXTS, "language": "English"})),
        Example("groq-batch-example", start=documents),
        Example("groq-batch-review-example", start=documents),
        Example("groq-transcribe-example", start={"recording": _make_recording()}),
    ]
    return {example.key: example for example in examples}
