"""What a link and the thread of its connection put into the link's own mailbox."""

from __future__ import annotations

from autotrader.messages import Lane, Message

__all__ = ["Beat", "Dial", "Ended", "Overdue", "Release"]


class Dial(Message, frozen=True):
    """Make a new connection."""


class Overdue(Message, frozen=True):
    """The time in which connection ``number`` of incarnation ``epoch`` had to be open is over."""

    epoch: int
    number: int


class Ended(Message, frozen=True):
    """The thread of connection ``number`` is at its end."""

    number: int


class Beat(Message, frozen=True):
    """A heartbeat is due."""


class Release(Message, frozen=True):
    """Something that waits may have its turn."""

    lane = Lane.ORDERS
