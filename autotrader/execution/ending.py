"""The end of trading, in good order: no new orders, what is open cancelled or left, every order's fate known."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from autotrader.execution.assembly import OMS, Assembly
from autotrader.execution.market import FEED
from autotrader.execution.run import is_settled
from autotrader.market import FeedStatus
from autotrader.messages import GetStatus, StopTrading
from autotrader.model import KillLevel
from autotrader.oms.snapshot import OmsSnapshot

__all__ = ["Ending"]

PAUSE_S = 0.02
SETTLE_SHARE = 0.8
"""Of the time that a stop may take: for orders to reach their end. The rest is for the actors."""
CANCEL_AGAIN_S = 1.0
"""How often a stop asks for what is still open to be cancelled: a cancel that was under way may have been refused since."""


class Ending:
    """Ends trading and lets it begin again, in the caller's thread. ``ask`` asks an actor by name, and waits."""

    def __init__(self, house: Assembly, ask: Callable[[str, Any], Any]) -> None:
        self._house, self._ask = house, ask
        self._given_up: OmsSnapshot | None = None  # the orders whose end was waited for in vain

    def lift(self) -> None:
        """Let orders in again."""
        self._tell(StopTrading(cancel=False, reason=""))

    def end(self) -> bool:
        """End the runners and let no new order in; cancel or leave what is open, by ``stop.policy``; say whether it settled."""
        house, policy = self._house, self._house.settings.stop.policy
        swept = house.kill.level() >= KillLevel.CANCEL  # then the sweep cancels, and closes positions if it is to
        stop = StopTrading(cancel=policy == "cancel" and not swept, reason="the run has ended")
        self._tell(stop)
        for status in house.runtime.status():
            if status.name.startswith("runner."):
                house.runtime.stop_child(status.name)
        self._await_rest()
        return self._settle(stop, policy)

    def _settle(self, stop: StopTrading, policy: str) -> bool:
        began = time.monotonic()
        deadline, again = began + self._patience_s, began + CANCEL_AGAIN_S
        while not is_settled(found := self._ask(OMS, GetStatus()), policy):
            if self._is_given_up(found):
                return False
            if time.monotonic() >= deadline:
                self._given_up = found
                return False
            if time.monotonic() >= again:
                self._tell(stop)
                again += CANCEL_AGAIN_S
            time.sleep(PAUSE_S)
        return True

    def _is_given_up(self, status: OmsSnapshot) -> bool:
        """Say whether nothing has changed since their end was waited for in vain: a stop after a run does not wait again."""
        return self._given_up is not None and self._given_up.orders == status.orders

    def _tell(self, stop: StopTrading) -> None:
        self._ask(OMS, stop)
        self._await_rest()

    def _await_rest(self) -> None:
        """Wait until the time of a replay that has ended stands still: what comes next comes at the same time always."""
        deadline = time.monotonic() + self._patience_s
        while self._house.market.progress.ended and time.monotonic() < deadline:
            status: FeedStatus = self._ask(FEED, GetStatus())
            if status.at_rest:
                return
            time.sleep(PAUSE_S)

    @property
    def _patience_s(self) -> float:
        return SETTLE_SHARE * self._house.settings.stop.timeout_s
