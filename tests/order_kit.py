"""Orders, events and books for the tests of the order manager's pure cores."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from autotrader.messages import (
    CancelAsked,
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    ReplaceAsked,
    TradeBusted,
)
from autotrader.model import Fill, Instrument, InstrumentKind, Liquidity, Order, OrderState, OrderType, Side
from autotrader.oms.book import Books

T0 = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
LAG = SECOND
BTC = Instrument("binance", "BTCUSDT", Decimal("0.01"), Decimal("0.0001"), "USDT", "BTC")
PERP = Instrument(
    "okx", "BTC-PERP", Decimal("0.1"), Decimal(1), "USDT", kind=InstrumentKind.PERPETUAL, multiplier=Decimal("0.01")
)


def order(client_order_id: str = "c1", quantity: str = "10", side: Side = Side.BUY, **more: Any) -> Order:
    """Make a limit order on binance's BTCUSDT at 100."""
    terms: dict[str, Any] = {"price": Decimal(100), "strategy": "s", "created_ns": T0, "decided_ns": T0, **more}
    kind = OrderType.LIMIT if terms["price"] is not None else OrderType.MARKET
    return Order(client_order_id, "binance", "acc", "BTCUSDT", side, kind, Decimal(quantity), **terms)


def fill(
    trade_id: str, quantity: str = "4", price: str = "100", at: int = 10, *, fee: str = "0", fee_asset: str = "USDT",
    **more: Any,
) -> Fill:
    """Make a fill of order c1, ``at`` seconds after T0."""
    terms: dict[str, Any] = {
        "client_order_id": "c1", "venue_order_id": None, "venue": "binance", "account": "acc", "symbol": "BTCUSDT",
        "side": Side.BUY, "liquidity": Liquidity.TAKER, "strategy": "s", **more,
    }
    return Fill(
        trade_id, price=Decimal(price), quantity=Decimal(quantity), fee=Decimal(fee), fee_asset=fee_asset,
        ts_ns=T0 + at * SECOND, **terms,
    )


def intended(of: Order | None = None, at: int = 0) -> OrderIntended:
    return OrderIntended(of or order(), T0 + at * SECOND)


def event(of: Any, at: int = 1, venue_order_id: str | None = "V1", /, **more: Any) -> Any:
    """Make an event of order c1, ``at`` seconds after T0."""
    return of("c1", "binance", T0 + at * SECOND, venue_order_id, **more)


def filled(of: Fill, at: int | None = None) -> OrderFilled:
    ts_ns = of.ts_ns if at is None else T0 + at * SECOND
    return OrderFilled(of.client_order_id, of.venue, ts_ns, of.venue_order_id, fill=of)


def reported(
    state: OrderState | None, at: int = 20, asked: int | None = 20, filled: str | None = None, **more: Any
) -> OrderReported:
    """Make an answer asked ``asked`` seconds after T0, or a report that nobody asked for."""
    cumulative = None if filled is None else Decimal(filled)
    asked_ns = 0 if asked is None else T0 + asked * SECOND
    return OrderReported(
        "c1", "binance", T0 + at * SECOND, more.pop("venue_order_id", "V1"), state, cumulative, asked_ns=asked_ns, **more
    )


def busted(trade_id: str, at: int = 12) -> TradeBusted:
    return TradeBusted("c1", "binance", T0 + at * SECOND, trade_id=trade_id, symbol="BTCUSDT")


def books(*events: Message, **more: Any) -> Books:
    """Make books that know both instruments and have folded some events."""
    made = Books(lag_ns=LAG, **more)
    made.add_instruments([BTC, PERP])
    for one in events:
        made.apply(one)
    return made


ACK = event(OrderAccepted)
PATHS: dict[str, list[Message]] = {
    "SND": [intended()],
    "UNK": [intended(), event(OrderUnknown, 1, None)],
    "OPN": [intended(), ACK],
    "PRT": [intended(), ACK, filled(fill("t1"), 2)],
    "PCX": [intended(), ACK, event(CancelAsked, 2, None)],
    "PRP": [intended(), ACK, event(ReplaceAsked, 2, None, price=Decimal(101))],
    "FIL": [intended(), ACK, filled(fill("t1", "10"), 2)],
    "CAN": [intended(), ACK, event(OrderCanceled, 2)],
    "REJ": [intended(), event(OrderRejected, 1, None, reason_code="-2010", reason="no money")],
    "EXP": [intended(), ACK, event(OrderExpired, 2)],
    "DEN": [OrderDenied(order(), T0, "MAX_NOTIONAL", "too large")],
}
"""How an order gets into each state but DRF."""
