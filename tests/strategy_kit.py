"""What tests of strategies share."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from types import MappingProxyType
from typing import Any

from loguru import logger

from autotrader.clock import ManualClock
from autotrader.model import (
    Fill,
    Instrument,
    InstrumentKind,
    Liquidity,
    Order,
    OrderState,
    OrderType,
    OrderUpdate,
    Position,
    Quote,
    Side,
    Snapshot,
    TimeInForce,
)
from autotrader.strategy import StrategyContext

D = Decimal
NOW = 1_700_000_000_000_000_000
BTC = Instrument("paper", "BTCUSDT", tick=D("0.01"), lot=D("0.001"), quote="USDT", base="BTC", min_notional=D(10))
EURUSD = Instrument("paper", "EURUSD", tick=D("0.00001"), lot=D(1), quote="USD", kind=InstrumentKind.FX, allows_short=True)


def quote(bid: object = "100", ask: object = "101", symbol: str = "BTCUSDT", venue: str = "paper", ts_ns: int = NOW) -> Quote:
    return Quote(venue, symbol, D(str(bid)), D(str(ask)), D(5), D(5), ts_ns)


def update(order_id: str = "a", state: OrderState = OrderState.OPEN, at: int = 1, **kw: Any) -> OrderUpdate:
    values: dict[str, Any] = {
        "client_order_id": order_id, "venue_order_id": "v", "venue": "paper", "account": "A", "symbol": "BTCUSDT",
        "side": Side.BUY, "type": OrderType.MARKET, "time_in_force": TimeInForce.GTC, "quantity": D(1), "price": None,
        "stop_price": None, "state": state, "filled_quantity": D(0), "average_price": None, "reason_code": None, "reason": None,
        "strategy": "s", "created_ns": 1, "updated_ns": at,
    }
    return OrderUpdate(**{**values, **kw})


def update_of(order: Order, state: OrderState, at: int = 0, filled: int = 0) -> OrderUpdate:
    return update(order.client_order_id, state, at or order.created_ns, symbol=order.symbol, side=order.side, type=order.type,
                  quantity=order.quantity, price=order.price, venue=order.venue, filled_quantity=D(filled),
                  reduce_only=order.reduce_only, strategy=order.strategy)


def fill(trade_id: str = "t1", order_id: str = "a", **kw: Any) -> Fill:
    values: dict[str, Any] = {
        "trade_id": trade_id, "client_order_id": order_id, "venue_order_id": "v", "venue": "paper", "account": "A",
        "symbol": "BTCUSDT", "side": Side.BUY, "price": D(100), "quantity": D(1), "fee": D(0), "fee_asset": "USDT",
        "liquidity": Liquidity.TAKER, "ts_ns": NOW,
    }
    return Fill(**{**values, **kw})


def position(quantity: object, symbol: str = "BTCUSDT", venue: str = "paper") -> Position:
    return Position(venue, "A", symbol, D(str(quantity)), D(100), D(0), None, "USDT")


def snapshot(*quotes: Quote, now_ns: int = NOW, **kw: Any) -> Snapshot:
    values: dict[str, Any] = {
        "quotes": {one.symbol: one for one in quotes or (quote(),)}, "positions": {}, "open_orders": (), "balances": {},
        "equity": D(1_000_000), "venues": {"paper": True},
    }
    return Snapshot(now_ns=now_ns, **{**values, **kw})


def context(*instruments: Instrument) -> StrategyContext:
    listed = {one.symbol: one for one in instruments or (BTC,)}
    return StrategyContext("s", MappingProxyType(listed), ManualClock(NOW), Random(1), logger)
