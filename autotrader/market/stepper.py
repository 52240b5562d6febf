"""Goes on with a lock-step replay in the very thread that brought everything to rest.

Waking the feed's own thread between two stages would double the cost of each. Instead the lock-step counter's news is taken
where it falls, by whichever actor finished last. That is safe because it happens only when nothing is in flight: no other
thread touches what the steps touch, and a lock that nobody ever waits for keeps out the one that is a moment early.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from autotrader.actors import Handle, InFlight
from autotrader.messages import Message

__all__ = ["NothingMoves", "Stepper"]


class NothingMoves(Message, frozen=True):
    """Nothing is in flight any more."""


class Stepper:
    """Runs an iterator of steps, one each time that nothing is in flight, from any thread.

    ``failed`` is called with what a step raised, in the thread where it did; it must do no more than tell.
    """

    def __init__(self, name: str, in_flight: InFlight, failed: Callable[[BaseException], None]) -> None:
        self._in_flight, self._failed = in_flight, failed
        self._steps: Iterator[None] | None = None
        self._lock, self._wanted = threading.Lock(), False
        self._seen = -1  # the last moment of rest that a step was taken at
        self._handle = Handle(f"{name}.steps")

    def start(self, steps: Iterator[None]) -> None:
        """Take the steps up from the next moment of rest on."""
        self._steps = steps
        self._handle.bind(self._step)
        self._in_flight.on_idle(self._handle, NothingMoves())

    @property
    def at_rest(self) -> bool:
        """Say whether nothing is in flight and the step that was due is taken: nothing moves until something is told."""
        return self._in_flight.falls == self._seen

    def stop(self) -> None:
        """Take no further step."""
        self._steps = None
        self._handle.unbind()

    def _step(self, _: Message) -> None:
        self._wanted = True
        while self._wanted and self._lock.acquire(blocking=False):
            try:
                self._wanted = False
                falls = self._in_flight.falls
                if self._steps is not None and falls is not None:
                    next(self._steps)
                    self._seen = falls
            except BaseException as error:  # noqa: BLE001  another actor's thread: this is not its error
                self._steps = None
                self._failed(error)
            finally:
                self._lock.release()
