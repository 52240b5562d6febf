"""What the journal's tests share: a small order manager that turns events into commits, and orders to feed it with."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from autotrader.clock import ManualClock
from autotrader.messages import (
    Checkpointed,
    InstrumentsListed,
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderUnknown,
    Receipt,
    SendOrder,
    TradeBusted,
)
from autotrader.model import Fill, Instrument, Liquidity, Order, OrderType, Side, WriteClass
from autotrader.oms.book import Books
from autotrader.oms.evidence import VENUE_LAG_NS
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.restore import checkpoint_body
from autotrader.oms.journal.store import Store

ENGINE = "0123456789abcdef0123456789abcdef"
START_NS = 1_700_000_000_000_000_000
BTC = Instrument("paper", "BTCUSDT", Decimal("0.01"), Decimal("0.0001"), "USDT", base="BTC")


def open_store(path: Path, **options: Any) -> Store:
    """Open a journal on a manual clock, with a fixed engine id."""
    return Store(path, clock=ManualClock(), engine_id=options.pop("engine_id", ENGINE), **options)


def order(number: int, quantity: str = "1") -> Order:
    """Return the order of that number."""
    return Order(
        f"{number:032x}", "paper", "acct", "BTCUSDT", Side.BUY if number % 3 else Side.SELL, OrderType.LIMIT, Decimal(quantity),
        price=Decimal("65000.10"), strategy="alpha", created_ns=START_NS + number, decided_ns=START_NS + number,
    )  # fmt: skip


def fill(of: Order, trade: str, quantity: str = "1", *, ts_ns: int | None = None, fee: str = "0.001") -> Fill:
    """Return one trade of the order."""
    return Fill(
        trade, of.client_order_id, f"V-{of.client_order_id[-6:]}", of.venue, of.account, of.symbol, of.side,
        Decimal("65000.10"), Decimal(quantity), Decimal(fee), "BTC", Liquidity.TAKER, ts_ns or of.created_ns + 5, False,
        of.strategy,
    )  # fmt: skip


def life(of: Order) -> list[Message]:
    """Return the three events of an order that fills at once."""
    name, venue_id, ts_ns = of.client_order_id, f"V-{of.client_order_id[-6:]}", of.created_ns
    return [
        OrderIntended(of, ts_ns),
        OrderAccepted(name, of.venue, ts_ns + 1, venue_id),
        OrderFilled(name, of.venue, ts_ns + 2, venue_id, fill=fill(of, f"T-{name[-6:]}")),
    ]


def send(of: Order) -> SendOrder:
    """Return the message that may leave once the order's intent is durable."""
    return SendOrder(of, Receipt(1, of.client_order_id, WriteClass.RISK, 0))


class Bookkeeper:
    """Books, and the commits that an order manager would make of events. Evicts nothing."""

    def __init__(self, books: Books | None = None) -> None:
        self.books = books or Books(lag_ns=VENUE_LAG_NS)

    def commit(self, events: Iterable[Message], *, releases: Any = (), waits: bool = False) -> Commit:
        """Apply the events; return what goes to the journal."""
        made = Commit(events=[], updates=[], fills=[], undone=[], positions=[], releases=list(releases), waits=waits)
        moved: dict[tuple[str, str, str], None] = {}
        for event in events:
            applied = self.books.apply(event)
            if isinstance(event, InstrumentsListed):
                self.books.add_instruments(event.instruments)
            elif applied.event and (applied.ignored or applied.refused is not None):
                continue
            made.events.append(event)
            if applied.order is not None:
                made.updates.append(applied.order)
            made.fills.extend((*applied.fills, *applied.amended))
            made.undone.extend(applied.undone)
            moved.update(dict.fromkeys(applied.positions))
        made.positions.extend(self.books.position(venue, symbol) for venue, _, symbol in moved)
        return made

    def checkpoint(self, **parts: str) -> Commit:
        """Return the commit that a checkpoint makes."""
        return Commit(events=[Checkpointed(checkpoint_body(self.books, **parts), START_NS)])


def write_lives(store: Store, numbers: Iterable[int], keeper: Bookkeeper | None = None) -> Bookkeeper:
    """Write the lives of some orders, one commit each; the first of all lists the instrument."""
    keeper = keeper or Bookkeeper()
    if store.sequence == 0:
        store.append([keeper.commit([InstrumentsListed("paper", (BTC,))])])
    for number in numbers:
        store.append([keeper.commit(life(order(number)))])
    return keeper


def random_events(rng: random.Random, orders: int) -> Iterator[Message]:
    """Yield the interleaved events of some orders: fills in parts, late, twice and busted, cancels, rejects, lost replies."""
    yield InstrumentsListed("paper", (BTC,))
    stories = [_story(rng, order(number, "3")) for number in range(1, orders + 1)]
    while stories:
        story = rng.choice(stories)
        yield story.pop(0)
        stories = [one for one in stories if one]


def _story(rng: random.Random, of: Order) -> list[Message]:
    name, venue_id, now = of.client_order_id, f"V-{of.client_order_id[-6:]}", of.created_ns + 10
    story: list[Message] = [OrderIntended(of, of.created_ns)]
    if rng.random() < 0.1:
        return [*story, OrderRejected(name, of.venue, now, None, "FUNDS", "no funds")]
    if rng.random() < 0.2:
        story.append(OrderUnknown(name, of.venue, now, None, "submit", "time-out"))
    rest: list[Message] = [OrderAccepted(name, of.venue, now, venue_id)]
    trades = [fill(of, f"T-{name[-6:]}-{part}", ts_ns=now + rng.randrange(1000)) for part in range(rng.randrange(4))]
    rest += [OrderFilled(name, of.venue, now + 20, venue_id, fill=one) for one in trades]
    rest += [OrderFilled(name, of.venue, now + 30, venue_id, fill=one) for one in trades if rng.random() < 0.2]
    if rng.random() < 0.3:
        rest.append(OrderCanceled(name, of.venue, now + 40, venue_id, "asked"))
    rng.shuffle(rest)
    busts = [TradeBusted(name, of.venue, now + 50, venue_id, trade_id=one.trade_id) for one in trades if rng.random() < 0.2]
    return [*story, *rest, *busts]
