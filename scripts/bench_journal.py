"""A journal of many events, written by the real store from the real books, to measure starts and verification."""

from __future__ import annotations

import time
from collections import deque
from decimal import Decimal
from pathlib import Path

from autotrader.clock import SystemClock
from autotrader.messages import (
    BalanceOpened,
    Checkpointed,
    InstrumentsListed,
    Message,
    OrderAccepted,
    OrderFilled,
    OrderIntended,
    RunStarted,
)
from autotrader.model import ZERO, ClientOrderIds, Fill, Instrument, Liquidity, Order, OrderType, Side
from autotrader.oms.book import Books
from autotrader.oms.evidence import VENUE_LAG_NS
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.restore import checkpoint_body
from autotrader.oms.journal.store import Store

VENUE, ACCOUNT, SYMBOL = "paper", "PAPER", "BTCUSDT"
COIN = Instrument(VENUE, SYMBOL, Decimal("0.01"), Decimal(1), "USDT", "BTC")
BATCH, KEPT = 200, 5_000
PRICE = Decimal("64250.10")


def write_journal(path: Path, events: int) -> int:
    """Write at least so many events as orders that were sent, acknowledged and filled; return how many."""
    clock = SystemClock()
    store = Store(path, clock=clock, accounts={VENUE: ACCOUNT})
    ids = ClientOrderIds(VENUE, ACCOUNT, store.engine_id, 1)
    try:
        with Reader(path) as reader:
            books = Books(lag_ns=VENUE_LAG_NS, fills_of=reader.fills_of)
            _begin(store, books, clock.now_ns())
            closed: deque[str] = deque()
            number = 0
            while store.sequence < events:
                batch: list[Message] = []
                for _ in range(BATCH):
                    order_id = ids.next()
                    closed.append(order_id)
                    batch += _life(order_id, number, clock.now_ns())
                    number += 1
                _commit(store, books, batch)
                if store.checkpoint_due:
                    _commit(store, books, [Checkpointed(checkpoint_body(books), clock.now_ns())])
                while len(closed) > KEPT:
                    books.evict(closed.popleft())
            return store.sequence
    finally:
        store.close()


def _begin(store: Store, books: Books, now_ns: int) -> None:
    opening = [BalanceOpened(VENUE, ACCOUNT, asset, Decimal(10**12), now_ns) for asset in ("BTC", "USDT")]
    run = RunStarted(store.engine_id, 1, "PAPER", "0", now_ns)
    books.add_instruments([COIN])
    _commit(store, books, [run, InstrumentsListed(VENUE, (COIN,)), *opening])


def _life(order_id: str, number: int, now_ns: int) -> list[Message]:
    side = Side.SELL if number // 10 & 1 else Side.BUY
    order = Order(order_id, VENUE, ACCOUNT, SYMBOL, side, OrderType.MARKET, Decimal(1), strategy="bench", created_ns=now_ns)
    venue_id, trade = str(number + 1), f"{number + 1:012d}"
    fill = Fill(
        trade, order_id, venue_id, VENUE, ACCOUNT, SYMBOL, side, PRICE, Decimal(1), ZERO, "USDT", Liquidity.TAKER, now_ns
    )
    return [
        OrderIntended(order, now_ns),
        OrderAccepted(order_id, VENUE, now_ns, venue_id),
        OrderFilled(order_id, VENUE, now_ns, venue_id, fill=fill),
    ]


def _commit(store: Store, books: Books, events: list[Message]) -> None:
    applied = [books.apply(event) for event in events]
    updates = [one.order for one in applied if one.order is not None]
    fills = [fill for one in applied for fill in one.fills]
    moved = {key for one in applied for key in one.positions}
    positions = [books.position(venue, symbol) for venue, _, symbol in moved if symbol]
    store.append([Commit(events=events, updates=updates, fills=fills, positions=positions)])


if __name__ == "__main__":
    import sys

    began = time.monotonic()
    print(write_journal(Path(sys.argv[1]), int(sys.argv[2])), "events in", round(time.monotonic() - began, 1), "s")
