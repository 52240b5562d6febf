"""What signals do to a launcher: SIGINT and SIGTERM end the run in good order, SIGUSR1 pulls the kill switch."""

from __future__ import annotations

import atexit
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from autotrader.errors import Unavailable
from autotrader.execution.engine import ExecutionEngine
from autotrader.execution.latch import pull_latch
from autotrader.model import KillLevel

__all__ = ["Signals"]


class Signals:
    """Heard from the first moment of a run to the end of its process.

    They are never given back: one that comes while the summary is written, or while a simulator of the run's own is ended,
    would otherwise kill the process, and its exit code would not say how the run went. ``engine`` is set once there is one;
    a pull before that closes the latch of its start. ``stopping`` says that an end was asked for.
    """

    def __init__(self, journal: Path) -> None:
        self.engine: ExecutionEngine | None = None
        self.stopping = threading.Event()
        self._journal = journal

    def listen(self) -> None:
        """Take the process's signals; elsewhere than in its main thread they are the host's."""
        if threading.current_thread() is not threading.main_thread():
            return
        wanted: dict[signal.Signals, Callable[[int, object], None]] = {
            signal.SIGINT: self._stop, signal.SIGTERM: self._stop, signal.SIGUSR1: self._kill,
        }
        for number, handler in wanted.items():
            signal.signal(number, handler)
            atexit.register(signal.signal, number, signal.SIG_IGN)  # Python's own end gives handlers back, but not this

    def _stop(self, _: int, __: object) -> None:
        self.stopping.set()
        if self.engine is not None:
            self.engine.end_run()

    def _kill(self, _: int, __: object) -> None:
        if self.engine is not None:
            with suppress(Unavailable):  # not connected yet, or no more
                self.engine.kill_switch.activate("SIGUSR1", KillLevel.CANCEL, by="signal")
                return
        pull_latch(self._journal, KillLevel.CANCEL, "SIGUSR1", "signal")
