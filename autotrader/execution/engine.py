"""The engine: everything put together behind calls that block, each with an end."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, cast

from autotrader.actors import ChildSpec
from autotrader.config import Settings
from autotrader.errors import AutotraderError, ConfigError, InvalidOrder, StartError, Unavailable
from autotrader.execution.assembly import API, DISPATCHER, FRONT, OMS, Assembly, StrategyFactory
from autotrader.execution.config import ExecutionConfig
from autotrader.execution.ending import Ending
from autotrader.execution.front import AddSubscription, Callback, Event, OpenTicket, Subscription
from autotrader.execution.kill_switch import KillSwitch
from autotrader.execution.run import Run
from autotrader.execution.status import engine_status
from autotrader.execution.summary import RunSummary
from autotrader.execution.tickets import Ticket, Until, is_answered, is_done, until_replaced
from autotrader.market import FeedProgress, StartMarket
from autotrader.messages import (
    CancelOrder,
    ClearBlock,
    DiscardDeadLetter,
    GetBalances,
    GetInstruments,
    GetMetrics,
    GetOpenOrders,
    GetOrder,
    GetPositions,
    GetStatus,
    Message,
    ModifyOrder,
    OrderDenied,
    RetryDeadLetter,
    SubmitOrder,
    Subscribe,
    SwitchStrategy,
)
from autotrader.model import ExecutionDecision, Fill, Mode, Order, OrderUpdate, Position
from autotrader.oms.snapshot import OmsSnapshot
from autotrader.strategy.base import StrategyLike
from autotrader.strategy.decisions import Command, Desk, command_of
from autotrader.strategy.symbols import Symbols

__all__ = ["ExecutionEngine"]

ASK_S = 5.0
PAUSE_S = 0.02
FIRST_QUOTES_S = 2.0
"""How long a connect waits for the market's first quotes; a tape may have none for a while, and that is no error."""
FIRST_LIVE_QUOTES_S = 10.0


class ExecutionEngine:
    """One engine: one mode, at most one account per venue. Every method may be called from any thread, and blocks at most as
    long as it says. Use it in a ``with``, or call ``stop``; a host that forgets exits cleanly all the same.

    ``config`` None is paper trading on a synthetic market. ``strategy`` is an object, or makes one; None takes the
    configuration's. Raises ConfigError; nothing is opened before ``connect``.
    """  # noqa: D205

    def __init__(
        self, config: ExecutionConfig | Settings | None = None, *, strategy: StrategyLike | StrategyFactory | None = None,
    ) -> None:
        if config is None:
            config = ExecutionConfig()
        self.config = config if isinstance(config, ExecutionConfig) else ExecutionConfig.of(config)
        self.settings = self.config.settings
        self._strategy = strategy
        self._parts: Assembly | None = None
        self._state = threading.Lock()
        self._desk: Desk | None = None
        self._market_started = False
        self._run: Run | None = None
        self._ending: Ending | None = None

    # ------------------------------------------------------------ life

    def connect(self, timeout_s: float | None = None) -> None:
        """Open journal and latch, start every actor, and wait until each venue's books are reconciled and prices are there.

        ``timeout_s`` None is ``engine.order_timeout_s``, beyond what the journal takes to verify. Raises JournalError,
        ConfigError, or StartError naming what is not ready; everything is closed again then. Twice does nothing.
        """
        with self._state:
            if self._parts is not None:
                return
            if self.settings.mode is Mode.LIVE and not self.config.arm:
                raise ConfigError("mode LIVE trades real money: give arm=True (ExecutionConfig) or --arm (launcher) beside it")
            parts = Assembly(self.settings)
            parts.open()
            try:
                self._start(parts, self.settings.engine.order_timeout_s if timeout_s is None else timeout_s)
            except BaseException:
                parts.runtime.stop(timeout_s=5.0)
                parts.close()
                self._parts = self._ending = None
                raise

    def _start(self, parts: Assembly, timeout_s: float) -> None:
        parts.runtime.start(parts.specs(), timeout_s=max(timeout_s, 60.0))
        self._parts, self._ending = parts, Ending(parts, self.ask_actor)
        symbols = Symbols()
        self._desk = Desk(strategy=API, symbols=symbols, ids=parts.ids, accounts=parts.accounts, positions={})
        self._wait_ready(timeout_s)
        self._learn_symbols()
        parts.kill.conditions = self._rearm_conditions
        if not parts.market.lock_step:
            self._start_market()
            self._wait_for_quotes(min(timeout_s, FIRST_LIVE_QUOTES_S if parts.market.is_live else FIRST_QUOTES_S))

    def _learn_symbols(self) -> bool:
        """Note what the venues list, some only once they are connected; say whether any of it is new."""
        assert self._desk is not None
        symbols, known = self._desk.symbols, self._desk.symbols.count
        for instrument in self._ask(GetInstruments()):
            symbols.add(instrument.venue, instrument.symbol)
        return symbols.count != known

    def _wait_ready(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            waiting = [desk for desk in self._oms_status().venues if not desk.ready]
            if not waiting or self._house.kill.is_halted:
                return
            if time.monotonic() > deadline:
                what = "; ".join(f"{desk.name} (link {desk.link}: {desk.reason})" for desk in waiting)
                raise StartError(f"not ready within {timeout_s:g} s: {what}")
            time.sleep(PAUSE_S)

    def _wait_for_quotes(self, timeout_s: float) -> None:
        """Wait until the order manager has seen a quote of each instrument of the market: without one it denies orders."""
        deadline = time.monotonic() + timeout_s
        wanted = set(self._house.market.quoted)
        while time.monotonic() < deadline and not wanted <= self._oms_status().quoted:
            time.sleep(PAUSE_S)

    def _start_market(self) -> None:
        if not self._market_started:
            self._market_started = True
            for feed in self._house.market.feeds:
                self._house.runtime.handle(feed).tell(StartMarket())

    def run_live_trading(
        self, strategy: StrategyLike | StrategyFactory | None = None, *, duration_s: float | None = None,
        until_fills: int | None = None, on_progress: Callable[[ExecutionEngine], None] | None = None,
    ) -> RunSummary:
        """Trade until the time is over, so many fills are booked, the tape ends, the kill switch is pulled, or ``end_run``.

        Blocks; the calling thread may be interrupted (KeyboardInterrupt ends the run in good order). ``on_progress`` is called
        about ten times a second in this thread. Connects first if need be; the engine stays connected afterwards.
        """
        self.connect()
        ending = self._ending
        assert ending is not None
        ending.lift()
        self._run = run = Run(self._house, self._oms_status, duration_s=duration_s, until_fills=until_fills)
        for spec in self._runner_specs(strategy if strategy is not None else self._strategy):
            self._house.runtime.start([spec])
        self._start_market()
        summary = run.wait(lambda: on_progress(self) if on_progress is not None else None, ending.end)
        ending.lift()  # the engine stays connected, for orders of the caller's own
        return summary

    def _runner_specs(self, strategy: StrategyLike | StrategyFactory | None) -> list[ChildSpec]:
        sections = self.settings.all_strategies
        if strategy is None:
            return [self._house.runner_spec(section) for section in sections]
        if isinstance(strategy, type) or not hasattr(strategy, "decide"):
            return [self._house.runner_spec(sections[0], cast("StrategyFactory", strategy))]
        made = cast("StrategyLike", strategy)
        return [self._house.runner_spec(sections[0], lambda: made)]

    def stop(self, timeout_s: float | None = None) -> None:
        """Stop in good order: no new orders, cancel or leave by ``stop.policy``, flush, disconnect, end all threads.

        Harmless when it is stopped already. After a run has ended there is nothing left to cancel, and this is quick.
        """
        with self._state:
            if self._parts is None or self._ending is None:
                return
            try:
                self._ending.end()
            except AutotraderError as error:
                self._parts.alerts.tell("STOP", f"the stop went on without its order manager: {error}")
            finally:
                self._parts.runtime.stop(timeout_s=self.settings.stop.timeout_s if timeout_s is None else timeout_s)
                self._parts.close()
                self._parts = self._ending = None
                self._market_started = False

    def end_run(self) -> None:
        """End ``run_live_trading`` from another thread or a signal handler; it returns its summary in its own thread."""
        if self._run is not None:
            self._run.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    # ------------------------------------------------------------ orders

    def execute_decision(self, decision: ExecutionDecision) -> Ticket:
        """Turn a decision into an order, a cancel or an amend, and return its ticket at once.

        Raises InvalidOrder for HOLD and for a decision that cannot be one (the message names the field). What the limits
        deny is no error: the ticket says so.
        """
        command = self._command_of(decision)
        if isinstance(command, OrderDenied) and command.reason_code == "UNKNOWN_SYMBOL" and self._learn_symbols():
            command = self._command_of(decision)
        if isinstance(command, SubmitOrder):
            return self.submit_order(command.order)
        if isinstance(command, CancelOrder):
            return self.cancel_order(command.client_order_id)
        if isinstance(command, ModifyOrder):
            return self.modify_order(
                command.client_order_id, quantity=command.quantity, price=command.price, stop_price=command.stop_price
            )
        if isinstance(command, OrderDenied):
            raise InvalidOrder(command.reason, code=command.reason_code)
        raise InvalidOrder("HOLD is no order" if command is None else command.reason)

    def _command_of(self, decision: ExecutionDecision) -> Command | None:
        wall_ns = self._house.runtime.wall.monotonic_ns()
        return command_of(decision, self._routes(decision), self._house.market.clock.now_ns(), wall_ns)

    def _routes(self, decision: ExecutionDecision) -> Desk:
        assert self._desk is not None
        if decision.action == "CLOSE":
            held = {(one.venue, one.symbol): one.quantity for one in self.positions()}
            return Desk(API, self._desk.symbols, self._desk.ids, self._desk.accounts, held)
        return self._desk

    def submit_order(self, order: Order) -> Ticket:
        """Send an order that carries an id of ``new_order_id``; the ticket's ``wait`` gives the venue's answer."""
        return self._send(order.client_order_id, SubmitOrder(order), is_answered)

    def cancel_order(self, client_order_id: str) -> Ticket:
        """Ask for a cancel; the ticket's ``wait`` returns once the order is at its end, filled or cancelled."""
        return self._send(client_order_id, CancelOrder(client_order_id, API), is_done)

    def modify_order(
        self, client_order_id: str, *, quantity: Decimal | None = None, price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Ticket:
        """Ask for other terms; None leaves a term. The ticket's ``wait`` returns once the venue has answered."""
        command = ModifyOrder(client_order_id, API, quantity, price, stop_price)
        return self._send(client_order_id, command, until_replaced())

    def new_order_id(self, venue: str) -> str:
        """Return an id for an order at a venue, never used before."""
        return self._house.ids[venue].next()

    def _send(self, client_order_id: str, command: Message, until: Until) -> Ticket:
        ticket = Ticket(client_order_id, until)
        self._house.runtime.handle(FRONT).tell(OpenTicket(ticket))
        self._house.runtime.handle(OMS).tell(command)
        return ticket

    # ------------------------------------------------------------ questions

    def order(self, client_order_id: str) -> OrderUpdate:
        """Return an order as it stands, from memory or journal; raises InvalidOrder for an id that was never used."""
        update: OrderUpdate | None = self._ask(GetOrder(client_order_id))
        if update is None:
            raise InvalidOrder(f"no order {client_order_id} is on record", code="UNKNOWN_ORDER")
        return update

    def open_orders(self) -> tuple[OrderUpdate, ...]:
        """Return every order that is not done, oldest first."""
        orders: tuple[OrderUpdate, ...] = self._ask(GetOpenOrders())
        return orders

    def positions(self) -> tuple[Position, ...]:
        """Return every position ever held, flat ones included."""
        held: tuple[Position, ...] = self._ask(GetPositions())
        return held

    def balances(self, venue: str) -> dict[str, Decimal]:
        """Return the totals per asset at a venue, by our books."""
        totals: dict[str, Decimal] = self._ask(GetBalances(venue))
        return totals

    def metrics(self) -> dict[str, Any]:
        """Return orders, fills, fill rate, latencies, notional, fees and rejects of this run."""
        summary: dict[str, Any] = self._ask(GetMetrics())
        return summary

    def get_status(self) -> dict[str, Any]:
        """Return the status in the form of ``autotrader status``; from an engine that is not connected, what is known."""
        if self._parts is None:
            return {"mode": str(self.settings.mode), "connected": False}
        return engine_status(self._parts, self._oms_status())

    def _oms_status(self) -> OmsSnapshot:
        snapshot: OmsSnapshot = self._ask(GetStatus())
        return snapshot

    def _ask(self, message: Message, timeout_s: float = ASK_S) -> Any:
        return self._house.runtime.handle(OMS).ask(message, timeout_s)

    @property
    def _house(self) -> Assembly:
        if self._parts is None:
            raise Unavailable("the engine is not connected: call connect() first")
        return self._parts

    # ------------------------------------------------------------ subscriptions

    def subscribe_fills(self, callback: Callable[[Fill], None]) -> None:
        """Have every fill handed to ``callback``, on the dispatcher's thread; what it raises is logged."""
        self._subscribe((Fill,), callback)  # type: ignore[arg-type]  # the kinds say what it gets

    def subscribe(self, target: Callback | queue.Queue[Event] | queue.SimpleQueue[Event]) -> None:
        """Have fills, order updates and alerts put on a queue of your own, or handed to a callback."""
        self._subscribe((object,), target)

    def _subscribe(self, kinds: tuple[type, ...], target: Callback | queue.Queue[Event] | queue.SimpleQueue[Event]) -> None:
        house = self._house
        house.runtime.handle(DISPATCHER).tell(AddSubscription(Subscription(kinds, target)))
        house.subscribe(Subscribe(DISPATCHER, updates=kinds != (Fill,)))

    # ------------------------------------------------------------ the operator

    @property
    def kill_switch(self) -> KillSwitch:
        """Return the kill switch: ``activate`` from any thread."""
        return self._house.kill

    def retry_dead_letter(self, letter_id: str, by: str) -> str:
        """Ask for a dead letter's request anew, past all limits; return the client order id it has now."""
        order_id: str = self._ask(RetryDeadLetter(letter_id, by))
        return order_id

    def discard_dead_letter(self, letter_id: str, reason: str, by: str) -> None:
        """Close a dead letter for good."""
        self._ask(DiscardDeadLetter(letter_id, reason, by))

    def clear_block(self, venue: str, symbol: str, reason: str, by: str) -> None:
        """Lift a block on a symbol, or on the whole venue with an empty symbol, after looking."""
        self._ask(ClearBlock(venue, symbol, reason, by))

    def switch_strategy(self, strategy: str, *, on: bool, by: str) -> None:
        """Switch a strategy off, or on again after it was stopped."""
        self._ask(SwitchStrategy(strategy, on, by))

    def restart_actor(self, name: str, by: str) -> bool:
        """Give an actor a fresh incarnation; False when there is none of that name."""
        return self._house.runtime.restart(name, by)

    def _rearm_conditions(self, scope: str) -> list[str]:
        """Say what still speaks against a re-arm; asked in the supervisor's thread, which must not wait: by the last word."""
        watch = self._house.watch
        return watch.not_ready(scope) + watch.unclean(scope)

    @property
    def progress(self) -> FeedProgress | None:
        """Return how far a replay has come; None for a market without an end."""
        house = self._house
        return house.market.progress if house.market.is_tape else None

    @property
    def accounts(self) -> dict[str, str]:
        """Return venue to account."""
        return self._house.accounts

    def now_ns(self) -> int:
        """Return the engine's time: nanoseconds since the epoch, the tape's in a replay."""
        return self._house.market.clock.now_ns()

    def monotonic_ns(self) -> int:
        """Return the clock that decisions are stamped with, for latencies."""
        return self._house.runtime.wall.monotonic_ns()

    def ask_actor(self, name: str, message: Message, timeout_s: float = ASK_S) -> Any:
        """Ask an actor of the tree; raises WaitTimeout, or Unavailable when it is down."""
        return self._house.runtime.handle(name).ask(message, timeout_s)
