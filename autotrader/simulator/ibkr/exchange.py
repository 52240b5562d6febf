"""The exchange as this venue needs it: ids of its own kind, and orders that wait for an auction, a parent or the open. Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from heapq import heapify
from typing import Final

from autotrader.model import Order, OrderType, TimeInForce
from autotrader.simulator.accounts import Account
from autotrader.simulator.books import Book
from autotrader.simulator.events import Accepted, BookOrder, Event
from autotrader.simulator.exchange import Exchange
from autotrader.simulator.special import special_of
from autotrader.simulator.stops import is_reached

__all__ = ["TwsExchange", "corrected_id"]

FIRST_PERM_ID: Final = 1_300_000_000
_STOPS: Final = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)


def corrected_id(exec_id: str) -> str:
    """Return the id of the correction that takes a trade's place: the number behind its last dot is one higher."""
    base, _, number = exec_id.rpartition(".")
    return f"{base}.{int(number) + 1:02d}"


class TwsExchange(Exchange):
    """Orders are keyed by their permId, trades by an execId; a client's own reference may be on any number of orders.

    An order whose labels hold ``wait`` (``open``, ``close``, ``parent``) works from its ``release`` on. ``is_shut`` says
    whether an order may not work at this time of the day, ``day_end`` when an order for the day ends; without it at midnight.
    """

    day_end: Callable[[BookOrder], int] | None = None
    is_shut: Callable[[BookOrder, int], bool] = staticmethod(lambda _live, _now_ns: False)
    _released: set[str]

    def name_order(self, book: Book) -> str:
        """Return the permId of the order that was just numbered."""
        return str(FIRST_PERM_ID + self.order_number)

    def name_trade(self, book: Book) -> str:
        """Return the execId of the trade that was just numbered."""
        return f"0000e0d5.{self.trade_number:08x}.01.01"

    def register(self, account: Account, live: BookOrder) -> None:
        """Note an order under its permId, and when it expires."""
        super().register(account, live)
        account.open.pop(live.order.client_order_id, None)
        account.open[live.venue_order_id] = live

    def forget(self, account: Account, live: BookOrder) -> None:
        """Drop a done order."""
        super().forget(account, live)
        account.open.pop(live.venue_order_id, None)
        self.released.discard(live.venue_order_id)

    def _expire_at(self, at_ns: int, live: BookOrder) -> None:
        if self.day_end is not None and live.order.time_in_force is TimeInForce.DAY:
            at_ns = self.day_end(live)
        super()._expire_at(at_ns, live)

    # ------------------------------------------------------------ waiting

    @property
    def released(self) -> set[str]:
        """Return the keys of orders that have waited and do no longer."""
        if not hasattr(self, "_released"):
            self._released = set()
        return self._released

    def waits(self, live: BookOrder, now_ns: int) -> bool:
        """Say whether an order may not work yet."""
        waiting = special_of(live.order).labels.get("wait") and live.venue_order_id not in self.released
        return bool(waiting) or self.is_shut(live, now_ns)

    def work(
        self, book: Book, account: Account, live: BookOrder, now_ns: int, out: list[Event], at_most: Decimal | None = None
    ) -> None:
        """Let an order work, or let it wait."""
        if not self.waits(live, now_ns):
            return super().work(book, account, live, now_ns, out, at_most)
        if out and isinstance(out[-1], Accepted) and out[-1].live is live:
            out[-1] = Accepted(live, now_ns, True, live.stop_price)
        return self.wait(book, account, live)

    def _fire(self, book: Book, live: BookOrder, now_ns: int, out: list[Event]) -> None:
        if not self.waits(live, now_ns):
            super()._fire(book, live, now_ns, out)

    def release(self, live: BookOrder, now_ns: int) -> list[Event]:
        """End an order's waiting; the time of the day may hold it back still, and a stop waits on for its trigger."""
        self.released.add(live.venue_order_id)
        return self.wake(live, now_ns)

    def wake(self, live: BookOrder, now_ns: int) -> list[Event]:
        """Let an order work that nothing holds back any more."""
        out: list[Event] = []
        book = self.books[live.order.symbol]
        if live.held and (live.order.type not in _STOPS or is_reached(live, book)):
            self._fire(book, live, now_ns, out)
        return out

    def retime(self, live: BookOrder, order: Order) -> None:
        """Give an open order another time in force, trail and labels. A ledger keeps the first ones."""
        key, account = live.venue_order_id, self.accounts[live.order.account]
        live.order = order
        self.expiries = [entry for entry in self.expiries if entry[2] != key]
        heapify(self.expiries)
        self.open.pop(key, None)
        self.register(account, live)

    def suspend(self, live: BookOrder) -> None:
        """Take a resting order out of the market until it is released again."""
        if live.resting:
            book = self.books[live.order.symbol]
            self.leave_book(book, live)
            self.wait(book, self.accounts[live.order.account], live)
