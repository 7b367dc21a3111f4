"""Collect: the result of each item of a multi-instance goes into one variable. Pure; the reporter adds it there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from catalyst_groq.connector.fields.mappings import check_name
from catalyst_groq.connector.fields.names import COLLECT, COLLECT_ERRORS, COLLECT_KEY, LOOP_COUNTER
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.domain.extension_elements import FIELD_PREFIX
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.multi_instances import MultiInstance
from catalyst_groq.domain.outcomes import BpmnError, CollectedResult, Completion, Failure, Outcome
from catalyst_groq.domain.variables import TypedValue
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind
from catalyst_groq.groq.routing.call_result import CallResult

COLLECT_FIELDS = (COLLECT, COLLECT_KEY, COLLECT_ERRORS)
BOOLEANS = {"true": True, "false": False}
NOT_IN_NAMES = set("[](){}.$#\"'`")
"""Characters of expressions: a name with one is probably none."""

ERRORS_OF_ALL_ITEMS = (
    *(kind for kind in ERROR_KINDS if kind.pauses_account),
    ErrorKind.FORBIDDEN,
    ErrorKind.NOT_IN_PLAN,
    ErrorKind.MODEL_FORBIDDEN,
    ErrorKind.BUDGET,
    ErrorKind.WRONG_URL,
    ErrorKind.REDIRECTED,
    ErrorKind.MODEL_NOT_FOUND,
    ErrorKind.MISSING_API_KEY,
)
"""Errors that are not collected: they have nothing to do with one item, and every other item would get them too."""


@dataclass(frozen=True, slots=True)
class Collecting:
    """Where the result of one task is collected."""

    variable: str
    key: str
    with_errors: bool
    """Whether errors are collected too, instead of stopping the item."""
    multi_instance: str
    item: str
    caught: frozenset[str | None]
    """The error codes that an event inside the item catches."""
    is_item: bool
    """Whether the task itself is the item, so that its variables end with it."""

    @classmethod
    def from_fields(cls, fields: RawFields, task: ExternalTask, definition: Definition) -> "Collecting | None":
        """Check the fields; None when nothing is collected. Raises `FieldError`."""
        variable = fields.text(COLLECT)
        if not variable:
            return None
        _check_variable(variable)
        loops = definition.multi_instances.get(task.activity_id)
        if not loops:
            problem = f"the task '{task.activity_id}' is not in a multi-instance, so there are no items to collect"
            fix = "Make the task, or a subprocess around it, a multi-instance; in a called process it has to be there"
            raise FieldError(COLLECT, problem, fix)
        shared, key = _find_shared_loop(loops, variable), fields.text(COLLECT_KEY)
        is_nested = shared is not loops[0]
        if not key:
            key = _default_key(task, loops[0], shared)
        return cls(
            variable=variable,
            key=key,
            with_errors=BOOLEANS[fields.one_of(COLLECT_ERRORS, tuple(BOOLEANS))],
            multi_instance=shared.activity_id,
            item=task.activity_instance_id if is_nested else str(task.variables.get(LOOP_COUNTER)),
            caught=loops[0].caught,
            is_item=loops[0].activity_id == task.activity_id,
        )

    def check_request(self, request: TaskRequest) -> None:
        """Check that the response mapping does not set the same variable. Raises `FieldError`."""
        if self.variable in request.response_mapping.expressions:
            problem = f"'{self.variable}' is also a name in the Response Mapping"
            raise FieldError(COLLECT, problem, "Choose another name: the mapped variables are collected in it")

    def collect(self, outcome: Outcome, request: TaskRequest, result: CallResult) -> Outcome:
        """Return the outcome of a call with its result, or its error, to be collected."""
        match outcome:
            case Completion(variables):
                mapped = [name for name in request.response_mapping.expressions if name in variables]
                value = {name: _to_plain(variables[name]) for name in mapped}
                local = {name for name in variables if name.startswith(FIELD_PREFIX)}.union(mapped)
                return replace(
                    outcome, collected=self._collected(value), local=frozenset(local) if self.is_item else frozenset()
                )
            case BpmnError() | Failure() if result.error and result.error.kind in ERRORS_OF_ALL_ITEMS:
                return outcome
            case BpmnError(code, message) if outcome.code in self.caught or None in self.caught:
                return replace(outcome, collected=self._error(message, code, result)) if self.with_errors else outcome
            case BpmnError(code, message):
                return self._instead_of(outcome, self._error(message, code, result))
            case Failure(retries=0):
                return self._instead_of(outcome, self._error(_problem_of(outcome), None, result))
            case _:
                return outcome

    def collect_failure(self, failure: Failure) -> Outcome:
        """Return the outcome of an item whose request could not be built from its data. The engine retries first."""
        error = self._error(_problem_of(failure), None, None)
        return failure if failure.retries else self._instead_of(failure, error)

    def _instead_of(self, outcome: BpmnError | Failure, collected: CollectedResult) -> Outcome:
        """Return the completion that collects an error, if errors are collected."""
        if not self.with_errors:
            return outcome
        error = outcome.variables.get("catalyst_error") or collected.error
        standard = {"catalyst_success": False, "catalyst_error": error}
        variables = {**outcome.variables, **standard}
        return Completion(variables, collected=collected, local=frozenset(variables) if self.is_item else frozenset())

    def _error(self, message: str, code: str | None, result: CallResult | None) -> CollectedResult:
        status = result.error.status if result and result.error else None
        return self._collected({"error": {"message": message, "code": code, "status": status}}, message)

    def _collected(self, value: Mapping[str, Any], error: str = "") -> CollectedResult:
        return CollectedResult(self.variable, self.key, value, self.multi_instance, self.item, error)


def _problem_of(failure: Failure) -> str:
    """Return what a collected error says: no incident follows, so nothing that ends one."""
    return failure.problem or failure.message


def _check_variable(name: str) -> None:
    check_name(COLLECT, name)
    if NOT_IN_NAMES.intersection(name) or name != "".join(name.split()):
        problem = f"'{name}' is not the name of a process variable"
        raise FieldError(COLLECT, problem, f"Write for example results; the key goes into {COLLECT_KEY}")


def _find_shared_loop(loops: tuple[MultiInstance, ...], variable: str) -> MultiInstance:
    """Return the outermost loop whose items share the variable: an item of the next one has a variable of its own."""
    shared = loops[0]
    for outer in loops[1:]:
        if variable in outer.item_variables:
            break
        shared = outer
    return shared


def _default_key(task: ExternalTask, inner: MultiInstance, shared: MultiInstance) -> str:
    if shared is not inner:
        problem = f"'{LOOP_COUNTER}' of '{inner.activity_id}' begins anew in each item of '{shared.activity_id}'"
        fix = (
            "Write a key that no other item has, or give the subprocess an input parameter with the name in Collect In"
        )
        raise FieldError(COLLECT_KEY, problem, fix)
    if (number := task.variables.get(LOOP_COUNTER)) is None:
        raise FieldError(COLLECT_KEY, f"the task does not see '{LOOP_COUNTER}'", "Write a key that no other item has")
    return str(number)


def _to_plain(value: Any) -> Any:
    return value.value if isinstance(value, TypedValue) else value
