"""The only issuer of receipts: without one of these, the gate lets no order byte out."""

from __future__ import annotations

from itertools import count

from autotrader.messages import Receipt
from autotrader.model import WriteClass

__all__ = ["ReceiptBook"]


class ReceiptBook:
    """Issues numbered, sealed receipts for one engine.

    The limits issue (order manager's thread), a resiliency manager may renew (its own thread), the gate verifies and reads
    the counts (any thread). The seal is an object that lives in this process only and never leaves it.
    """

    __slots__ = ("_issued", "_numbers", "_seal")

    def __init__(self) -> None:
        self._seal = object()
        self._numbers = count(1)
        self._issued: dict[str, count[int]] = {}

    def issue(self, venue: str, client_order_id: str, write_class: WriteClass, now_ns: int) -> Receipt:
        """Issue leave for one write of one request; ``now_ns`` is engine time."""
        counter = self._issued.get(venue)
        if counter is None:
            counter = self._issued.setdefault(venue, count())
        next(counter)
        return Receipt(next(self._numbers), client_order_id, write_class, now_ns, self._seal)

    def renew(self, venue: str, receipt: Receipt) -> Receipt:
        """Issue leave for one more write of a request that is proved not taken; raises ValueError for a foreign receipt."""
        if not self.is_genuine(receipt):
            raise ValueError(f"receipt {receipt.number} for order {receipt.client_order_id} was not issued by this engine")
        return self.issue(venue, receipt.client_order_id, receipt.write_class, receipt.issued_ns)

    def is_genuine(self, receipt: object) -> bool:
        """Say whether this book issued the receipt."""
        return type(receipt) is Receipt and receipt.seal is self._seal

    def issued(self, venue: str) -> int:
        """Return how many receipts were issued for the venue: the most orders and amends that may have been written to it."""
        counter = self._issued.get(venue)
        return 0 if counter is None else int(repr(counter)[6:-1])

    @property
    def total_issued(self) -> int:
        """Return how many receipts were issued for all venues."""
        return sum(self.issued(venue) for venue in tuple(self._issued))
