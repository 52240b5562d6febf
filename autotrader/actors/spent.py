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


class Tally:
    """One venue's exit count: receipts written, retries not counted again. ``issued`` asks the limits' book."""

    __slots__ = ("_issued", "_known", "_venue", "written")

    def __init__(self, venue: str, issued: Callable[[str], int]) -> None:
        self._venue, self._issued = venue, issued
        self._known = self.written = 0

    def add(self) -> bool:
        """Count one more write; False, and nothing counted, when there are as many as receipts."""
        if self.written >= self._known:
            self._known = self._issued(self._venue)
            if self.written >= self._known:
                return False
        self.written += 1
        return True


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
        with self._lock:
            if number > self._highest:
                self._advance(number)
            elif number <= self._highest - WINDOW:
                return Verdict.EXPIRED
            slot = number & _MASK
            spent = self._attempts[slot]
            if not spent < attempt <= _MOST_ATTEMPTS:
                return Verdict.USED
            if not spent and not tally.add():
                return Verdict.EXCEEDED
            self._attempts[slot] = attempt
            return Verdict.FRESH

    def _advance(self, number: int) -> None:
        step = number - self._highest
        if step == 1:
            self._attempts[number & _MASK] = 0
        elif step >= WINDOW:
            self._attempts[:] = bytes(WINDOW)
        else:
            for skipped in range(self._highest + 1, number + 1):
                self._attempts[skipped & _MASK] = 0
        self._highest = number
