"""The cost of responses, in USD."""

import logging
from decimal import Decimal

from catalyst_groq.groq.api.operations import Consumption, Operation
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import ModelCatalog, Price

log = logging.getLogger(__name__)


def cost_usd(response: Response | NoResponse, operation: Operation, catalog: ModelCatalog) -> Decimal | None:
    """Return the cost of a response; None when the price or the consumption is unknown."""
    if not isinstance(response, Response) or not response.ok:
        return None
    model = catalog.find(str(response.body.get("model")))
    if model is None or (consumed := _consumption(response, operation)) is None:
        return None
    total = Decimal()
    for unit, quantity in consumed.items():
        if (unit_price := _unit_price(unit, model.price)) is None:
            return None
        total += quantity * unit_price
    return total


def _consumption(response: Response, operation: Operation) -> Consumption | None:
    try:
        return operation.consumption(response)
    except Exception:
        # No error of the accounting may lose a response that was paid for.
        log.exception("The consumption of a response of %s is unknown: internal error", operation.path)
        return None


def _unit_price(unit: str, price: Price) -> Decimal | None:
    """Return the price of a unit. Cached tokens without a price of their own cost as much as other input tokens."""
    unit_price: Decimal | None = getattr(price, unit, None)
    return price.input if unit_price is None and unit == "cached_input" else unit_price
