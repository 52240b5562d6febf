"""The order manager's floor: applies an event to the books and carries out what follows. No thread of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from autotrader.clock import Clock
from autotrader.errors import InvalidOrder
from autotrader.messages import (
    AccountChanged,
    Alerted,
    BalanceOpened,
    BalanceTransferred,
    FillBooked,
    InstrumentsListed,
    Message,
    OrderAdopted,
    OrderEvent,
    OrderFilled,
    OrderReplaced,
    OrderUpdated,
    PositionChanged,
    QueryOrder,
    ReplaceRejected,
    SendCancel,
    StrategyStopped,
    SwitchStrategy,
    SymbolBlocked,
    SymbolReleased,
)
from autotrader.model import DONE_STATES, KillLevel, OrderState, OrderUpdate, Position, Quote
from autotrader.oms.book import Applied, Books, PositionKey
from autotrader.oms.desk import Desk
from autotrader.oms.foreign import Strangers
from autotrader.oms.hooks import Hooks
from autotrader.oms.journal.commit import Outlet
from autotrader.oms.journal.restore import checkpoint_body
from autotrader.oms.listing import news_of
from autotrader.oms.metrics import Metrics
from autotrader.oms.outbox import Outbox
from autotrader.oms.venue_ids import Naming, naming_of
from autotrader.risk.exposure import Exposure
from autotrader.risk.limits import Limits
from autotrader.risk.verdicts import Breach, BreachAction

__all__ = ["WATCH", "Floor", "Hooks"]

FEE_ONLY = 15
"""The row of a trade that is known; with a fee that was not, it moves money and nothing of the order."""
WATCH = "watch"
"""The route of whoever keeps the last word on each venue: readiness, pulls, verdicts."""
CLOSED_KEPT = 5_000
"""Closed orders that stay in memory, so that the usual late word needs no look into the journal."""
ACCOUNT_EVERY_NS = 100_000_000
_UNKNOWN = OrderState.UNKNOWN
_REPLACE_ENDS = frozenset({OrderReplaced, ReplaceRejected})


class Floor:
    """Books, limits and outbox of one engine, and what follows from each event."""

    def __init__(
        self,
        books: Books,
        exposure: Exposure,
        limits: Limits,
        metrics: Metrics,
        clock: Clock,
        wall: Clock,
        desks: Mapping[str, Desk],
        hooks: Hooks,
        *,
        closed_kept: int = CLOSED_KEPT,
    ) -> None:
        self._closed_kept = closed_kept
        self.books, self.exposure, self.limits, self.metrics = books, exposure, limits, metrics
        self.clock, self.wall, self.desks, self.hooks = clock, wall, desks, hooks
        self.outbox = Outbox()
        self.routes: dict[str, Outlet] = {}
        self.runners: dict[str, Outlet] = {}
        self.watchers: dict[str, set[str]] = {}
        self.subscribers: list[Outlet] = []
        self.fill_subscribers: list[Outlet] = []
        self.update_subscribers: list[Outlet] = []
        self.quotes: dict[tuple[str, str], Quote] = {}
        self.updated: Callable[[OrderUpdate], None] | None = None
        self._moved, self._stale = dict[PositionKey, None](), dict[PositionKey, None]()
        self._booked: list[FillBooked] = []
        self._stale_balances: set[tuple[str, str]] = set()
        self._account_told_ns, self._account_dirty = 0, False
        self._closed: deque[str] = deque(name for name, record in books.orders.items() if record.is_done)
        self._strangers = Strangers(self)
        self.stopped: list[str] = []
        self.amended_ns: dict[str, int] = {}

    # ------------------------------------------------------------ events

    def hear(self, event: OrderEvent | OrderAdopted) -> Applied:
        """Record what a venue says, and that it was heard."""
        desk = self.desks.get(event.order.venue if isinstance(event, OrderAdopted) else event.venue)
        if desk is not None and event.ts_ns > desk.last_heard_ns:
            desk.last_heard_ns = event.ts_ns
        if type(event) is OrderFilled:
            known = self.books.orders.get(event.client_order_id)
            if known is None or known.foreign:
                self._strangers.make_room(event)
        return self.record(event)

    def record(self, event: Message) -> Applied:
        """Apply one event, put it on record, and carry out its effects. Ignored and refused ones leave no row."""
        applied = self.books.apply(event)
        if applied.unknown:
            event, applied = self._recalled(event)
        if applied.ignored or applied.refused is not None:
            return applied
        self.outbox.events.append(event)
        order = applied.order
        if applied.fills or applied.undone or applied.amended:
            self._book(applied)
        if order is not None and type(event) in _REPLACE_ENDS:
            self.exposure.settle(order.client_order_id)  # a cancel that is on its way would hide it in the order's state
        if order is not None and not (applied.amended and applied.event == FEE_ONLY):
            self._publish(order, applied)
        elif isinstance(event, BalanceOpened | BalanceTransferred):
            self._pay(event)
        if applied.positions:
            self._move(applied.positions)
        if applied.send_cancel and order is not None:
            self.send_cancel(order)
        if applied.alert is not None or applied.block is not None or applied.halt:
            self._raise_alarm(event, applied)
        return applied

    def _publish(self, order: OrderUpdate, applied: Applied) -> None:
        """Tell of an order as it stands now; a runner hears it with the fill, where that is what moved it."""
        outbox, state, previous = self.outbox, order.state, applied.previous
        outbox.updates.append(order)
        self.exposure.on_order(order)
        if not applied.fills or applied.undone:
            told, route = OrderUpdated(order), self.routes.get(order.strategy)
            if route is not None:
                outbox.news[route].append(told)
            if self.watchers:
                self._tell_watchers(order.strategy, order.client_order_id, told)
        for subscriber in self.update_subscribers:
            outbox.tell(subscriber, OrderUpdated(order))
        if state in DONE_STATES:
            if previous not in DONE_STATES:
                self._close(order.client_order_id)
        elif state is _UNKNOWN and previous is not _UNKNOWN:
            self._doubted(order)
        if previous is _UNKNOWN and state is not _UNKNOWN:
            self.look_soon(order.venue)
        if self.updated is not None:
            self.updated(order)

    def _doubted(self, order: OrderUpdate) -> None:
        """Let no new risk on a symbol in which nobody knows what is open."""
        self.metrics.on_unknown()
        if order.venue in self.desks:
            reason = f"the outcome of order {order.client_order_id} is unknown"
            self.block(order.venue, order.symbol, reason, until_operator=False)

    def look_soon(self, venue: str) -> None:
        """Have the venue's books compared as soon as its answers can show what has just happened."""
        desk = self.desks.get(venue)
        if desk is not None and desk.look_due_ns is None:
            desk.look_due_ns = self.clock.now_ns() + desk.settings.lag_ns

    def tell_route(self, strategy: str, message: Message) -> None:
        """Tell one strategy's runner, if it runs."""
        if (route := self.routes.get(strategy)) is not None:
            self.outbox.tell(route, message)

    def catch_up(self, strategy: str) -> None:
        """Tell a runner that has just begun what it holds: quotes, positions, accounts, its open orders."""
        for position in self.books.positions():
            self.tell_route(strategy, PositionChanged(self.position(position.venue, position.symbol)))
        for record in self.books.orders.values():
            if record.order.strategy == strategy and not record.is_done:
                self.tell_route(strategy, OrderUpdated(record.update()))
        self._account_dirty, self._account_told_ns = True, 0

    def tell_all(self, message: Message) -> None:
        """Tell every route."""
        for route in self.routes.values():
            self.outbox.tell(route, message)

    def tell_runners(self, message: Message) -> None:
        """Tell those that decide by it; every other thread that is told wakes up for nothing."""
        for runner in self.runners.values():
            self.outbox.tell(runner, message)

    def _tell_watchers(self, strategy: str, client_order_id: str, message: Message) -> None:
        """Tell those who watch an order beside its own strategy."""
        for name in self.watchers.get(client_order_id, ()):
            if name != strategy and name in self.routes:
                self.outbox.tell(self.routes[name], message)

    def subscribe(self, outlet: Outlet, *, fills: bool, updates: bool) -> None:
        """Tell ``outlet`` of notices, and of fills and order updates as asked; asking again only adds."""
        lists = self.subscribers, self.fill_subscribers, self.update_subscribers
        for is_wanted, subscribers in zip((True, fills, updates), lists, strict=True):
            if is_wanted and outlet not in subscribers:
                subscribers.append(outlet)

    def _book(self, applied: Applied) -> None:
        order, outbox = applied.order, self.outbox
        if order is None:
            return
        if applied.undone or applied.amended:
            outbox.take_back(applied.undone)
            outbox.fills += applied.amended
            self.metrics.on_corrected(order.filled_quantity, applied.fills, applied.undone, applied.amended)
        outbox.fills += applied.kept
        for fill in () if applied.undone else applied.fills:
            booked, route = FillBooked(fill, order, applied.decided_ns), self.routes.get(order.strategy)
            self._booked.append(booked)
            if route is not None:
                outbox.news[route].append(booked)
            if self.watchers:
                self._tell_watchers(order.strategy, fill.client_order_id, booked)
            for subscriber in self.fill_subscribers:
                outbox.tell(subscriber, booked)
            if not order.foreign and (breach := self.limits.on_fill(fill, self.clock.now_ns())) is not None:
                self.carry_out(breach)

    def list_instruments(self, listed: InstrumentsListed) -> None:
        """Take what a venue lists; what positions are folded by goes on record when it is new."""
        if news := news_of(self.books, listed):
            self.outbox.events.append(InstrumentsListed(listed.venue, news, self.clock.now_ns()))
        self.books.add_instruments(listed.instruments)
        self.exposure.on_instruments(listed.venue, listed.instruments)

    def _pay(self, event: BalanceOpened | BalanceTransferred) -> None:
        """Let the limits see money that no trade moved; what came in later is neither profit nor loss."""
        self._stale_balances.add((event.venue, event.account))
        if isinstance(event, BalanceTransferred):
            self.exposure.on_transfer(event.venue, event.asset, event.amount)

    def _move(self, keys: tuple[PositionKey, ...]) -> None:
        for key in keys:
            self._moved[key] = self._stale[key] = None

    def refresh_balances(self) -> None:
        """Bring the positions and totals per asset that the limits see up to date; due before the next check after a fill."""
        if not (self._stale or self._stale_balances):
            return
        for venue, account, symbol in self._stale:
            self._stale_balances.add((venue, account))
            if symbol:
                self.exposure.on_position(self.books.position(venue, symbol))
        for venue, account in self._stale_balances:
            self.exposure.on_balances(venue, account, self.books.balances(venue))
        self._account_dirty = True
        self._stale.clear()
        self._stale_balances.clear()

    def _recalled(self, event: Message) -> tuple[Message, Applied]:
        """Bring back a closed order from the journal, or adopt one that is not ours, and apply the event to it."""
        if not isinstance(event, OrderEvent):
            return event, Applied(ignored=True)
        if self.restore(naming_of(event)):
            return event, self.books.apply(event)
        if isinstance(event, OrderFilled):
            event = self._strangers.adopt(event)
            return event, self.books.apply(event)
        self._strangers.meet(event)
        return event, Applied(ignored=True)

    def restore(self, naming: Naming) -> bool:
        """Bring a closed order back into memory from the journal; False when the journal does not know it."""
        past = self.hooks.recall(*naming)
        record = self.books.restore(past) if past else None
        if record is not None:
            self._closed.append(record.client_order_id)
            self.exposure.on_order(record.update())
        return record is not None

    # ------------------------------------------------------------ requests to the venue

    def send_cancel(self, order: OrderUpdate) -> None:
        """Ask the venue to cancel, by the best id known; needs no leave of the limits."""
        if (desk := self.desks.get(order.venue)) is not None:
            self.outbox.tell(desk.resiliency, SendCancel(order.client_order_id, order.venue_order_id, order.symbol))

    def send_query(self, desk: Desk, order: OrderUpdate) -> None:
        """Ask the venue what it knows of the order."""
        asked_ns = self.clock.now_ns()
        self.outbox.tell(desk.resiliency, QueryOrder(order.client_order_id, order.venue_order_id, order.symbol, asked_ns))

    # ------------------------------------------------------------ alarms, blocks, breaches

    def _raise_alarm(self, event: Message, applied: Applied) -> None:
        reason = applied.alert or f"{type(event).__name__} needs a look"
        self.alarm(f"EVENT_{applied.event}", reason, event)
        if isinstance(event, OrderEvent):
            if applied.block is not None and applied.order is not None:
                self.block(event.venue, applied.order.symbol, reason, until_operator=applied.block == "operator")
            if applied.halt:
                self.block(event.venue, "", reason, until_operator=True)
                self.hooks.kill(KillLevel.HALT, event.venue, reason)

    def alarm(self, code: str, text: str, event: object = None, *, venue: str = "") -> None:
        """Put something that a person should know on record, and tell it."""
        about = (getattr(event, "venue", venue), getattr(event, "client_order_id", ""))
        alert = Alerted(code, text, *about, self.clock.now_ns())
        self.outbox.events.append(alert)
        self.hooks.alert(alert)
        for subscriber in self.subscribers:
            self.outbox.tell(subscriber, alert)

    def block(self, venue: str, symbol: str, reason: str, *, until_operator: bool) -> None:
        """Let no new risk on the symbol, or the venue; a block for the operator is never weakened."""
        desk = self.desks.get(venue)
        if desk is None:
            return
        known = desk.blocks.get(symbol)
        if known is not None and (known[1] or not until_operator):
            return
        now_ns = desk.blocked_ns[symbol] = self.clock.now_ns()
        desk.blocks[symbol] = (reason, until_operator)
        self.exposure.on_block(venue, symbol, reason)
        self.outbox.events.append(SymbolBlocked(venue, symbol, reason, until_operator, now_ns))

    def release(self, venue: str, symbol: str, reason: str, by: str) -> None:
        """Lift a block; raises ``InvalidOrder`` for a venue that is not configured."""
        desk = self.desks.get(venue)
        if desk is None:
            raise InvalidOrder(f"venue {venue!r} is not configured; configured: {', '.join(sorted(self.desks))}")
        if desk.blocks.pop(symbol, None) is not None:
            self.exposure.on_release(venue, symbol)
            self.outbox.events.append(SymbolReleased(venue, symbol, reason, by, self.clock.now_ns()))
            if not symbol:
                self.look_soon(venue)

    def carry_out(self, breach: Breach | None) -> None:
        """Do what a broken limit asks for."""
        if breach is None:
            return
        self.alarm(breach.code, breach.sentence, venue=breach.venue)
        self.act_on(breach.action, breach.sentence, strategy=breach.strategy, venue=breach.venue)

    def act_on(self, action: BreachAction, reason: str, *, strategy: str = "", venue: str = "") -> None:
        """Stop a strategy or pull the kill switch, as the limit says."""
        if action is BreachAction.STOP_STRATEGY:
            self.stop_strategy(strategy, "LIMIT", reason)
        elif action is BreachAction.HALT_VENUE:
            self.hooks.kill(KillLevel.HALT, venue, reason)
        elif action is BreachAction.HALT:
            self.hooks.kill(KillLevel.HALT, "all", reason)
        elif action is BreachAction.CANCEL:
            self.hooks.kill(KillLevel.CANCEL, "all", reason)

    def stop_strategy(self, strategy: str, code: str, reason: str) -> None:
        """Switch a strategy off until the operator switches it on; the caller cancels its open orders."""
        stopped = StrategyStopped(strategy, code, reason, self.clock.now_ns())
        self.outbox.events.append(stopped)
        self.limits.stop_strategy(strategy, reason)
        self.alarm("STRATEGY", f"strategy {strategy} is stopped ({code}): {reason}")
        self.tell_route(strategy, SwitchStrategy(strategy, on=False, by=code))
        self.stopped.append(strategy)
        for subscriber in self.subscribers:
            self.outbox.tell(subscriber, stopped)

    # ------------------------------------------------------------ the flush

    def settle(self) -> None:
        """Bring metrics, positions and accounts up to date for the journal and those who listen; part of every flush."""
        self.refresh_balances()
        if self._booked:
            self.metrics.on_fills(self._booked, self.wall.monotonic_ns())
            self._booked = []
        for venue, _, symbol in self._moved:
            if symbol:
                position = self.position(venue, symbol)
                self.outbox.positions.append(position)
                self.tell_runners(PositionChanged(position))
        self._moved.clear()
        self._tell_accounts()

    def position(self, venue: str, symbol: str) -> Position:
        """Return a position at the last mid."""
        quote = self.quotes.get((venue, symbol))
        return self.books.position(venue, symbol, None if quote is None else quote.mid)

    def measure_ns(self) -> int:
        """Return the time on the clock that decisions are stamped with."""
        return self.wall.monotonic_ns()

    def _tell_accounts(self) -> None:
        now_ns = self.clock.now_ns()
        if not self._account_dirty or now_ns - self._account_told_ns < ACCOUNT_EVERY_NS:
            return
        self._account_dirty, self._account_told_ns = False, now_ns
        for desk in self.desks.values():
            balances = tuple(sorted(self.books.balances(desk.name).items()))
            self.tell_runners(AccountChanged(desk.name, desk.account, balances, self.exposure.total_equity))

    def _close(self, client_order_id: str) -> None:
        if self.watchers or self.amended_ns:
            self.watchers.pop(client_order_id, None)
            self.amended_ns.pop(client_order_id, None)
        self._closed.append(client_order_id)
        if len(self._closed) > self._closed_kept:
            self._forget(self._closed.popleft())

    def _forget(self, client_order_id: str) -> None:
        """Let the oldest closed order go, unless the venue still owes an answer about it."""
        record = self.books.orders.get(client_order_id)
        if record is not None and (record.owed_after_ns is not None or record.gap is not None):
            self._closed.append(client_order_id)
        else:
            self.books.evict(client_order_id)

    def export_state(self) -> str:
        """Return all live state for a checkpoint."""
        desks = msgspec.json.encode({name: desk.agreed_ns for name, desk in self.desks.items()}).decode()
        return checkpoint_body(self.books, limits=self.limits.export_state(), desks=desks)
