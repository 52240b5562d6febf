"""Make the interpreter hand over quickly while the gate closes, instead of after the 5 ms that a busy thread may hold it.

50 µs, not less: every waiting thread wakes up once per interval to ask again, and a dozen of them can keep the cores busy with
that alone. Worst close with 8 busy threads and 4 writers on 2 shared cores under SCHED_RR: 105 ms in 60 pulls at 10 µs; 20, 22
and 30 ms in 60, 150 and 250 pulls at 50 µs; 16 and 71 ms in 60 and 150 at 100 µs. Few runs, and SCHED_RR has no timer slack,
which is hard on 10 µs: measure again with scripts/kill_pulls.py before relying on the choice.
"""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Final, Self

__all__ = ["QUICK_S", "QuickSwitch"]

QUICK_S: Final = 50e-6


class QuickSwitch:
    """A context in which ``sys.setswitchinterval`` is 50 µs; the interval that was found is restored by the last one out.

    The setting is the process's, so all engines share the count. It may be entered from a signal handler that interrupts
    any line here: the lock is re-entrant, and an interval as short as ours is never taken for the host's.
    """

    _lock: Final = threading.RLock()
    _inside = 0
    _found = 5e-3

    def __enter__(self) -> Self:
        with self._lock:
            current = sys.getswitchinterval()
            if current > 2 * QUICK_S:
                QuickSwitch._found = current
            QuickSwitch._inside += 1
            sys.setswitchinterval(QUICK_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            QuickSwitch._inside -= 1
            if QuickSwitch._inside == 0:
                sys.setswitchinterval(QuickSwitch._found)
