"""The latch: the kill level outside the process, kept over restarts and shared with whoever wants to pull from outside.

``Latch`` is the engine's own, with the head of the file mapped for the gate. ``pull_latch``, ``read_latch`` and the re-arm
request of ``rearm_request`` are for other processes: a command line, a watchdog. All raise OSError as the system gave it.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from autotrader.actors.marker import ALL, ARMED_BYTE, LETTERS, SIZE, SOME_BYTE, Marker, levels_of, slot_of
from autotrader.execution.latch_file import (
    FILE_SIZE,
    LatchEntry,
    LatchState,
    closed_state,
    create,
    fingerprint,
    head_of,
    raise_head,
    read_state,
    short,
    write_head,
    write_slot,
)
from autotrader.messages import KillPulled, KillRearmed
from autotrader.model import KillLevel

__all__ = ["Latch", "fold_kill_rows", "kill_file", "latch_at_start", "latch_path", "pull_latch", "read_latch"]

_LOCK_WAIT_S: Final = 0.25
_LOCK_PAUSE_S: Final = 0.002
_HISTORY: Final = 40


def latch_path(journal: str | Path) -> Path:
    """Return where the latch of a journal lies."""
    return Path(f"{journal}.latch")


def kill_file(journal: str | Path) -> Path:
    """Return the file whose mere presence pulls CANCEL: ``KILL``, beside the journal."""
    return Path(journal).absolute().parent / "KILL"


def read_latch(journal: str | Path) -> LatchState | None:
    """Return what the latch says, None when there is none; a file that cannot be read or is corrupt says closed."""
    try:
        return read_state(latch_path(journal).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        return closed_state(f"the latch cannot be read: {error}")


def pull_latch(
    journal: str | Path, level: KillLevel, reason: str, by: str, scope: str = ALL, now_ns: int | None = None,
) -> LatchState:
    """Close the latch of a journal, synced, from any process; a running engine's gate sees it at its next write.

    Only raises: what is closed already stays at least so. Makes the file when there is none. Raises OSError.
    """
    path = latch_path(journal)
    create(path)
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return _pull(descriptor, LatchEntry("pull", scope, level.name, short(reason), short(by), now_ns or time.time_ns()))
    finally:
        os.close(descriptor)


def fold_kill_rows(rows: list[KillPulled | KillRearmed]) -> dict[str, KillLevel]:
    """Return the levels that the journal's kill rows leave behind, by scope."""
    levels: dict[str, KillLevel] = {}
    for row in rows:
        if isinstance(row, KillPulled):
            levels[row.scope] = max(row.level, levels.get(row.scope, KillLevel.ARMED))
        elif row.scope == ALL:
            levels.clear()
        else:
            levels.pop(row.scope, None)
    return levels


def latch_at_start(
    state: LatchState | None, journal_levels: Mapping[str, KillLevel], kill_file_exists: bool = False,
) -> tuple[dict[str, KillLevel], str]:
    """Return the levels to start with, by scope, and why; nothing closed when the map is empty.

    No latch and no pull left in the journal is armed; of latch, journal and KILL file the highest level counts.
    ``journal_levels`` is ``fold_kill_rows`` of the journal, empty for one that is empty or absent.
    """
    levels = dict(journal_levels)
    why = ["the journal's last kill row is a pull"] if levels else []
    if state is not None and state.levels:
        for scope, name in state.levels.items():
            levels[scope] = max(KillLevel[name], levels.get(scope, KillLevel.ARMED))
        why.append(state.problem or f"the latch is closed: {state.reason}")
    if kill_file_exists:
        levels[ALL] = max(KillLevel.CANCEL, levels.get(ALL, KillLevel.ARMED))
        why.append("the file KILL lies beside the journal")
    return levels, "; ".join(why)


class Latch:
    """The engine's hold on its latch file: ``marker`` is for ``Gate.attach``, the rest for the kill switch.

    Opening makes the file if there is none, and repairs one that is corrupt by closing it; ``found`` is what it said before.
    Raises OSError. The file is not to be truncated while it is mapped: reading beyond its end ends the process.
    """

    def __init__(self, journal: str | Path) -> None:
        self.journal = Path(journal)
        self.path = latch_path(journal)
        self._lock = threading.Lock()
        self._retired: list[tuple[int, mmap.mmap]] = []
        self._descriptor, self._map, self.found = self._open()
        self._state, self._seen = self.found, b""

    @property
    def marker(self) -> Marker:
        """Return the mapped bytes."""
        return self._map

    def state(self) -> LatchState:
        """Return what the file says now; cheap while nothing has changed."""
        seen = fingerprint(self._map)
        if seen != self._seen:
            self._state, self._seen = read_state(self._map[:]), seen
        return self._state

    def levels(self) -> dict[str, KillLevel]:
        """Return what the mapped head closes, by scope; no more than a few memory reads while all is armed."""
        return {} if self._map[0] == ARMED_BYTE else levels_of(self._map)

    def mark(self, level: KillLevel, scope: str) -> None:
        """Raise the mapped bytes at once, without input or output; ``pull`` makes it last."""
        wanted = LETTERS[level][0]
        slot = slot_of(scope)
        order = [ARMED_BYTE, SOME_BYTE, *(LETTERS[name][0] for name in KillLevel if name)]
        if self._map[slot] in order and order.index(self._map[slot]) < order.index(wanted):
            self._map[slot] = wanted
        if self._map[0] == ARMED_BYTE:
            self._map[0] = SOME_BYTE

    def pull(self, level: KillLevel, scope: str, reason: str, by: str, now_ns: int) -> LatchState:
        """Raise the level of a scope, synced; ``now_ns`` is wall time. Raises OSError, or TimeoutError while another writes."""
        with self._held():
            return _pull(self._descriptor, LatchEntry("pull", scope, level.name, short(reason), short(by), now_ns))

    def restore(self, levels: Mapping[str, KillLevel], reason: str, now_ns: int) -> None:
        """Make the file say levels that were in force before it; not a pull, so that a re-arm request made before stands."""
        with self._held():
            for scope, level in levels.items():
                _pull(self._descriptor, LatchEntry("restore", scope, level.name, short(reason), "latch", now_ns))

    def lift(self, scope: str, reason: str, by: str, now_ns: int, pulls: int) -> bool:
        """Lower a scope to ARMED, ``all`` every scope; False, and nothing changed, when it was pulled since ``pulls``."""
        with self._held(), _file_lock(self._descriptor):
            state = _read(self._descriptor)
            if state.pulls != pulls or state.problem:
                return False
            levels = {} if scope == ALL else {name: level for name, level in state.levels.items() if name != scope}
            before = os.pread(self._descriptor, SIZE, 0)
            entry = LatchEntry("rearm", scope, KillLevel.ARMED.name, short(reason), short(by), now_ns)
            _write(self._descriptor, state, levels, entry)
            os.fsync(self._descriptor)
            if os.pread(self._descriptor, SIZE, 0) != before:
                return False
            write_head(self._descriptor, head_of(levels))
            os.fsync(self._descriptor)
            return True

    def renew(self) -> Marker:
        """Map the file that the path leads to now, made anew if there is none; returns the new bytes for the gate.

        The old ones stay mapped until ``close``, since a writer may be looking at them.
        """
        self._retired.append((self._descriptor, self._map))
        self._descriptor, self._map, self._state = self._open()
        self._seen = b""
        return self._map

    def is_in_place(self) -> bool:
        """Say whether the path still leads to the mapped file, whole."""
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        ours = os.fstat(self._descriptor)
        return (found.st_dev, found.st_ino, found.st_size) == (ours.st_dev, ours.st_ino, FILE_SIZE)

    def close(self) -> None:
        """Let go of the file. The gate must have been given other bytes before."""
        for descriptor, mapped in (*self._retired, (self._descriptor, self._map)):
            mapped.close()
            os.close(descriptor)

    def _open(self) -> tuple[int, mmap.mmap, LatchState]:
        create(self.path)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        found = _read(descriptor)
        if found.problem:
            for scope, name in found.levels.items():
                _pull(descriptor, LatchEntry("restore", scope, name, short(found.problem), "latch", time.time_ns()))
        return descriptor, mmap.mmap(descriptor, FILE_SIZE), found

    @contextmanager
    def _held(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=2 * _LOCK_WAIT_S):
            raise TimeoutError(f"another thread is still writing {self.path}")
        try:
            yield
        finally:
            self._lock.release()


def _pull(descriptor: int, entry: LatchEntry) -> LatchState:
    """Head first, without waiting for anybody; then the record; then the head again, lest a lift came in between."""
    found = _read(descriptor)
    if os.fstat(descriptor).st_size != FILE_SIZE:
        os.ftruncate(descriptor, FILE_SIZE)
    raise_head(descriptor, _raised(found, entry))
    with _file_lock(descriptor):
        state = _read(descriptor, entry.scope)
        if found.is_whole:
            levels = _raised(state, entry)
            state = _write(descriptor, state, levels, entry)
            raise_head(descriptor, levels)
        else:  # nothing in it is to be believed: written anew, closed
            levels = _raised(found, entry)
            state = _write(descriptor, state, levels, entry)
            write_head(descriptor, head_of(levels))
        os.fsync(descriptor)
    return state


def _raised(state: LatchState, entry: LatchEntry) -> dict[str, str]:
    return {**state.levels, entry.scope: _higher(entry.level, state.levels.get(entry.scope))}


def _higher(name: str, other: str | None) -> str:
    return max(KillLevel[name], KillLevel[other or "ARMED"]).name


def _write(descriptor: int, state: LatchState, levels: dict[str, str], entry: LatchEntry) -> LatchState:
    return write_slot(descriptor, msgspec.structs.replace(
        state, levels=levels, reason=entry.reason, by=entry.by, since_ns=entry.ts_ns,
        pulls=state.pulls + (entry.action == "pull"), history=(*state.history, entry)[-_HISTORY:],
    ))


def _read(descriptor: int, besides: str | None = None) -> LatchState:
    try:
        return read_state(os.pread(descriptor, FILE_SIZE + 1, 0), besides)
    except OSError as error:
        return closed_state(f"the latch cannot be read: {error}")


@contextmanager
def _file_lock(descriptor: int) -> Iterator[None]:
    """Keep other processes out while records are written; a stopped process that holds it is not waited for longer."""
    until = time.monotonic() + _LOCK_WAIT_S
    locked = False
    while not locked and time.monotonic() < until:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked = True
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_S)
    try:
        yield
    finally:
        if locked:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
