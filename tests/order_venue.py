"""A model of a venue and of the wires to it, for the interleaving check: it loses, delays, repeats and reorders what it says.

One seed makes one run: orders are submitted, replaced, cancelled and killed while the venue fills, overfills, busts, corrects,
amends, expires and cancels them; replies are lost or late; the stream is cut; the process restarts from its journal. Then the
weather clears, debts are asked for, and the books must equal the venue's.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from order_kit import BTC, LAG, SECOND, T0

from autotrader.messages import (
    BalanceOpened,
    CancelAsked,
    CancelRejected,
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderDoubted,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
    OrderUnknown,
    ReplaceAsked,
    ReplaceRejected,
    TradeBusted,
)
from autotrader.model import (
    Balance,
    Fill,
    Liquidity,
    Order,
    OrderState,
    OrderType,
    OrderUpdate,
    Side,
    TimeInForce,
    VenueSnapshot,
)
from autotrader.oms.book import Applied, Books
from autotrader.oms.evidence import Evidence
from autotrader.oms.reconcile import Action, Policy, reconcile, unknown_orders

VENUE, ACCOUNT, SYMBOL = "binance", "acc", "BTCUSDT"
CHAOS = 15 * SECOND
LIFE = 5 * SECOND
PATIENCE = 240 * SECOND
FAULTS = (
    "lost_request", "lost_reply", "not_sent", "reject", "late", "duplicate", "cut", "restart", "checkpoint", "evict",
    "overfill", "bust", "correct", "silent", "amend", "venue_cancel", "expire", "kill", "replace", "new_id", "lost_answer",
    "split_lag", "held",
)
OPENING = {"BTC": Decimal(100), "USDT": Decimal(1_000_000)}
POLICY = Policy(lag_ns=LAG, busts=Action.ADOPT, positions=Action.HALT, balances=Action.HALT)


class VenueOrder:
    """The truth about one order, with its past, since queries may be answered from it."""

    def __init__(self, order: Order, venue_id: str, now: int) -> None:
        self.order, self.venue_id = order, venue_id
        self.ids = [venue_id]
        self.quantity, self.price, self.state = order.quantity, order.price, OrderState.OPEN
        self.trades: dict[str, Fill] = {}
        self.past: list[tuple[int, Any]] = []
        self.changed(now)

    @property
    def filled(self) -> Decimal:
        return sum((fill.quantity for fill in self.trades.values()), Decimal(0))

    @property
    def is_live(self) -> bool:
        return self.state is OrderState.OPEN

    def changed(self, now: int) -> None:
        self.past.append((now, (self.state, self.quantity, self.price, self.venue_id, tuple(self.trades.values()))))

    def view(self, at: int) -> Any:
        """Return what a reader that is behind sees; None before the order was."""
        for when, what in reversed(self.past):
            if when <= at:
                return what
        return None


class Run:
    """One run. ``books`` with a small manager round it on one side, the model venue on the other, a heap of things to come."""

    def __init__(self, seed: int, faults: frozenset[str] | None = None) -> None:
        self.rng = random.Random(seed)
        self.faults = faults if faults is not None else frozenset(one for one in FAULTS if self.rng.random() < 0.5)
        self.now, self.calm = T0, False
        self.heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self.count = 0
        self.books = self.fresh()
        self.evidence: dict[str, Evidence] = {}
        self.journal: list[Message] = []
        for asset, amount in OPENING.items():
            self.hear(BalanceOpened(VENUE, ACCOUNT, asset, amount, self.now))
        self.venue: dict[str, VenueOrder] = {}
        self.busted: set[str] = set()
        self.epoch = self.process = 0
        self.asked: dict[str, int] = {}
        self.stream_since = T0
        self.trace: list[str] = []

    # ------------------------------------------------------------ chance and time

    def fresh(self) -> Books:
        made = Books(lag_ns=LAG)
        made.add_instruments([BTC])
        return made

    def chance(self, fault: str, share: float) -> bool:
        return not self.calm and fault in self.faults and self.rng.random() < share

    def later(self, delay: int, what: Callable[..., None], *args: Any) -> None:
        self.count += 1
        heapq.heappush(self.heap, (self.now + delay, self.count, what, args))

    def delay(self, longest: float = 0.3) -> int:
        if self.calm:
            return SECOND // 100
        if self.chance("late", 0.2):
            longest = 4.0
        return int(self.rng.random() * longest * SECOND)

    def number(self) -> str:
        self.count += 1
        return f"{self.count:04}"

    # ------------------------------------------------------------ the wires

    def stream(self, message: Message) -> None:
        """Tell by the stream, maybe twice, and not at all once it is cut."""
        self.later(self.delay(), self.arrive, message, self.epoch, self.process)
        while self.chance("duplicate", 0.3):
            self.later(self.delay(2.0), self.arrive, message, self.epoch, self.process)

    def reply(self, message: Message) -> None:
        self.later(self.delay(), self.arrive, message, None, self.process)

    def arrive(self, message: Any, epoch: int | None, process: int) -> None:
        if process != self.process or (epoch is not None and epoch != self.epoch):
            return
        self.hear(message)

    # ------------------------------------------------------------ a small order manager

    def hear(self, message: Any) -> Applied:
        message = self.stamped(message)
        applied = self.books.apply(message)
        if applied.unknown:
            events = [one for one in self.journal if _order_id(one) == message.client_order_id]
            assert self.books.restore(events) is not None, f"the journal does not know {message}"
            applied = self.books.apply(message)
        if applied.ignored or applied.refused is not None:
            return applied
        self.journal.append(message)
        name = applied.order.client_order_id if applied.order is not None else ""
        if not isinstance(message, OrderReported) and name in self.evidence:
            self.evidence[name].doubt()
        if applied.send_cancel:
            self.evidence[name].request_left(self.now, LIFE)
            self.evidence[name].doubt()
            self.send(self.land_cancel, "cancel", name)
        return applied

    def stamped(self, message: Any) -> Any:
        fields = {name: getattr(message, name) for name in message.__struct_fields__}
        return type(message)(**{**fields, "ts_ns": self.now})

    def send(self, land: Callable[..., None], request: str, name: str, *args: Any) -> None:
        """Put a request on the wire; what gets no answer is unknown after two seconds."""
        if self.chance("lost_request", 0.15):
            self.later(2 * SECOND, self.arrive, OrderUnknown(name, VENUE, 0, request=request), None, self.process)
            return
        lost = self.chance("lost_reply", 0.25)
        if lost:
            self.later(2 * SECOND, self.arrive, OrderUnknown(name, VENUE, 0, request=request), None, self.process)
        self.later(self.delay(), land, lost, name, *args)

    def submit(self) -> None:
        name = f"c{len(self.evidence) + 1}"
        side, quantity = self.rng.choice((Side.BUY, Side.SELL)), Decimal(self.rng.randint(1, 6))
        order = Order(name, VENUE, ACCOUNT, SYMBOL, side, OrderType.LIMIT, quantity, price=Decimal(100), strategy="s")
        self.evidence[name] = Evidence(self.now, LIFE, LAG)
        self.evidence[name].stream_up(self.stream_since)
        self.hear(OrderIntended(order, self.now))
        if self.chance("not_sent", 0.1):
            self.reply(OrderNotSent(name, VENUE, 0, reason_code="CONNECT"))
        else:
            self.send(self.land_submit, "submit", name, order)

    def cancel(self, kill: bool = False) -> None:
        for name in list(self.books.orders) if kill else self.some_order():
            self.hear(CancelAsked(name, VENUE, self.now, kill=kill))

    def replace(self) -> None:
        for name in self.some_order():
            record = self.books.orders[name]
            quantity, price = Decimal(self.rng.randint(1, 7)), Decimal(self.rng.randint(95, 105))
            if (quantity, price) == (record.quantity, record.price):
                continue
            applied = self.hear(ReplaceAsked(name, VENUE, self.now, quantity=quantity, price=price))
            if applied.refused is None:
                self.evidence[name].request_left(self.now, LIFE)
                self.send(self.land_replace, "replace", name, quantity, price)

    def some_order(self) -> list[str]:
        names = list(self.books.orders)
        return [self.rng.choice(names)] if names else []

    def cut(self) -> None:
        self.epoch += 1
        for evidence in self.evidence.values():
            evidence.stream_lost()
        self.later(self.delay(2.0), self.resume, self.process)

    def resume(self, process: int) -> None:
        if process == self.process:
            self.stream_since = self.now
            for evidence in self.evidence.values():
                evidence.stream_up(self.now)
            self.doubt()

    def doubt(self) -> None:
        for name in self.evidence:
            self.hear(OrderDoubted(name, VENUE, self.now, reason="lost"))

    def restart(self) -> None:
        """Die and come back from the journal: nothing that was heard may be lost, and nothing else known."""
        self.process += 1
        self.epoch += 1
        if self.chance("checkpoint", 0.5):
            after = Books.load(self.books.export(), lag_ns=LAG)
            after.add_instruments([BTC])
        else:
            after = self.fresh()
            after.live = False
            for message in self.journal:
                after.apply(message)
            for name in set(after.orders) - set(self.books.orders):
                after.evict(name)
            after.live = True
        assert sorted_orders(after) == sorted_orders(self.books), "the journal gives other orders"
        assert after.positions() == self.books.positions(), "the journal gives other positions"
        self.books = after
        self.asked.clear()
        self.stream_since = self.now
        for evidence in self.evidence.values():
            evidence.doubt()
            evidence.stream_up(self.now)
        self.doubt()

    def evict(self) -> None:
        for name in list(self.books.orders):
            self.books.evict(name)

    def tick(self) -> None:
        """Ask what is owed, once a second for each, and infer what is not shown for five."""
        for record in self.books.owing():
            name = record.client_order_id
            if self.now - self.asked.get(name, 0) >= SECOND:
                self.asked[name] = self.now
                self.later(self.delay(), self.answer, name, self.now, self.process)
        for inferred in self.books.inferred_due(self.now):
            self.hear(inferred)

    # ------------------------------------------------------------ the venue, asked

    def land_submit(self, lost: bool, name: str, order: Order) -> None:
        if self.chance("reject", 0.1):
            if not lost:
                self.reply(OrderRejected(name, VENUE, 0, reason_code="-2010", reason="no"))
            return
        placed = self.venue[name] = VenueOrder(order, f"V{self.number()}", self.now)
        held = self.chance("held", 0.3)
        for tell in (self.stream, None if lost else self.reply):
            if tell is not None:
                tell(OrderAccepted(name, VENUE, 0, placed.venue_id, held))
        if held:
            self.stream(OrderReported(name, VENUE, 0, placed.venue_id, OrderState.OPEN))
        if self.rng.random() < 0.3:
            self.trade(placed)

    def land_cancel(self, lost: bool, name: str) -> None:
        placed = self.venue.get(name)
        if placed is not None and placed.is_live:
            if self.chance("bust", 0.1):
                self.trade(placed)
            if placed.is_live:
                self.end(placed, OrderState.CANCELED)
                return
        if not lost:
            self.reply(CancelRejected(name, VENUE, 0, kind="too_late"))

    def land_replace(self, lost: bool, name: str, quantity: Decimal, price: Decimal) -> None:
        placed = self.venue.get(name)
        if placed is None or not placed.is_live:
            if not lost:
                self.reply(ReplaceRejected(name, VENUE, 0, reason="gone"))
            return
        placed.quantity, placed.price = max(quantity, placed.filled), price
        previous = placed.venue_id
        if self.chance("new_id", 0.5):
            placed.venue_id = f"V{self.number()}"
            placed.ids.append(placed.venue_id)
            self.stream(OrderSucceeded(name, VENUE, 0, placed.venue_id, previous))
        if placed.filled >= placed.quantity:
            placed.state = OrderState.FILLED
        placed.changed(self.now)
        told = OrderReplaced(name, VENUE, 0, placed.venue_id, placed.quantity, placed.price)
        self.stream(told)
        if not lost:
            self.reply(told)

    def answer(self, name: str, asked: int, process: int) -> None:
        """Answer a query of order and trades, from up to the lag behind."""
        if self.chance("lost_answer", 0.2):
            return
        lags = [int(self.rng.random() * LAG) for _ in range(2)]
        row_lag, trade_lag = lags if self.chance("split_lag", 0.5) else (lags[0], lags[0])
        placed = self.venue.get(name)
        row = placed.view(self.now - row_lag) if placed is not None else None
        trades = placed.view(self.now - trade_lag) if placed is not None else None
        self.later(self.delay(), self.answered, name, asked, process, row, trades)

    def answered(self, name: str, asked: int, process: int, row: Any, trades: Any) -> None:
        if process != self.process:
            return
        for fill in trades[4] if trades is not None else ():
            self.hear(OrderFilled(name, VENUE, 0, fill.venue_order_id, fill=fill))
        evidence, record = self.evidence[name], self.books.orders.get(name)
        if row is None:
            evidence.not_found(asked)
            evidence.snapshot_taken(asked)
            self.hear(OrderReported(name, VENUE, 0, None, None, asked_ns=asked, proven=evidence.proves_absence()))
            return
        state, quantity, price, venue_id, fills = row
        filled = sum((fill.quantity for fill in fills), Decimal(0))
        notional = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
        proven = False
        if state is OrderState.OPEN:
            evidence.works(asked)
            proven = record is not None and evidence.proves_life(record.last_ns)
        average = notional / filled if filled else None
        self.hear(
            OrderReported(
                name, VENUE, 0, venue_id, state, filled, quantity, price, asked_ns=asked, proven=proven, average_price=average
            )
        )
        if proven:
            evidence.doubt()

    def snapshot(self) -> VenueSnapshot:
        orders, trades, (net, cash) = [], [], (OPENING["BTC"], OPENING["USDT"])
        for placed in self.venue.values():
            of = placed.order
            orders.append(
                OrderUpdate(
                    of.client_order_id, placed.venue_id, VENUE, ACCOUNT, SYMBOL, of.side, of.type, TimeInForce.GTC,
                    placed.quantity, placed.price, None, placed.state, placed.filled, None, None, None, "", 0, self.now,
                )
            )
            for fill in placed.trades.values():
                trades.append(fill)
                signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
                net += signed - fill.fee
                cash -= signed * fill.price
        balances = (Balance("BTC", net, net), Balance("USDT", cash, cash))
        return VenueSnapshot(VENUE, ACCOUNT, self.now, tuple(orders), tuple(trades), balances, (), T0 - SECOND)

    # ------------------------------------------------------------ the venue, by itself

    def trade(self, placed: VenueOrder) -> None:
        left = placed.quantity - placed.filled
        quantity = Decimal(self.rng.randint(1, max(int(left), 1)))
        if self.chance("overfill", 0.15):
            quantity += 1 + left
        self.fill(placed, quantity, Decimal(self.rng.randint(90, 110)))

    def fill(self, placed: VenueOrder, quantity: Decimal, price: Decimal) -> None:
        of = placed.order
        fill = Fill(
            f"t{self.number()}", of.client_order_id, placed.venue_id, VENUE, ACCOUNT, SYMBOL, of.side, price, quantity,
            quantity / 1000, "BTC", Liquidity.MAKER, self.now,
        )
        placed.trades[fill.trade_id] = fill
        if placed.is_live and placed.filled >= placed.quantity:
            placed.state = OrderState.FILLED
        placed.changed(self.now)
        if not self.chance("silent", 0.15):
            self.stream(OrderFilled(of.client_order_id, VENUE, 0, placed.venue_id, fill=fill))

    def end(self, placed: VenueOrder, state: OrderState) -> None:
        placed.state = state
        placed.changed(self.now)
        kind = OrderCanceled if state is OrderState.CANCELED else OrderExpired
        self.stream(kind(placed.order.client_order_id, VENUE, 0, placed.venue_id))

    def bust(self, placed: VenueOrder, correct: bool) -> None:
        trade_id = self.rng.choice(sorted(placed.trades))
        gone = placed.trades.pop(trade_id)
        self.busted.add(trade_id)
        self.stream(TradeBusted(placed.order.client_order_id, VENUE, 0, placed.venue_id, trade_id=trade_id, symbol=SYMBOL))
        if correct:
            self.fill(placed, gone.quantity, gone.price + 1)
        elif placed.state is OrderState.FILLED and placed.filled < placed.quantity:
            placed.state = OrderState.CANCELED
        placed.changed(self.now)

    def amend(self, placed: VenueOrder) -> None:
        placed.quantity = max(placed.filled + 1, placed.quantity - 1)
        placed.changed(self.now)
        told = OrderReplaced(placed.order.client_order_id, VENUE, 0, placed.venue_id, placed.quantity, asked=False)
        self.stream(told)

    def venue_moves(self) -> None:
        """Do one thing to one order."""
        placed = self.rng.choice(list(self.venue.values())) if self.venue else None
        if placed is None:
            return
        if placed.trades and self.chance("bust", 0.15):
            self.bust(placed, correct=False)
        elif placed.trades and self.chance("correct", 0.15):
            self.bust(placed, correct=True)
        elif not placed.is_live:
            return
        elif self.chance("venue_cancel", 0.1):
            self.end(placed, OrderState.CANCELED)
        elif self.chance("expire", 0.1):
            self.end(placed, OrderState.EXPIRED)
        elif self.chance("amend", 0.15):
            self.amend(placed)
        else:
            self.trade(placed)

    # ------------------------------------------------------------ one run

    def moves(self) -> Iterator[Callable[[], None]]:
        """Give what happens in the storm, one thing at a time."""
        rng = self.rng
        for _ in range(rng.randint(3, 14)):
            share = rng.random()
            if share < 0.25 and len(self.evidence) < 3 or not self.evidence:
                yield self.submit
            elif share < 0.55:
                yield self.venue_moves
            elif share < 0.65:
                yield self.cancel
            elif share < 0.75 and "replace" in self.faults:
                yield self.replace
            elif share < 0.80 and "cut" in self.faults:
                yield self.cut
            elif share < 0.86 and "restart" in self.faults:
                yield self.restart
            elif share < 0.90 and "evict" in self.faults:
                yield self.evict
            elif share < 0.92 and "kill" in self.faults:
                yield lambda: self.cancel(kill=True)
            else:
                yield self.tick

    def advance(self, until: int) -> None:
        while self.heap and self.heap[0][0] <= until:
            self.now, _, what, args = heapq.heappop(self.heap)
            what(*args)
        self.now = until

    def play(self) -> None:
        """Storm, then calm until nothing is owed or on its way and a reconciliation is clean."""
        for move in self.moves():
            self.advance(self.now + int(self.rng.random() * 2 * SECOND))
            move()
            if self.rng.random() < 0.3:
                self.tick()
        self.calm = True
        self.resume(self.process)
        limit = self.now + PATIENCE
        while True:
            while self.heap or any(True for _ in self.books.owing()):
                assert self.now < limit, "the books do not settle"
                self.advance(self.now + SECOND)
                self.tick()
                if (limit - self.now) // SECOND % 20 == 0:
                    self.reconciled()
            self.advance(self.now + 2 * LAG)
            if not self.reconciled():
                return

    def reconciled(self) -> bool:
        """Compare with a snapshot as the manager does; return whether anything was left to do."""
        snapshot = self.snapshot()
        for name, _ in unknown_orders(self.books, snapshot):
            self.books.restore([one for one in self.journal if _order_id(one) == name])
        report = reconcile(self.books, snapshot, POLICY, self.now)
        for event in report.events:
            self.hear(event)
        self.report = report
        return bool(report.events)

    def check(self) -> None:
        """The books equal the venue's: figures to the last digit, states, terms, position, balances."""
        assert self.report.is_clean, self.report
        for name in self.evidence:
            record, placed = self.books.orders.get(name), self.venue.get(name)
            if record is None:
                record = self.books.restore([one for one in self.journal if _order_id(one) == name])
            assert record is not None
            if placed is None:
                assert record.state in (OrderState.REJECTED, OrderState.DENIED), f"{name} never was, yet is {record.state}"
                assert record.filled == 0
                continue
            assert {one: record.fills[one].quantity for one in record.fills} == {
                one: fill.quantity for one, fill in placed.trades.items()
            }
            assert record.filled == placed.filled
            assert record.state is _expected(placed), f"{name}: {record.state}, not {_expected(placed)}"
            if placed.is_live:
                assert (record.quantity, record.price) == (placed.quantity, placed.price)
                assert record.venue_order_id == placed.venue_id
        fills = [fill for placed in self.venue.values() for fill in placed.trades.values()]
        net = sum((fill.quantity if fill.side is Side.BUY else -fill.quantity for fill in fills), Decimal(0))
        fees = sum((fill.fee for fill in fills), Decimal(0))
        assert self.books.position(VENUE, SYMBOL).quantity == net - fees
        assert self.books.fees(VENUE).get("BTC", Decimal(0)) == fees


def sorted_orders(books: Books) -> list[Any]:
    return sorted(books.orders.values(), key=lambda record: record.client_order_id)


def _order_id(message: Any) -> str:
    return message.order.client_order_id if isinstance(message, OrderIntended) else getattr(message, "client_order_id", "")


def _expected(placed: VenueOrder) -> OrderState:
    if placed.is_live:
        return OrderState.PARTIALLY_FILLED if placed.filled else OrderState.OPEN
    if placed.filled >= placed.quantity > 0:
        return OrderState.FILLED
    return OrderState.CANCELED if placed.state is OrderState.FILLED else placed.state


def play(seed: int) -> Run:
    """Play one run and check its end."""
    run = Run(seed)
    try:
        run.play()
        run.check()
    except AssertionError as error:
        raise AssertionError(f"seed {seed} with {sorted(run.faults)}: {error}") from error
    return run
