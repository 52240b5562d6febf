"""What the controls look at: every figure of one request, worked out once. ``None`` means that the input is missing."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model import ZERO, AccountInfo, Instrument, InstrumentKind, KillLevel, Mode, Order, Quote, Side, WriteClass
from autotrader.risk.books import OpenOrder, SymbolBook
from autotrader.risk.exposure import Exposure

__all__ = ["View", "see"]

_BUY = Side.BUY
_RISK, _REDUCE = WriteClass.RISK, WriteClass.REDUCE
_SHORTED = (InstrumentKind.STOCK, InstrumentKind.OPTION, InstrumentKind.SPOT)


class View(msgspec.Struct, gc=False):
    """The state behind one check. Sums are in ``currency`` unless a field says otherwise.

    ``before`` and ``after`` are the signed position if all that is open on the order's side were filled, without and with the
    order. ``price`` is what the order is valued at: the larger of its own price (market orders: the best opposite one) and
    the mid. ``reach`` is the worst price at which it could trade at once. ``free`` and ``needed`` are in ``funds_asset``.
    """

    now_ns: int = 0
    currency: str = "USD"
    mode: Mode | None = None
    level: KillLevel | None = None
    account: AccountInfo | None = None
    ready: bool = False
    stopped: str | None = None
    blocked: str | None = None
    write_class: WriteClass = _RISK
    instrument: Instrument | None = None
    quote: Quote | None = None
    tape: bool = False
    price: Decimal | None = None
    notional: Decimal | None = None
    value: Decimal | None = None
    position: Decimal = ZERO
    before: Decimal = ZERO
    after: Decimal = ZERO
    is_cash: bool = False
    equity: Decimal | None = None
    total_equity: Decimal | None = None
    gross_before: Decimal | None = None
    gross_after: Decimal | None = None
    net_before: Decimal | None = None
    net_after: Decimal | None = None
    margin_before: Decimal | None = None
    margin_after: Decimal | None = None
    leverage: Decimal | None = None
    funds_asset: str = ""
    free: Decimal | None = None
    needed: Decimal | None = None
    depth: Decimal | None = None
    crossing: Decimal | None = None
    reach: Decimal | None = None
    open_in_symbol: int | None = None
    open_at_venue: int | None = None
    open_in_all: int | None = None
    rate_wait_ns: int | None = None
    fills_in_minute: int | None = None
    fills_in_hour: int | None = None
    same_intent_ns: int | None = None
    changes_in_minute: int | None = None
    day_loss: Decimal | None = None
    drawdown: Decimal | None = None
    written: int | None = None
    issued: int | None = None


def see(view: View, order: Order, exposure: Exposure, book: SymbolBook, replaced: OpenOrder | None = None) -> None:
    """Fill in what follows from exposure. ``replaced`` is the open order whose terms ``order`` would take over."""
    venue, instrument = book.venue, book.instrument
    view.account, view.ready = venue.account, venue.ready
    view.blocked = venue.blocked or book.blocked
    view.instrument, view.quote = instrument, book.quote
    exposure.refresh()
    view.equity = exposure.equity(order.venue)
    view.total_equity = exposure.total_equity
    view.open_in_symbol, view.open_at_venue, view.open_in_all = book.count, venue.count, exposure.count
    freed = ZERO if replaced is None else replaced.remaining
    _project(view, order, book, freed)
    mid, rate = book.mid, book.rate
    if instrument is None or book.quote is None or mid is None:
        return
    if rate is None:
        rate = exposure.rates.rate(instrument.quote)
    _value(view, order, book.quote, mid, instrument, rate)
    _total(view, order, exposure, book, freed)
    view.is_cash = book.cash
    if book.cash:
        _cash(view, order, book, instrument, replaced)
    else:
        view.funds_asset = exposure.rates.currency


def _project(view: View, order: Order, book: SymbolBook, freed: Decimal) -> None:
    position = view.position = book.position
    if order.side is _BUY:
        before = view.before = position + book.open_buy - freed
        after = view.after = before + order.quantity
        reduces = position < 0 and after <= 0
        view.depth = book.ask_depth
    else:
        before = view.before = position - book.open_sell + freed
        after = view.after = before - order.quantity
        reduces = position > 0 and after >= 0
        view.depth = book.bid_depth
    view.write_class = _REDUCE if reduces else _RISK
    if book.resting_buy or book.resting_sell:
        view.crossing = book.crossing(buy=order.side is _BUY)


def _value(view: View, order: Order, quote: Quote, mid: Decimal, instrument: Instrument, rate: Decimal | None) -> None:
    price = order.price
    if price is None:
        price = order.stop_price
    if price is None:
        price = quote.ask if order.side is _BUY else quote.bid
    if price < mid:
        price = mid
    view.price = price
    if rate is not None:
        value = view.value = price * instrument.multiplier * rate
        view.notional = order.quantity * value


def _total(view: View, order: Order, exposure: Exposure, book: SymbolBook, freed: Decimal) -> None:
    value = view.value
    if value is None:
        return
    if order.side is _BUY:
        net, own, other = exposure.up, book.up, view.position - book.open_sell
    else:
        net, own, other = exposure.down, book.down, view.position + book.open_buy
    after = view.after * value
    gross = max(abs(after), abs(other * value))
    before = exposure.gross
    if freed:
        own_before = view.before * value
        net += own_before - own
        own = own_before
        before += max(abs(own_before), abs(other * value)) - book.gross
        base = max(abs(own_before), abs(other * value))
    else:
        base = book.gross
    view.gross_before, view.gross_after = before, before - base + gross
    view.net_before, view.net_after = net, net - own + after
    if not book.cash:
        margin = view.margin_before = book.venue.margin - book.margin + base
        view.margin_after = margin - base + gross


def _cash(view: View, order: Order, book: SymbolBook, instrument: Instrument, replaced: OpenOrder | None) -> None:
    venue = book.venue
    if venue.totals is None or view.price is None:
        return
    buy = order.side is _BUY
    asset = view.funds_asset = instrument.quote if buy else instrument.base
    free = venue.totals.get(asset, ZERO) - venue.reserved.get(asset, ZERO)
    if replaced is not None:
        free += replaced.reserved
    view.free = free
    price = order.price if order.price is not None else view.price
    view.needed = order.quantity * price * instrument.multiplier if buy else order.quantity
