"""State that is published, and quotes."""

from __future__ import annotations

from decimal import Decimal

from autotrader.messages.base import Lane, Message
from autotrader.model import (
    AccountInfo,
    Bar,
    BreakerState,
    Fill,
    Instrument,
    LinkState,
    MarketTrade,
    OrderUpdate,
    Position,
    Quote,
)

__all__ = [
    "AccountChanged", "AccountConfirmed", "BarClosed", "BreakerChanged", "FillBooked", "InstrumentsListed", "LinkChanged",
    "MarketEnded", "OrderUpdated", "PositionChanged", "QuoteUpdate", "StrategyStopped", "TradeSeen", "VenueReady",
]


class LinkChanged(Message, frozen=True):
    """A broker's link. UP follows only a complete hand-over; ``gap_from_ns`` marks what may have been missed."""

    venue: str
    link: LinkState
    reason: str
    ts_ns: int
    epoch: int = 0
    gap_from_ns: int | None = None
    lane = Lane.EVENTS


class VenueReady(Message, frozen=True):
    """Books reconciled (or not any more): new orders may flow."""

    venue: str
    ready: bool
    reason: str
    lane = Lane.URGENT


class BreakerChanged(Message, frozen=True):
    venue: str
    state: BreakerState
    reason: str
    ts_ns: int


class AccountConfirmed(Message, frozen=True):
    """Who the venue says we are, and how far its clock is from ours in ns; told at every connect, before the snapshot."""

    info: AccountInfo
    clock_offset_ns: int = 0
    lane = Lane.EVENTS


class InstrumentsListed(Message, frozen=True):
    venue: str
    instruments: tuple[Instrument, ...]
    ts_ns: int = 0
    lane = Lane.EVENTS


class QuoteUpdate(Message, frozen=True, gc=False):
    """The newest top of book of a symbol; older ones that still wait are replaced."""

    quote: Quote
    lane = Lane.QUOTES

    @property
    def conflation_key(self) -> tuple[str, str]:
        """Return what a newer quote replaces an older one by."""
        return (self.quote.venue, self.quote.symbol)


class TradeSeen(Message, frozen=True, gc=False):
    """The market traded; told where trades are wanted, each of them, in the venue's order."""

    trade: MarketTrade
    lane = Lane.ORDERS


class BarClosed(Message, frozen=True, gc=False):
    """A bar is final; told where bars are wanted."""

    bar: Bar
    lane = Lane.ORDERS


class OrderUpdated(Message, frozen=True, gc=False):
    update: OrderUpdate
    lane = Lane.EVENTS


class FillBooked(Message, frozen=True, gc=False):
    """A fill as booked, with what the strategy and the latencies need."""

    fill: Fill
    update: OrderUpdate
    decided_ns: int
    lane = Lane.EVENTS


class PositionChanged(Message, frozen=True):
    position: Position
    lane = Lane.EVENTS


class AccountChanged(Message, frozen=True):
    """Totals per asset of one account, and the equity in the account currency (None while unknown)."""

    venue: str
    account: str
    balances: tuple[tuple[str, Decimal], ...]
    equity: Decimal | None
    lane = Lane.EVENTS


class StrategyStopped(Message, frozen=True):
    """A strategy is off: it raised, hung, flooded or broke a control. Its orders are cancelled."""

    strategy: str
    reason_code: str
    reason: str
    ts_ns: int


class MarketEnded(Message, frozen=True):
    """The tape is at its end, or cannot be read on: then ``error`` says why. ``skipped`` counts rows left out as wrong."""

    source: str
    quotes: int
    error: str = ""
    skipped: int = 0
