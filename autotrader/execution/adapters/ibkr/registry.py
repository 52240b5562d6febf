"""What the broker knows of the account's orders: ours under three names - our id (orderRef), order id, permId (pure).

permId is the account's own name of an order and lasts; an order id is one client id's, for this log-on; orderRef carries our
id over everything. Matched in that order (ibkr.md sections 6 and 11). One thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from decimal import Decimal
from enum import IntEnum
from typing import Final, NamedTuple

from autotrader.execution.adapters.ibkr.messages import Contract, OrderTerms
from autotrader.model import ZERO, Order
from autotrader.model.ids import is_ours

__all__ = ["Known", "NewTerms", "Registry", "Stage"]

KEPT_DONE: Final = 5_000


class Stage(IntEnum):
    """How far an order is. An order that was met at TWS is WORKING at once."""

    TOLD = 0
    WRITTEN = 1
    WORKING = 2
    DONE = 3


class NewTerms(NamedTuple):
    """What a change asks for: the whole quantity, and prices in our words and in TWS's."""

    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    terms: OrderTerms


class Known:
    """One order of ours.

    ``filled`` is the sum of executions that were seen, ``counted`` what TWS counts, ``unseen`` the part of that of which there
    are no executions any more (they are told for a day), ``gap_ns`` since when some are awaited. ``sent_ns`` is when its last
    write left, in engine time, ``written_ns`` when it was placed, monotonic. ``refused`` are the terms of
    the last change that was refused, ``refusal`` the newest code and text of an error that named it.
    """

    __slots__ = (
        "cancelling", "client_id", "client_order_id", "contract", "counted", "filled", "gap_ns", "held",
        "inactive_ns", "order", "order_id", "perm_id", "refusal", "refused", "replacing", "sent_ns", "shown_perm_id", "stage",
        "status", "symbol", "terms", "trades", "unseen", "written_ns",
    )  # fmt: skip

    def __init__(self, client_order_id: str, symbol: str, client_id: int) -> None:
        self.client_order_id, self.symbol, self.client_id = client_order_id, symbol, client_id
        self.order: Order | None = None
        self.contract: Contract | None = None
        self.terms: OrderTerms | None = None
        self.order_id = self.perm_id = self.shown_perm_id = 0
        self.stage = Stage.TOLD
        self.status = ""
        self.held = self.cancelling = False
        self.filled = self.counted = self.unseen = ZERO
        self.trades: dict[str, Decimal] = {}
        self.replacing: NewTerms | None = None
        self.refused: OrderTerms | None = None
        self.refusal: tuple[str, str] | None = None
        self.sent_ns = self.inactive_ns = self.gap_ns = self.written_ns = 0

    @property
    def is_done(self) -> bool:
        """Say whether the order has come to its end; executions may still follow."""
        return self.stage is Stage.DONE

    @property
    def venue_order_id(self) -> str | None:
        """Return the venue's id as we show it: the permId."""
        return f"{self.perm_id}" if self.perm_id else None

    @property
    def quantity(self) -> Decimal | None:
        """Return the whole quantity as it stands; None while it is not known."""
        return None if self.terms is None else self.terms.quantity

    def note_trade(self, exec_id: str, quantity: Decimal, replaced: str = "") -> None:
        """Count an execution, in place of another where it corrects one."""
        self.trades.pop(replaced, None)
        self.trades[exec_id] = quantity
        self.filled = sum(self.trades.values(), ZERO)


class Registry:
    """The orders of one account that carry our tag, and those placed here; ``client_id`` is ours at TWS."""

    def __init__(self, venue: str, account: str, client_id: int, kept: int = KEPT_DONE) -> None:
        self._venue, self._account, self._client_id, self._kept = venue, account, client_id, kept
        self._by_name: dict[str, Known] = {}
        self._by_order_id: dict[int, Known] = {}
        self._by_perm_id: dict[int, Known] = {}
        self._open: dict[str, Known] = {}
        self._done: deque[str] = deque()

    # ------------------------------------------------------------ questions

    def get(self, client_order_id: str) -> Known | None:
        """Return an order by our id."""
        return self._by_name.get(client_order_id)

    def by_order_id(self, order_id: int) -> Known | None:
        """Return an order of our client id by its order id."""
        return self._by_order_id.get(order_id)

    def open_orders(self) -> list[Known]:
        """Return the orders that are not at their end."""
        return list(self._open.values())

    def count_open(self) -> int:
        """Return how many orders are not at their end."""
        return len(self._open)

    def is_tagged(self, order_ref: str) -> bool:
        """Say whether an orderRef is one of this account's engine."""
        return len(order_ref) >= 32 and is_ours(order_ref, self._venue, self._account)

    def find(self, *, order_id: int = 0, client_id: int = -1, perm_id: int = 0, order_ref: str = "") -> Known | None:
        """Return the order that TWS speaks of: by permId, then orderRef, then our client id's order id."""
        known = self._by_perm_id.get(perm_id) if perm_id else None
        if known is None and order_ref:
            known = self._by_name.get(order_ref)
        if known is None and client_id == self._client_id and order_id > 0:
            known = self._by_order_id.get(order_id)
            if known is not None and perm_id and known.perm_id not in (0, perm_id):
                return None  # an order id that was used before, in another log-on
        return known

    # ------------------------------------------------------------ what happens

    def placed(self, order: Order, order_id: int, contract: Contract, terms: OrderTerms) -> Known:
        """Note an order before it goes, so that TWS may be quicker than the link's word; again for a further attempt."""
        known = self._by_name.get(order.client_order_id)
        if known is None:
            known = self._begin(order.client_order_id, order.symbol, self._client_id)
        self._reopen(known)
        self._by_order_id.pop(known.order_id, None)
        known.order, known.order_id, known.contract, known.terms = order, order_id, contract, terms
        known.cancelling, known.refusal, known.written_ns = False, None, 0
        known.stage = Stage.TOLD
        self._by_order_id[order_id] = known
        return known

    def meet(self, client_order_id: str, symbol: str, client_id: int) -> Known:
        """Take in an order of ours that was placed before this run, or before the broker's last restart."""
        known = self._by_name.get(client_order_id) or self._begin(client_order_id, symbol, client_id)
        known.stage = max(known.stage, Stage.WORKING)
        return known

    def learn(self, known: Known, *, order_id: int = 0, client_id: int | None = None, perm_id: int = 0) -> None:
        """Take the numbers that TWS has for an order; 0 says nothing."""
        if client_id is not None:
            known.client_id = client_id
        if order_id > 0 and known.client_id == self._client_id:
            known.order_id = order_id
            self._by_order_id[order_id] = known
        if perm_id and known.perm_id != perm_id:
            known.perm_id = perm_id
            self._by_perm_id[perm_id] = known

    def not_sent(self, known: Known) -> None:
        """Note that an order did not leave: its order id names nothing."""
        if known.stage <= Stage.WRITTEN:
            self._by_order_id.pop(known.order_id, None)
            self.close(known)

    def close(self, known: Known) -> None:
        """Note an order's end."""
        if known.is_done:
            return
        known.stage, known.replacing, known.inactive_ns = Stage.DONE, None, 0
        self._open.pop(known.client_order_id, None)
        self._done.append(known.client_order_id)
        while len(self._done) > self._kept:
            self._forget(self._done.popleft())

    def keep_listed(self, listed: Collection[str], before_ns: int) -> list[Known]:
        """Return the orders that a list of what is open lacks, although their last write is older than that."""
        return [one for one in self.open_orders() if one.client_order_id not in listed and one.sent_ns < before_ns]

    def _begin(self, name: str, symbol: str, client_id: int) -> Known:
        known = self._by_name[name] = self._open[name] = Known(name, symbol, client_id)
        return known

    def _reopen(self, known: Known) -> None:
        if known.is_done:
            self._open[known.client_order_id] = known
            known.stage = Stage.TOLD

    def _forget(self, name: str) -> None:
        known = self._by_name.get(name)
        if known is None or not known.is_done:
            return
        del self._by_name[name]
        for numbers, number in ((self._by_order_id, known.order_id), (self._by_perm_id, known.perm_id)):
            if numbers.get(number) is known:
                del numbers[number]
