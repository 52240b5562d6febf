"""One venue as the order manager sees it: who to tell, whether its books agree with ours, what is owed there."""

from __future__ import annotations

from typing import Literal

import msgspec

from autotrader.model import AccountInfo, BreakerState, LinkState
from autotrader.oms.differences import Policy
from autotrader.oms.journal.commit import Outlet
from autotrader.oms.queries import QueryPlan

__all__ = ["OVERLAP_NS", "Desk", "DeskSettings"]

OVERLAP_NS = 600 * 1_000_000_000
"""How far before the last thing heard a snapshot asks for trades."""


class DeskSettings(msgspec.Struct, frozen=True):
    """How often a venue is asked without a cause, how long its requests live, how far behind its answers are; nanoseconds.

    ``bulk_cancel``: the venue can cancel all of a symbol in one call, or all there is (``bulk_scope``). ``utc_day``: a DAY
    order ends at midnight UTC.
    """

    request_life_ns: int
    lag_ns: int = 1_000_000_000
    inflight_ns: int = 2_000_000_000
    sweep_ns: int = 30_000_000_000
    queries_at_once: int = 10
    sweeps: bool = True
    bulk_cancel: bool = False
    bulk_scope: Literal["symbol", "venue"] = "symbol"
    utc_day: bool = False


class Desk:
    """Mutable state of one venue, of the order manager's thread. ``heard_from_ns``: when the journal last heard of it."""

    def __init__(
        self, name: str, account: str, resiliency: Outlet, broker: Outlet, settings: DeskSettings, policy: Policy,
        heard_from_ns: int = 0,
    ) -> None:
        self.name, self.account = name, account
        self.resiliency, self.broker = resiliency, broker
        self.settings, self.policy = settings, policy
        self.link, self.link_reason = LinkState.DOWN, "not connected yet"
        self.breaker = BreakerState.CLOSED
        self.ready = False
        self.info: AccountInfo | None = None
        self.plan = QueryPlan()
        self.blocks: dict[str, tuple[str, bool]] = {}
        self.blocked_ns: dict[str, int] = {}
        self.last_heard_ns = self.agreed_ns = heard_from_ns
        self.heard_since_ns: int | None = None
        self.down_since_ns: int | None = None
        self.blind_ns = self.snapshot_ns = 0
        self.next_sweep_ns = 0
        self.snapshot_due_ns: int | None = None  # owed before orders may flow
        self.look_due_ns: int | None = None  # wanted, to lift a block or to see a stranger
        self.trades_wanted = True
        self.unasked = False

    def link_is(self, link: LinkState, reason: str, now_ns: int) -> None:
        """Note the link's state; the time until it is UP again counts as blind."""
        if link is LinkState.UP and self.down_since_ns is not None:
            self.blind_ns += now_ns - self.down_since_ns
            self.down_since_ns = None
        elif link is not LinkState.UP and self.down_since_ns is None:
            self.down_since_ns = now_ns
        if link is LinkState.DOWN:
            self.heard_since_ns = None
        elif self.heard_since_ns is None or (link is LinkState.SYNCING and self.link is LinkState.UP):
            self.heard_since_ns = now_ns  # a gap: what was heard before it proves nothing after it
        self.link, self.link_reason = link, reason

    def blind_total_ns(self, now_ns: int) -> int:
        """Return how long, in all, nothing could be heard from the venue."""
        return self.blind_ns + (now_ns - self.down_since_ns if self.down_since_ns is not None else 0)

    def trades_since_ns(self, now_ns: int) -> int:
        """Return from when on the next snapshot has to list trades: all since the books last agreed, or none."""
        return max(self.agreed_ns - OVERLAP_NS, 0) if self.trades_wanted else now_ns
