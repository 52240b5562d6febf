"""What goes into a sweep and what comes out of it (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from autotrader.messages import SendCancel
from autotrader.model import OrderState, OrderUpdate

__all__ = ["OpenList", "SweepDo", "SweepSettings", "SweepVerdict", "Target", "is_aimed_at", "nanoseconds"]


class SweepSettings(msgspec.Struct, frozen=True):
    """How a sweep goes about it; seconds. ``cancels_per_s`` is what the venue takes, and stretches the patience per order.

    Lists come every ``list_every_s``, also while the venue is out of reach; cancels that were not seen to work are sent again
    after ``patience_s``, and at most ``retry_s`` apart while the venue is out of reach. Without a CLEAN after ``limit_s`` it
    is reported NOT CLEAN, and again every ``report_every_s``. The first ``hurried_rounds`` of flattening follow each other
    at once, later ones ``retry_s`` apart.
    """

    first_list_s: float = 0.25
    list_every_s: float = 1.0
    clean_gap_s: float = 2.0
    answer_s: float = 5.0
    patience_s: float = 2.0
    retry_s: float = 5.0
    limit_s: float = 30.0
    report_every_s: float = 60.0
    cancels_per_s: float = 50.0
    hurried_rounds: int = 5


class OpenList(msgspec.Struct, frozen=True):
    """What the venue says is open. ``number`` is that of the question; ``positions`` is what is left to flatten, by symbol.

    A list is complete when the venue gave all of it; one that is not shows stragglers, but proves nothing by what it lacks.
    """

    number: int
    orders: tuple[OrderUpdate, ...]
    complete: bool = True
    positions: Mapping[str, Decimal] = {}


class SweepVerdict(msgspec.Struct, frozen=True):
    """How it stands. ``remaining`` counts our orders that are open or in doubt, ``foreign`` those that were left alone."""

    clean: bool
    canceled: int
    remaining: int
    foreign: int
    positions: int
    detail: str


class SweepDo(msgspec.Struct, frozen=True):
    """What to do now: send ``cancels``, ask for list ``list_number`` (0: do not), close ``flatten``, tell the ``verdict``.

    ``tick`` has to be called at ``wake_ns`` at the latest (0: never again). ``only_ours`` names the symbols where the last
    complete list held none but our orders: there a bulk cancel hits nobody else.
    """

    cancels: tuple[SendCancel, ...] = ()
    list_number: int = 0
    flatten: Mapping[str, Decimal] = {}
    verdict: SweepVerdict | None = None
    wake_ns: int = 0
    only_ours: frozenset[str] = frozenset()


class Target:
    """One order of ours that has to go. ``in_doubt``: nobody knows yet whether the venue has it."""

    __slots__ = ("attempts", "client_order_id", "due_ns", "in_doubt", "since_ns", "symbol", "venue_order_id")

    def __init__(self, client_order_id: str, symbol: str, now_ns: int) -> None:
        self.client_order_id, self.symbol = client_order_id, symbol
        self.venue_order_id: str | None = None
        self.since_ns = self.due_ns = now_ns
        self.attempts = 0
        self.in_doubt = False

    def cancel(self, due_ns: int) -> SendCancel:
        """Return the next cancel, by the best id known; another is due at ``due_ns``."""
        self.attempts += 1
        self.due_ns = due_ns
        return SendCancel(self.client_order_id, self.venue_order_id, self.symbol, attempt=self.attempts)


def is_aimed_at(update: OrderUpdate) -> bool:
    """Say whether the order may be at the venue and is ours to cancel."""
    return not update.is_done and not update.foreign and update.state is not OrderState.DRAFT


def nanoseconds(seconds: float) -> int:
    """Turn seconds into nanoseconds."""
    return round(seconds * 1_000_000_000)
