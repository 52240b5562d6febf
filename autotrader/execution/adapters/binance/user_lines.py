"""The connections of the user stream: which one counts, when it is replaced, and when it is lost (pure; one thread).

There is no replay and no snapshot on this stream (binance.md section 5), so that what counts is whether it was ever broken. A
connection is replaced before its day is over by opening and subscribing a second one first: that overlap leaves no gap. Times
are the machine's monotonic ns.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["Fate", "UserLines"]

SECOND: Final = 1_000_000_000
CONNECT_NS: Final = 15 * SECOND
PAUSE_NS: Final = 10 * SECOND


class Fate(Enum):
    """What a closed connection was."""

    COUNTED = "the one that counted"
    COMING = "the one that was to count"
    OLD = "one that did not count any more"


class UserLines:
    """Connections by their number; ``current`` counts, ``coming`` is being made ready to."""

    def __init__(self, renew_ns: int) -> None:
        self._renew_ns = renew_ns
        self.current: int | None = None
        self.coming: int | None = None
        self._numbers = 0
        self._since_ns = self._coming_since_ns = self._not_before_ns = 0
        self._hurry = False

    # ------------------------------------------------------------ what happens

    def begin(self, now_ns: int) -> int:
        """Return the number of the next connection, which is to be opened now."""
        self._numbers += 1
        self.coming, self._coming_since_ns = self._numbers, now_ns
        return self._numbers

    def subscribed(self, number: int, now_ns: int) -> int | None:
        """Let a connection count from now on; return the one that it replaces, which is to be closed."""
        if number != self.coming:
            return None
        old, self.current, self.coming, self._since_ns = self.current, number, None, now_ns
        self._hurry = False
        return old

    def closed(self, number: int, now_ns: int) -> Fate:
        """Take note of an end; a second connection that failed is not tried again at once."""
        if number == self.current:
            self.current = None
            return Fate.COUNTED
        if number == self.coming:
            self.coming, self._not_before_ns = None, now_ns + PAUSE_NS
            return Fate.COMING
        return Fate.OLD

    def give_up(self) -> list[int]:
        """Forget both; return what is to be closed."""
        numbers = [number for number in (self.current, self.coming) if number is not None]
        self.current = self.coming = None
        return numbers

    def hurry(self) -> None:
        """Have the connection replaced now: the venue is about to close it."""
        self._hurry = True

    # ------------------------------------------------------------ questions

    @property
    def is_renewing(self) -> bool:
        """Say whether a second connection is on its way while the first one counts."""
        return self.current is not None and self.coming is not None

    def is_renewal_due(self, now_ns: int) -> bool:
        """Say whether a second connection is to be opened now."""
        if self.current is None or self.coming is not None or now_ns < self._not_before_ns:
            return False
        return self._hurry or now_ns - self._since_ns >= self._renew_ns

    def is_late(self, now_ns: int) -> bool:
        """Say whether the coming connection has taken too long to be subscribed."""
        return self.coming is not None and now_ns - self._coming_since_ns > CONNECT_NS
