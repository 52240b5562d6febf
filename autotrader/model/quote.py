"""Top of book."""

from __future__ import annotations

from decimal import Decimal

import msgspec

__all__ = ["Quote"]


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask of one symbol with the sizes shown there; ``ts_ns`` is engine time at receipt."""

    venue: str
    symbol: str
    bid: Decimal
    ask: Decimal
    bid_size: Decimal
    ask_size: Decimal
    ts_ns: int

    @property
    def mid(self) -> Decimal:
        """Return the middle of bid and ask."""
        return (self.bid + self.ask) / 2

    @property
    def is_crossed(self) -> bool:
        """Say whether the quote cannot be true: bid at or above ask, or a price that is not positive."""
        return self.bid >= self.ask or self.bid <= 0
