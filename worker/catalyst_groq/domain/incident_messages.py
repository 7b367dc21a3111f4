"""The message of an incident: within what the engine stores, and with a link to the documentation. Pure."""

from dataclasses import dataclass, replace

from catalyst_groq.common.texts import end_sentence
from catalyst_groq.domain.outcomes import ERRORS_PAGE, Failure

MAX_MESSAGE_CHARS = 666
"""What the engine stores of an incident's message."""

REFUSED_REPORT_PAGE = f"{ERRORS_PAGE}#a-report-that-the-engine-refuses"
DEPLOY_AND_MIGRATE = "Deploy the corrected diagram, migrate this instance to it, then raise its retries."
IF_IN_DIAGRAM = "If you correct the diagram: deploy it, migrate this instance to it, then raise its retries."
"""How a task goes on whose diagram is, or may be, at fault: an instance stays on its version of the process."""


def add_sentence(message: str, sentence: str) -> str:
    """Append a sentence to the message of an incident, which is shortened so that the engine stores both."""
    if not sentence:
        return message
    message = end_sentence(message)
    room = MAX_MESSAGE_CHARS - len(sentence) - 1
    return f"{message if len(message) <= room else f'{message[: room - 1]}…'} {sentence}"


def add_instance_remedy(failure: Failure, sentence: str) -> Failure:
    """Append the sentence that says what to do in the running instance."""
    problem, message = failure.problem or failure.message, add_sentence(failure.message, sentence)
    return replace(failure, message=message, problem=problem, instance_remedy=sentence)


@dataclass(frozen=True, slots=True)
class HelpLinks:
    """Adds links to incidents. `base_url` is that of the documentation, without a final slash; no links if empty."""

    base_url: str = ""

    def message_of(self, failure: Failure) -> str:
        """Return the message to report. A failure that is retried is no incident, so it has no link."""
        if failure.retries or not self.base_url:
            return failure.message
        return add_sentence(failure.message, f"See {self.base_url}/{failure.page}")
