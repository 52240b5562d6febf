"""Order lists: OCO, two orders of which one ends the other (binance.md section 3; DOCS rest-api.md). The loop's thread.

What a list is stands in its orders' labels and group, so that it is known again after a restart; whether it still executes is
the exchange's word: its group stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from autotrader.simulator.binance.answers import list_number, order_number
from autotrader.simulator.binance.spot_order import Record
from autotrader.simulator.events import BookOrder
from autotrader.simulator.special import special_of
from autotrader.simulator.world import SimVenue

__all__ = ["MOST_LISTS", "OrderList", "OrderLists", "list_answer", "list_labels", "list_status"]

MOST_LISTS: Final = 20
"""MAX_NUM_ORDER_LISTS: so many open lists per symbol."""
_CLIENT_ID: Final = "listClientOrderId"


class OrderList(msgspec.Struct, gc=False):
    """One list; its times are those of its orders. ``ended``: its end has been told."""

    number: int
    client_id: str
    symbol: str
    legs: list[BookOrder] = []
    ended: bool = False

    @property
    def group(self) -> str:
        """Return the name by which the exchange links its orders."""
        return _group(self.number)

    @property
    def changed_ns(self) -> int:
        """Return when something last happened to it."""
        return max(leg.updated_ns for leg in self.legs)


class OrderLists:
    """All lists by number; one more with every pair of orders that is accepted."""

    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue
        self.by_number: dict[int, OrderList] = {}
        self._next = 1
        for live in venue.orders(open_only=False):
            self.note(live)
        for one in self.by_number.values():
            one.ended = not self.executes(one)

    def next_number(self) -> int:
        """Return the number for a new list."""
        number = self._next
        self._next += 1
        return number

    def note(self, live: BookOrder) -> OrderList | None:
        """Return the list of an order, None for one that stands alone; a list that is met for the first time is entered."""
        number = list_number(live)
        if number < 0:
            return None
        found = self.by_number.get(number)
        if found is None:
            client_id = special_of(live.order).labels[_CLIENT_ID]
            found = self.by_number[number] = OrderList(number, client_id, live.order.symbol, [])
            self._next = max(self._next, number + 1)
        if all(leg.venue_order_id != live.venue_order_id for leg in found.legs):
            found.legs.append(live)
        return found

    def executes(self, one: OrderList) -> bool:
        """Say whether it is still undecided which of its orders it will be."""
        return one.group in self._venue.exchange.links.groups

    def executing(self, symbol: str | None = None) -> list[OrderList]:
        """Return the lists that are open, oldest first."""
        return [one for one in self.by_number.values() if symbol in (None, one.symbol) and self.executes(one)]

    def by_client_id(self, client_id: str) -> OrderList | None:
        """Return the open list of that client id, else the newest."""
        named = [one for one in self.by_number.values() if one.client_id == client_id]
        return next((one for one in named if self.executes(one)), named[-1] if named else None)


def list_labels(number: int, client_id: str) -> dict[str, str]:
    """Return what an order of a list is labelled with."""
    return {"list": str(number), _CLIENT_ID: client_id}


def _group(number: int) -> str:
    return f"list:{number}"


def list_answer(one: OrderList, names: Iterable[str], unit: int, *, executes: bool) -> dict[str, Any]:
    """Return a list as answers show it; ``names`` are its orders' client ids."""
    return {
        "orderListId": one.number, "contingencyType": "OCO", "listStatusType": "EXEC_STARTED" if executes else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if executes else "ALL_DONE", "listClientOrderId": one.client_id,
        "transactionTime": one.changed_ns // unit, "symbol": one.symbol,
        "orders": [
            {"symbol": one.symbol, "orderId": order_number(leg), "clientOrderId": name}
            for leg, name in zip(one.legs, names, strict=True)
        ],
    }  # fmt: skip


def list_status(
    one: OrderList, records: Iterable[Record], at_ns: int, now_ns: int, unit: int, *, executes: bool
) -> dict[str, Any]:
    """Return a listStatus event; ``at_ns`` is when it happened."""
    legs = zip(one.legs, records, strict=True)
    return {
        "e": "listStatus", "E": now_ns // unit, "s": one.symbol, "g": one.number, "c": "OCO",
        "l": "EXEC_STARTED" if executes else "ALL_DONE", "L": "EXECUTING" if executes else "ALL_DONE", "r": "NONE",
        "C": one.client_id, "T": at_ns // unit,
        "O": [{"s": one.symbol, "i": order_number(leg), "c": record.wire_id} for leg, record in legs],
    }  # fmt: skip
