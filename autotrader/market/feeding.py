"""What a feed takes quotes from, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from autotrader.model import Quote

__all__ = ["FeedProgress", "QuoteSource"]


class QuoteSource(Protocol):
    """A tape or a market that moves by itself."""

    @property
    def fraction(self) -> float:
        """Return how much of it is done, from 0 to 1; 0 for one without end."""

    @property
    def skipped(self) -> int:
        """Return how many rows were left out as wrong."""

    def quotes(self, now_ns: int) -> Iterator[Quote]:
        """Yield the quotes in order of time; a source without times of its own begins at ``now_ns``."""


class FeedProgress:
    """How far a feed has come, for a progress bar: written by the feed, every field a plain value that any thread may read."""

    __slots__ = ("ended", "fraction", "quotes", "ts_ns")

    def __init__(self) -> None:
        self.quotes, self.fraction, self.ts_ns, self.ended = 0, 0.0, 0, False
