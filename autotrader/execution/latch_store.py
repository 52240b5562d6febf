"""The latch file, mapped into memory: pulls and lifts as stores and one sync, from any process.

Stores need no system call, so a pull beside busy threads waits for the interpreter only while it locks and syncs the file.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import msgspec

from autotrader.actors.marker import ALL, SIZE
from autotrader.execution.latch_file import (
    FILE_SIZE,
    LatchEntry,
    LatchState,
    armed_file,
    fingerprint,
    head_of,
    next_record,
    raise_head,
    read_state,
)
from autotrader.model import KillLevel

__all__ = ["LatchStore"]

_LOCK_WAIT_S: Final = 0.25
_LOCK_PAUSE_S: Final = 0.002
_HISTORY: Final = 40


class LatchStore:
    """One opened latch file; made, armed, if there is none. ``found`` is what it said when it was opened.

    A file of the wrong size is given the right one, and what it held is not believed: it is closed. Raises OSError.
    """

    def __init__(self, path: Path) -> None:
        _create(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            self.found = read_state(os.pread(self._descriptor, FILE_SIZE + 1, 0))
            if os.fstat(self._descriptor).st_size != FILE_SIZE:
                os.ftruncate(self._descriptor, FILE_SIZE)
            self.map = mmap.mmap(self._descriptor, FILE_SIZE)
            self._is_believed = self.found.is_whole
            if not self._is_believed:
                self._store(0, head_of(self.found.levels))
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of map and file."""
        self.map.close()
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)

    def read(self) -> LatchState:
        """Return what the file says now."""
        return read_state(self.map[:])

    def fingerprint(self) -> bytes:
        """Return the few bytes that differ whenever the latch does."""
        return fingerprint(self.map)

    def is_at(self, path: Path) -> bool:
        """Say whether the path leads to this very file, whole."""
        with suppress(OSError):
            found, ours = os.stat(path), os.fstat(self._descriptor)
            return (found.st_dev, found.st_ino, found.st_size) == (ours.st_dev, ours.st_ino, FILE_SIZE)
        return False

    def pull(self, entry: LatchEntry) -> LatchState:
        """Raise one scope: head first, without waiting for anybody; then the record; then the head again; then sync."""
        raise_head(self.map, {entry.scope: entry.level})
        with self._lock():
            state = read_state(self.map[:], besides=entry.scope)
            levels = {**state.levels, entry.scope: _higher(entry.level, state.levels.get(entry.scope))}
            state = self._write(state, levels, entry)
            if self._is_believed:
                raise_head(self.map, levels)
            else:
                self._store(0, head_of(levels))
                self._is_believed = True
            self._sync()
        return state

    def lift(self, entry: LatchEntry, pulls: int) -> bool:
        """Lower one scope, ``all`` every scope: record, sync, head, sync; False when it was pulled since ``pulls``."""
        with self._lock():
            before, state = self.map[:SIZE], self.read()
            if state.pulls != pulls or state.problem:
                return False
            levels = {} if entry.scope == ALL else {name: level for name, level in state.levels.items() if name != entry.scope}
            self._write(state, levels, entry)
            self._sync()
            if self.map[:SIZE] != before:
                return False
            self._store(0, head_of(levels))
            self._sync()
            return True

    def _write(self, state: LatchState, levels: dict[str, str], entry: LatchEntry) -> LatchState:
        state, place, record = next_record(msgspec.structs.replace(
            state, levels=levels, reason=entry.reason, by=entry.by, since_ns=entry.ts_ns,
            pulls=state.pulls + (entry.action == "pull"), history=(*state.history, entry)[-_HISTORY:],
        ))
        self._store(place, record)
        return state

    def _store(self, place: int, body: bytes) -> None:
        self.map[place : place + len(body)] = body

    def _sync(self) -> None:
        os.fsync(self._descriptor)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Keep other processes out while records are written; a stopped process that holds it is not waited for longer."""
        until, locked = time.monotonic() + _LOCK_WAIT_S, False
        while not locked and time.monotonic() < until:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                locked = True
            except BlockingIOError:
                time.sleep(_LOCK_PAUSE_S)
        try:
            yield
        finally:
            if locked:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)


def _higher(name: str, other: str | None) -> str:
    return max(KillLevel[name], KillLevel[other or "ARMED"]).name


def _create(path: Path) -> None:
    """Make an armed latch if there is none: whole or not at all."""
    if path.exists():
        return
    scratch = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns():x}.new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, armed_file())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        with suppress(FileExistsError):
            os.link(scratch, path)
    finally:
        os.unlink(scratch)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
