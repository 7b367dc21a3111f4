"""A sum of money that must not be exceeded."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

SHOWN_DECIMALS = 9
"""Decimals of USD in a message: the shortest answer costs a few millionths."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit on what may be spent, in USD."""

    account: str
    """The account in the ledger that spending is booked to."""
    limit: Decimal
    description: str
    """The scope and its setting, for messages."""
    day: date | None = None
    """The day (UTC) that it is for; None for all time."""

    def exceeded_message(self, spent: Decimal) -> str | None:
        """Return a message with the figures when nothing is left; None while something is."""
        if spent < self.limit:
            return None
        figures = f"{format_usd(spent)} of {format_usd(self.limit)} USD for {self.description}"
        return f"{figures}, until {self.day + timedelta(days=1)} 00:00 UTC" if self.day else figures


def format_usd(amount: Decimal) -> str:
    """Return an amount without zeros at its end."""
    return f"{amount:.{SHOWN_DECIMALS}f}".rstrip("0").rstrip(".")
