"""An order manager driven in one thread: the real floor, books and limits, a journal that can hold back, and probes around."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from support import Probe, messages_in

from autotrader.actors.reply import Reply
from autotrader.actors.runtime import Runtime
from autotrader.clock import ManualClock
from autotrader.errors import Unavailable
from autotrader.messages import (
    AccountConfirmed,
    Alerted,
    AttachRoute,
    InstrumentsListed,
    LinkChanged,
    Message,
    OrderAccepted,
    OrderFilled,
    QuoteUpdate,
    SendOrder,
    SnapshotTaken,
    SubmitOrder,
)
from autotrader.model import (
    AccountInfo,
    Balance,
    ClientOrderIds,
    Fill,
    Instrument,
    KillLevel,
    LinkState,
    Liquidity,
    Mode,
    Order,
    OrderState,
    OrderType,
    OrderUpdate,
    Quote,
    Side,
    VenueSnapshot,
)
from autotrader.oms.desk import DeskSettings
from autotrader.oms.differences import Policy
from autotrader.oms.floor import WATCH, Hooks
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.release import refuse, release
from autotrader.oms.journal.store import Store
from autotrader.oms.manager import FloorStart, OrderManagerActor
from autotrader.oms.opening import DeskPlan, is_own_order, last_heard_ns, make_floor, opening_events, restore_books
from autotrader.resiliency.dead_letters import DeadLetters
from autotrader.risk import Exposure, Limits, ReceiptBook, risk_settings

D = Decimal
S = OrderState
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
ENGINE = "0123456789abcdef0123456789abcdef"
VENUE, ACCOUNT, SYMBOL = "sim", "acc", "BTCUSDT"
BTC = Instrument(VENUE, SYMBOL, D("0.01"), D("0.0001"), "USDT", "BTC")
ETH = Instrument(VENUE, "ETHUSDT", D("0.01"), D("0.0001"), "USDT", "ETH")


class Paper:
    """Stands in for the journal's actor: writes to a real store or nowhere, then lets go of what waited."""

    name = "journal"

    def __init__(self, store: Store | None = None) -> None:
        self.store = store
        self.commits: list[Commit] = []
        self.held: list[Commit] = []
        self.holding = self.failing = self.away = False
        self.answers: list[Message] = []

    def tell(self, message: Any, /) -> None:
        if self.away:
            raise Unavailable("the journal is not running")
        for commit in messages_in(message):
            self.commits.append(commit)
            self.held.append(commit)
        if not self.holding:
            self.let_go()

    def let_go(self) -> None:
        """Write what is held and tell what waited on it."""
        held, self.held = self.held, []
        if self.failing:
            self.answers += refuse(held, T0, "disk full")
            return
        if self.store is not None and held:
            self.store.append(held)
        self.answers += release(held, T0)

    @property
    def events(self) -> list[Message]:
        return [event for commit in self.commits for event in commit.events]

    def of(self, *types: type) -> list[Any]:
        """Return the journalled events of exactly these types."""
        return [event for event in self.events if type(event) in types]


class FakeGate:
    """Counts what the order manager asks of the gate."""

    def __init__(self) -> None:
        self.levels: dict[str, KillLevel] = {}
        self.ended: list[str] = []
        self.allowed: list[str] = []

    def level(self, venue: str) -> KillLevel:
        return self.levels.get(venue, KillLevel.ARMED)

    def sweep_ended(self, venue: str) -> None:
        self.ended.append(venue)

    def allow(self, venue: str, receipt: Any) -> None:
        self.allowed.append(receipt.client_order_id)


class House:
    """One order manager and all that it talks to. ``path`` puts a real journal behind it; ``again`` is its next incarnation."""

    def __init__(
        self, path: Path | None = None, *, profile: str = "rehearsal", controls: dict[str, Any] | None = None,
        venues: tuple[str, ...] = (VENUE,), closed_kept: int = 5_000, flatten: bool = False, lag_s: float = 1.0,
        **desk: Any,
    ) -> None:
        self.clock, self.wall = ManualClock(T0), ManualClock(T0)
        self.runtime = Runtime(self.clock, self.wall, seed=7)
        self.path = path
        self.store = None if path is None else Store(
            path, clock=self.clock, mode=Mode.PAPER, accounts=dict.fromkeys(venues, ACCOUNT), engine_id=ENGINE
        )  # fmt: skip
        self.journal = Paper(self.store)
        self.gate = FakeGate()
        self.kills: list[tuple[KillLevel, str, str]] = []
        self.alerts: list[Alerted] = []
        self.venues, self.flatten, self.closed_kept, self.lag_ns = venues, flatten, closed_kept, round(lag_s * SECOND)
        self.settings = DeskSettings(**{"request_life_ns": 5 * SECOND, "lag_ns": self.lag_ns, **desk})
        self.profile, self.controls = profile, controls or {}
        self.policy: dict[str, Any] = {}
        self.probes: dict[str, Probe] = {}
        self.answered: dict[str, int] = {}
        self.ids = {venue: ClientOrderIds(venue, ACCOUNT, ENGINE, 77) for venue in venues}
        self._readers: list[Reader] = []
        self._number = 0
        for name in (*(f"{kind}.{one}" for one in venues for kind in ("resiliency", "broker")), "runner.s", "watch", "ears"):
            self.probe(name)
        self.oms = self._begin()

    # ------------------------------------------------------------ life

    def probe(self, name: str) -> Probe:
        if name not in self.probes:
            self.probes[name] = Probe()
            self.runtime.handle(name).bind(self.probes[name])
        return self.probes[name]

    def _begin(self) -> OrderManagerActor:
        oms = OrderManagerActor(self.runtime.context("oms"), self._open_floor, self.journal)
        oms.on_start()
        oms.run_pending()
        return oms

    def again(self) -> OrderManagerActor:
        """Let the order manager die, and begin its next incarnation from the journal."""
        self.oms.ticker.cancel(self.oms._tick)
        self.oms = self._begin()
        self.probes["runner.s"] = self._fresh("runner.s")
        return self.oms

    def _fresh(self, name: str) -> Probe:
        probe = Probe()
        self.runtime.handle(name).bind(probe)
        return probe

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        if self.store is not None:
            self.store.close()

    def _open_floor(self) -> FloorStart:
        handle = self.runtime.handle
        plans = [
            DeskPlan(venue, ACCOUNT, handle(f"resiliency.{venue}"), handle(f"broker.{venue}"), self.settings,
                     Policy(lag_ns=self.lag_ns, engine_id=ENGINE, **self.policy))
            for venue in self.venues
        ]  # fmt: skip
        reader = None if self.path is None else Reader(self.path)
        if reader is not None:
            self._readers.append(reader)
        restored = restore_books(reader, plans)
        limits = Limits(
            risk_settings(self.profile, {"instrument": {"allow_all": True}, **self.controls}), Exposure("USD"), ReceiptBook(),
            mode=Mode.PAPER, level_of=self.gate.level,
        )
        hooks = Hooks(
            kill=lambda level, scope, reason: self.kills.append((level, scope, reason)), alert=self.alerts.append,
            recall=(lambda *_: []) if reader is None else reader.recall,
            look_up=(lambda _: None) if reader is None else reader.order,
            is_own=is_own_order(ENGINE, dict.fromkeys(self.venues, ACCOUNT)),
        )
        floor = make_floor(
            restored, plans, limits, self.clock, self.wall, hooks, heard_ns=last_heard_ns(reader, self.venues),
            instruments={}, closed_kept=self.closed_kept,
        )
        floor.routes.update({WATCH: handle("watch")})
        floor.subscribe(handle("ears"), fills=True, updates=True)
        letters = DeadLetters()
        for letter in restored.dead_letters:
            letters.apply(letter)
        first = self.runtime.handle("oms").epoch <= 1
        opening = opening_events(restored, ENGINE, Mode.PAPER, "1", self.clock) if first else []
        return FloorStart(floor, letters, opening, lambda venue: self.ids[venue].next(), self.gate, flatten=self.flatten)

    # ------------------------------------------------------------ talking

    @property
    def floor(self) -> Any:
        return self.oms._floor

    @property
    def books(self) -> Any:
        return self.oms._floor.books

    @property
    def exposure(self) -> Any:
        return self.oms._floor.exposure

    def desk(self, venue: str = VENUE) -> Any:
        return self.oms._floor.desks[venue]

    def tell(self, *messages: Message) -> None:
        """Tell the order manager, each by itself, and let it work until nothing waits."""
        for message in messages:
            self.runtime.handle("oms").tell(message)
            self.pump()

    def tell_together(self, *messages: Message) -> None:
        """Tell the order manager all at once, so that lanes overtake each other and one flush takes all."""
        for message in messages:
            self.runtime.handle("oms").tell(message)
        self.pump()

    def pump(self) -> None:
        for _ in range(50):
            answers, self.journal.answers = self.journal.answers, []
            for answer in answers:
                self.runtime.handle("oms").tell(answer)
            if not self.oms.run_pending() and not self.journal.answers:
                return
        raise AssertionError("the order manager talks to itself without end")

    def ask(self, message: Message) -> Any:
        reply = Reply()
        self.runtime.handle("oms").put(message, reply)
        self.pump()
        return reply.wait(0, "an answer")

    def advance(self, seconds: float, step_s: float = 1.0) -> None:
        """Move both clocks on in steps, firing what is due."""
        left = seconds
        while left > 1e-9:
            step = min(step_s, left)
            self.clock.advance(step)
            self.wall.advance(step)
            self.runtime.ticker.fire_due()
            self.pump()
            left -= step

    def seen(self, name: str, *types: type) -> list[Any]:
        """Return what an actor was told, of these types or all."""
        probe = self.probes[name]
        return probe.of(*types) if types else probe.seen

    def sent(self, *types: type, venue: str = VENUE) -> list[Any]:
        """Return what went towards the venue."""
        return self.seen(f"resiliency.{venue}", *types)

    def codes(self) -> list[str]:
        return [alert.code for alert in self.alerts]

    # ------------------------------------------------------------ the venue's words

    def info(self, venue: str = VENUE, **more: Any) -> AccountInfo:
        return AccountInfo(venue, more.pop("account", ACCOUNT), more.pop("mode", Mode.PAPER), can_short=True, **more)

    def snapshot(
        self, *orders: OrderUpdate, venue: str = VENUE, trades: tuple[Fill, ...] = (), usdt: str | None = None,
        btc: str | None = None, positions: tuple[Any, ...] = (), complete: bool = True, since_ns: int | None = None,
        asked_ns: int | None = None,
    ) -> VenueSnapshot:
        """Return the venue's books; balances are ours unless given."""
        held = {"USDT": D(1_000_000), "BTC": D(100), **self.books.balances(venue)}
        if usdt is not None:
            held["USDT"] = D(usdt)
        if btc is not None:
            held["BTC"] = D(btc)
        now_ns = self.clock.now_ns()
        return VenueSnapshot(
            venue, ACCOUNT, now_ns if asked_ns is None else asked_ns, orders, trades,
            tuple(Balance(asset, total, total) for asset, total in sorted(held.items())), positions,
            0 if since_ns is None else since_ns, complete,
        )

    def take(self, purpose: str = "sweep", *orders: OrderUpdate, venue: str = VENUE, reason: str = "", **more: Any) -> None:
        """Tell a snapshot."""
        self.tell(SnapshotTaken(venue, purpose, self.snapshot(*orders, venue=venue, **more), reason))

    def link(self, state: LinkState, reason: str = "", venue: str = VENUE) -> LinkChanged:
        return LinkChanged(venue, state, reason, self.clock.now_ns())

    def connect(self, *orders: OrderUpdate, venue: str = VENUE, **more: Any) -> None:
        """Go through a whole hand-over."""
        listed = tuple(Instrument(venue, one.symbol, one.tick, one.lot, one.quote, one.base) for one in (BTC, ETH))
        told: list[Message] = [
            self.link(LinkState.SYNCING, venue=venue), AccountConfirmed(self.info(venue)), InstrumentsListed(venue, listed),
            SnapshotTaken(venue, "handover", self.snapshot(*orders, venue=venue, **more)), self.link(LinkState.UP, venue=venue),
        ]  # fmt: skip
        self.runtime.handle("oms").tell(told)
        self.pump()
        self.quote(venue=venue)

    def quote(self, bid: str = "99.99", ask: str = "100.01", symbol: str = SYMBOL, venue: str = VENUE) -> None:
        self.tell(QuoteUpdate(Quote(venue, symbol, D(bid), D(ask), D(1000), D(1000), self.clock.now_ns())))

    def ready(self) -> House:
        """Attach the runner of strategy ``s`` and connect every venue."""
        self.tell(AttachRoute("s", "runner.s"))
        for venue in self.venues:
            self.connect(venue=venue)
        return self

    # ------------------------------------------------------------ orders

    def order(self, quantity: str = "1", side: Side = Side.BUY, price: str | None = "100", **more: Any) -> Order:
        self._number += 1
        venue = more.pop("venue", VENUE)
        name = more.pop("client_order_id", None) or self.ids[venue].next()
        now_ns = self.clock.now_ns()
        kind = more.pop("type", OrderType.MARKET if price is None else OrderType.LIMIT)
        terms: dict[str, Any] = {
            "symbol": SYMBOL, "strategy": "s", "created_ns": now_ns, "decided_ns": self.wall.monotonic_ns(), **more
        }
        return Order(
            name, venue, ACCOUNT, terms.pop("symbol"), side, kind, D(quantity),
            price=None if price is None else D(price), **terms,
        )  # fmt: skip

    def submit(self, *args: Any, **more: Any) -> Order:
        order = self.order(*args, **more)
        self.tell(SubmitOrder(order))
        return order

    def event(self, of: Callable[..., Any], order: Order | str, venue_order_id: str | None = None, /, **more: Any) -> Any:
        name, venue = (order, VENUE) if isinstance(order, str) else (order.client_order_id, order.venue)
        return of(name, venue, more.pop("ts_ns", self.clock.now_ns()), venue_order_id, **more)

    def ack(self, order: Order, venue_order_id: str | None = None) -> None:
        self.tell(self.event(OrderAccepted, order, venue_order_id or f"V{order.client_order_id[-4:]}"))

    def working(self, *args: Any, **more: Any) -> Order:
        """Return an order that the venue has acknowledged."""
        order = self.submit(*args, **more)
        assert self.state(order) is S.SENT, self.books.orders[order.client_order_id].reason
        self.ack(order)
        return order

    def fill(self, order: Order, trade: str, quantity: str | None = None, price: str = "100", **more: Any) -> OrderFilled:
        now_ns = self.clock.now_ns()
        name = more.pop("venue_order_id", f"V{order.client_order_id[-4:]}")
        fill = Fill(
            trade, more.pop("client_order_id", order.client_order_id), name, order.venue, ACCOUNT, order.symbol, order.side,
            D(price), order.quantity if quantity is None else D(quantity), D(more.pop("fee", "0")),
            more.pop("fee_asset", "USDT"), Liquidity.TAKER, more.pop("ts_ns", now_ns), strategy=more.pop("strategy", ""),
        )  # fmt: skip
        return OrderFilled(fill.client_order_id, order.venue, now_ns, name, fill=fill)

    def state(self, order: Order | str) -> OrderState:
        name = order if isinstance(order, str) else order.client_order_id
        return self.books.orders[name].state

    def row(self, order: Order, state: OrderState = S.OPEN, filled: str = "0", **more: Any) -> OrderUpdate:
        """Return the venue's row of an order."""
        terms: dict[str, Any] = {"venue_order_id": f"V{order.client_order_id[-4:]}", "quantity": order.quantity, **more}
        return OrderUpdate(
            terms.pop("client_order_id", order.client_order_id), terms.pop("venue_order_id"), order.venue, ACCOUNT,
            order.symbol, order.side, order.type, order.time_in_force, terms.pop("quantity"),
            terms.pop("price", order.price), None, state, D(filled), None, None, None, "", order.created_ns,
            self.clock.now_ns(), **terms,
        )  # fmt: skip

    def position(self, symbol: str = SYMBOL, venue: str = VENUE) -> Decimal:
        return self.books.position(venue, symbol).quantity

    def released(self) -> list[str]:
        """Return the client order ids of the orders that left."""
        return [one.order.client_order_id for venue in self.venues for one in self.sent(SendOrder, venue=venue)]


def rng(seed: int) -> random.Random:
    return random.Random(seed)
