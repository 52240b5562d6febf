"""What could happen if all that is open, sent or unknown went against us: kept incrementally, priced when asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from autotrader.model import AccountInfo, Instrument, OrderUpdate, Position, Quote

__all__ = ["Exposure"]


class Exposure:
    """The worst-case view per (venue, symbol), and the equity behind it. One thread; no call blocks.

    Feed it every change: it never asks. ``account_currency`` is what all sums are in.
    """

    def __init__(self, account_currency: str = "USD") -> None:
        raise NotImplementedError

    def on_account(self, info: AccountInfo) -> None:
        """Take who the venue says we are (AccountConfirmed)."""
        raise NotImplementedError

    def on_instruments(self, venue: str, instruments: Iterable[Instrument]) -> None:
        """Take the venue's list; a symbol that is listed no more keeps its figures and trades no more."""
        raise NotImplementedError

    def on_order(self, update: OrderUpdate) -> None:
        """Take an order as it stands; SENT and UNKNOWN count in full, done ones not at all. Foreign ones count too."""
        raise NotImplementedError

    def on_position(self, position: Position) -> None:
        """Take a position as it stands."""
        raise NotImplementedError

    def on_quote(self, quote: Quote) -> None:
        """Take the newest quote of a symbol."""
        raise NotImplementedError

    def on_depth(self, venue: str, symbol: str, bid_depth: Decimal, ask_depth: Decimal) -> None:
        """Take the quantity shown on ten levels of each side, where a venue publishes it."""
        raise NotImplementedError

    def on_balances(self, venue: str, account: str, totals: Mapping[str, Decimal]) -> None:
        """Take the totals per asset, as our books have them; an asset that is left out keeps its total."""
        raise NotImplementedError

    def on_transfer(self, venue: str, asset: str, amount: Decimal) -> None:
        """Take note that ``amount`` came (or went, below zero) without a trade, so that it counts as no profit or loss.

        The new total comes by ``on_balances``.
        """
        raise NotImplementedError

    def on_ready(self, venue: str, ready: bool) -> None:
        """Take whether the venue's books are reconciled."""
        raise NotImplementedError

    def on_block(self, venue: str, symbol: str, reason: str) -> None:
        """Let no new risk on the symbol, or on the whole venue when ``symbol`` is empty."""
        raise NotImplementedError

    def on_release(self, venue: str, symbol: str) -> None:
        """Lift a block."""
        raise NotImplementedError

    def equity(self, venue: str) -> Decimal | None:
        """Return the venue's equity in the account currency, None before its first balances."""
        raise NotImplementedError

    @property
    def total_equity(self) -> Decimal | None:
        """Return the equity of all venues in the account currency, None before the first balances."""
        raise NotImplementedError

    @property
    def unpriced(self) -> tuple[tuple[str, str], ...]:
        """Return (venue, asset or symbol) of all that is held and counts 0 for want of a quote."""
        raise NotImplementedError
