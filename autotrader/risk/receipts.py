"""The only issuer of receipts: without one of these, the gate lets no order byte out."""

from __future__ import annotations

from itertools import count

from autotrader.messages import Receipt
from autotrader.model import WriteClass

__all__ = ["ReceiptBook"]


class ReceiptBook:
    """Issues numbered, sealed receipts for one engine, and counts them per venue.

    ``issue`` is for the order manager's thread, the rest for any thread; the counts have one writer, so no lock is needed. A
    repeated attempt goes out on the same receipt. The seal is an object of this process that never leaves it.
    """

    __slots__ = ("_issued", "_numbers", "_seal")

    def __init__(self) -> None:
        self._seal = object()
        self._numbers = count(1)
        self._issued: dict[str, int] = {}

    def issue(self, venue: str, client_order_id: str, write_class: WriteClass, now_ns: int) -> Receipt:
        """Issue leave for one write of one request; ``now_ns`` is engine time."""
        self._issued[venue] = self._issued.get(venue, 0) + 1
        return Receipt(next(self._numbers), client_order_id, write_class, now_ns, self._seal)

    def is_genuine(self, receipt: object) -> bool:
        """Say whether this book issued the receipt."""
        return type(receipt) is Receipt and receipt.seal is self._seal

    def issued(self, venue: str) -> int:
        """Return how many receipts were issued for the venue: no more orders may have been written to it."""
        return self._issued.get(venue, 0)

    @property
    def total_issued(self) -> int:
        """Return how many receipts were issued for all venues."""
        return sum(self._issued.copy().values())
