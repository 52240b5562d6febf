"""What the limits remember of each strategy: its rate, its fills, what it asked lately, whether it is off."""

from __future__ import annotations

from autotrader.model import Fill, Order, Side
from autotrader.risk.settings import NANOSECONDS
from autotrader.risk.windows import RateBucket, WindowCount

__all__ = ["OrderChanges", "StrategyRecord"]

_BUY = Side.BUY
MINUTE_NS = 60 * NANOSECONDS
HOUR_NS = 3600 * NANOSECONDS
NONE_YET = (0, 0)


class StrategyRecord:
    """One strategy."""

    __slots__ = ("_fills", "bucket", "rate_denials", "stopped")

    def __init__(self, denial_window_ns: int) -> None:
        self.bucket = RateBucket()
        self.stopped: str | None = None
        self.rate_denials = WindowCount(denial_window_ns)
        self._fills: dict[tuple[str, str, bool], tuple[WindowCount, WindowCount]] = {}

    def fills(self, order: Order, now_ns: int) -> tuple[int, int]:
        """Return the fills of the order's symbol and side in the last minute and hour."""
        found = self._fills.get((order.venue, order.symbol, order.side is _BUY))
        return NONE_YET if found is None else (found[0].count(now_ns), found[1].count(now_ns))

    def add_fill(self, fill: Fill, now_ns: int) -> tuple[int, int]:
        """Count a fill; return how many there are in the last minute and hour with it."""
        key = (fill.venue, fill.symbol, fill.side is _BUY)
        found = self._fills.get(key)
        if found is None:
            found = self._fills[key] = (WindowCount(MINUTE_NS), WindowCount(HOUR_NS))
        return found[0].add(now_ns), found[1].add(now_ns)

    def forget_fills(self) -> None:
        """Start counting anew: the operator re-armed the strategy."""
        self._fills.clear()


class OrderChanges:
    """How often each order was cancelled or amended in the last minute; orders at rest are forgotten."""

    __slots__ = ("_counts", "_sweep_at")

    def __init__(self) -> None:
        self._counts: dict[str, WindowCount] = {}
        self._sweep_at = 1024

    def count(self, client_order_id: str, now_ns: int) -> int:
        """Return the changes of the order in the last minute."""
        counted = self._counts.get(client_order_id)
        return 0 if counted is None else counted.count(now_ns)

    def add(self, client_order_id: str, now_ns: int) -> int:
        """Count one, and return how many there are in the last minute with it."""
        counted = self._counts.get(client_order_id)
        if counted is None:
            if len(self._counts) >= self._sweep_at:
                self._counts = {key: kept for key, kept in self._counts.items() if kept.count(now_ns)}
                self._sweep_at = max(1024, 2 * len(self._counts))
            counted = self._counts[client_order_id] = WindowCount(MINUTE_NS)
        return counted.add(now_ns)
