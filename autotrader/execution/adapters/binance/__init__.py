"""Binance Spot: signed calls over connections of their own, the user stream, and the broker that speaks for the venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autotrader.execution.adapters.binance.planning import plan
    from autotrader.execution.facades import BinanceAdapter

__all__ = ["BinanceAdapter", "plan"]


def __getattr__(name: str) -> Any:
    """Give the public adapter, which stands on the engine, and the plan, which needs all of the package, when asked for."""
    if name == "BinanceAdapter":
        from autotrader.execution.facades import BinanceAdapter

        return BinanceAdapter
    if name == "plan":
        from autotrader.execution.adapters.binance.planning import plan

        return plan
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
