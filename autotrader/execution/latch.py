"""The latch: the kill level outside the process, kept over restarts and shared with whoever wants to pull from outside.

``Latch`` is the engine's own, with the head of the file mapped for the gate. ``pull_latch``, ``read_latch`` and the re-arm
request of ``rearm_request`` are for other processes: a command line, a watchdog. All raise OSError as the system gave it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from autotrader.actors.marker import ALL, ARMED_BYTE, Marker, levels_of
from autotrader.execution.latch_file import LatchEntry, LatchState, closed_state, raise_head, read_state, short
from autotrader.execution.latch_store import LatchStore
from autotrader.messages import KillPulled, KillRearmed
from autotrader.model import KillLevel

__all__ = ["Latch", "fold_kill_rows", "kill_file", "latch_at_start", "latch_path", "pull_latch", "read_latch"]

_LOCK_WAIT_S: Final = 0.5
_CLOSED: Final = "the latch is closed: "


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
    with LatchStore(latch_path(journal)) as store:
        return store.pull(_entry("pull", scope, level, reason, by, time.time_ns() if now_ns is None else now_ns))


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
        why.append(state.problem or f"{_CLOSED}{state.reason.removeprefix(_CLOSED)}")
    if kill_file_exists:
        levels[ALL] = max(KillLevel.CANCEL, levels.get(ALL, KillLevel.ARMED))
        why.append("the file KILL lies beside the journal")
    return levels, "; ".join(why)


class Latch:
    """The engine's hold on its latch file: ``marker`` is for ``Gate.attach``, the rest for the kill switch.

    Opening makes the file if there is none, and repairs one that is torn or corrupt by closing it; ``found`` is what it said
    before. Raises OSError. Not to be truncated while it is mapped: reading beyond the end of a mapped file ends the process.
    """

    def __init__(self, journal: str | Path) -> None:
        self.journal = Path(journal)
        self.path = latch_path(journal)
        self._lock = threading.Lock()
        self._retired: list[LatchStore] = []
        self._last: bytes | None = None
        self._store = self._open()
        self.found = self._store.found
        self._state, self._seen = self.found, b""

    @property
    def marker(self) -> Marker:
        """Return the mapped bytes; after ``close`` what they last were."""
        return self._store.map if self._last is None else self._last

    def state(self) -> LatchState:
        """Return what the file says now; cheap while nothing has changed."""
        if self._last is not None:
            return self._state
        seen = self._store.fingerprint()
        if seen != self._seen:
            self._state, self._seen = self._store.read(), seen
        return self._state

    def levels(self) -> dict[str, KillLevel]:
        """Return what the mapped head closes, by scope; one memory read while all is armed."""
        return {} if self.marker[0] == ARMED_BYTE else levels_of(self.marker)

    def mark(self, level: KillLevel, scope: str) -> None:
        """Raise the mapped bytes at once, without input or output; ``pull`` makes it last."""
        raise_head(self._store.map, {scope: level.name})

    def pull(self, level: KillLevel, scope: str, reason: str, by: str, now_ns: int) -> LatchState:
        """Raise the level of a scope, synced; ``now_ns`` is wall time. Raises OSError, or TimeoutError while another writes."""
        with self._held():
            return self._store.pull(_entry("pull", scope, level, reason, by, now_ns))

    def restore(self, levels: Mapping[str, KillLevel], reason: str, now_ns: int) -> None:
        """Make the file say levels that were in force before it; not a pull, so that a re-arm request made before stands."""
        with self._held():
            _restore(self._store, levels, reason, now_ns)

    def lift(self, scope: str, reason: str, by: str, now_ns: int, pulls: int) -> bool:
        """Lower a scope to ARMED, ``all`` every scope; False, and still closed, when it was pulled since ``pulls``."""
        with self._held():
            return self._store.lift(_entry("rearm", scope, KillLevel.ARMED, reason, by, now_ns), pulls)

    def renew(self) -> Marker:
        """Map the file that the path leads to now, made anew if there is none; returns the new bytes for the gate.

        The old ones stay mapped until ``close``, since a writer may be looking at them.
        """
        self._retired.append(self._store)
        self._store, self._seen = self._open(), b""
        return self.marker

    def is_in_place(self) -> bool:
        """Say whether the path still leads to the mapped file, whole."""
        return self._store.is_at(self.path)

    def close(self) -> None:
        """Let go of the file. The gate must have been given other bytes before; questions are answered from memory then."""
        self._last = self._store.map[:]
        self._state = self._store.read()
        for store in (*self._retired, self._store):
            store.close()

    def _open(self) -> LatchStore:
        store = LatchStore(self.path)
        if store.found.problem:
            closed = {scope: KillLevel[name] for scope, name in store.found.levels.items()}
            _restore(store, closed, store.found.problem, time.time_ns())
        return store

    @contextmanager
    def _held(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=_LOCK_WAIT_S):
            raise TimeoutError(f"another thread is still writing {self.path}")
        try:
            yield
        finally:
            self._lock.release()


def _entry(action: str, scope: str, level: KillLevel, reason: str, by: str, now_ns: int) -> LatchEntry:
    return LatchEntry(action, scope, level.name, short(reason), short(by), now_ns)


def _restore(store: LatchStore, levels: Mapping[str, KillLevel], reason: str, now_ns: int) -> None:
    for scope, level in levels.items():
        store.pull(_entry("restore", scope, level, reason, "latch", now_ns))
