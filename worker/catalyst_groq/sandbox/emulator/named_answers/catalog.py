"""All answers by name."""

from collections.abc import Mapping

from catalyst_groq.common.texts import closest
from catalyst_groq.sandbox.emulator.named_answers.answer import NamedAnswer
from catalyst_groq.sandbox.emulator.named_answers.completions import COMPLETIONS
from catalyst_groq.sandbox.emulator.named_answers.groq_errors import GROQ_ERRORS
from catalyst_groq.sandbox.emulator.named_answers.server_errors import ERRORS
from catalyst_groq.sandbox.emulator.named_answers.streams import STREAMS
from catalyst_groq.sandbox.emulator.named_answers.transcripts import TRANSCRIPTS
from catalyst_groq.sandbox.emulator.named_answers.transport import TRANSPORT

NAMED_ANSWERS: Mapping[str, NamedAnswer] = {
    answer.name: answer for answer in (*COMPLETIONS, *STREAMS, *GROQ_ERRORS, *ERRORS, *TRANSCRIPTS, *TRANSPORT)
}


def find_answer(name: str) -> NamedAnswer:
    """Return the answer of this name. Raises `ValueError` with the name that may be meant."""
    if name in NAMED_ANSWERS:
        return NAMED_ANSWERS[name]
    near = closest(name.replace("-", "_").replace(" ", "_"), NAMED_ANSWERS)
    remedy = f"Did you mean {near}?" if near else f"Write one of {', '.join(NAMED_ANSWERS)}"
    raise ValueError(f"there is no script {name!r}. {remedy}")
