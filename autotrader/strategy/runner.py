"""The actor that runs one strategy."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from autotrader.actors import Context, Handle, Worker, handles, handles_batch
from autotrader.errors import Unavailable
from autotrader.messages import (
    AccountChanged,
    AccountConfirmed,
    AttachRoute,
    BarClosed,
    FillBooked,
    GetStatus,
    InstrumentsListed,
    Lane,
    Message,
    OrderUpdated,
    PositionChanged,
    QuoteUpdate,
    RequestRefused,
    StrategyStopped,
    SubmitOrder,
    SwitchStrategy,
    TradeSeen,
    VenueReady,
)
from autotrader.model import ClientOrderIds, ExecutionDecision, Instrument, Snapshot
from autotrader.strategy.base import Strategy, StrategyContext, StrategyLike
from autotrader.strategy.decisions import Command, Desk, command_of
from autotrader.strategy.recent import FillMemory
from autotrader.strategy.symbol_map import NothingYet
from autotrader.strategy.symbols import Symbols
from autotrader.strategy.verdicts import FloodError, decisions_of
from autotrader.strategy.view import View

__all__ = ["RunnerSettings", "RunnerStatus", "StrategyRunnerActor"]


_PAST_BUSY_S = 1.0  # the supervisor calls a worker hung so long past its busy_until_ns


class RunnerSettings(msgspec.Struct, frozen=True):
    """How a strategy is run. ``cycle_time_ms`` is engine time between decisions, at least.

    ``trigger``: "timer" decides at each cycle, "quote" on a quote once the cycle is over (0: on every quote; a lock-step
    replay needs "quote"). ``decide_on_fill`` decides again after fills, too. More than ``max_decisions`` in one call, or a call
    longer than ``hang_s`` of wall time, ends the strategy. ``timed`` stamps orders with the machine's clock, for latencies; in
    a lock-step replay, whose journal must be the same each time, nothing of that clock may go on record.
    """

    cycle_time_ms: float = 100.0
    trigger: str = "timer"
    decide_on_fill: bool = False
    max_decisions: int = 1_000
    hang_s: float = 10.0
    timed: bool = True


class RunnerStatus(msgspec.Struct, frozen=True):
    """Answer to ``GetStatus``; ``off`` is why the strategy was stopped, empty while it runs."""

    strategy: str
    off: str
    cycles: int
    decisions: int
    fills: int
    open_orders: int
    refused: int


class CycleDue(Message, frozen=True):
    """A cycle is over. On the quotes' lane, so that all that came before is known when the strategy decides."""

    lane = Lane.QUOTES
    conflation_key = ()


class StrategyRunnerActor(Worker):
    """Keeps the strategy's view from messages, has it decide, and tells the order manager what it decided.

    ``strategy`` makes the strategy, in the runner's own thread. ``ids`` and ``accounts`` are per venue; ``listeners`` hear of
    ``StrategyStopped`` beside the order manager, which cancels the orders. The strategy can do no harm to the actor:
    whatever it raises switches it off, and nothing else.
    """

    def __init__(
        self,
        context: Context,
        *,
        strategy: Callable[[], StrategyLike],
        oms: Handle,
        ids: Mapping[str, ClientOrderIds],
        accounts: Mapping[str, str] | None = None,
        settings: RunnerSettings | None = None,
        listeners: Sequence[Handle] = (),
        instruments: Sequence[Instrument] = (),
        memory: FillMemory | None = None,
    ) -> None:
        super().__init__(context)
        self._settings = settings or RunnerSettings()
        self._make, self._oms, self._listeners = strategy, oms, listeners
        self._strategy_name = self.name.removeprefix("runner.")
        self._view = View(Symbols(), dict.fromkeys(ids, False))
        self._accounts = dict(accounts or {})
        self._desk = Desk(strategy=self._strategy_name, symbols=self._view.symbols, ids=ids, accounts=self._accounts,
                          positions=self._view.held)
        self._memory = memory or FillMemory()
        self._strategy: StrategyLike | None = None
        self._on_order: Callable[[Any], object] | None = None
        self._off, self._waits_for, self._failed = "", "", False
        self._cycle_ns = round(self._settings.cycle_time_ms * 1e6)
        self._hang_ns = max(round((self._settings.hang_s - _PAST_BUSY_S) * 1e9), 0)
        self._by_quote, self._last_ns, self._fill_came = self._settings.trigger == "quote", -self._cycle_ns, False
        self._cycles = self._decided = self._fills = self._refused = 0
        for instrument in instruments:
            self._view.take_instrument(instrument)

    # ------------------------------------------------------------ life

    def on_start(self) -> None:
        """Make and start the strategy, and set the cycle going."""
        if self._settings.trigger not in ("timer", "quote"):
            raise ValueError(f'trigger must be "timer" or "quote", not {self._settings.trigger!r}')
        self._tell(self._oms, AttachRoute(name=self._strategy_name, actor=self.name))
        if not self._by_quote:
            self.ticker.every(max(self._settings.cycle_time_ms, 1.0) / 1e3, self.me, CycleDue())
        self._begin()

    def _begin(self) -> None:
        self._on_order = None
        self._strategy = self._guarded(self._make)
        if self._strategy is None:
            return
        on_start, on_order = getattr(self._strategy, "on_start", None), getattr(self._strategy, "on_order", None)
        if on_start is not None:
            self._guarded(on_start, self._strategy_context())
        if on_order is not None and getattr(on_order, "__func__", None) is not Strategy.on_order:
            self._on_order = on_order

    def on_stop(self) -> None:
        """Let the strategy hear what was told before the stop, which overtakes the last fills, and clean up."""
        if self.crash is None:
            self.run_pending()
        on_stop = getattr(self._strategy, "on_stop", None)
        if on_stop is not None and not self._off:
            self._guarded(on_stop)

    def on_flush(self) -> None:
        """Decide again after fills, where that is wanted."""
        if self._fill_came:
            self._fill_came = False
            self._decide()

    # ------------------------------------------------------------ what is heard

    @handles(QuoteUpdate)
    def _on_quote(self, msg: QuoteUpdate) -> None:
        self._view.take_quote(msg.quote)
        if self._by_quote and self.clock.now_ns() - self._last_ns >= self._cycle_ns:
            self._decide()

    @handles(CycleDue)
    def _on_cycle(self, _: CycleDue) -> None:
        self._decide()

    @handles_batch(TradeSeen)
    def _on_trades(self, trades: list[TradeSeen]) -> None:
        on_trade = getattr(self._strategy, "on_trade", None)
        for msg in trades:
            if on_trade is not None and not self._off:
                self._guarded(on_trade, msg.trade)

    @handles(BarClosed)
    def _on_bar(self, msg: BarClosed) -> None:
        on_bar = getattr(self._strategy, "on_bar", None)
        if on_bar is not None and not self._off:
            self._guarded(on_bar, msg.bar)

    @handles_batch(FillBooked)
    def _on_fills(self, fills: list[FillBooked]) -> None:
        view, memory, strategy = self._view, self._memory, self._strategy
        for msg in fills:
            view.take_update(msg.update)
            if memory.is_new(msg.fill) and strategy is not None and not self._off:
                self._fills += 1
                self._guarded(strategy.record_execution, msg.fill)
            if self._on_order is not None and not self._off:
                self._guarded(self._on_order, msg.update)
        self._fill_came = self._settings.decide_on_fill

    @handles_batch(OrderUpdated)
    def _on_updates(self, updates: list[OrderUpdated]) -> None:
        take = self._view.take_update
        for msg in updates:
            take(msg.update)
            if self._on_order is not None and not self._off:
                self._guarded(self._on_order, msg.update)

    @handles(PositionChanged)
    def _on_position(self, msg: PositionChanged) -> None:
        self._view.take_position(msg.position)

    @handles(AccountChanged)
    def _on_account(self, msg: AccountChanged) -> None:
        self._view.take_account(msg)

    @handles(AccountConfirmed)
    def _on_account_confirmed(self, msg: AccountConfirmed) -> None:
        self._accounts[msg.info.venue] = msg.info.account

    @handles(InstrumentsListed)
    def _on_instruments(self, msg: InstrumentsListed) -> None:
        for instrument in msg.instruments:
            self._view.take_instrument(instrument)

    @handles(VenueReady)
    def _on_venue_ready(self, msg: VenueReady) -> None:
        self._view.take_ready(msg.venue, ready=msg.ready)

    @handles(RequestRefused)
    def _on_request_refused(self, msg: RequestRefused) -> None:
        self._refused += 1
        self.log.bind(order_id=msg.client_order_id).warning(f"{msg.request} refused: {msg.reason} ({msg.reason_code})")

    @handles(SwitchStrategy)
    def _on_switch(self, msg: SwitchStrategy) -> None:
        """Obey the limits and the operator. One that had failed begins anew when it is switched on, one that paused goes on."""
        if not msg.on:
            self._off = self._off or f"switched off: {msg.by}"
        elif self._off:
            self._off = ""
            if self._failed:
                self._failed = False
                self._begin()

    @handles(GetStatus)
    def _on_get_status(self, _: GetStatus) -> RunnerStatus:
        return RunnerStatus(strategy=self._strategy_name, off=self._off, cycles=self._cycles, decisions=self._decided,
                            fills=self._fills, open_orders=len(self._view.open_orders()), refused=self._refused)

    # ------------------------------------------------------------ what is done

    def _decide(self) -> None:
        strategy = self._strategy
        if strategy is None or self._off or self._ending or not self._view.can_decide:
            return
        self._cycles += 1
        snapshot = self._view.snapshot(self.clock.now_ns())
        self._last_ns = snapshot.now_ns
        decisions = self._guarded(self._ask, strategy, snapshot)
        if decisions:
            self._decided += len(decisions)
            self._send(decisions, snapshot.now_ns, self.wall.monotonic_ns() if self._settings.timed else 0)

    def _ask(self, strategy: StrategyLike, snapshot: Snapshot) -> list[ExecutionDecision]:
        try:
            return decisions_of(strategy.decide(snapshot), self._settings.max_decisions)
        except NothingYet as e:
            if str(e) != self._waits_for:
                self._waits_for = str(e)
                self.log.info(f"strategy {self._strategy_name} waits: {e.args[0]}")
            return []

    def _send(self, decisions: list[ExecutionDecision], now_ns: int, decided_ns: int) -> None:
        """Tell the order manager all of it: one list a lane, cancels first."""
        orders: list[Command] = []
        lanes: dict[Lane, list[Command]] = {Lane.CONTROL: [], Lane.EVENTS: [], Lane.ORDERS: orders}
        desk, take_draft = self._desk, self._view.take_draft
        for decision in decisions:
            command = command_of(decision, desk, now_ns, decided_ns)
            if type(command) is SubmitOrder:
                take_draft(command.order)
                orders.append(command)
            elif type(command) is RequestRefused:
                self._on_request_refused(command)
            elif command is not None:
                lanes[command.lane].append(command)
        for commands in lanes.values():
            if commands:
                self._tell_oms(commands)

    def _tell_oms(self, commands: list[Command]) -> None:
        try:
            self._oms.tell(commands)
        except Unavailable as e:
            for command in commands:
                if type(command) is SubmitOrder:
                    self._view.drop_draft(command.order.client_order_id)
            self.log.warning(f"{len(commands)} decisions went nowhere: {e}")

    def _guarded(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call the strategy; what it raises ends it, ``SystemExit`` included. Returns None then."""
        self.busy_until_ns = self.wall.monotonic_ns() + self._hang_ns
        try:
            return call(*arguments)
        except FloodError as e:
            self._switch_off("FLOOD", str(e))
        except BaseException as e:  # noqa: BLE001  a user's code: nothing it does may end the actor
            self._switch_off("RAISED", _where(e))
        finally:
            self.busy_until_ns = 0
        return None

    def _switch_off(self, code: str, reason: str) -> None:
        if self._off:
            return
        self._off, self._failed = f"{code}: {reason}", True
        self.log.error(f"strategy {self._strategy_name} is off, its orders are cancelled: {reason}")
        stopped = StrategyStopped(strategy=self._strategy_name, reason_code=code, reason=reason, ts_ns=self.clock.now_ns())
        for listener in (self._oms, *self._listeners):
            self._tell(listener, stopped)

    def _tell(self, listener: Handle, message: Message) -> None:
        try:
            listener.tell(message)
        except Unavailable as e:
            self.log.error(f"{type(message).__name__} of strategy {self._strategy_name} was not heard: {e}")

    def _strategy_context(self) -> StrategyContext:
        return StrategyContext(self._strategy_name, MappingProxyType(self._view.instruments), self.clock, self.rng, self.log)


def _where(error: BaseException) -> str:
    """Say what was raised and in which line of the strategy."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f" ({frames[-1].filename}, line {frames[-1].lineno}, in {frames[-1].name})" if frames else ""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  a user's exception may fail to describe itself
        text = "(it cannot say what)"
    return f"{type(error).__name__}: {text}{at}"
