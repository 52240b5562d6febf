"""What a pipeline's targets must pass: each adjusts the target position, or vetoes the trade with None.

They keep a strategy sensible; the engine's own limits stand behind them and cannot be switched off from here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from autotrader.model import ZERO, Snapshot, decimal_of

__all__ = ["LongOnly", "MaxPosition", "MaxSpread", "RiskRule", "SaneQuote"]


class RiskRule(Protocol):
    """Judges a target position."""

    def adjust(self, target: Decimal, symbol: str, snapshot: Snapshot, /) -> Decimal | None:
        """Return the target, a smaller one, or None for no trade now."""


class SaneQuote:
    """No trade on a crossed quote."""

    def adjust(self, target: Decimal, symbol: str, snapshot: Snapshot, /) -> Decimal | None:
        """Return the target, or None."""
        return None if snapshot.quotes[symbol].is_crossed else target


class LongOnly:
    """Never short."""

    def adjust(self, target: Decimal, _symbol: str, _snapshot: Snapshot, /) -> Decimal | None:
        """Return the target, at least zero."""
        return max(target, ZERO)


class MaxPosition:
    """At most so many units either way."""

    def __init__(self, quantity: Decimal | int | str) -> None:
        self._most = decimal_of(quantity, "quantity")

    def adjust(self, target: Decimal, _symbol: str, _snapshot: Snapshot, /) -> Decimal | None:
        """Return the target, cut."""
        return max(-self._most, min(target, self._most))


class MaxSpread:
    """No trade while the spread is wider than so many basis points of the mid."""

    def __init__(self, basis_points: Decimal | int | str) -> None:
        self._most = decimal_of(basis_points, "basis_points")

    def adjust(self, target: Decimal, symbol: str, snapshot: Snapshot, /) -> Decimal | None:
        """Return the target, or None."""
        quote = snapshot.quotes[symbol]
        return target if (quote.ask - quote.bid) * 10_000 <= self._most * quote.mid else None
