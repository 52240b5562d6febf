"""What the order manager hands to the journal, and what comes back."""

from __future__ import annotations

from typing import Protocol

from autotrader.messages import Lane, Message
from autotrader.model import Fill, OrderUpdate, Position

__all__ = ["CheckpointDue", "Commit", "CommitDue", "Outlet"]


class Outlet(Protocol):
    """Where released messages go; a ``Handle`` is one."""

    @property
    def name(self) -> str:
        """Return who is meant."""

    def tell(self, message: Message | list[Message], /) -> None:
        """Put the message, or a list of one lane, into the mailbox; raises ``Unavailable`` when nobody is bound."""


class Commit(Message, frozen=True, kw_only=True):
    """Rows to write in one transaction, and the messages that may leave only once they are durable.

    ``events`` are the truth, in the order in which they were applied. ``updates``, ``fills``, ``undone`` (busted, or inferred
    and replaced) and ``positions`` are what the fold made of them: the journal keeps the newest of each. ``releases`` are told
    after the commit, in order. ``waits``: commit as soon as the mailbox is empty; otherwise the rows ride with the next
    commit, at most 10 ms later. Dead letters, kills, alerts and blocks are read from the events themselves.
    """

    events: list[Message] = []
    updates: list[OrderUpdate] = []
    fills: list[Fill] = []
    undone: list[Fill] = []
    positions: list[Position] = []
    releases: list[tuple[Outlet, list[Message]]] = []
    waits: bool = False
    lane = Lane.EVENTS


class CommitDue(Message, frozen=True):
    """The journal's own reminder that rows have waited long enough, or that a failed write is to be tried again."""

    lane = Lane.EVENTS


class CheckpointDue(Message, frozen=True):
    """Told to the order manager: hand over a ``Checkpointed`` event with the state as of now."""

    sequence: int
