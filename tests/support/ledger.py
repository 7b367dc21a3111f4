"""Amounts of the ledger's tests."""

from decimal import Decimal

CENT = Decimal("0.01")
