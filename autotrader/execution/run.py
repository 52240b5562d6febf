"""One run: what ends it, and how it went."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from autotrader.errors import AutotraderError
from autotrader.execution.assembly import OMS, RUN, Assembly
from autotrader.execution.rearm_request import read_rearm
from autotrader.execution.summary import RunSummary, position_json
from autotrader.messages import FillBooked, GetMetrics, GetPositions, MarketEnded, Message, StrategyStopped, Subscribe
from autotrader.model import ZERO, KillLevel, plain
from autotrader.oms.snapshot import OmsSnapshot

__all__ = ["Run", "is_settled"]

STEP_S = 0.1
VERDICT_S = 35.0


def is_settled(status: OmsSnapshot, policy: str) -> bool:
    """Say whether all is known: venues reached, no order in doubt, no query owed, none open that was to be cancelled."""
    in_doubt = status.orders.get("UNKNOWN", 0) + status.orders.get("SENT", 0)
    left = status.open_ours if policy == "cancel" else 0
    return not (in_doubt or left or any(desk.owed or desk.link != "UP" for desk in status.venues))


class Run:
    """Waits for the end of a run, in the thread that asked for it. ``status`` asks the order manager."""

    def __init__(
        self, house: Assembly, status: Callable[[], OmsSnapshot], *, duration_s: float | None, until_fills: int | None
    ) -> None:
        self._house, self._status = house, status
        self._until_fills = until_fills
        self._fills = 0
        self._stopped: set[str] = set()
        self._ended = threading.Event()
        self._why = ""
        self._deadline = None if duration_s is None else time.monotonic() + duration_s
        self.started_ns = house.market.clock.now_ns()
        self.detail = ""
        house.runtime.handle(RUN).bind(self._hear)
        house.subscribe(Subscribe(RUN, fills=until_fills is not None, updates=False))

    def _hear(self, message: Message) -> None:
        """Take news, in the teller's thread."""
        if type(message) is FillBooked:
            self._fills += 1
            if self._until_fills is not None and self._fills >= self._until_fills:
                self._end("until_fills")
        elif type(message) is MarketEnded:
            self.detail = message.error
            self._end("error" if message.error else "tape_end")
        elif type(message) is StrategyStopped:
            self._stopped.add(message.strategy)
            self.detail = f"strategy {message.strategy} was stopped: {message.reason}"

    def _end(self, why: str) -> None:
        if not self._ended.is_set():
            self._why = why
            self._ended.set()

    def cancel(self) -> None:
        """End the run from another thread."""
        self._end("interrupted")

    def wait(self, progress: Callable[[], None], end_trading: Callable[[], bool]) -> RunSummary:
        """Block until the run ends, end trading, which says whether all was confirmed, and return how it went."""
        try:
            while not self._ended.wait(STEP_S):
                progress()
                self._look()
        except KeyboardInterrupt:
            self._end("interrupted")
        try:
            settled = end_trading()
            if self._why == "killed":
                self._await_verdicts(progress)
            return self._summary(settled=settled)
        finally:
            self._house.runtime.handle(RUN).unbind()

    def _look(self) -> None:
        """See whether time, the kill switch or the strategies have ended it."""
        strategies = {section.label for section in self._house.settings.all_strategies}
        if self._house.kill.level() is not KillLevel.ARMED and not self._rearm_is_asked():
            self.detail = self._house.kill.status().reason or "kill switch"
            self._end("killed")
        elif self._deadline is not None and time.monotonic() >= self._deadline:
            self._end("duration")
        elif strategies <= self._stopped:
            self._end("error")

    def _rearm_is_asked(self) -> bool:
        request = read_rearm(self._house.path)
        return request is not None and request.is_open

    def _await_verdicts(self, progress: Callable[[], None]) -> None:
        deadline = time.monotonic() + VERDICT_S
        while self._house.watch.unclean("all") and time.monotonic() < deadline:
            progress()
            time.sleep(STEP_S)

    # ------------------------------------------------------------ how it went

    def _summary(self, *, settled: bool) -> RunSummary:
        oms = self._house.runtime.handle(OMS)
        metrics: dict[str, Any] = oms.ask(GetMetrics(), 5.0)
        positions = oms.ask(GetPositions(), 5.0)
        realized = sum((one.realized_pnl for one in positions), ZERO)
        return RunSummary(
            ended=self._why,
            orders=metrics["orders"], fills=metrics["fills"], denied=metrics["denied"], rejected=metrics["rejected"],
            unknown=metrics["unknown"], filled_notional=metrics["filled_notional"], fees=metrics["fees"],
            realized_pnl=plain(realized), unrealized_pnl=_unrealized(positions),
            positions=[position_json(one) for one in positions],
            latency_us=metrics["latency_us"],
            started_ns=self.started_ns, ended_ns=self._house.market.clock.now_ns(), clean=self._is_clean(settled=settled),
            rejects=metrics["rejects"], fill_rate=metrics["fill_rate"], detail=self.detail,
        )

    def _is_clean(self, *, settled: bool) -> bool:
        """Say whether each order's fate and each position is confirmed, and what a kill had to sweep is swept.

        What was ``settled`` once trading had ended stays so, whatever befalls the link between that and this question.
        """
        return (settled or self._is_settled_now()) and not self._house.watch.unclean("all")

    def _is_settled_now(self) -> bool:
        try:
            return is_settled(self._status(), self._house.settings.stop.policy)
        except AutotraderError:
            return False


def _unrealized(positions: tuple[Any, ...]) -> str | None:
    values: list[Decimal | None] = [one.unrealized_pnl for one in positions if one.quantity]
    known = [value for value in values if value is not None]
    return plain(sum(known, ZERO)) if len(known) == len(values) else None
