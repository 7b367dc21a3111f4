"""All planted mistakes, by families."""

from typing import NamedTuple

from support.planted_mistakes.diagrams import DIAGRAMS
from support.planted_mistakes.fields import FIELDS
from support.planted_mistakes.mappings import MAPPINGS
from support.planted_mistakes.mistake import Mistake
from support.planted_mistakes.models import MODELS
from support.planted_mistakes.requests import REQUESTS


class Family(NamedTuple):
    """Mistakes of one kind."""

    title: str
    mistakes: list[Mistake]


FAMILIES = (
    Family("Fields that the worker refuses", FIELDS),
    Family("Requests that Groq refuses", REQUESTS),
    Family("Names, mappings and placeholders", MAPPINGS),
    Family("Models", MODELS),
    Family("The diagram around the task", DIAGRAMS),
)
MISTAKES = {mistake.name: mistake for family in FAMILIES for mistake in family.mistakes}
