"""An order with the venue's own terms beside the model's, and what the venue remembers of it (binance.md sections 3 and 4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from autotrader.model import ZERO, Order, OrderState, OrderType, Side, TimeInForce
from autotrader.simulator.binance.orders import Wanted
from autotrader.simulator.binance.values import text8
from autotrader.simulator.events import BookOrder
from autotrader.simulator.special import SelfTrade, Special, SpecialOrder, special_of

__all__ = ["PreventedMatch", "Record", "kind_of", "prevention_of", "spot_order", "status_of"]

_TYPES: Final = {
    "LIMIT": OrderType.LIMIT, "LIMIT_MAKER": OrderType.LIMIT, "MARKET": OrderType.MARKET, "STOP_LOSS": OrderType.STOP,
    "TAKE_PROFIT": OrderType.STOP, "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT, "TAKE_PROFIT_LIMIT": OrderType.STOP_LIMIT,
}  # fmt: skip
_KINDS: Final = {
    OrderType.LIMIT: "LIMIT", OrderType.MARKET: "MARKET", OrderType.STOP: "STOP_LOSS", OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TRAILING_STOP: "STOP_LOSS",
}  # fmt: skip
_SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
_IN_FORCE: Final = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
_PREVENTIONS: Final = {mode.value: mode for mode in SelfTrade}
_STATUS: Final = {
    OrderState.OPEN: "NEW", OrderState.PARTIALLY_FILLED: "PARTIALLY_FILLED", OrderState.FILLED: "FILLED",
    OrderState.CANCELED: "CANCELED", OrderState.EXPIRED: "EXPIRED", OrderState.REJECTED: "REJECTED",
}  # fmt: skip


class PreventedMatch(msgspec.Struct, gc=False):
    """A trade of the account with itself that did not come about; what it took off either side, None: nothing."""

    number: int
    taker: BookOrder
    maker: BookOrder
    price: Decimal
    ts_ns: int
    taker_prevented: Decimal | None = None
    maker_prevented: Decimal | None = None


class Record(msgspec.Struct, gc=False):
    """What the venue keeps of an order beside the exchange's own record. Times in nanoseconds, 0: not yet.

    ``wire_id`` is the client id that it goes by now; an amendment changes it. ``prevented`` is what self-trade prevention
    took off; ``amendments`` are rows as they are listed.
    """

    wire_id: str
    working_ns: int = 0
    trailing_ns: int = 0
    expiry_reason: str = ""
    prevented: Decimal = ZERO
    prevented_match: int = -1
    in_match: bool = False
    has_filled: bool = False
    amendments: list[dict[str, Any]] = []


def spot_order(
    wanted: Wanted, quantity: Decimal, venue: str, account: str, now_ns: int
) -> SpecialOrder:
    """Return the order that the exchange gets; ``quantity`` is worked out already."""
    trails = wanted.trailing_delta is not None
    special = Special(
        wanted.takes_profit, wanted.trailing_delta, wanted.stop_price if trails else None, _PREVENTIONS[wanted.prevention],
        _labels(wanted),
    )  # fmt: skip
    return SpecialOrder(
        wanted.client_order_id, venue, account, wanted.terms.symbol, _SIDES[wanted.side], _TYPES[wanted.kind], quantity,
        _IN_FORCE[wanted.time_in_force], wanted.price, None if trails else wanted.stop_price,
        post_only=wanted.kind == "LIMIT_MAKER", created_ns=now_ns, special=special,
    )  # fmt: skip


def _labels(wanted: Wanted) -> dict[str, str]:
    """Return what is echoed and nothing else, as text; the usual case has the type alone."""
    labels = {"kind": wanted.kind}
    if wanted.stop_price is not None:
        labels["stop"] = text8(wanted.stop_price)
    if wanted.iceberg is not None:
        labels["iceberg"] = text8(wanted.iceberg)
    if wanted.quote_quantity is not None:
        labels["quote"] = text8(wanted.quote_quantity)
    if wanted.strategy_id is not None:
        labels["strategyId"] = str(wanted.strategy_id)
    if wanted.strategy_type is not None:
        labels["strategyType"] = str(wanted.strategy_type)
    return labels


def kind_of(order: Order) -> str:
    """Return the venue's word for the type, also of an order that was placed by hand."""
    kind = special_of(order).labels.get("kind")
    if kind is not None:
        return kind
    return "LIMIT_MAKER" if order.post_only else _KINDS[order.type]


def prevention_of(order: Order) -> str:
    """Return the self-trade prevention mode; orders placed by hand have the default."""
    mode = special_of(order).prevention
    return "EXPIRE_MAKER" if mode is None else mode.value


def status_of(live: BookOrder, record: Record) -> str:
    """Return the venue's word for the state."""
    return "EXPIRED_IN_MATCH" if record.in_match else _STATUS[live.state]
