"""TWS's clock against ours, as far as whole seconds can tell (pure)."""

from __future__ import annotations

from typing import Final

__all__ = ["clock_offset_ns"]

SECOND: Final = 1_000_000_000
TRIP_NS: Final = SECOND // 4
"""What an answer may have been on its way without that counting as a difference."""


def clock_offset_ns(epoch_s: int, recv_ns: int) -> int:
    """Return TWS's clock minus ours in ns: 0 where its second fits ours, else the least difference that explains it."""
    first_ns, last_ns = epoch_s * SECOND, (epoch_s + 1) * SECOND + TRIP_NS
    if first_ns > recv_ns:
        return first_ns - recv_ns
    return min(last_ns - recv_ns, 0)
