"""What could happen if all that is open, sent or unknown went against us: kept incrementally, priced when asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from autotrader.model import (
    ZERO,
    AccountInfo,
    Instrument,
    InstrumentKind,
    OrderState,
    OrderType,
    OrderUpdate,
    Position,
    Quote,
    Side,
    TimeInForce,
)
from autotrader.risk.books import ONE, OpenOrder, SymbolBook, VenueBook
from autotrader.risk.currency import Rates

__all__ = ["Exposure"]

_BUY = Side.BUY
_LIMIT, _STOP_LIMIT = OrderType.LIMIT, OrderType.STOP_LIMIT
_FILLED = OrderState.FILLED
_NOT_COUNTED = (
    OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED, OrderState.DENIED, OrderState.DRAFT,
)
_WORKING = (OrderState.OPEN, OrderState.PARTIALLY_FILLED, OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE)
_SETTLED = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)
_PENDING = (OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE)
_MOMENTARY = (TimeInForce.IOC, TimeInForce.FOK)
_HELD_AS_BALANCE = (InstrumentKind.SPOT, InstrumentKind.FX)


class Exposure:
    """The worst-case view per (venue, symbol), and the equity behind it. One thread; no call blocks.

    Feed it every change: it never asks. ``account_currency`` is what all sums are in. A position in an instrument that has a
    ``base`` (spot, currencies that are really exchanged) is worth what the balances of its assets say; stocks and options add
    their market value; all others add their unrealised profit, while their realised one is expected in the balances.
    """

    def __init__(self, account_currency: str = "USD") -> None:
        self.rates = Rates(account_currency)
        self.gross = self.up = self.down = ZERO
        self.count = 0
        self._venues: dict[str, VenueBook] = {}
        self._books: dict[tuple[str, str], SymbolBook] = {}
        self._open: dict[object, OpenOrder] = {}
        self._dirty: list[SymbolBook] = []
        self._in_currency: dict[str, list[SymbolBook]] = {}
        self._equity_before: dict[str, Decimal] = {}

    # ------------------------------------------------------------ what is told

    def on_account(self, info: AccountInfo) -> None:
        """Take who the venue says we are (AccountConfirmed)."""
        self._venue(info.venue).account = info

    def on_instruments(self, venue: str, instruments: Iterable[Instrument]) -> None:
        """Take what the venue lists; one left out stays as it was, so that an end of trading comes as not tradable."""
        for instrument in instruments:
            self._list(self._book(venue, instrument.symbol), instrument)

    def on_order(self, update: OrderUpdate) -> None:
        """Take an order as it stands; SENT and UNKNOWN count in full, done ones not at all. Foreign ones count too."""
        key: object = update.client_order_id
        if update.foreign:
            key = (update.venue, update.client_order_id or update.venue_order_id)
        order = self._open.get(key)
        state = update.state
        if state is _FILLED or state in _NOT_COUNTED:
            if order is not None:
                self._drop(key, order)
            return
        if order is None:
            order = self._take_in(key, update)
        elif order.promised is not None:
            self._settle(order, state)
        elif (
            update.filled_quantity == order.filled and update.quantity == order.quantity and update.price == order.price
            and update.type is not _STOP_LIMIT
        ):
            return
        self._restate(key, order, update)

    def on_position(self, position: Position) -> None:
        """Take a position as it stands."""
        book = self._book(position.venue, position.symbol)
        book.position, book.average = position.quantity, position.average_price
        if not book.dirty:
            self._mark(book)

    def on_quote(self, quote: Quote) -> None:
        """Take the newest quote of a symbol; one that is not made of finite numbers counts as missing."""
        book = self._books.get((quote.venue, quote.symbol)) or self._book(quote.venue, quote.symbol)
        bid, ask = quote.bid, quote.ask
        if not (bid.is_finite() and ask.is_finite()):
            book.quote = None
            return
        book.quote, book.spread = quote, None
        if not ZERO < bid < ask:
            book.crossed = True
            return
        book.crossed = False
        mid = book.mid = (bid + ask) / 2
        if not book.dirty and (book.count or book.position):
            self._mark(book)
        if book.converts:
            for asset in self.rates.on_mid((quote.venue, quote.symbol), mid):
                self._rate_changed(asset)

    def on_depth(self, venue: str, symbol: str, bid_depth: Decimal, ask_depth: Decimal) -> None:
        """Take the quantity shown on ten levels of each side, where a venue publishes it."""
        book = self._book(venue, symbol)
        book.bid_depth, book.ask_depth = bid_depth, ask_depth

    def on_balances(self, venue: str, account: str, totals: Mapping[str, Decimal]) -> None:
        """Take the totals per asset, as our books have them; an asset that is left out keeps its total."""
        del account  # one account per venue and engine
        book = self._venue(venue)
        if book.totals is None:
            book.totals = dict(totals)
        else:
            book.totals.update(totals)
        book.cash_dirty = True
        if not book.counted:
            self._count_in(book)

    def on_transfer(self, venue: str, asset: str, amount: Decimal) -> None:
        """Take note that ``amount`` came (or went, below zero) without a trade, so that it counts as no profit or loss.

        The new total comes by ``on_balances``.
        """
        book = self._venue(venue)
        if book.counted:
            book.pending[asset] = book.pending.get(asset, ZERO) + amount
            book.cash_dirty = True

    def on_ready(self, venue: str, ready: bool) -> None:
        """Take whether the venue's books are reconciled."""
        book = self._venue(venue)
        book.ready = ready
        if not book.counted:
            self._count_in(book)

    def on_block(self, venue: str, symbol: str, reason: str) -> None:
        """Let no new risk on the symbol, or on the whole venue when ``symbol`` is empty."""
        target = self._book(venue, symbol) if symbol else self._venue(venue)
        target.blocked = reason or "blocked"

    def on_release(self, venue: str, symbol: str) -> None:
        """Lift a block."""
        target = self._book(venue, symbol) if symbol else self._venue(venue)
        target.blocked = None

    def promise(self, client_order_id: str, quantity: Decimal, price: Decimal | None) -> None:
        """Count the larger of an order's terms and the ones asked for, until a report settles which hold."""
        order = self._open[client_order_id]
        order.promised, order.was_pending = (quantity, price), False
        order.resize()
        self._mark(order.book)

    def settle(self, client_order_id: str) -> None:
        """Count an order's own terms alone: the venue has answered what was asked for."""
        order = self._open.get(client_order_id)
        if order is not None and order.promised is not None:
            order.promised = None
            order.resize()
            self._mark(order.book)

    # ------------------------------------------------------------ what is asked

    def book(self, venue: str, symbol: str) -> SymbolBook | None:
        """Return the figures of a symbol, None for one that was never heard of; read only."""
        return self._books.get((venue, symbol))

    def venue(self, name: str) -> VenueBook | None:
        """Return the figures of a venue, None for one that was never heard of; read only."""
        return self._venues.get(name)

    def open_order(self, client_order_id: str) -> OpenOrder | None:
        """Return what one of our orders may still do; read only."""
        return self._open.get(client_order_id)

    def equity(self, venue: str) -> Decimal | None:
        """Return the venue's equity in the account currency, None before its first balances."""
        book = self._venues.get(venue)
        if book is None or book.totals is None:
            return None
        if self._dirty:
            self.refresh()
        if book.cash_dirty:
            self._price_cash(book)
        return book.cash + book.worth

    def equity_of(self, venue: VenueBook) -> tuple[Decimal | None, Decimal | None]:
        """Return the equity of the venue and of all venues, everything priced as of now."""
        if self._dirty:
            self.refresh()
        if venue.totals is None:
            return None, self.total_equity
        if venue.cash_dirty:
            self._price_cash(venue)
        equity = venue.cash + venue.worth
        return equity, (equity if len(self._venues) == 1 else self.total_equity)

    def factor(self, book: SymbolBook) -> Decimal | None:
        """Return what one price unit of one quantity unit is worth in the account currency."""
        instrument = book.instrument
        rate = None if instrument is None else self.rates.rate(instrument.quote)
        if instrument is None or rate is None:
            return None
        return rate if instrument.multiplier is ONE else instrument.multiplier * rate

    @property
    def total_equity(self) -> Decimal | None:
        """Return the equity of all venues in the account currency, None before the first balances."""
        total: Decimal | None = None
        for name, book in self._venues.items():
            if book.totals is not None:
                equity = self.equity(name)
                total = equity if total is None or equity is None else total + equity
        return total

    @property
    def result(self) -> tuple[Decimal, Decimal] | None:
        """Return (profit or loss, what was brought in) over all venues since each became ready; None before the first."""
        counted = [book for book in self._venues.values() if book.counted]
        if not counted:
            return None
        equity = sum((self.equity(book.name) or ZERO for book in counted), ZERO)
        joined = sum((book.joined for book in counted), ZERO)
        return equity - joined, joined

    @property
    def unpriced(self) -> tuple[tuple[str, str], ...]:
        """Return (venue, asset or symbol) of all that is held and counts 0 for want of a quote."""
        self.refresh()
        for venue in self._venues.values():
            if venue.cash_dirty:
                self._price_cash(venue)
        assets = [(venue.name, asset) for venue in self._venues.values() for asset in venue.unpriced]
        return (*assets, *((book.venue.name, book.symbol) for book in self._books.values() if book.unpriced))

    def equities(self) -> dict[str, Decimal]:
        """Return the equity of each counted venue, for ``remember`` in a later run."""
        return {name: self.equity(name) or ZERO for name, book in self._venues.items() if book.counted}

    def remember(self, equities: Mapping[str, Decimal], rates: Mapping[str, Decimal]) -> None:
        """Take equities and rates of an earlier run: what moved while we were away counts as profit or loss."""
        self._equity_before = dict(equities)
        self.rates.seeds.update(rates)

    def refresh(self) -> None:
        """Price anew what changed since the last time."""
        for book in self._dirty:
            gross, up, down, margin, worth = book.gross, book.up, book.down, book.margin, book.worth
            instrument = book.instrument
            book.price(None if instrument is None else self.rates.rate(instrument.quote))
            book.dirty = False
            self.gross += book.gross - gross
            self.up += book.up - up
            self.down += book.down - down
            if not book.cash or margin or worth:
                book.venue.margin += book.margin - margin
                book.venue.worth += book.worth - worth
        self._dirty.clear()

    # ------------------------------------------------------------ inside

    def _venue(self, name: str) -> VenueBook:
        venue = self._venues.get(name)
        if venue is None:
            venue = self._venues[name] = VenueBook(name)
        return venue

    def _book(self, venue: str, symbol: str) -> SymbolBook:
        book = self._books.get((venue, symbol))
        if book is None:
            book = self._books[venue, symbol] = SymbolBook(self._venue(venue), symbol)
        return book

    def _mark(self, book: SymbolBook) -> None:
        if not book.dirty:
            book.dirty = True
            self._dirty.append(book)

    def _list(self, book: SymbolBook, instrument: Instrument) -> None:
        if instrument == book.instrument:
            return  # nothing new
        if instrument.multiplier == ONE:
            instrument = replace(instrument, multiplier=ONE)  # the same object everywhere, so that it need not be multiplied by
        book.instrument = instrument
        book.in_balances = bool(instrument.base) and instrument.kind in _HELD_AS_BALANCE
        book.cash = book.in_balances and instrument.kind is InstrumentKind.SPOT
        in_currency = self._in_currency.setdefault(instrument.quote, [])
        if book not in in_currency:
            in_currency.append(book)
        book.converts = self.rates.on_listing(book.venue.name, instrument)
        if book.converts and book.mid is not None:
            for asset in self.rates.on_mid((book.venue.name, book.symbol), book.mid):
                self._rate_changed(asset)
        for order in self._open.values():
            if order.book is book:
                order.resize()
        self._mark(book)

    def _rate_changed(self, asset: str) -> None:
        for venue in self._venues.values():
            if not venue.cash_dirty and venue.totals is not None and (asset in venue.totals or asset in venue.pending):
                venue.cash_dirty = True
        for book in self._in_currency.get(asset, ()):
            book.factor = None
            if not book.dirty and book.is_active:
                self._mark(book)

    def _take_in(self, key: object, update: OrderUpdate) -> OpenOrder:
        book = self._books.get((update.venue, update.symbol)) or self._book(update.venue, update.symbol)
        order = self._open[key] = OpenOrder(book, buy=update.side is _BUY)
        order.price = update.price
        if book.mid is None and update.price is not None:
            book.hint = update.price
        book.count += 1
        book.venue.count += 1
        self.count += 1
        return order

    def _settle(self, order: OpenOrder, state: OrderState) -> None:
        if state in _PENDING:
            order.was_pending = True
        elif order.was_pending and state in _SETTLED:
            order.promised = None

    def _restate(self, key: object, order: OpenOrder, update: OrderUpdate) -> None:
        order.quantity, order.filled, order.price = update.quantity, update.filled_quantity, update.price
        order.pays = update.price if update.price is not None else update.stop_price
        order.resize()
        if update.type is _LIMIT or update.type is _STOP_LIMIT:
            waits = update.type is _STOP_LIMIT and (update.held or update.state not in _WORKING)
            order.rest(key, None if waits or update.time_in_force in _MOMENTARY else update.price)
        if not order.book.dirty:
            self._mark(order.book)

    def _drop(self, key: object, order: OpenOrder) -> None:
        book = order.book
        del self._open[key]
        order.quantity, order.promised = order.filled, None
        order.resize()
        if order.price is not None:
            order.rest(key, None)
        book.count -= 1
        book.venue.count -= 1
        self.count -= 1
        if not book.dirty:
            self._mark(book)

    def _price_cash(self, venue: VenueBook) -> None:
        total, missing = ZERO, []
        for asset, amount in (venue.totals or {}).items():
            rate = self.rates.rate(asset)
            if rate is not None:
                total += amount * rate
            elif amount:
                missing.append(asset)
        for asset in tuple(venue.pending):
            rate = self.rates.rate(asset)
            if rate is not None:
                venue.joined += venue.pending.pop(asset) * rate
        venue.cash, venue.unpriced, venue.cash_dirty = total, tuple(missing), False

    def _count_in(self, venue: VenueBook) -> None:
        """From the first time that books are whole, changes of equity are profit or loss; what is there now was brought in."""
        if not venue.ready or venue.totals is None:
            return
        equity = self.equity(venue.name) or ZERO
        venue.counted = True
        venue.joined = self._equity_before.pop(venue.name, equity)
        venue.pending = {asset: venue.totals[asset] for asset in venue.unpriced}
