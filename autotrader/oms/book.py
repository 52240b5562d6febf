"""Books: every order, position and balance as the pure fold of journal events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from autotrader.errors import Refused
from autotrader.messages import Message, OrderFilled
from autotrader.model import Fill, Instrument, Order, OrderState, OrderUpdate, Position
from autotrader.oms.orders import OrderRecord

__all__ = ["Applied", "Books", "FillsOf", "PositionKey"]

PositionKey = tuple[str, str, str]
"""(venue, account, symbol)."""

FillsOf = Callable[[str, str, str], Iterable[Fill]]
"""Loads all fills of (venue, account, symbol) from the journal, in any order; busted ones left out."""


class Applied(msgspec.Struct, gc=False):
    """What one event did. Everything that must be told, sent, asked or blocked because of it is named here.

    ``event`` is the row of order-states.md (0 for money), ``then`` a second row that the same message meant, 0 without.
    ``order`` is the order as it stands now; None when nothing changed (ignored, refused, unknown) or while not live.
    """

    order: OrderUpdate | None = None
    previous: OrderState | None = None
    event: int = 0
    then: int = 0
    ignored: bool = False  # "." cell: nothing changed, no need to journal
    unknown: bool = False  # no such order here: restore it from the journal and apply again, or adopt it as FOREIGN
    refused: Refused | None = None  # "X" cell: nothing changed, tell who asked, do not journal
    fills: tuple[Fill, ...] = ()  # F: booked now
    undone: tuple[Fill, ...] = ()  # U: taken out of the books (a bust, or an inferred fill whose real one came)
    query: bool = False  # Q: a query is owed; the debt is on the record (``owed_after_ns``) until answered
    send_cancel: bool = False  # C: the cancel must go out now, by ``order.venue_order_id`` or else the client id
    alert: str | None = None  # !: a sentence for a person
    block: str | None = None  # K: "reconcile" or "operator": who lifts the block on the symbol
    halt: bool = False  # KK: halt the venue
    positions: tuple[PositionKey, ...] = ()  # changed; their balances and fees may have too
    decided_ns: int = 0  # the order's, for latencies


class Books:
    """All orders, positions and balances. One thread; pure: time comes from the events.

    ``lag_ns`` is how far behind a venue's answers to queries may be, for all venues or by name. ``live=False`` while
    refolding a journal: the same state, but ``Applied`` is not filled (set ``books.live = True`` afterwards).
    ``fills_of`` loads older fills for a refold; without it all fills stay in memory.
    """

    def __init__(
        self, *, lag_ns: int | Mapping[str, int] = 1_000_000_000, live: bool = True, fills_of: FillsOf | None = None
    ) -> None:
        self.live = live
        self.orders: dict[str, OrderRecord] = {}

    def apply(self, event: Message) -> Applied:
        """Fold one journal event (orders, money); other messages are ignored. Never raises for what a venue says."""
        raise NotImplementedError

    def draft(self, order: Order) -> OrderRecord:
        """Note an order as DRAFT: recorded, nothing sent, not journalled."""
        raise NotImplementedError

    def find(self, client_order_id: str, venue: str = "", venue_order_id: str | None = None) -> OrderRecord | None:
        """Return the record by client id, else by the venue's id."""
        raise NotImplementedError

    def evict(self, client_order_id: str) -> None:
        """Forget a closed order and its trade ids; a working one is kept."""
        raise NotImplementedError

    def restore(self, events: Iterable[Message]) -> OrderRecord | None:
        """Refold one order from all its journal events, with no second effect on positions. None if nothing began it."""
        raise NotImplementedError

    def owing(self) -> Iterator[OrderRecord]:
        """Iterate over the orders that owe a query; each ``owed_after_ns`` says when one must be asked at the earliest to settle."""
        raise NotImplementedError

    def inferred_due(self, now_ns: int, after_ns: int = 5_000_000_000) -> list[OrderFilled]:
        """Return inferred fills for gaps older than ``after_ns`` (event 27): journal and apply each. Ids are deterministic."""
        raise NotImplementedError

    def add_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Take note of instruments; positions whose base asset or multiplier was not known are folded anew."""
        raise NotImplementedError

    def instrument(self, venue: str, symbol: str) -> Instrument | None:
        """Return the instrument if it was added."""
        raise NotImplementedError

    def position(self, venue: str, symbol: str, mid: Decimal | None = None) -> Position:
        """Return the position, flat if there is none; ``unrealized_pnl`` at ``mid``."""
        raise NotImplementedError

    def positions(self, mids: Mapping[tuple[str, str], Decimal] | None = None) -> list[Position]:
        """Return all positions ever held, by (venue, symbol); ``mids`` by (venue, symbol)."""
        raise NotImplementedError

    def balances(self, venue: str) -> dict[str, Decimal]:
        """Return the total per asset: opening + transfers + what fills moved - fees."""
        raise NotImplementedError

    def fees(self, venue: str | None = None) -> dict[str, Decimal]:
        """Return the fees paid per asset, of one venue or all."""
        raise NotImplementedError

    def is_opened(self, venue: str, account: str) -> bool:
        """Say whether opening balances of the account are on record."""
        raise NotImplementedError

    def export(self) -> bytes:
        """Return all live state as JSON, for a checkpoint."""
        raise NotImplementedError

    @classmethod
    def load(
        cls, body: bytes, *, lag_ns: int | Mapping[str, int] = 1_000_000_000, live: bool = True,
        fills_of: FillsOf | None = None,
    ) -> Books:
        """Return the books that ``export`` wrote."""
        raise NotImplementedError
