"""The figures that exposure keeps: per open order, per symbol, per venue. Plain holders, changed by ``Exposure`` only."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import ZERO, AccountInfo, Instrument, InstrumentKind, Quote

__all__ = ["ONE", "OpenOrder", "SymbolBook", "VenueBook"]


ONE = Decimal(1)
_OWNED = (InstrumentKind.STOCK, InstrumentKind.OPTION)


class OpenOrder:
    """What one open, sent or unknown order may still do."""

    __slots__ = (
        "asset", "book", "buy", "filled", "pays", "price", "promised", "quantity", "remaining", "reserved", "was_pending",
    )

    def __init__(self, book: SymbolBook, *, buy: bool) -> None:
        self.book = book
        self.buy = buy
        self.asset = ""
        self.quantity = self.filled = self.remaining = self.reserved = ZERO
        self.price: Decimal | None = None
        self.pays: Decimal | None = None
        self.promised: tuple[Decimal, Decimal | None] | None = None
        self.was_pending = False

    def resize(self) -> None:
        """Set what the order may still fill, and what it holds of the asset that it would pay with, at the price it pays."""
        book, quantity, price = self.book, self.quantity, self.pays
        if self.promised is not None:
            quantity = max(quantity, self.promised[0])
            if price is not None and self.promised[1] is not None:
                price = max(price, self.promised[1])
        remaining = quantity - self.filled
        if remaining < ZERO:
            remaining = ZERO
        if self.buy:
            book.open_buy += remaining - self.remaining
        else:
            book.open_sell += remaining - self.remaining
        self.remaining = remaining
        if book.cash or self.reserved:
            self._reserve(price)

    def rest(self, key: object, price: Decimal | None) -> None:
        """Note the price at which the order rests in the venue's book, None for one that does not."""
        resting = self.book.resting_buy if self.buy else self.book.resting_sell
        if price is not None:
            resting[key] = price
        elif resting:
            resting.pop(key, None)

    def _reserve(self, price: Decimal | None) -> None:
        book, amount = self.book, self.remaining
        instrument = book.instrument
        if instrument is None or not book.cash:
            amount, asset = ZERO, self.asset
        elif self.buy:
            asset = instrument.quote
            if price is None:
                price = book.mid if book.quote is None else book.quote.ask
            amount = ZERO if price is None else amount * price
            if instrument.multiplier is not ONE:
                amount *= instrument.multiplier
        else:
            asset = instrument.base
        reserved = book.venue.reserved
        if self.asset != asset:
            if self.reserved:
                reserved[self.asset] -= self.reserved
                self.reserved = ZERO
            self.asset = asset
        reserved[asset] = reserved.get(asset, ZERO) + amount - self.reserved
        self.reserved = amount


class SymbolBook:
    """One symbol of one venue.

    ``gross``, ``up``, ``down``, ``margin`` and ``worth`` are its parts of the totals, as last priced. ``in_balances``: what is
    held is among the venue's balances. ``cash``: and it is paid from there in full, never on margin.
    """

    __slots__ = (
        "ask_depth", "average", "bid_depth", "blocked", "cash", "converts", "count", "crossed", "dirty", "down",
        "factor", "gross", "hint", "in_balances", "instrument", "long", "margin", "mid", "open_buy", "open_sell",
        "position", "quote", "resting_buy", "resting_sell", "short", "spread", "symbol", "unpriced", "up", "venue",
        "worth",
    )

    def __init__(self, venue: VenueBook, symbol: str) -> None:
        self.venue, self.symbol = venue, symbol
        self.instrument: Instrument | None = None
        self.quote: Quote | None = None
        self.mid: Decimal | None = None
        self.spread: Decimal | None = None
        self.factor: Decimal | None = None
        self.average: Decimal | None = None
        self.hint: Decimal | None = None
        self.bid_depth: Decimal | None = None
        self.ask_depth: Decimal | None = None
        self.blocked: str | None = None
        self.position = self.open_buy = self.open_sell = self.long = self.short = ZERO
        self.gross = self.up = self.down = self.margin = self.worth = ZERO
        self.count = 0
        self.cash = self.in_balances = self.converts = self.crossed = self.dirty = self.unpriced = False
        self.resting_buy: dict[object, Decimal] = {}
        self.resting_sell: dict[object, Decimal] = {}

    @property
    def is_active(self) -> bool:
        """Say whether anything is held or open, so that a price matters."""
        return bool(self.position) or self.count > 0

    def price(self, rate: Decimal | None) -> None:
        """Price what is held and open at the mid, else the average price, else an order's; what has no price counts 0."""
        instrument, position, mark = self.instrument, self.position, self.mid
        if mark is None:
            mark = self.average if self.average is not None else self.hint
        self.factor = None
        long, short = (position + self.open_buy, position - self.open_sell) if self.count else (position, position)
        self.long, self.short = long, short
        if instrument is None or mark is None or rate is None:
            self.unpriced = self.is_active
            self.gross = self.up = self.down = self.margin = self.worth = ZERO
            return
        self.unpriced = False
        factor = rate if instrument.multiplier is ONE else instrument.multiplier * rate
        self.factor = factor
        unit = mark if factor is ONE else mark * factor
        up = self.up = long * unit
        down = self.down = up if short is long else short * unit
        gross, other = abs(up), abs(down)
        if other > gross:
            gross = other
        self.gross = gross
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
