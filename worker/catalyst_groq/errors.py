"""Every error that the worker raises on purpose, grouped by the reader of the message.

    CatalystError
    ├── SettingsError           the operator, at the start: exit code 2
    ├── SandboxError            the user of the sandbox: exit code 1
    ├── FieldError              the modeller: a failure with retries=0 that names the field and the remedy
    │   ├── UnreadableFile      the process: a BPMN error if the error mapping has `unreadable_file`
    │   └── MissingKey          the operator: a BPMN error if the error mapping has `missing_api_key`
    ├── FileError               the modeller: a failure that names the File and the reason, with the task's own retries
    │                           if another attempt may read it
    ├── DefinitionError         the modeller: a failure with retries=0 that says why the process cannot be read
    ├── ResultRefused           the modeller: a failure with retries=0 that says why a result cannot be collected
    ├── JournalError            the operator, in the log; the modeller, where the journal is required
    │   ├── JournalUnavailable  the operator, of a command: exit code 3
    │   └── UnreadableEntry     the operator, in an incident of its task where the journal is required
    └── EngineError             the operator, in the log, and the part that called the engine
        ├── EngineUnreachable   no response: retried with backoff
        │   └── EngineResponseTooLarge  a response that is not read: data of a process, or no engine
        ├── CallerHidden        the worker may not see the process that called a process
        └── EngineRefused       an error response
            ├── EngineConflict  optimistic locking, a deadlock: retried at once
            ├── ValueTooLong    a database column is too short: written once more in another form
            ├── TaskSuspended   the process instance is suspended: left until it is activated
            └── TaskLost        the task is gone or locked by another worker: dropped

A response of Groq is never an exception: it is a value (`catalyst_groq.groq.api.responses`).
"""

MAX_PROBLEM_CHARS = 370
"""Characters of a problem in a message: the engine keeps 666 in all, and the remedy must fit in too."""


class CatalystError(Exception):
    """Base class of the errors that the worker raises on purpose; the message is made for users."""


class SettingsError(CatalystError):
    """Settings are wrong or missing; the message lists all of them."""


class SandboxError(CatalystError):
    """The engine, the emulator or the demo failed; the message names the remedy."""


class FieldError(CatalystError):
    """A field of the task is wrong; only the modeller, or the process that fills its variables, can fix it.

    The message is *field: problem. fix*, with `problem` shortened to `MAX_PROBLEM_CHARS`. `missing_variable` is the
    process variable that does not exist, if that is what is wrong.
    """

    def __init__(self, field: str, problem: str, fix: str, *, missing_variable: str = "") -> None:
        super().__init__(_format_problem(field, problem, fix))
        self.field = field
        self.problem = problem
        self.fix = fix
        self.missing_variable = missing_variable


class UnreadableFile(FieldError):  # noqa: N818 -- named after the state
    """The content of a File variable cannot be used: another content can. `variables` are the names of the Files."""

    def __init__(self, field: str, problem: str, fix: str, *variables: str) -> None:
        super().__init__(field, problem, fix)
        self.variables = variables


class MissingKey(FieldError):  # noqa: N818 -- named after the state
    """The key that the fields of a task stand for is missing, or cannot be read or sent."""


def _format_problem(field: str, problem: str, fix: str) -> str:
    shown = problem if len(problem) <= MAX_PROBLEM_CHARS else problem[:MAX_PROBLEM_CHARS] + "…"
    return f"{field}: {shown}. {fix}"


class FileError(CatalystError):
    """The engine does not give the content of the File `variable`. `may_pass`: another attempt may get it."""

    def __init__(self, variable: str, reason: str, *, may_pass: bool) -> None:
        super().__init__(f"The File '{variable}' cannot be read: {reason}")
        self.variable = variable
        self.may_pass = may_pass


class DefinitionError(CatalystError):
    """The deployed BPMN of a process cannot be read. `reason` continues a sentence about it."""

    def __init__(self, process_definition_id: str, reason: str) -> None:
        super().__init__(f"The BPMN of the process definition {process_definition_id} {reason}")


class ResultRefused(CatalystError):  # noqa: N818 -- named as `EngineRefused`
    """The result of an item cannot be added to those of the other items of its multi-instance."""


class JournalError(CatalystError):
    """The journal cannot be read or written."""


class JournalUnavailable(JournalError):  # noqa: N818 -- named after the state
    """A command cannot read the journal at all."""


class UnreadableEntry(JournalError):  # noqa: N818 -- named after the state
    """A stored response cannot be read; `remedy` is what an operator can do to read it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")
        self.problem = problem
        self.remedy = remedy


class EngineError(CatalystError):
    """A request to the engine failed."""


class EngineUnreachable(EngineError):  # noqa: N818 -- named after the state
    """The engine did not respond, or responded that it is not running."""


class EngineResponseTooLarge(EngineUnreachable):
    """A response is larger than the worker reads. The message names the engine and the bound.

    Where it holds data of a process (variables, a File, a diagram), sending the request again does not help.
    """


class CallerHidden(EngineError):  # noqa: N818 -- named after the state
    """A process was called by another one that the worker's user may not read."""


class EngineRefused(EngineError):  # noqa: N818 -- named after the state
    """The engine responded with an error. `status` is the HTTP status, `kind` the engine's exception class."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(f"{status} {kind}: {message}" if kind else f"{status}: {message}")
        self.status = status
        self.kind = kind
        self.message = message


class EngineConflict(EngineRefused):
    """The transaction lost against another one, as when parallel branches join at the same moment.

    Optimistic locking in the engine failed, or the database ended a deadlock.
    """


class ValueTooLong(EngineRefused):
    """A text is too long for the engine's database: the worker's, or one that a next step of the process wrote."""


class TaskLost(EngineRefused):
    """The task is gone (its process was cancelled or moved on) or another worker has locked it."""


class TaskSuspended(EngineRefused):
    """The process instance of the task is suspended: the engine takes no report until it is activated."""
