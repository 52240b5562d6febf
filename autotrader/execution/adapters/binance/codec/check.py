"""Every filter of the venue, tried before anything is sent; a breach is told under the venue's own name for it.

What a filter needs and we do not know (a price, a count) is not judged: the venue still does. Source: binance.md section 9
(DOCS filters.md). Besides the filters, ``SYMBOL_STATUS``, ``PRECISION`` (-1111) and ``ORDER_TYPE`` are told here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec.numbers import WIDE
from autotrader.execution.adapters.binance.codec.rules import ExchangeRules, NotionalRule, PercentRule, StepRule, SymbolRules
from autotrader.execution.adapters.binance.codec.steps import is_multiple
from autotrader.execution.adapters.binance.codec.trailing import trailing_delta
from autotrader.model import Order, OrderType, Side

__all__ = ["AccountView", "Breach", "MarketView", "check_filters"]

_STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


class MarketView(msgspec.Struct, frozen=True):
    """What is known of the market: last trade, the venue's average (avgPrice), its reference price, top of book."""

    last: Decimal | None = None
    average: Decimal | None = None
    reference: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None

    @property
    def nearest(self) -> Decimal | None:
        """Return the price that triggers and trailing distances are measured by: the last trade, else the middle."""
        if self.last is not None or self.bid is None or self.ask is None:
            return self.last
        return (self.bid + self.ask) / 2

    def measure(self, minutes: int) -> Decimal | None:
        """Return what a filter compares with: the reference price, else the average, or the last price at 0 minutes."""
        if self.reference is not None:
            return self.reference
        return self.last if minutes == 0 else self.average


class AccountView(msgspec.Struct, frozen=True):
    """What is open already: on the symbol, and on the whole exchange. None is not judged.

    ``position`` is free and locked base asset plus open buys; ``max_assets`` come from myFilters.
    """

    open_orders: int | None = None
    open_algo_orders: int | None = None
    exchange_orders: int | None = None
    exchange_algo_orders: int | None = None
    position: Decimal | None = None
    max_assets: Mapping[str, Decimal] = msgspec.field(default_factory=dict)


class Breach(msgspec.Struct, frozen=True):
    """A filter by the venue's name, and what is wrong, for people."""

    filter: str
    text: str


class _Case(msgspec.Struct, frozen=True):
    """One order beside all that it is judged by; ``price`` is its limit (a capped MARKET order's is the cap)."""

    order: Order
    price: Decimal | None
    is_market: bool
    rules: SymbolRules
    market: MarketView
    account: AccountView
    exchange: ExchangeRules


def check_filters(
    order: Order, rules: SymbolRules, market: MarketView | None = None, account: AccountView | None = None,
    exchange: ExchangeRules | None = None,
) -> tuple[Breach, ...]:
    """Return every breach, in the venue's order of checking; an empty tuple passes."""
    capped = order.type is OrderType.MARKET and order.cap_price is not None
    is_market = order.type is OrderType.MARKET and not capped
    price = order.cap_price if capped else None if order.type in (OrderType.MARKET, OrderType.STOP) else order.price
    case = _Case(
        order, price, is_market, rules, market or MarketView(), account or AccountView(), exchange or ExchangeRules()
    )
    return tuple(Breach(name, text) for check in _CHECKS for name, text in check(case))


_Found = Iterator[tuple[str, str]]


def _status(case: _Case) -> _Found:
    rules = case.rules
    if not rules.is_trading:
        yield "SYMBOL_STATUS", f"{rules.symbol} takes no new orders: its status is {rules.status}"


def _precision(case: _Case) -> _Found:
    for name, value, digits in (
        ("quantity", case.order.quantity, case.rules.base_precision),
        ("price", case.price, case.rules.quote_precision),
        ("stop price", case.order.stop_price, case.rules.quote_precision),
    ):
        if value is not None and not is_multiple(value, Decimal(1).scaleb(-digits)):
            yield "PRECISION", f"{name} {value:f} has more than {digits} decimals"


def _price_filter(case: _Case) -> _Found:
    for name, value in (("price", case.price), ("stop price", case.order.stop_price)):
        if value is not None:
            yield from (("PRICE_FILTER", text) for text in _step_faults(name, value, case.rules.price))


def _lot_size(case: _Case) -> _Found:
    yield from (("LOT_SIZE", text) for text in _step_faults("quantity", case.order.quantity, case.rules.lot))


def _market_lot_size(case: _Case) -> _Found:
    if case.is_market:
        yield from (("MARKET_LOT_SIZE", text) for text in _step_faults("quantity", case.order.quantity, case.rules.market_lot))


def _step_faults(name: str, value: Decimal, rule: StepRule) -> Iterator[str]:
    if rule.low is not None and value < rule.low:
        yield f"{name} {value:f} is below {rule.low:f}"
    if rule.high is not None and value > rule.high:
        yield f"{name} {value:f} is above {rule.high:f}"
    if not is_multiple(value, rule.step):
        yield f"{name} {value:f} is not a multiple of {rule.step:f}"


def _percent_price(case: _Case) -> _Found:
    for rule in case.rules.percents:
        measure = case.market.measure(rule.minutes)
        if case.price is not None and measure is not None:
            yield from ((rule.name, text) for text in _percent_faults(case.price, measure, case.order.side, rule))


def _percent_faults(price: Decimal, measure: Decimal, side: Side, rule: PercentRule) -> Iterator[str]:
    low, high = (rule.buy_low, rule.buy_high) if side is Side.BUY else (rule.sell_low, rule.sell_high)
    if price > measure * high:
        yield f"price {price:f} is above {high:f} times {measure:f}"
    if price < measure * low:
        yield f"price {price:f} is below {low:f} times {measure:f}"


def _notional(case: _Case) -> _Found:
    for rule in case.rules.notionals:
        price = case.market.measure(rule.minutes) if case.is_market else case.price
        if price is not None:
            value = WIDE.multiply(price, case.order.quantity)
            yield from ((rule.name, text) for text in _notional_faults(value, case.is_market, rule))


def _notional_faults(value: Decimal, is_market: bool, rule: NotionalRule) -> Iterator[str]:
    if rule.low is not None and value < rule.low and (rule.low_on_market or not is_market):
        yield f"price times quantity is {value.normalize():f}, below {rule.low:f}"
    if rule.high is not None and value > rule.high and (rule.high_on_market or not is_market):
        yield f"price times quantity is {value.normalize():f}, above {rule.high:f}"


def _trailing_delta(case: _Case) -> _Found:
    rule, order = case.rules.trailing, case.order
    if order.type is not OrderType.TRAILING_STOP:
        return
    if not case.rules.trailing_allowed:
        yield "ORDER_TYPE", f"{case.rules.symbol} takes no trailing stops"
    reference = case.market.nearest
    if rule is None or order.trail is None or (order.stop_price is None and reference is None):
        return
    delta = trailing_delta(order, reference)
    low, high = (rule.min_above, rule.max_above) if order.side is Side.BUY else (rule.min_below, rule.max_below)
    if not low <= delta <= high:
        yield "TRAILING_DELTA", f"a trail of {delta} basis points is not between {low} and {high}"


def _max_position(case: _Case) -> _Found:
    limit, position = case.rules.max_position, case.account.position
    if limit is not None and position is not None and case.order.side is Side.BUY and position + case.order.quantity > limit:
        yield "MAX_POSITION", f"{position:f} held and on order, and {case.order.quantity:f} more, is above {limit:f}"


def _max_asset(case: _Case) -> _Found:
    limits, rules = case.account.max_assets, case.rules
    if rules.base in limits and case.order.quantity > limits[rules.base]:
        yield "MAX_ASSET", f"{case.order.quantity:f} {rules.base} is above {limits[rules.base]:f} in one order"
    if rules.quote in limits and case.price is not None and case.price * case.order.quantity > limits[rules.quote]:
        yield "MAX_ASSET", f"{(case.price * case.order.quantity):f} {rules.quote} is above {limits[rules.quote]:f} in one order"


def _counts(case: _Case) -> _Found:
    rules, account, exchange = case.rules, case.account, case.exchange
    is_algo = case.order.type in _STOPS
    for name, limit, count, applies in (
        ("MAX_NUM_ORDERS", rules.max_orders, account.open_orders, True),
        ("MAX_NUM_ALGO_ORDERS", rules.max_algo_orders, account.open_algo_orders, is_algo),
        ("EXCHANGE_MAX_NUM_ORDERS", exchange.max_orders, account.exchange_orders, True),
        ("EXCHANGE_MAX_NUM_ALGO_ORDERS", exchange.max_algo_orders, account.exchange_algo_orders, is_algo),
    ):
        if applies and limit is not None and count is not None and count >= limit:
            yield name, f"{count} orders are open, and no more than {limit} may be"


_CHECKS: Final[tuple[Callable[[_Case], _Found], ...]] = (
    _status, _precision, _price_filter, _lot_size, _market_lot_size, _percent_price, _notional, _trailing_delta,
    _max_position, _max_asset, _counts,
)
