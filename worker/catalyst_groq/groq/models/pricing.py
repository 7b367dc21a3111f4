"""The cost of responses, in USD. Pure."""

from decimal import Decimal

from catalyst_groq.groq.api.operations import Operation
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import ModelCatalog, Price


def cost_usd(response: Response | NoResponse, operation: Operation, catalog: ModelCatalog) -> Decimal | None:
    """Return the cost of a response; None when the price or the consumption is unknown."""
    if not isinstance(response, Response) or not response.ok:
        return None
    model = catalog.get(str(response.body.get("model")))
    consumed = operation.consumption(response) if model else None
    if model is None or consumed is None:
        return None
    total = Decimal()
    for unit, quantity in consumed.items():
        if (unit_price := _unit_price(unit, model.price)) is None:
            return None
        total += quantity * unit_price
    return total


def _unit_price(unit: str, price: Price) -> Decimal | None:
    """Return the price of a unit. Cached tokens without a price of their own cost as much as other input tokens."""
    unit_price: Decimal | None = getattr(price, unit, None)
    return price.input if unit_price is None and unit == "cached_input" else unit_price
