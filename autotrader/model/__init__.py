"""Frozen values: what is traded, ordered, filled, held and decided."""

from autotrader.model.account import AccountInfo, Balance, VenueSnapshot
from autotrader.model.decimals import ZERO, decimal_of, plain, settled
from autotrader.model.decision import ExecutionDecision, Snapshot
from autotrader.model.fill import Fill
from autotrader.model.ids import ClientOrderIds
from autotrader.model.instrument import Instrument
from autotrader.model.order import DONE_STATES, Order, OrderUpdate
from autotrader.model.position import Position
from autotrader.model.quote import Quote
from autotrader.model.tick import Bar, MarketTrade
from autotrader.model.types import (
    Action,
    BreakerState,
    InstrumentKind,
    KillLevel,
    LinkState,
    Liquidity,
    Mode,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
    WriteClass,
)

__all__ = [
    "DONE_STATES", "ZERO", "AccountInfo", "Action", "Balance", "Bar", "BreakerState", "ClientOrderIds", "ExecutionDecision",
    "Fill", "Instrument", "InstrumentKind", "KillLevel", "LinkState", "Liquidity", "MarketTrade", "Mode", "Order",
    "OrderState", "OrderType", "OrderUpdate", "Position", "Quote", "Side", "Snapshot", "TimeInForce", "VenueSnapshot",
    "WriteClass", "decimal_of", "plain", "settled",
]
