"""The figures that exposure keeps: per open order, per symbol, per venue. Plain holders, changed by ``Exposure`` only."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import ZERO, AccountInfo, Instrument, InstrumentKind, Quote

__all__ = ["OpenOrder", "SymbolBook", "VenueBook"]


_OWNED = (InstrumentKind.STOCK, InstrumentKind.OPTION)


class OpenOrder:
    """What one open, sent or unknown order may still do."""

    __slots__ = ("asset", "book", "buy", "filled", "price", "promised", "quantity", "remaining", "reserved", "was_pending")

    def __init__(self, book: SymbolBook, *, buy: bool) -> None:
        self.book = book
        self.buy = buy
        self.asset = ""
        self.quantity = self.filled = self.remaining = self.reserved = ZERO
        self.price: Decimal | None = None
        self.promised: tuple[Decimal, Decimal | None] | None = None
        self.was_pending = False


class SymbolBook:
    """One symbol of one venue.

    ``gross``, ``up``, ``down``, ``margin`` and ``worth`` are its parts of the totals, as last priced. ``in_balances``: what is
    held is among the venue's balances. ``cash``: and it is paid from there in full, never on margin.
    """

    __slots__ = (
        "ask_depth", "average", "bid_depth", "blocked", "cash", "converts", "count", "dirty", "down", "gross",
        "in_balances", "instrument", "margin", "mid", "open_buy", "open_sell", "position", "quote", "rate",
        "resting_buy", "resting_sell", "symbol", "unpriced", "up", "venue", "worth",
    )

    def __init__(self, venue: VenueBook, symbol: str) -> None:
        self.venue, self.symbol = venue, symbol
        self.instrument: Instrument | None = None
        self.quote: Quote | None = None
        self.mid: Decimal | None = None
        self.rate: Decimal | None = None
        self.average: Decimal | None = None
        self.bid_depth: Decimal | None = None
        self.ask_depth: Decimal | None = None
        self.blocked: str | None = None
        self.position = self.open_buy = self.open_sell = ZERO
        self.gross = self.up = self.down = self.margin = self.worth = ZERO
        self.count = 0
        self.cash = self.in_balances = self.converts = self.dirty = self.unpriced = False
        self.resting_buy: dict[object, Decimal] = {}
        self.resting_sell: dict[object, Decimal] = {}

    @property
    def is_active(self) -> bool:
        """Say whether anything is held or open, so that a price matters."""
        return bool(self.position) or self.count > 0

    def crossing(self, *, buy: bool) -> Decimal | None:
        """Return the price of the own resting order that an order on this side would meet first."""
        resting = self.resting_sell if buy else self.resting_buy
        if not resting:
            return None
        return min(resting.values()) if buy else max(resting.values())

    def price(self, rate: Decimal | None) -> None:
        """Price what is held and open at the mid (the average price without one); what has no price counts 0."""
        instrument, position, mark = self.instrument, self.position, self.mid
        if mark is None:
            mark = self.average
        self.rate = rate
        if instrument is None or mark is None or rate is None:
            self.unpriced = self.is_active
            self.gross = self.up = self.down = self.margin = self.worth = ZERO
            return
        self.unpriced = False
        factor = instrument.multiplier * rate
        unit = mark * factor
        self.up = (position + self.open_buy) * unit
        self.down = (position - self.open_sell) * unit
        gross = self.gross = max(abs(self.up), abs(self.down))
        if self.cash:
            self.margin = self.worth = ZERO
            return
        self.margin = gross
        if self.in_balances:
            self.worth = ZERO
        elif instrument.kind in _OWNED:
            self.worth = position * unit
        else:
            self.worth = ZERO if self.average is None else position * (mark - self.average) * factor


class VenueBook:
    """One venue. ``cash`` is the priced sum of its balances, ``worth`` and ``margin`` those of its margin positions."""

    __slots__ = (
        "account", "blocked", "cash", "cash_dirty", "count", "counted", "joined", "margin", "name", "pending",
        "ready", "reserved", "totals", "unpriced", "worth",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.account: AccountInfo | None = None
        self.ready = self.counted = self.cash_dirty = False
        self.blocked: str | None = None
        self.totals: dict[str, Decimal] | None = None
        self.reserved: dict[str, Decimal] = {}
        self.pending: dict[str, Decimal] = {}
        self.unpriced: tuple[str, ...] = ()
        self.cash = self.worth = self.margin = self.joined = ZERO
        self.count = 0
