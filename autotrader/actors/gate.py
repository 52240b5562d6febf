"""The gate: the last line before every wire write, and the one mutable object that all threads share.

A writer goes through a ``Door`` of its own: it says that it is inside, then looks at the levels, then writes, then leaves.
``close`` works the other way round: it sets the level, then looks who is inside, and waits. Under the interpreter lock one of
the two always sees the other, so that after ``close`` has returned not a byte of a forbidden class is written. A closing
thread needs no lock that a writer could hold: it works from a signal handler and beside hung actors.

What passes, by level (safety.md section 3): ARMED all; HALT, CANCEL and FLATTEN let REDUCE, CANCEL and QUERY pass. From CANCEL
on, REDUCE is held back at a venue until its sweep has ended (``sweep_ended``), since two empty lists would never come while
strategies go on placing reduce-only orders; the sweep's own flattening orders are let through by ``allow``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import get_ident
from types import TracebackType
from typing import Final, NamedTuple, Protocol

from autotrader.actors.levels import Levels, Place
from autotrader.actors.marker import ALL, ARMED_BYTE, Marker
from autotrader.actors.quick_switch import QuickSwitch
from autotrader.actors.spent import SpentReceipts, Tally, Verdict
from autotrader.errors import Halted, Refused
from autotrader.messages import Receipt
from autotrader.model import KillLevel, WriteClass

__all__ = ["ALL", "Closed", "Door", "Gate", "Receipts"]

_RISK: Final = WriteClass.RISK
_REDUCE: Final = WriteClass.REDUCE
_FRESH: Final = Verdict.FRESH
_DRAIN_S: Final = 0.020
_GIVE_UP_S: Final = 1.0
_PAUSE_S: Final = 20e-6
_REVOKED: Final = Place()
_REVOKED.epoch = 1 << 62


class Receipts(Protocol):
    """The book of the limits: what it issued, and whether a receipt is its own."""

    def is_genuine(self, receipt: object) -> bool:
        """Say whether the limits issued this very receipt."""

    def issued(self, venue: str) -> int:
        """Return how many receipts were issued for a venue."""


class Closed(NamedTuple):
    """How a close went: ``took_ns`` after its begin the level was set and nobody wrote what it forbids any more.

    ``cut`` names the venues whose socket was shut under a writer, ``left`` those where a writer could not be stopped.
    """

    took_ns: int
    cut: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class Door:
    """One thread's way through the gate to one venue; made by ``Gate.door`` in the thread that writes.

    ``shutter`` makes the wire unusable at once and from another thread (``socket.shutdown``); set it anew with each socket.
    It is called when a write that the level forbids has not ended after 20 ms. Without one, the close has to wait.
    """

    __slots__ = (
        "_count", "_everywhere", "_gate", "_here", "_levels", "_owner", "_place", "_spent", "_tally", "_write_class", "epoch",
        "shutter", "turn", "venue", "writer",
    )

    def __init__(
        self, gate: Gate, venue: str, epoch: int, shutter: Callable[[], None] | None, writer: str = "", turn: int = 0
    ) -> None:
        self.venue, self.epoch, self.shutter, self.writer, self.turn = venue, epoch, shutter, writer, turn
        self._gate, self._levels, self._spent = gate, gate._levels, gate._spent
        self._place: Place = gate._levels.place(venue)
        self._here, self._everywhere = self._place.pulls, gate._levels.everywhere
        self._tally = gate._tally(venue)
        self._owner = get_ident()
        self._count = 0
        self._write_class = WriteClass.QUERY

    def enter(self, write_class: WriteClass, receipt: Receipt | None = None, attempt: int = 1) -> None:
        """Go in, as the last thing before the bytes; ``leave`` must follow once they are out.

        Raises Halted when the level forbids the class, and Refused when the door's incarnation was abandoned, when a class
        that needs a receipt has none that is genuine, or when this attempt was written before. After an error one is outside.
        """
        self._write_class = write_class
        self._count = (self._count + 2) | 1  # odd is inside; said before the look, so that close() sees us or we see it
        if self._everywhere or self._here or self._levels.marker[0] != ARMED_BYTE or self._place.epoch > self.epoch:
            self._look(write_class, receipt)
        if write_class is _RISK or write_class is _REDUCE:
            if receipt is None or receipt.write_class is not write_class or not self._gate._receipts.is_genuine(receipt):
                self._trip(f"a {write_class} write without a receipt of the limits for it", "RECEIPT_FORGED")
            elif (verdict := self._spent.spend(receipt.number, attempt, self._tally)) is not _FRESH:
                self._overspend(verdict, receipt, attempt)

    def leave(self) -> None:
        """Come out: the bytes are written, or never will be."""
        self._count = (self._count | 1) + 1

    def write(self, write_class: WriteClass, receipt: Receipt | None = None, attempt: int = 1) -> Write:
        """Return ``enter`` and ``leave`` as a context manager; it raises as ``enter`` does."""
        return Write(self, write_class, receipt, attempt)

    def _look(self, write_class: WriteClass, receipt: Receipt | None) -> None:
        if self._place is _REVOKED:
            self.leave()
            raise Refused(f"{self.writer}: incarnation {self.turn} was replaced", code="STALE_EPOCH")
        if self._place.epoch > self.epoch:
            self.leave()
            raise Refused(f"{self.venue}: incarnation {self.epoch} was replaced by {self._place.epoch}", code="STALE_EPOCH")
        if write_class in self._levels.forbidden(self.venue, receipt):
            self.leave()
            level = self._levels.level(self.venue).name
            raise Halted(f"{self.venue}: the kill switch is at {level}: no {write_class} write leaves until it is re-armed")

    def _overspend(self, verdict: Verdict, receipt: Receipt, attempt: int) -> None:
        text = f"receipt {receipt.number} of order {receipt.client_order_id}, attempt {attempt}: {verdict}"
        if verdict is Verdict.EXPIRED:
            self.leave()
            raise Refused(f"{self.venue}: {text}", code=verdict)
        self._trip(text, verdict)

    def _trip(self, text: str, code: str) -> None:
        self.leave()
        self._gate._trip(self.venue, text)
        raise Refused(f"{self.venue}: {text}; the venue is at HALT until it is re-armed", code=code)


class Write:
    """One write on the wire, as a context manager; the body does nothing but the write."""

    __slots__ = ("_attempt", "_door", "_receipt", "_write_class")

    def __init__(self, door: Door, write_class: WriteClass, receipt: Receipt | None, attempt: int) -> None:
        self._door, self._write_class, self._receipt, self._attempt = door, write_class, receipt, attempt

    def __enter__(self) -> Door:
        self._door.enter(self._write_class, self._receipt, self._attempt)
        return self._door

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._door.leave()


class Gate:
    """One per engine; every method may be called from any thread.

    ``receipts`` is the limits' book. ``on_trip(venue, text)`` is told, in the writer's thread, when the gate has halted a
    venue by itself (control 23, exit_count).
    """

    def __init__(self, receipts: Receipts, on_trip: Callable[[str, str], None] | None = None) -> None:
        self.on_trip = on_trip
        self._receipts = receipts
        self._spent = SpentReceipts()
        self._tallies: dict[str, Tally] = {}
        self._levels = Levels()
        self._doors: dict[int, Door] = {}
        self._by_thread: dict[tuple[int, str], Door] = {}
        self._turns: dict[str, int] = {}

    # ------------------------------------------------------------ writers

    def door(
        self, venue: str, epoch: int = 0, shutter: Callable[[], None] | None = None, *, writer: str = "", turn: int = 0
    ) -> Door:
        """Make the calling thread's door to a venue, for the incarnation ``epoch`` of the venue's actor.

        ``writer`` names who writes where that is another actor, and ``turn`` is that one's own incarnation.
        """
        door = Door(self, venue, epoch, shutter, writer, turn)
        self._doors[id(door)] = door
        if turn < self._turns.get(writer, 0):
            self._revoke(door)
        return door

    def forget(self, door: Door) -> None:
        """Let go of a door whose thread or connection has ended."""
        self._doors.pop(id(door), None)

    def write(
        self, venue: str, write_class: WriteClass, receipt: Receipt | None = None, *,
        epoch: int = 0, attempt: int = 1, shutter: Callable[[], None] | None = None,
    ) -> Write:
        """Return a context manager round one wire write, through the calling thread's own door; raises as ``Door.enter``."""
        key = (get_ident(), venue)
        door = self._by_thread.get(key)
        if door is None or door.epoch != epoch:
            if door is not None:
                self.forget(door)
            door = self._by_thread[key] = self.door(venue, epoch)
        door.shutter = shutter
        return Write(door, write_class, receipt, attempt)

    def begin_epoch(self, venue: str, epoch: int) -> tuple[str, ...]:
        """Refuse all writes of earlier incarnations of a venue's actors, and shut the sockets of those still inside."""
        place = self._levels.place(venue)
        place.epoch = max(place.epoch, epoch)
        old = [door for door in tuple(self._doors.values()) if door.venue == venue and door.epoch < place.epoch]
        for door in old:
            self.forget(door)
        return tuple(door.venue for door in old if door._count & 1 and _cut(door))

    def begin_turn(self, writer: str, turn: int) -> bool:
        """Refuse all writes of a writer's earlier incarnations; say whether one was inside and had its socket shut."""
        self._turns[writer] = max(turn, self._turns.get(writer, 0))
        old = [door for door in tuple(self._doors.values()) if door.writer == writer and door.turn < self._turns[writer]]
        cut = [self._revoke(door) for door in old]
        return any(cut)

    # ------------------------------------------------------------ questions

    def level(self, venue: str) -> KillLevel:
        """Return the level in force at a venue: the highest of memory and mapped latch. ``all`` asks for that scope alone."""
        return self._levels.level(venue)

    def levels_in_memory(self) -> Mapping[str, KillLevel]:
        """Return what is pulled in this process, by scope, whatever the latch file says."""
        return self._levels.in_memory()

    def passes(self, venue: str, write_class: WriteClass) -> bool:
        """Say whether the level lets a class of write pass now, for the limits (control 1). Only ``enter`` decides."""
        return write_class not in self._levels.forbidden(venue)

    def written(self, venue: str) -> int:
        """Return how many receipts have been written to a venue, retries not counted again."""
        return self._tally(venue).written

    # ------------------------------------------------------------ closing and opening

    def attach(self, marker: Marker) -> None:
        """Read the level from here too at every check: the mapped head of the latch file, or bytes that stand in for it."""
        self._levels.marker = marker

    def close(self, level: KillLevel, scope: str = ALL) -> Closed:
        """Raise the level of one venue or of all, and wait until nobody writes what it forbids.

        From any thread or signal handler. A writer that is still inside after 20 ms has its socket shut; one without a
        shutter is waited for up to 1 s and named in ``left``.
        """
        with QuickSwitch():
            began = time.monotonic()
            self._levels.pull(level, scope)
            cut, left = self._drain(self._writers(level, scope), began)
            return Closed(round((time.monotonic() - began) * 1e9), cut, left)

    def pulled(self, scope: str = ALL) -> frozenset[int]:
        """Return the marks of the pulls in force, to hand to ``reopen`` once the conditions have been checked."""
        return self._levels.marks(scope)

    def reopen(self, scope: str, seen: frozenset[int]) -> bool:
        """Lift the pulls that were ``seen``; say whether the scope is free now. A pull made meanwhile stays."""
        return self._levels.lift(scope, seen)

    def sweep_ended(self, venue: str) -> None:
        """Note that the venue's sweep is clean: from now on its level lets REDUCE pass again."""
        self._levels.place(venue).sweep_ended = True

    def allow(self, venue: str, receipt: Receipt) -> None:
        """Let one REDUCE write of the sweep's own pass while the venue is being swept."""
        self._levels.place(venue).allowed.add(receipt.number)

    # ------------------------------------------------------------ inside

    def _revoke(self, door: Door) -> bool:
        door._place = _REVOKED  # before the look at its count, as with the levels
        self.forget(door)
        return bool(door._count & 1) and _cut(door)

    def _tally(self, venue: str) -> Tally:
        tally = self._tallies.get(venue)
        return tally if tally is not None else self._tallies.setdefault(venue, Tally(venue, self._receipts.issued))

    def _writers(self, level: KillLevel, scope: str) -> list[tuple[Door, int]]:
        """Return who writes what the level forbids, each with the count that changes when that write is over."""
        forbidden = {_RISK} if level is KillLevel.HALT else {_RISK, _REDUCE}
        doors = [(door, door._count) for door in tuple(self._doors.values()) if scope in (ALL, door.venue)]
        return [(door, seen) for door, seen in doors if seen & 1 and door._write_class in forbidden]

    def _drain(self, writers: list[tuple[Door, int]], began: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
        me = get_ident()
        cut = [door for door, _ in writers if door._owner == me and _cut(door)]  # a signal handler interrupted it: no waiting
        left = [door for door, _ in writers if door._owner == me and door not in cut]
        writers = [(door, seen) for door, seen in writers if door._owner != me and door._count == seen]
        patience = _DRAIN_S
        while writers and time.monotonic() - began < patience:
            time.sleep(_PAUSE_S)
            writers = [(door, seen) for door, seen in writers if door._count == seen]
            if time.monotonic() - began >= _DRAIN_S == patience:
                cut += (shut := [door for door, _ in writers if _cut(door)])
                writers = [(door, seen) for door, seen in writers if door not in shut]
                patience = _GIVE_UP_S
        left += [door for door, _ in writers]
        return tuple(door.venue for door in cut), tuple(door.venue for door in left)

    def _trip(self, venue: str, text: str) -> None:
        self._levels.pull(KillLevel.HALT, venue)
        if self.on_trip is not None:
            self.on_trip(venue, text)


def _cut(door: Door) -> bool:
    """Shut the socket of a door; False when it has no shutter, or one that failed."""
    if door.shutter is None:
        return False
    try:
        door.shutter()
    except OSError:  # the socket is closed or not connected: no byte leaves on it
        return True
    except Exception:  # noqa: BLE001 (whatever a shutter does, the gate goes on to the next one)
        return False
    return True
