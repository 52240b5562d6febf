"""What one account's orders and trades were at the exchange, open and done, in memory. Pure; one thread."""

from __future__ import annotations

from collections.abc import Iterable

from autotrader.model import Fill
from autotrader.simulator.events import Accepted, BookOrder, Busted, Event, Filled
from autotrader.simulator.ledger_index import fill_of
from autotrader.simulator.ledger_view import Ledgered

__all__ = ["History"]


class History:
    """Orders by key and by client id, trades by symbol; all oldest first, busted trades left out."""

    def __init__(self) -> None:
        self.orders: dict[str, BookOrder] = {}
        self._newest: dict[str, BookOrder] = {}
        self._by_symbol: dict[str, list[BookOrder]] = {}
        self._trades: dict[tuple[str, str], Fill] = {}
        self._trades_in: dict[str, dict[str, Fill]] = {}
        self._counts: dict[str, int] = {}

    def note(self, events: Iterable[Event]) -> None:
        """Take in what happened to the account's own orders."""
        for event in events:
            kind = type(event)
            if kind is Filled:
                self._add_trade(event.live.venue_order_id, event.fill)  # type: ignore[union-attr]
            elif kind is Accepted:
                self._add_order(event.live)  # type: ignore[union-attr]
            elif isinstance(event, Busted):
                self._trades.pop((event.live.venue_order_id, event.fill.trade_id), None)
                self._trades_in[event.fill.symbol].pop(event.fill.trade_id, None)

    def load(self, told: Ledgered, standing: Iterable[BookOrder]) -> None:
        """Take in what a ledger tells; ``standing`` are the records of those orders that the exchange has open."""
        current = {live.venue_order_id: live for live in standing}
        for key, live in told.orders.items():
            self._add_order(current.get(key, live))
        for (key, _), row in told.trades.items():
            self._add_trade(key, fill_of(row, told.venue, told.account))

    def _add_order(self, live: BookOrder) -> None:
        self.orders[live.venue_order_id] = live
        self._newest[live.order.client_order_id] = live
        self._by_symbol.setdefault(live.order.symbol, []).append(live)

    def _add_trade(self, key: str, fill: Fill) -> None:
        self._trades[key, fill.trade_id] = fill
        self._trades_in.setdefault(fill.symbol, {})[fill.trade_id] = fill
        self._counts[key] = self._counts.get(key, 0) + 1

    def newest(self, client_order_id: str) -> BookOrder | None:
        """Return the newest order of that client id; the open one, when one is open."""
        return self._newest.get(client_order_id)

    def orders_in(self, symbol: str) -> list[BookOrder]:
        """Return all orders in a symbol; not to be changed."""
        return self._by_symbol.get(symbol, [])

    def count_trades(self, key: str) -> int:
        """Return how many trades an order ever had, busted ones too."""
        return self._counts.get(key, 0)

    def all_trades(self) -> Iterable[Fill]:
        """Return all trades that stand."""
        return self._trades.values()

    def trades_in(self, symbol: str) -> Iterable[Fill]:
        """Return the trades in a symbol that stand."""
        return self._trades_in.get(symbol, {}).values()
