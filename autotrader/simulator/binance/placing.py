"""New orders: placing and dry runs (binance.md section 3). Each function does one request and raises ApiError for a no."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from autotrader.model import ZERO, Fill
from autotrader.simulator.binance.answers import placed_answer
from autotrader.simulator.binance.ask import Ask
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.errors import TEXTS, ApiError, filter_failure
from autotrader.simulator.binance.filters import check_filters, check_lot
from autotrader.simulator.binance.orders import Wanted, read_order
from autotrader.simulator.binance.spot_order import spot_order
from autotrader.simulator.binance.symbols import FEE_RATE
from autotrader.simulator.binance.values import flag, text8
from autotrader.simulator.events import Accepted, BookOrder, Event, Filled, Rejected
from autotrader.simulator.fault_script import Effects
from autotrader.simulator.matching import floor_to

__all__ = ["check_new", "check_order", "place", "put", "refusal_of", "try_order"]

_REFUSALS: Final = {
    "DUPLICATE_ORDER_ID": "Duplicate order sent.",
    "INSUFFICIENT_FUNDS": TEXTS[-2010],
    "POST_ONLY": "Order would immediately match and take.",
    "MARKET_HALTED": "Market is closed.",
    "NO_MARKET": "Order book liquidity is less than symbol minimum quantity.",
}
_FILTERS: Final = {
    "LOT_SIZE": "LOT_SIZE", "MIN_QUANTITY": "LOT_SIZE", "MAX_QUANTITY": "LOT_SIZE", "TICK_SIZE": "PRICE_FILTER",
    "BAD_PRICE": "PRICE_FILTER", "MIN_NOTIONAL": "NOTIONAL",
}  # fmt: skip


def place(ask: Ask) -> dict[str, Any]:
    """Place a new order: POST order, order.place."""
    desk, params, unit, effects = ask.desk, ask.params, ask.unit, ask.effects
    wanted = check_order(desk, params)
    desk.limits.admit_orders(1, desk.venue.now_ns())
    return put(desk, wanted, unit, effects)


def try_order(ask: Ask) -> dict[str, Any]:
    """Check a new order and leave it at that: POST order/test, order.test."""
    desk, params = ask.desk, ask.params
    rates = flag(params, "computeCommissionRates")
    check_order(desk, params)
    if not rates:
        return {}
    standard = {"maker": text8(FEE_RATE), "taker": text8(FEE_RATE)}
    nothing = {"maker": "0.00000000", "taker": "0.00000000"}
    discount = {"enabledForAccount": False, "enabledForSymbol": True, "discountAsset": "BNB", "discount": "0.75000000"}
    return {
        "standardCommissionForOrder": standard, "specialCommissionForOrder": nothing, "taxCommissionForOrder": nothing,
        "discount": discount,
    }  # fmt: skip


def check_order(desk: Desk, params: dict[str, str]) -> Wanted:
    """Read a new order and hold it against the filters."""
    wanted = read_order(params, desk.new_id)
    check_filters(wanted, desk.market(wanted.terms, desk.venue.now_ns()), desk.counts(wanted.terms))
    return wanted


def put(desk: Desk, wanted: Wanted, unit: int, effects: Effects | None) -> dict[str, Any]:
    """Hand a checked order to the exchange, and return the answer in the form asked for."""
    venue = desk.venue
    check_new(desk, wanted)
    quantity = wanted.quantity if wanted.quantity is not None else _quantity_for(desk, wanted)
    order = spot_order(wanted, quantity, venue.name, venue.account, venue.now_ns())
    events = venue.submit(order, effects)
    live = _taken(events)
    fills: list[Fill] = []
    if wanted.response == "FULL":
        fills = [event.fill for event in events if type(event) is Filled and event.live is live]
    return placed_answer(live, desk.record(live), fills, wanted.response, unit)


def check_new(desk: Desk, wanted: Wanted) -> None:
    """Raise ApiError for a client id that an open order goes by, or a stop that is reached already."""
    named = desk.by_wire_id(wanted.client_order_id)
    if named is not None and named.venue_order_id in desk.open[named.order.symbol]:
        raise ApiError(-2010, _REFUSALS["DUPLICATE_ORDER_ID"])
    if wanted.is_stop and _triggers_at_once(desk, wanted):
        raise ApiError(-2010, "Order would trigger immediately.")


def _taken(events: list[Event]) -> BookOrder:
    """Return the order that came into being, or raise ApiError for why it did not."""
    last = events[-1]
    if type(last) is Rejected:
        raise refusal_of(last)
    return next(event.live for event in reversed(events) if type(event) is Accepted)


def refusal_of(rejected: Rejected) -> ApiError:
    """Return the venue's words for the exchange's no."""
    if rejected.code in _FILTERS:
        return filter_failure(_FILTERS[rejected.code])
    return ApiError(-2010, _REFUSALS.get(rejected.code, rejected.reason))


def _triggers_at_once(desk: Desk, wanted: Wanted) -> bool:
    """Say whether the market is beyond the stop price already; a trailing order without one begins where the market is."""
    stop, book = wanted.stop_price, desk.venue.exchange.books[wanted.terms.symbol]
    if stop is None:
        return False
    market = book.ask if wanted.is_buy else book.bid
    upwards = wanted.is_buy != wanted.takes_profit
    prices = (market, desk.tapes[wanted.terms.symbol].last if book.last is not None else None)
    return any(price is not None and (price >= stop if upwards else price <= stop) for price in prices)


def _quantity_for(desk: Desk, wanted: Wanted) -> Decimal:
    """Return how much a quote amount buys or sells of what stands in the book, in whole steps."""
    assert wanted.quote_quantity is not None
    terms, left, quantity = wanted.terms, wanted.quote_quantity, ZERO
    bids, asks = desk.levels(terms.symbol, 5_000)
    for price, size in asks if wanted.is_buy else bids:
        taken = min(size, left / price)
        quantity += taken
        left -= taken * price
        if taken < size:
            break
    quantity = floor_to(quantity, terms.step)
    if quantity < terms.step:
        raise ApiError(-2010, "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.")
    check_lot(terms, quantity)
    return quantity
