"""The variables that a fetch requests for all tasks."""

from catalyst_groq.domain.variables_to_fetch import VariablesToFetch


def test_variables_to_fetch_are_all_unless_known():
    to_fetch = VariablesToFetch()
    assert to_fetch.names is None
    to_fetch.add({"a"})
    to_fetch.add({"b"})
    assert to_fetch.names == {"a", "b"}
    to_fetch.add(None)
    to_fetch.add({"c"})
    assert to_fetch.names is None
