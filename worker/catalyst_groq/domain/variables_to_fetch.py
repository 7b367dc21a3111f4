"""The process variables that a fetch requests: learnt from the tasks themselves."""

from collections.abc import Iterable


class VariablesToFetch:
    """The union of the variables that tasks use; until the first task is known, every variable is fetched.

    It is a union because the engine takes one list of names for all tasks of a topic.
    """

    def __init__(self) -> None:
        self.always: frozenset[str] = frozenset()
        """Names that are fetched for every task, beside those that tasks use."""
        self._names: frozenset[str] | None = None
        self._all = False

    @property
    def names(self) -> frozenset[str] | None:
        """The names to request; None for all variables."""
        return None if self._all else self._names

    def add(self, names: Iterable[str] | None) -> None:
        """Add the variables that one task uses; None for all variables."""
        if names is None:
            self._all = True
        elif not self._names or not self._names.issuperset(names):
            self._names = (self._names or self.always) | frozenset(names)
