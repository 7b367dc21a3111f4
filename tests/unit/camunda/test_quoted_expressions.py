"""Messages of the engine without the texts that its own expressions search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.camunda.quoted_expressions import remove_searched_texts

BEGINNING = "Unknown property used in expression: "


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Nothing is quoted", "Nothing is quoted"),
        ("It's locked by worker 'null'.", "It's locked by worker 'null'."),
        ("${obstacle}. Cause: Cannot resolve 'obstacle'", "${obstacle}. Cause: Cannot resolve 'obstacle'"),
        ("${a.contains('RATE_LIMITED')}. Cause: no a", "${a.contains('…')}. Cause: no a"),
        ('#{a.matches("x\\"RATE") || b == \'BUSY\'}', "#{a.matches('…') || b == '…'}"),
        ("${a['RATE'].b}. Cause: base 'a['RATE']' is null", "${a['…'].b}. Cause: base 'a['…']' is null"),
        ("${a == {'k': 'RATE'}} and ${b == 'BUSY'}", "${a == {'…': '…'}} and ${b == '…'}"),
        ("${a.contains('RATE'", "${a.contains('…'"),
        ("${a.contains('a')} is a mistake", "${a.contains('…')} is a mistake"),
    ],
)
def test_message_keeps_the_expression_without_its_texts(message, shown):
    assert remove_searched_texts(BEGINNING + message) == BEGINNING + shown


@given(st.text(alphabet="RATEx.{}$'", min_size=4), st.text())
def test_message_never_contains_what_its_expression_searches(searched, rest):
    if "'" in searched or "\\" in searched or searched in rest or searched in BEGINNING:
        return
    shown = remove_searched_texts(f"{BEGINNING}${{m.contains('{searched}')}}")
    assert searched not in shown
