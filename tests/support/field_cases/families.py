"""All cases by family, and those that do not come out yet as they must."""

from collections.abc import Mapping
from dataclasses import dataclass

from support.field_cases import (
    account_errors,
    content_lists,
    embedded_errors,
    empty_answers,
    files,
    generated_json,
    generations,
    guests,
    limits,
    streams,
    too_long,
    transport,
)
from support.field_cases.case import Case


@dataclass(frozen=True, slots=True)
class Family:
    """A family of cases."""

    title: str
    cases: tuple[Case, ...]


FAMILIES = (
    Family("JSON that was cut off, or never was JSON", generated_json.CASES),
    Family("Streams", streams.CASES),
    Family("A failure inside a response with status 200", embedded_errors.CASES),
    Family("Answers without content", empty_answers.CASES),
    Family("The model's slips", generations.CASES),
    Family("Content as a list", content_lists.CASES),
    Family("Whose fault it is: account, money, key", account_errors.CASES),
    Family("Too long, in the words of other servers", too_long.CASES),
    Family("Limits and waits", limits.CASES),
    Family("Files", files.CASES),
    Family("Transport, gateways and proxies", transport.CASES),
    Family("Other servers", guests.CASES),
)
CASES: Mapping[str, Case] = {case.id: case for family in FAMILIES for case in family.cases}
