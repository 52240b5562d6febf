"""What waits in a resiliency manager: orders for room in the budget, cancels and queries likewise, retries for their time.

All are keyed by kind and client order id, so that a cancel or the kill switch finds them at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from autotrader.messages import QueryOrder, SendCancel, SendCancelAll, SendOrder, SendReplace, TakeSnapshot
from autotrader.model import WriteClass
from autotrader.resiliency.retry import Retry

__all__ = ["Control", "Key", "Parked", "Waiting", "WaitingRetry", "Write", "born_ns", "key_of", "kind_of", "order_id_of"]

Write = SendOrder | SendReplace
Control = SendCancel | SendCancelAll | QueryOrder | TakeSnapshot
Key = tuple[str, str]
KINDS: dict[type, str] = {
    SendOrder: "order", SendReplace: "replace", SendCancel: "cancel", SendCancelAll: "cancel", QueryOrder: "query",
    TakeSnapshot: "snapshot",
}
MOST_PARKED = 10_000


def kind_of(message: Write | Control) -> str:
    """Return how the rate budgets call this request."""
    return KINDS[type(message)]


def order_id_of(message: Write | SendCancel | QueryOrder) -> str:
    """Return the client order id that the request is about."""
    return message.order.client_order_id if isinstance(message, Write) else message.client_order_id


def born_ns(command: Write, now_ns: int) -> int:
    """Return when the write was meant: its intent for an order, its receipt for new terms (engine time)."""
    created_ns = command.order.created_ns if isinstance(command, SendOrder) else 0
    return created_ns or command.receipt.issued_ns or now_ns


def key_of(message: Write | Control) -> Key:
    """Return what tells this request from others: its kind, and its order (or purpose, or symbol)."""
    if isinstance(message, SendCancelAll):
        return "cancel all", message.symbol
    return kind_of(message), message.purpose if isinstance(message, TakeSnapshot) else order_id_of(message)


class Parked(msgspec.Struct, frozen=True):
    """A write that waits for room until ``deadline_ns`` (monotonic), and is then never sent."""

    command: Write
    deadline_ns: int


class WaitingRetry(msgspec.Struct, frozen=True):
    """A request that waits for its next attempt; ``token`` is its timer."""

    command: Write | SendCancel
    retry: Retry
    token: Any


class Waiting:
    """The three waiting rooms of one venue. One thread."""

    __slots__ = ("controls", "parked", "retries")

    def __init__(self) -> None:
        self.parked: dict[Key, Parked] = {}
        self.controls: dict[Key, Control] = {}
        self.retries: dict[Key, WaitingRetry] = {}

    def __bool__(self) -> bool:
        return bool(self.parked or self.controls or self.retries)

    def park(self, command: Write, deadline_ns: int) -> bool:
        """Let a write wait for room; False when the room is full."""
        if len(self.parked) >= MOST_PARKED:
            return False
        self.parked[key_of(command)] = Parked(command, deadline_ns)
        return True

    def hold(self, control: Control) -> None:
        """Let a cancel, query or snapshot wait; a newer one for the same thing takes the older one's place."""
        self.controls[key_of(control)] = control

    def first_parked(self) -> Parked | None:
        """Return the write that has waited longest."""
        return next(iter(self.parked.values()), None)

    def writes(self, *, risk_only: bool = False) -> Iterator[Key]:
        """Yield the keys of all writes that wait, for room or a retry; ``risk_only`` leaves reduce-only ones out."""
        parked = [(key, item.command) for key, item in self.parked.items()]
        for key, command in parked + [(key, item.command) for key, item in self.retries.items()]:
            if isinstance(command, Write) and not (risk_only and command.receipt.write_class is not WriteClass.RISK):
                yield key
