"""How large a position should be: from a signal's score to a signed quantity, before the lot is looked at.

A score of 1 asks for the whole size, -0.5 for half of it on the short side. All of it is Decimal, in the symbol's units.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from autotrader.model import ZERO, Snapshot, decimal_of

__all__ = ["FixedNotional", "FixedQuantity", "PercentEquity", "Sizing", "VolatilityTarget"]

Number = Decimal | int | str


class Sizing(Protocol):
    """Turns a score into a target position."""

    def target(self, score: Decimal, symbol: str, snapshot: Snapshot, /) -> Decimal:
        """Return the signed quantity to hold; zero when it cannot be told."""


class FixedQuantity:
    """So many units."""

    def __init__(self, quantity: Number) -> None:
        self._quantity = _positive(quantity, "quantity")

    def target(self, score: Decimal, _symbol: str, _snapshot: Snapshot, /) -> Decimal:
        """Return the signed quantity to hold."""
        return score * self._quantity


class FixedNotional:
    """So much of the quote currency, at the mid."""

    def __init__(self, notional: Number) -> None:
        self._notional = _positive(notional, "notional")

    def target(self, score: Decimal, symbol: str, snapshot: Snapshot, /) -> Decimal:
        """Return the signed quantity to hold."""
        return score * self._notional / snapshot.quotes[symbol].mid


class PercentEquity:
    """So many percent of the equity, at the mid; nothing while it is unknown. Takes the quote currency for the account's."""

    def __init__(self, percent: Number) -> None:
        self._share = _positive(percent, "percent") / 100

    def target(self, score: Decimal, symbol: str, snapshot: Snapshot, /) -> Decimal:
        """Return the signed quantity to hold."""
        if snapshot.equity is None or snapshot.equity <= 0:
            return ZERO
        return score * self._share * snapshot.equity / snapshot.quotes[symbol].mid


class VolatilityTarget:
    """As many units as make one standard deviation of the mid's changes worth ``risk`` of the quote currency.

    The deviation is that of the last ``window`` changes from call to call; at most ``most`` units, nothing before the window
    is full or while the mid stands still.
    """

    def __init__(self, risk: Number, most: Number, window: int = 20) -> None:
        self._risk, self._most = _positive(risk, "risk"), _positive(most, "most")
        if window < 2:
            raise ValueError(f"window must be at least 2, not {window}")
        self._window = window
        self._mids: dict[str, list[Decimal]] = {}

    def target(self, score: Decimal, symbol: str, snapshot: Snapshot, /) -> Decimal:
        """Return the signed quantity to hold."""
        mids = self._mids.setdefault(symbol, [])
        mids.append(snapshot.quotes[symbol].mid)
        del mids[: -self._window - 1]
        if len(mids) <= self._window:
            return ZERO
        changes = [later - earlier for earlier, later in zip(mids, mids[1:], strict=False)]
        mean = sum(changes, ZERO) / len(changes)
        variance = sum(((change - mean) ** 2 for change in changes), ZERO) / (len(changes) - 1)
        return score * min(self._risk / variance.sqrt(), self._most) if variance else ZERO


def _positive(value: Number, name: str) -> Decimal:
    number = decimal_of(value, name)
    if number <= 0:
        raise ValueError(f"{name} must be above zero, not {value}")
    return number
