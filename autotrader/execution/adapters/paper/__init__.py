"""The paper venue: the matching engine in this process, behind the same contract as a real venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autotrader.execution.adapters.paper.actor import PaperBrokerActor
from autotrader.execution.adapters.paper.plan import ledger_path, plan
from autotrader.execution.adapters.paper.settings import DEFAULT_INSTRUMENTS, PaperSettings, paper_settings
from autotrader.execution.adapters.paper.weather import Weather

if TYPE_CHECKING:
    from autotrader.execution.facades import PaperTradingAdapter

__all__ = [
    "DEFAULT_INSTRUMENTS", "PaperBrokerActor", "PaperSettings", "PaperTradingAdapter", "Weather", "ledger_path",
    "paper_settings", "plan",
]


def __getattr__(name: str) -> Any:
    """Give the public adapter, which stands on the engine, when it is asked for."""
    if name == "PaperTradingAdapter":
        from autotrader.execution.facades import PaperTradingAdapter

        return PaperTradingAdapter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
