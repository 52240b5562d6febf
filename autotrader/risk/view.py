"""What the controls look at: every figure of one request, worked out once. ``None`` means that the input is missing."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model import ZERO, AccountInfo, Instrument, KillLevel, Mode, Order, Quote, Side, WriteClass
from autotrader.risk.books import ONE, OpenOrder, SymbolBook
from autotrader.risk.exposure import Exposure

__all__ = ["View", "see"]

_BUY = Side.BUY
_RISK, _REDUCE = WriteClass.RISK, WriteClass.REDUCE


class View(msgspec.Struct, gc=False):
    """The state behind one check. Sums are in ``currency`` unless a field says otherwise.

    ``before`` and ``after`` are the signed position if all that is open on the order's side were filled, without and with the
    order. ``price`` is what the order is valued at: the larger of its own price (market orders: the best opposite one) and
    the mid; ``value`` is what one unit is worth at it; ``cost`` is at the order's own price, in the quote currency. ``spread``
    is a share of the mid, None for a crossed quote. ``net_part`` is the symbol's part of ``net``. ``reach`` is the worst price
    at which a market order could trade. ``free`` and ``needed`` are in ``funds_asset``.
    """

    now_ns: int = 0
    currency: str = "USD"
    mode: Mode | None = None
    level: KillLevel | None = None
    reduces_pass: bool = True
    account: AccountInfo | None = None
    ready: bool = False
    stopped: str | None = None
    blocked: str | None = None
    write_class: WriteClass = _RISK
    instrument: Instrument | None = None
    quote: Quote | None = None
    tape: bool = False
    spread: Decimal | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
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
    net: Decimal = ZERO
    net_part: Decimal = ZERO
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
    venue, instrument, quote, mid = book.venue, book.instrument, book.quote, book.mid
    view.account, view.ready = venue.account, venue.ready
    view.blocked = venue.blocked or book.blocked
    view.instrument, view.quote, view.is_cash = instrument, quote, book.cash
    view.equity, view.total_equity = exposure.equity_of(venue)
    view.open_in_symbol, view.open_at_venue, view.open_in_all = book.count, venue.count, exposure.count
    buy = order.side is _BUY
    _project(view, order, book, replaced, buy=buy)
    if instrument is None or quote is None or mid is None:
        return
    if not book.crossed:
        if book.spread is None:
            book.spread = (quote.ask - quote.bid) / mid
        view.spread = book.spread
    price = order.price or order.stop_price or (quote.ask if buy else quote.bid)
    cost = order.quantity * price
    view.cost = cost if instrument.multiplier is ONE else cost * instrument.multiplier
    factor = book.factor or exposure.factor(book)
    view.price = price if price > mid else mid
    if factor is None:
        return
    value = view.value = view.price if factor is ONE else view.price * factor
    view.notional = order.quantity * value
    _total(view, exposure, book, replaced, value, buy=buy)
    if book.cash:
        _cash(view, order, book, instrument, replaced)
    else:
        view.funds_asset = view.currency


def _project(view: View, order: Order, book: SymbolBook, replaced: OpenOrder | None, *, buy: bool) -> None:
    position = view.position = book.position
    if buy:
        before = book.long if replaced is None else book.long - replaced.remaining
        after = before + order.quantity
        if position < ZERO and after <= ZERO:
            view.write_class = _REDUCE
        view.depth = book.ask_depth
        if book.resting_sell:
            view.crossing = min(book.resting_sell.values())
    else:
        before = book.short if replaced is None else book.short + replaced.remaining
        after = before - order.quantity
        if position > ZERO and after >= ZERO:
            view.write_class = _REDUCE
        view.depth = book.bid_depth
        if book.resting_buy:
            view.crossing = max(book.resting_buy.values())
    view.before, view.after = before, after


def _total(
    view: View, exposure: Exposure, book: SymbolBook, replaced: OpenOrder | None, value: Decimal, *, buy: bool
) -> None:
    """Take the sums with the symbol's part as it is, and work out gross as it would be at the order's value."""
    if buy:
        net, net_part, other = exposure.up, book.up, abs(book.short)
    else:
        net, net_part, other = exposure.down, book.down, abs(book.long)
    part, gross = book.gross, exposure.gross
    if replaced is not None:  # take the standing order out first
        rest = view.before * value
        worst = max(abs(view.before), other) * value
        net, net_part, gross, part = net - net_part + rest, rest, gross - part + worst, worst
    side = abs(view.after)
    change = (side if side > other else other) * value - part
    view.gross_before, view.gross_after = gross, gross + change
    view.net, view.net_part = net, net_part
    if not book.cash:
        margin = view.margin_before = book.venue.margin - book.margin + part
        view.margin_after = margin + change


def _cash(view: View, order: Order, book: SymbolBook, instrument: Instrument, replaced: OpenOrder | None) -> None:
    venue = book.venue
    if venue.totals is None:
        return
    buy = order.side is _BUY
    asset = view.funds_asset = instrument.quote if buy else instrument.base
    free = venue.totals.get(asset, ZERO)
    reserved = venue.reserved.get(asset)
    if reserved:
        free -= reserved
    if replaced is not None:
        free += replaced.reserved
    view.free = free
    view.needed = view.cost if buy else order.quantity
