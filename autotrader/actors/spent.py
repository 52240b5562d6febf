"""Which receipts have been written: each number once per attempt, and at each venue no more than were issued for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Final

__all__ = ["WINDOW", "SpentReceipts", "Tally", "Verdict"]

WINDOW: Final = 1 << 17
_MASK: Final = WINDOW - 1
_MOST_ATTEMPTS: Final = 255


class Verdict(StrEnum):
    """What is said of one write; the word is the coded reason of the refusal."""

    FRESH = "FRESH"
    USED = "RECEIPT_USED"
    EXPIRED = "RECEIPT_EXPIRED"
    EXCEEDED = "EXIT_COUNT"


_FRESH: Final = Verdict.FRESH


class Tally:
    """One venue's exit count: receipts written, retries not counted again. ``issued`` asks the limits' book."""

    __slots__ = ("_issued", "_venue", "known", "written")

    def __init__(self, venue: str, issued: Callable[[str], int]) -> None:
        self._venue, self._issued = venue, issued
        self.known = self.written = 0

    def has_room(self) -> bool:
        """Ask the book anew whether one more may be written."""
        self.known = self._issued(self._venue)
        return self.written < self.known


class SpentReceipts:
    """The last 131,072 receipt numbers with the highest attempt written for each; safe from any thread.

    A number below the window cannot be proved unused, and is refused. The lock is held for a fraction of a microsecond and
    never while anything waits; closing the gate does not take it.
    """

    __slots__ = ("_attempts", "_highest", "_lock")

    def __init__(self) -> None:
        self._attempts = bytearray(WINDOW)
        self._highest = 0
        self._lock = threading.Lock()

    def spend(self, number: int, attempt: int, tally: Tally) -> Verdict:
        """Take note of one write before it is done; only FRESH may be written."""
        attempts, slot = self._attempts, number & _MASK
        with self._lock:
            if number == self._highest + 1:  # the usual case, written out: this runs once per order
                self._highest = number
                attempts[slot] = 0
            elif number > self._highest:
                self._advance(number)
            elif number <= self._highest - WINDOW:
                return Verdict.EXPIRED
            spent = attempts[slot]
            if not spent < attempt <= _MOST_ATTEMPTS:
                return Verdict.USED
            if not spent:
                if tally.written >= tally.known and not tally.has_room():
                    return Verdict.EXCEEDED
                tally.written += 1
            attempts[slot] = attempt
            return _FRESH

    def _advance(self, number: int) -> None:
        if number - self._highest >= WINDOW:
            self._attempts[:] = bytes(WINDOW)
        else:
            for skipped in range(self._highest + 1, number + 1):
                self._attempts[skipped & _MASK] = 0
        self._highest = number
