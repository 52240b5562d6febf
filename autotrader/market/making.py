"""What every reader needs to make quotes of rows."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from autotrader.market.layout import Layout
from autotrader.market.rows import BadRows, TapeCounts

__all__ = ["QuoteMaking"]


class QuoteMaking(msgspec.Struct, frozen=True):
    """``size`` is shown where the tape names none, ``spread`` lies round bars of one price; bars last ``bar_ns``."""

    venue: str
    symbol: str
    layout: Layout
    time_of: Callable[[str], int]
    bad: BadRows
    counts: TapeCounts
    tick: Decimal
    size: Decimal
    spread: Decimal
    bar_ns: int
