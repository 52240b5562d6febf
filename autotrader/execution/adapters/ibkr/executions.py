"""Executions known by their id: what is new, a copy, or a correction of one told before; commissions joined to them (pure).

Live and replayed copies are equal. An id that differs from another only after its last dot, and is higher there, replaces it: a
bust of the one and a fill of the other. A commission names nothing but the execution, may come before it, may repeat, and may
concern others. Source: ibkr.md section 8.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from autotrader.execution.adapters.ibkr.messages import CommissionTold, Execution

__all__ = ["Executions", "News", "Taken", "revision_of"]

_STRANGE_LIMIT: Final = 10_000


class News(StrEnum):
    NEW = "NEW"
    COPY = "COPY"
    CORRECTION = "CORRECTION"
    """It replaces ``Taken.replaces``; with a quantity of zero nothing comes in its place."""
    OUTDATED = "OUTDATED"
    """A correction of it is known already."""


class Taken(msgspec.Struct, frozen=True):
    """What an execution means, and its commission where that came first."""

    news: News
    replaces: Execution | None = None
    commission: CommissionTold | None = None


def revision_of(exec_id: str) -> tuple[str, int]:
    """Split ``0000e0d5.67fe667b.01.02`` into what names the trade and its revision; no number at the end is revision 0."""
    root, dot, last = exec_id.rpartition(".")
    if not dot or not (last.isascii() and last.isdigit()):
        return exec_id, 0
    return root, int(last[:18])


class Executions:
    """Those of one account since the start; used in one thread. Commissions of unknown executions are kept, 10,000 at most."""

    def __init__(self) -> None:
        self._newest: dict[str, Execution] = {}
        self._seen: set[str] = set()
        self._commissions: dict[str, CommissionTold] = {}
        self._told: dict[str, CommissionTold] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def take(self, execution: Execution) -> Taken:
        """Note an execution and say what it means."""
        if execution.exec_id in self._seen:
            return Taken(News.COPY)
        self._seen.add(execution.exec_id)
        root, revision = revision_of(execution.exec_id)
        known = self._newest.get(root)
        if known is not None and revision_of(known.exec_id)[1] > revision:
            return Taken(News.OUTDATED)
        self._newest[root] = execution
        commission = self._commissions.pop(execution.exec_id, None)
        if commission is not None:
            self._told[execution.exec_id] = commission
        return Taken(News.NEW if known is None else News.CORRECTION, known, commission)

    def take_commission(self, told: CommissionTold) -> Execution | None:
        """Return the execution that a commission belongs to when it says something new; None: a copy, or not known (yet)."""
        if told.commission is None:
            return None
        if told.exec_id not in self._seen:
            if len(self._commissions) >= _STRANGE_LIMIT:
                del self._commissions[next(iter(self._commissions))]
            self._commissions[told.exec_id] = told
            return None
        before = self._told.get(told.exec_id)
        if before is not None and (before.commission, before.currency) == (told.commission, told.currency):
            return None
        self._told[told.exec_id] = told
        newest = self._newest.get(revision_of(told.exec_id)[0])
        return newest if newest is not None and newest.exec_id == told.exec_id else None
