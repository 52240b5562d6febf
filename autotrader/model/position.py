"""A position in one symbol."""

from __future__ import annotations

from decimal import Decimal

import msgspec

__all__ = ["Position"]


class Position(msgspec.Struct, frozen=True, gc=False):
    """What is held in one symbol.

    ``quantity`` is signed and net of fees taken in the base asset; ``realized_pnl`` is at average cost, before fees, in
    ``currency`` (the quote currency); ``unrealized_pnl`` at the last mid, None without one.
    """

    venue: str
    account: str
    symbol: str
    quantity: Decimal
    average_price: Decimal | None
    realized_pnl: Decimal
    unrealized_pnl: Decimal | None
    currency: str
