"""Money, kills, dead letters and the engine itself: events of the journal. Fields may be added to, never changed."""

from __future__ import annotations

from decimal import Decimal

from autotrader.messages.base import Lane, Message
from autotrader.model import KillLevel

__all__ = [
    "Alerted", "BalanceOpened", "BalanceTransferred", "Checkpointed", "DeadLetterAdded", "DeadLetterClosed",
    "FrameUnreadable", "KillPulled", "KillRearmed", "KillVerdict", "PositionAdopted", "RunStarted", "SymbolBlocked",
    "SymbolReleased",
]


class RunStarted(Message, frozen=True):
    """One start of the engine; ``run`` marks its client order ids."""

    engine_id: str
    run: int
    mode: str
    version: str
    ts_ns: int


class BalanceOpened(Message, frozen=True):
    """The balance of an asset when an account was first met; afterwards position = opening + fills - fees + transfers."""

    venue: str
    account: str
    asset: str
    amount: Decimal
    ts_ns: int


class BalanceTransferred(Message, frozen=True):
    """Money or coins that moved without a trade; ``reason`` says how it was found."""

    venue: str
    account: str
    asset: str
    amount: Decimal
    ts_ns: int
    reason: str = ""


class PositionAdopted(Message, frozen=True):
    """A position the account held before we came, or a difference adopted on reconciliation."""

    venue: str
    account: str
    symbol: str
    quantity: Decimal
    average_price: Decimal | None
    ts_ns: int
    reason: str = ""


class KillPulled(Message, frozen=True):
    """The kill switch was pulled; ``scope`` is ``all`` or a venue. The gate is shut before this is told."""

    level: KillLevel
    scope: str
    reason: str
    by: str
    ts_ns: int
    lane = Lane.URGENT


class KillVerdict(Message, frozen=True):
    """How a sweep ended at one venue: clean after two empty lists, else what is left."""

    venue: str
    clean: bool
    canceled: int
    remaining: int
    detail: str
    ts_ns: int


class KillRearmed(Message, frozen=True):
    """The operator lifted the kill level."""

    scope: str
    reason: str
    by: str
    ts_ns: int


class DeadLetterAdded(Message, frozen=True):
    """A request that could not be done, kept whole. Nothing is ever re-sent from here by itself."""

    letter_id: str
    kind: str
    client_order_id: str
    venue: str
    reason: str
    attempts: int
    first_ns: int
    last_ns: int
    body: str
    history: tuple[str, ...] = ()
    lane = Lane.EVENTS


class DeadLetterClosed(Message, frozen=True):
    """An operator retried or discarded a dead letter. ``status``: RETRIED or DISCARDED."""

    letter_id: str
    status: str
    reason: str
    by: str
    ts_ns: int


class Alerted(Message, frozen=True):
    """Something a person should know; stays until acknowledged."""

    code: str
    text: str
    venue: str
    client_order_id: str
    ts_ns: int
    lane = Lane.EVENTS


class SymbolBlocked(Message, frozen=True):
    """No new risk on the symbol (K), or on the whole venue when ``symbol`` is empty (KK)."""

    venue: str
    symbol: str
    reason: str
    until_operator: bool
    ts_ns: int


class SymbolReleased(Message, frozen=True):
    venue: str
    symbol: str
    reason: str
    by: str
    ts_ns: int


class Checkpointed(Message, frozen=True):
    """All live state at this point of the journal, so that a start folds only what follows; ``body`` is its JSON."""

    body: str
    ts_ns: int


class FrameUnreadable(Message, frozen=True):
    """A frame that the codec could not read, raw (base64)."""

    venue: str
    raw: str
    reason: str
    ts_ns: int
    lane = Lane.EVENTS
