"""Run one step of a kill so that neither its failure nor its hanging stops the next."""

from __future__ import annotations

import _thread
from collections.abc import Callable

__all__ = ["run_beside", "run_step"]


def run_beside(work: Callable[[], object]) -> None:
    """Do ``work``, which reports its own errors, on a thread of its own; here when no more threads are to be had."""
    try:
        _thread.start_new_thread(work, ())
    except RuntimeError:
        work()


def run_step(work: Callable[[], object], wait_s: float) -> BaseException | None:
    """Do ``work`` on a thread of its own and wait for it at most ``wait_s``; return what went wrong, None when nothing did.

    A kill may come in a signal handler that interrupted a line which holds the very lock the step needs: on its own thread
    the step waits for it, and the handler does not. The thread is started below ``threading``, whose start takes locks too.
    A step that outlives its wait goes on, and a TimeoutError is returned.
    """
    done = _thread.allocate_lock()
    done.acquire()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (top of a thread: reported to who waits)
            failures.append(error)
        finally:
            done.release()

    run_beside(run)
    if not done.acquire(timeout=wait_s):
        return TimeoutError(f"still at work after {wait_s} s")
    return failures[0] if failures else None
