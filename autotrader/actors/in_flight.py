"""The lock-step counter: how many messages are put but not yet handled and flushed, over all mailboxes of a runtime."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from autotrader.errors import Unavailable
from autotrader.messages import (
    ActorExited,
    ActorReady,
    Heartbeat,
    HeartbeatSeen,
    Message,
    Question,
    RestartActor,
    StopActor,
)

if TYPE_CHECKING:
    from autotrader.actors.handle import Handle
    from autotrader.actors.reply import Slip

__all__ = ["LIFE_CYCLE", "InFlight", "Tally", "weigh"]

LIFE_CYCLE: frozenset[type] = frozenset({StopActor, Heartbeat, HeartbeatSeen, ActorReady, ActorExited, RestartActor})


def weigh(payload: Any, slip: Slip | None) -> int:
    """Return how many messages of ``payload`` are work in flight; the life cycle of actors and questions are not."""
    if type(payload) is list:
        return len(payload)
    if type(payload) in LIFE_CYCLE or isinstance(payload, Question) or (slip is not None and not slip.counts):
        return 0
    return 1


class InFlight:
    """Counts exactly, under one lock of its own, and tells a handle each time the count falls to zero.

    A message counts from before it is put until the flush after its handler has run, so whatever a handler tells is counted
    before the message that caused it is not: zero means that nothing moves any more. Safe from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = self._falls = 0
        self._handle: Handle | None = None
        self._message: Message | None = None
        self._idle = threading.Condition(self._lock)

    @property
    def count(self) -> int:
        """Messages in flight at this moment."""
        return self._count

    @property
    def falls(self) -> int | None:
        """How often the count has fallen to zero; None while something is in flight."""
        with self._lock:
            return self._falls if self._count == 0 else None

    def on_idle(self, handle: Handle, message: Message) -> None:
        """Have ``message`` told to ``handle`` at each fall to zero. It does not itself count."""
        with self._lock:
            self._handle, self._message = handle, message

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep the count above zero while several messages are told, so that they make one stage."""
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def wait_idle(self, timeout_s: float) -> bool:
        """Block a thread outside until nothing is in flight; False after ``timeout_s`` seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: self._count == 0, timeout_s)

    def tally(self) -> Tally:
        """Return the share of one incarnation's mailbox."""
        return Tally(self)

    def _change(self, by: int, tally: Tally | None = None, *, close: bool = False) -> None:
        with self._lock:
            if tally is not None:
                if tally.closed:
                    return
                by = -tally.share if close else by
                tally.share += by
                tally.closed = close
            self._count += by
            fell = by < 0 and self._count == 0
            if fell:
                self._falls += 1
                self._idle.notify_all()
            handle, message = self._handle, self._message
        if fell and handle is not None and message is not None:
            with contextlib.suppress(Unavailable):
                handle.tell_uncounted(message)


class Tally:
    """What one incarnation's mailbox has in flight; closing it, when the actor dies, takes the rest off the count for good."""

    __slots__ = ("_in_flight", "closed", "share")

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self.share = 0
        self.closed = False

    def add(self, number: int) -> None:
        """Count ``number`` messages, before they are put."""
        if number:
            self._in_flight._change(number, self)

    def done(self, number: int) -> None:
        """Take ``number`` messages off: handled and flushed, replaced by newer ones, or never taken."""
        if number:
            self._in_flight._change(-number, self)

    def close(self) -> None:
        """Take off all that is left; later calls change nothing."""
        self._in_flight._change(0, self, close=True)
