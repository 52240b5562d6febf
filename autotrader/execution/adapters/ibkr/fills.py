"""Executions as fills of ours, with commissions that come later (pure). Source: ibkr.md section 8."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from autotrader.execution.adapters.ibkr.executions import Executions, News, revision_of
from autotrader.execution.adapters.ibkr.messages import CommissionTold, Execution, ExecutionTold
from autotrader.model import ZERO, Fill, Liquidity, Side

__all__ = ["FillBook", "FillNews"]

ADDED: Final = 1
SECOND: Final = 1_000_000_000
KEPT: Final = 100_000


class FillNews(NamedTuple):
    """What an execution brought: trades that are no more, by their id, and the fill that is new, if one is."""

    busted: tuple[str, ...] = ()
    fill: Fill | None = None


class FillBook:
    """The account's fills of the day, each by its execId; one thread.

    A commission that is not known yet is a fee of zero in no asset; the fill is told again once it is known.
    """

    def __init__(self, venue: str, account: str) -> None:
        self._venue, self._account = venue, account
        self._executions = Executions()
        self._fills: dict[str, Fill] = {}
        self._listed_ns = 0

    def all_listed(self, asked_ns: int) -> None:
        """Note that a list of all executions, asked for then, is taken: what it lacked was traded after it."""
        self._listed_ns = max(self._listed_ns, asked_ns)

    def get(self, exec_id: str) -> Fill | None:
        """Return a fill as it stands; None for one that was corrected or never seen."""
        return self._fills.get(exec_id)

    def take(self, told: ExecutionTold, client_order_id: str, symbol: str) -> FillNews:
        """Take an execution of an order: live, or told again in a list."""
        execution = told.execution
        taken = self._executions.take(execution)
        if taken.news in (News.COPY, News.OUTDATED):
            return FillNews()
        busted = _busted(execution, taken.replaces)
        for exec_id in busted:
            self._fills.pop(exec_id, None)
        if execution.quantity <= ZERO:
            return FillNews(busted)
        fill = self._fill(told, client_order_id, symbol)
        if taken.commission is not None:
            fill = _with_fee(fill, taken.commission)
        self._keep(fill)
        return FillNews(busted, fill)

    def take_commission(self, told: CommissionTold) -> Fill | None:
        """Take a commission; return the fill that it completes, None where it says nothing new of one of ours."""
        execution = self._executions.take_commission(told)
        fill = None if execution is None else self._fills.get(execution.exec_id)
        if fill is None:
            return None
        fill = _with_fee(fill, told)
        self._keep(fill)
        return fill

    def _keep(self, fill: Fill) -> None:
        self._fills[fill.trade_id] = fill
        if len(self._fills) > KEPT:
            del self._fills[next(iter(self._fills))]

    def _fill(self, told: ExecutionTold, client_order_id: str, symbol: str) -> Fill:
        one = told.execution
        return Fill(
            one.exec_id, client_order_id, f"{one.perm_id}" if one.perm_id else None, self._venue, self._account, symbol,
            Side(one.side), one.price, one.quantity, ZERO, "", Liquidity.MAKER if one.liquidity == ADDED else Liquidity.TAKER,
            _time_ns(told, self._listed_ns),
        )  # fmt: skip


def _busted(execution: Execution, replaces: Execution | None) -> tuple[str, ...]:
    """Return the ids of the trades that an execution stands in place of; also those that only an earlier run may have seen."""
    if replaces is not None:
        return (replaces.exec_id,)
    root, revision = revision_of(execution.exec_id)
    width = len(execution.exec_id) - len(root) - 1
    return tuple(f"{root}.{earlier:0{width}}" for earlier in range(1, min(revision, 10)))


def _time_ns(told: ExecutionTold, listed_ns: int) -> int:
    """Return when it was traded: TWS's second, and within it the time at which a live one was heard of.

    Within that second it is also after the list that lacked it, by which the order manager tells the opening's trades from new
    ones.
    """
    said_ns = told.execution.time_ns
    if said_ns is None:
        return told.recv_ns
    within_ns = told.recv_ns if told.req_id < 0 else listed_ns + 1
    return within_ns if said_ns <= within_ns < said_ns + SECOND else said_ns


def _with_fee(fill: Fill, told: CommissionTold) -> Fill:
    assert told.commission is not None  # noqa: S101  the book of executions passes none that is not known
    return replace(fill, fee=told.commission, fee_asset=told.currency)
