"""Everything that can go wrong, by who is told.

    CatalystError
    ├── SettingsError           the operator, at the start: exit code 2
    ├── SandboxError            whoever runs the sandbox on a laptop: exit code 1
    ├── FieldError              the modeller: a failure with retries=0 that names the field and the mend
    ├── JournalError            the operator, in the log; the engine, where the journal is required
    └── EngineError             the log, and the part that called the engine
        ├── EngineUnreachable   no answer: asked again with backoff
        └── EngineRefused       an answer that says no
            ├── EngineConflict  two steps of one process met: asked again at once
            ├── ValueTooLong    a column of the database is too short: written once in another way
            └── TaskLost        the task is gone or another worker's: dropped

What Groq says is never an exception: an answer is a value (`catalyst_groq.groq.api.responses`).
"""

MAX_PROBLEM_CHARS = 450
"""Characters of a problem that a message holds: the engine keeps 666 in all, and the mend must fit in too."""


class CatalystError(Exception):
    """Anything this worker reports on purpose."""


class SettingsError(CatalystError):
    """Settings are wrong or missing; the message lists all of them."""


class SandboxError(CatalystError):
    """The engine, the emulator or the demo could not do what was asked; the message says the mend."""


class FieldError(CatalystError):
    """A field of the task is wrong; only the modeller (or whoever fills the variables) can mend it."""

    def __init__(self, field: str, problem: str, fix: str) -> None:
        shown = problem if len(problem) <= MAX_PROBLEM_CHARS else problem[:MAX_PROBLEM_CHARS] + "…"
        super().__init__(f"{field}: {shown}. {fix}")
        self.field = field


class JournalError(CatalystError):
    """Answers cannot be kept or recalled."""


class EngineError(CatalystError):
    """The engine could not be asked, or said no."""


class EngineUnreachable(EngineError):  # noqa: N818 -- named after what is the case
    """The engine gave no answer, or one that says that it is not up."""


class EngineRefused(EngineError):  # noqa: N818 -- named after what is the case
    """The engine answered no. `status` is the HTTP status, `kind` the engine's exception class."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(f"{status} {kind}: {message}" if kind else f"{status}: {message}")
        self.status = status
        self.kind = kind
        self.message = message


class EngineConflict(EngineRefused):
    """An optimistic lock of the engine failed, as when parallel branches join at the same moment."""


class ValueTooLong(EngineRefused):
    """A text is longer than the engine's database takes: ours, or one of the next steps of the process."""


class TaskLost(EngineRefused):
    """The task is gone (its process was cancelled or went on) or another worker holds it."""
