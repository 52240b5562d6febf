"""A desk at an exchange that writes every batch to a ledger, and can be left and come back to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exchange_kit import D, make_exchange

from autotrader.model import Order
from autotrader.simulator.events import Event
from autotrader.simulator.ledger import Ledger
from autotrader.simulator.ledger_fold import restore
from autotrader.simulator.ledger_rows import rows_of

OPENING = {"USDT": D(100_000), "BTC": D(10), "USD": D(10_000)}


class Desk:
    def __init__(self, path: Path, **options: Any) -> None:
        self.exchange = make_exchange()
        del self.exchange.accounts["me"]
        self.ledger = Ledger(path, venue="paper", account="me", opening=OPENING, **options)
        self.account = restore(self.exchange, self.ledger.state)
        self.now_ns = 1_000 * max(self.exchange.sequence, 1)

    def quote(self, bid: str, ask: str, size: str = "1", symbol: str = "BTCUSDT") -> list[Event]:
        return self._write(self.exchange.on_quote(symbol, D(bid), D(ask), D(size), D(size), self._now()))

    def submit(self, *orders: Order) -> list[Event]:
        now_ns = self._now()
        self.ledger.requests[0] += len(orders)
        return self._write([event for order in orders for event in self.exchange.submit(order, now_ns)])

    def cancel(self, venue_order_id: str) -> list[Event]:
        self.ledger.requests[1] += 1
        return self._write(self.exchange.cancel(venue_order_id, self._now()))

    def amend(self, venue_order_id: str, **terms: Any) -> list[Event]:
        return self._write(self.exchange.amend(venue_order_id, self._now(), **terms))

    def _now(self) -> int:
        self.now_ns += 1_000
        return self.now_ns

    def _write(self, events: list[Event]) -> list[Event]:
        self.ledger.write(rows_of(events, "me"), self.exchange, self.account)
        return events

    def picture(self) -> dict[str, Any]:
        """Return all that must survive."""
        account, exchange = self.account, self.exchange
        return {
            "cash": account.cash, "net": account.net, "average": account.average,
            "held": {asset: amount for asset, amount in account.held.items() if amount},
            "numbers": (exchange.order_number, exchange.trade_number, exchange.sequence),
            "orders": {live.venue_order_id: terms_of(live) for live in account.open.values()},
            "books": {symbol: [[live.venue_order_id for live in side] for side in (book.bids, book.asks, book.stops)]
                      for symbol, book in exchange.books.items()},
            "expiries": sorted(entry[0] for entry in exchange.expiries if entry[2] in exchange.open),
            "requests": list(self.ledger.requests), "absent": list(self.ledger.absent),
        }  # fmt: skip


def terms_of(live: Any) -> tuple[Any, ...]:
    order = live.order
    return (
        order.client_order_id, order.symbol, order.side, order.type, order.time_in_force, order.expires_ns, order.trail,
        order.post_only, order.reduce_only, live.quantity, live.price, live.stop_price, live.filled, live.cost, live.state,
        live.held, live.sequence, live.created_ns, live.hold,
    )  # fmt: skip
