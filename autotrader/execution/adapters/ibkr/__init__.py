"""Interactive Brokers: TWS or IB Gateway over ibapi, one link for orders, and the broker that speaks for the venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autotrader.execution.adapters.ibkr.planning import plan
    from autotrader.execution.facades import IBKRAdapter

__all__ = ["IBKRAdapter", "plan"]


def __getattr__(name: str) -> Any:
    """Give the public adapter, which stands on the engine, and the plan, which needs all of the package, when asked for."""
    if name == "IBKRAdapter":
        from autotrader.execution.facades import IBKRAdapter

        return IBKRAdapter
    if name == "plan":
        from autotrader.execution.adapters.ibkr.planning import plan

        return plan
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
