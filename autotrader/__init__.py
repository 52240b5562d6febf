"""Live order execution on threads and queues. The names here are imported when they are first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autotrader.version import VERSION

if TYPE_CHECKING:
    from autotrader.execution import ExecutionConfig, ExecutionDecision, ExecutionEngine, KillLevel, KillSwitch

__all__ = ["ExecutionConfig", "ExecutionDecision", "ExecutionEngine", "KillLevel", "KillSwitch", "__version__"]

__version__ = VERSION


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from autotrader import execution

    return getattr(execution, name)
