"""One process per journal, one engine per account: advisory locks that the kernel drops with their owner."""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Event
from types import TracebackType

from autotrader.clock import Clock, SystemClock
from autotrader.errors import JournalError

__all__ = ["AccountLock", "FileLock", "is_locked", "state_directory"]


def state_directory() -> Path:
    """Return the user's own directory for state that belongs to no journal: XDG_STATE_HOME, else ``~/.local/state``."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "autotrader"


_AGAIN_S = 0.1


def _take(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class FileLock:
    """An exclusive lock on a file that names its owner; also between two engines in one process.

    A lock whose owner died is free at once: the file stays, the kernel's lock does not. Any thread, one at a time.
    """

    def __init__(self, path: Path, what: str, hint: str, *, wall: Clock | None = None) -> None:
        self.path, self._what, self._hint = path, what, hint
        self._wall = wall or SystemClock()
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock or raise ``JournalError`` that names the owner's process, within 0.2 s.

        It is tried twice: somebody who only asks whether the lock is free (``is_locked``) touches it for a moment.
        """
        if self._fd is not None:
            raise JournalError(f"{self._what} is locked already by this very engine")
        fd = self._open()
        if not (_take(fd) or Event().wait(_AGAIN_S) or _take(fd)):
            owner = os.pread(fd, 200, 0).decode(errors="replace").strip() or "an unknown process"
            os.close(fd)
            raise JournalError(f"{self._what} is in use by {owner}; {self._hint}")
        since = datetime.fromtimestamp(self._wall.now_ns() / 1e9, UTC).isoformat(timespec="seconds")
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"process {os.getpid()} since {since}\n".encode(), 0)
        self._fd = fd

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as e:
            raise JournalError(f"cannot lock {self._what}: {e}; check that {self.path.parent} can be written to") from e

    def release(self) -> None:
        """Give the lock back, also on behalf of forked children that inherited it; harmless when it is not held."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)

    @property
    def is_held(self) -> bool:
        """Say whether this object holds the lock."""
        return self._fd is not None

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


class AccountLock(FileLock):
    """Keeps a second engine of this user off the same account of the same venue.

    ``host_port`` is where the venue is reached, so that a simulated venue is another place than the real one. Paper accounts
    live in their journal: pass it, and several paper engines run side by side.
    """

    def __init__(
        self, venue: str, host_port: str, account: str, *, journal: Path | None = None, state_dir: Path | None = None
    ) -> None:
        if venue == "paper" and journal is not None:
            host_port = str(journal.resolve())
        digest = sha256("\0".join((venue, host_port, account)).encode()).hexdigest()[:24]
        path = (state_dir or state_directory()) / "locks" / f"{venue}-{digest}.lock"
        what = f"account {account} of {venue} at {host_port}"
        super().__init__(path, what, "stop that engine first: one engine owns one account")


def is_locked(journal: Path | str) -> bool:
    """Say whether an engine holds the journal now; keeps nothing."""
    try:
        fd = os.open(f"{journal}.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
