"""The engine and its public names; each is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autotrader.execution.config import ExecutionConfig
    from autotrader.execution.engine import ExecutionEngine
    from autotrader.execution.facades import OrderManager, ResiliencyManager
    from autotrader.execution.kill_switch import KillSwitch
    from autotrader.execution.summary import RunSummary
    from autotrader.execution.tickets import Ticket
    from autotrader.model import ExecutionDecision, KillLevel

__all__ = [
    "ExecutionConfig", "ExecutionDecision", "ExecutionEngine", "KillLevel", "KillSwitch", "OrderManager", "ResiliencyManager",
    "RunSummary", "Ticket",
]

_HOMES = {
    "ExecutionConfig": "autotrader.execution.config",
    "ExecutionDecision": "autotrader.model",
    "ExecutionEngine": "autotrader.execution.engine",
    "KillLevel": "autotrader.model",
    "KillSwitch": "autotrader.execution.kill_switch",
    "OrderManager": "autotrader.execution.facades",
    "ResiliencyManager": "autotrader.execution.facades",
    "RunSummary": "autotrader.execution.summary",
    "Ticket": "autotrader.execution.tickets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
