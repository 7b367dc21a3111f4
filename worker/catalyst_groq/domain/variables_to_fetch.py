"""The process variables that a fetch asks for: learnt from the tasks themselves."""

from collections.abc import Iterable


class VariablesToFetch:
    """What is known of the variables that tasks use; until something is, every variable is fetched.

    The engine takes one list of names for all tasks of a topic, so it is the union of what all of them use.
    """

    def __init__(self) -> None:
        self._names: frozenset[str] | None = None
        self._all = False

    @property
    def names(self) -> frozenset[str] | None:
        """The names to ask for; None for all variables."""
        return None if self._all else self._names

    def add(self, names: Iterable[str] | None) -> None:
        """Learn what one task uses; None for all variables."""
        if names is None:
            self._all = True
        elif not self._names or not self._names.issuperset(names):
            self._names = (self._names or frozenset()) | frozenset(names)
