"""The controls, each a pure function of one shape: (order, view, its settings) to a denial, a caution or nothing."""

from autotrader.risk.controls.flow import (
    churn,
    duplicate_intent,
    intent_age,
    message_rate,
    open_orders,
    reduce_only,
    repeated_execution,
    self_match,
)
from autotrader.risk.controls.gate import exit_count, gate, instrument, permissions
from autotrader.risk.controls.money import day_loss, drawdown, funds
from autotrader.risk.controls.price import cap_price, market_cap, price_collar, quote
from autotrader.risk.controls.size import exposure, increments, max_notional, max_position, max_quantity

__all__ = [
    "cap_price", "churn", "day_loss", "drawdown", "duplicate_intent", "exit_count", "exposure", "funds", "gate", "increments",
    "instrument", "intent_age", "market_cap", "max_notional", "max_position", "max_quantity", "message_rate", "open_orders",
    "permissions", "price_collar", "quote", "reduce_only", "repeated_execution", "self_match",
]
