"""The orders that the adapter knows: our id, the venue's numbers and spellings of it, and how each stands (pure; one thread).

It is filled by what is sent, by what the venue tells and by its lists; what is done is kept for a while, since late trades name
orders by the venue's number alone.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection
from decimal import Decimal
from typing import Final

from autotrader.execution.adapters.binance.codec import OrderFacts, Standing, order_number
from autotrader.messages import (
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
)
from autotrader.model import DONE_STATES, ZERO, Order, OrderType

__all__ = ["Known", "Registry"]

KEPT: Final = 5_000
STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


class Known:
    """One order. ``quantity`` and ``filled`` are the whole order's, ``carried`` what earlier venue orders of it had filled."""

    __slots__ = (
        "amends", "carried", "client_order_id", "counted", "ending", "ends_ns", "filled", "is_algo", "is_done", "number",
        "numbers", "price", "quantity", "since_ns", "stop_price", "symbol", "time_in_force",
        "trades", "wire_id",
    )

    def __init__(self, client_order_id: str, symbol: str) -> None:
        self.client_order_id, self.symbol = client_order_id, symbol
        self.wire_id = client_order_id
        self.number: int | None = None
        self.numbers: set[int] = set()
        self.since_ns = 0
        self.quantity = self.filled = self.carried = ZERO
        self.price: Decimal | None = None
        self.stop_price: Decimal | None = None
        self.amends = 0
        self.is_done = self.is_algo = self.counted = False
        self.trades: dict[str, Decimal] = {}
        self.ends_ns: int | None = None  # when the adapter has to end it, since the venue has no such time in force
        self.time_in_force = "its time in force"  # the one that the adapter stands in for
        self.ending = False

    def standing(self) -> Standing:
        """Return the order as a change of its terms has to know it."""
        return Standing(
            self.quantity, self.price, self.stop_price, self.filled, self.carried, self.wire_id, self.amends
        )


class Registry:
    """All orders of one incarnation."""

    def __init__(self, kept: int = KEPT) -> None:
        self._orders: dict[str, Known] = {}
        self._open: dict[str, Known] = {}
        self._live: Counter[tuple[str, bool]] = Counter()  # that the venue has open, by symbol and whether they are stops
        self._names: dict[tuple[str, int], str] = {}
        self._done: deque[str] = deque()
        self._kept = kept

    # ------------------------------------------------------------ questions

    def get(self, client_order_id: str) -> Known | None:
        """Return an order by our id."""
        return self._orders.get(client_order_id)

    def name_of(self, symbol: str, number: int) -> str | None:
        """Return our id of the venue's order."""
        return self._names.get((symbol, number))

    def open_orders(self) -> list[Known]:
        """Return the orders that are not done, those among them that may never have arrived."""
        return list(self._open.values())

    def count_open(self, symbol: str | None = None, *, algo: bool = False) -> int:
        """Return how many orders the venue has open, on a symbol if named, stops alone with ``algo``."""
        return sum(
            number for (name, is_algo), number in self._live.items() if symbol in (None, name) and (is_algo or not algo)
        )

    def symbols(self) -> set[str]:
        """Return the symbols of all orders that are not done."""
        return {one.symbol for one in self._open.values()}

    # ------------------------------------------------------------ what is learnt

    def sent(self, order: Order) -> Known:
        """Note an order before it goes, so that the stream may be quicker than the answer."""
        known = self._orders.get(order.client_order_id) or self._begin(order.client_order_id, order.symbol)
        self._reopen(known)  # it had been given up before it left, and is tried again
        known.is_algo, known.since_ns = order.type in STOPS, order.created_ns
        known.quantity, known.price, known.stop_price = order.quantity, order.price, order.stop_price
        return known

    def not_sent(self, client_order_id: str) -> None:
        """Note that an order did not leave."""
        known = self._orders.get(client_order_id)
        if known is not None and known.number is None:
            self._close(known)

    def keep_listed(self, listed: Collection[tuple[str, int]], symbols: Collection[str], before_ns: int) -> None:
        """Let go of orders of some symbols that a list of what is open lacks, if they are older than that.

        That proves nothing to the order manager, who asks about each; it only keeps this memory small.
        """
        for known in self.open_orders():
            old = known.since_ns < before_ns and known.ends_ns is None
            if old and known.symbol in symbols and (known.symbol, known.number or -1) not in listed:
                self._close(known)

    def meet(self, facts: OrderFacts) -> Known:
        """Take what a list or an answer says of an order."""
        name = facts.client_order_id
        known = self._orders.get(name) or self._begin(name, facts.symbol)
        known.since_ns = known.since_ns or facts.created_ns
        if known.number is None or facts.order_id >= known.number:
            known.is_algo = known.is_algo or "STOP" in facts.type_word or "TAKE" in facts.type_word
            self._point(known, facts.order_id)
            known.wire_id = facts.wire_id
            known.quantity = facts.venue_quantity if facts.quantity is None else facts.quantity
            known.price, known.stop_price = facts.price, facts.stop_price
            known.filled = max(known.filled, facts.venue_filled if facts.filled is None else facts.filled)
            if facts.state in DONE_STATES:
                self._close(known)
            else:
                self._reopen(known)
        self._name(known, facts.order_id)
        return known

    def hear(self, message: Message) -> None:
        """Follow what the order manager is told."""
        known = self._orders.get(getattr(message, "client_order_id", ""))
        if known is None:
            return
        if isinstance(message, OrderFilled):
            known.trades[message.fill.trade_id] = message.fill.quantity
            known.filled = max(known.filled, sum(known.trades.values(), ZERO))
        elif isinstance(message, OrderReplaced):
            self._replaced(known, message)
        elif isinstance(message, OrderReported):
            known.filled = max(known.filled, message.filled_quantity or ZERO)
        if isinstance(message, OrderAccepted | OrderSucceeded | OrderFilled | OrderReported) and message.venue_order_id:
            self._learn(known, message.venue_order_id, newer=isinstance(message, OrderSucceeded))
        if isinstance(message, OrderCanceled | OrderExpired | OrderRejected | OrderNotSent):
            if message.venue_order_id is None or known.number in (None, order_number(message.venue_order_id)):
                self._close(known)
        elif known.filled >= known.quantity > ZERO or getattr(message, "state", None) in DONE_STATES:
            self._close(known)

    def carry(self, client_order_id: str, number: int, carried: Decimal, wire_id: str) -> None:
        """Note that a new venue order took ours over, with what the earlier ones had filled."""
        known = self._orders.get(client_order_id)
        if known is not None:
            self._point(known, number)
            known.carried, known.wire_id, known.amends = carried, wire_id, 0

    def _begin(self, name: str, symbol: str) -> Known:
        known = self._orders[name] = self._open[name] = Known(name, symbol)
        return known

    def _replaced(self, known: Known, message: OrderReplaced) -> None:
        known.quantity = known.quantity if message.quantity is None else message.quantity
        known.price = known.price if message.price is None else message.price
        known.stop_price = known.stop_price if message.stop_price is None else message.stop_price

    def _learn(self, known: Known, venue_order_id: str, *, newer: bool) -> None:
        number = order_number(venue_order_id)
        if newer or known.number is None:
            self._point(known, number)
        self._name(known, number)

    def _name(self, known: Known, number: int) -> None:
        known.numbers.add(number)
        self._names[known.symbol, number] = known.client_order_id

    def _point(self, known: Known, number: int) -> None:
        known.number = number
        if not (known.counted or known.is_done):
            known.counted = True
            self._live[known.symbol, known.is_algo] += 1
        self._name(known, number)

    def _reopen(self, known: Known) -> None:
        if known.is_done:
            known.is_done = False
            self._open[known.client_order_id] = known
            if known.number is not None:
                self._point(known, known.number)

    def _close(self, known: Known) -> None:
        if known.is_done:
            return
        known.is_done = True
        self._open.pop(known.client_order_id, None)
        if known.counted:
            known.counted = False
            self._live[known.symbol, known.is_algo] -= 1
        self._done.append(known.client_order_id)
        while len(self._done) > self._kept:
            self._forget(self._done.popleft())

    def _forget(self, name: str) -> None:
        known = self._orders.get(name)
        if known is None or not known.is_done:
            return
        del self._orders[name]
        for number in known.numbers:
            self._names.pop((known.symbol, number), None)
