"""One request at the venue's counter, with all that is needed to do it."""

from __future__ import annotations

import msgspec

from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.fault_script import Effects

__all__ = ["Ask"]


class Ask(msgspec.Struct, frozen=True, gc=False):
    """``unit`` is what times are told in, in nanoseconds; ``effects`` are what a fault does to the order itself."""

    desk: Desk
    params: dict[str, str]
    unit: int
    effects: Effects | None = None
