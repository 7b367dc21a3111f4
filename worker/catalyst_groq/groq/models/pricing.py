"""The price of responses, in USD. Pure."""

from decimal import Decimal

from catalyst_groq.groq.api.operations import Operation
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import ModelCatalog, Price


def cost_usd(response: Response | NoResponse, operation: Operation, catalog: ModelCatalog) -> Decimal | None:
    """Return the price of a response; None when the price, or what was consumed, is unknown."""
    if not isinstance(response, Response) or not response.ok:
        return None
    model = catalog.get(str(response.body.get("model")))
    consumed = operation.consumption(response) if model else None
    if model is None or consumed is None:
        return None
    total = Decimal()
    for unit, quantity in consumed.items():
        if (price := _price_of(unit, model.price)) is None:
            return None
        total += quantity * price
    return total


def _price_of(unit: str, price: Price) -> Decimal | None:
    """Return the price of a unit. Cached tokens cost what others do, unless the catalog has a price for them."""
    found: Decimal | None = getattr(price, unit, None)
    return price.input if found is None and unit == "cached_input" else found
