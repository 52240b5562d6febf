"""Which classes of write the kill switch forbids, by venue: the gate's memory.

Raising and reading take no lock and use only operations that the interpreter does in one piece, so that a signal handler may
interrupt any line here. A pull is an entry of its own under a fresh mark: lifting removes the marks that were looked at when
the conditions were checked, and a pull made meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Final

from autotrader.actors.marker import ALL, ALL_ARMED, ARMED_BYTE, Marker, mapped_level
from autotrader.messages import Receipt
from autotrader.model import KillLevel, WriteClass

__all__ = ["Levels", "Place"]

_ARMED: Final = KillLevel.ARMED
_NOTHING: Final[frozenset[WriteClass]] = frozenset()
_NO_RISK: Final = frozenset({WriteClass.RISK})
_NO_RECEIPTS: Final = frozenset({WriteClass.RISK, WriteClass.REDUCE})
_MOST_MARKS: Final = 32


class Place:
    """What is known of one venue. ``pulls`` maps a mark to a level; it is empty while nothing is pulled."""

    __slots__ = ("allowed", "epoch", "pulls", "sweep_ended")

    def __init__(self) -> None:
        self.pulls: dict[int, int] = {}
        self.epoch = 0
        self.sweep_ended = False
        self.allowed: set[int] = set()


class Levels:
    """Pulls in force, for all venues and for each; ``marker`` is the mapped head of the latch file."""

    __slots__ = ("_marks", "everywhere", "marker", "places")

    def __init__(self) -> None:
        self.marker: Marker = ALL_ARMED
        self.everywhere: dict[int, int] = {}
        self.places: dict[str, Place] = {}
        self._marks = count(1)

    def place(self, venue: str) -> Place:
        """Return what is known of a venue."""
        place = self.places.get(venue)
        return place if place is not None else self.places.setdefault(venue, Place())

    def level(self, venue: str) -> KillLevel:
        """Return the highest of what is pulled here and what the latch says; ``all`` asks for that scope alone."""
        place = None if venue == ALL else self.places.get(venue)
        pulls = None if place is None else place.pulls
        if not self.everywhere and not pulls and self.marker[0] == ARMED_BYTE:
            return _ARMED
        here = tuple(pulls.values()) if pulls else ()
        return KillLevel(max((*tuple(self.everywhere.values()), *here, mapped_level(self.marker, venue))))

    def in_memory(self) -> Mapping[str, KillLevel]:
        """Return what is pulled in this process, by scope, whatever the latch says."""
        pulled = {ALL: self.everywhere, **{name: place.pulls for name, place in tuple(self.places.items())}}
        levels = {name: max(tuple(pulls.values()), default=0) for name, pulls in pulled.items()}
        return {name: KillLevel(level) for name, level in levels.items() if level}

    def pull(self, level: KillLevel, scope: str) -> None:
        """Raise the level of a scope. Pulls that this one outranks are dropped once there are many."""
        pulls = self.everywhere if scope == ALL else self.place(scope).pulls
        mark = next(self._marks)
        pulls[mark] = int(level)
        if len(pulls) > _MOST_MARKS:
            for older, asked in tuple(pulls.items()):
                if older < mark and asked <= level:
                    pulls.pop(older, None)
        if level >= KillLevel.CANCEL:
            self._forget_sweeps(scope)

    def marks(self, scope: str) -> frozenset[int]:
        """Return the marks of the pulls in force."""
        return frozenset(mark for pulls in self._pulls_of(scope) for mark in tuple(pulls))

    def lift(self, scope: str, seen: frozenset[int]) -> bool:
        """Remove the pulls that were seen; say whether the scope is free of pulls now. ``all`` lifts those of venues too."""
        self._forget_sweeps(scope)
        for pulls in self._pulls_of(scope):
            for mark in seen:
                pulls.pop(mark, None)
        return not any(self._pulls_of(scope))

    def forbidden(self, venue: str, receipt: Receipt | None = None) -> frozenset[WriteClass]:
        """Return the classes that may not be written at a venue now; ``receipt`` may be one that the sweep has allowed."""
        level, place = self.level(venue), self.place(venue)
        if level is KillLevel.ARMED:
            return _NOTHING
        allowed = receipt is not None and receipt.number in place.allowed
        return _NO_RISK if level is KillLevel.HALT or place.sweep_ended or allowed else _NO_RECEIPTS

    def _pulls_of(self, scope: str) -> tuple[dict[int, int], ...]:
        if scope != ALL:
            return (self.place(scope).pulls,)
        return (self.everywhere, *(place.pulls for place in tuple(self.places.values())))

    def _forget_sweeps(self, scope: str) -> None:
        for name, place in tuple(self.places.items()):
            if scope in (ALL, name):
                place.sweep_ended = False
                place.allowed.clear()
