"""What was met lately, in bounded memory: two generations, of which the older one is dropped when the younger is full."""

from __future__ import annotations

from collections.abc import Hashable

from autotrader.model import Fill

__all__ = ["FillMemory", "RecentTimes"]


class RecentTimes:
    """Remembers a number for each of the last ``capacity`` keys at least, twice as many at most."""

    __slots__ = ("_capacity", "_older", "_younger")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._younger: dict[Hashable, int] = {}
        self._older: dict[Hashable, int] = {}

    def get(self, key: Hashable) -> int | None:
        """Return the number of the key, None when it is not remembered."""
        found = self._younger.get(key)
        return self._older.get(key) if found is None else found

    def put(self, key: Hashable, number: int) -> None:
        """Remember."""
        if len(self._younger) >= self._capacity:
            self._older, self._younger = self._younger, {}
        self._younger[key] = number


class FillMemory:
    """Tells a fill that was met before, by (venue, account, symbol, trade id), from a new one: the last ``capacity`` at least.

    Shared by the incarnations of one runner, so that a strategy hears of no fill twice in one process. One thread at a time.
    """

    __slots__ = ("_capacity", "_older", "_younger")

    def __init__(self, capacity: int = 20_000) -> None:
        self._capacity = capacity
        self._younger: set[tuple[str, str, str, str]] = set()
        self._older: set[tuple[str, str, str, str]] = set()

    def is_new(self, fill: Fill) -> bool:
        """Say whether the fill is met for the first time, and remember it."""
        key = (fill.venue, fill.account, fill.symbol, fill.trade_id)
        younger = self._younger
        if key in younger or key in self._older:
            return False
        if len(younger) >= self._capacity:
            self._older, self._younger = younger, {key}
        else:
            younger.add(key)
        return True
