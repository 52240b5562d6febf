"""What can be traded, and in which steps."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model.types import InstrumentKind

__all__ = ["Instrument"]


class Instrument(msgspec.Struct, frozen=True):
    """One tradable symbol of one venue; the symbol is the venue's own spelling.

    ``tick`` and ``lot`` are the price and quantity increments, ``quote`` is the currency of prices and P&L, ``base`` the
    asset a spot quantity counts (empty otherwise), ``multiplier`` the quote units one price unit of one quantity unit is
    worth. ``None`` means that the venue names no such bound.
    """

    venue: str
    symbol: str
    tick: Decimal
    lot: Decimal
    quote: str
    base: str = ""
    kind: InstrumentKind = InstrumentKind.SPOT
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    min_notional: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    tradable: bool = True
    day_volume: Decimal | None = None
    allows_short: bool = False
