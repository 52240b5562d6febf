"""How many messages may go to TWS, and which wait (pure): 50 a second of all kinds on a connection, some kept for cancels.

Above the rate TWS answers error 100, and disconnects at the third. What waits is bounded, shown, and no longer than its intent
holds. Source: ibkr.md section 10.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from autotrader.execution.adapters.ibkr.messages import (
    CancelRequest,
    GlobalCancelRequest,
    PlaceRequest,
    TwsJob,
)

__all__ = ["HeldJobs", "Pace", "is_cancel"]

CANCELS_IN_A_ROW: Final = 4
CANCEL_ROOM: Final = 10
WINDOW_NS: Final = 1_020_000_000
"""A little more than the second that TWS counts: what left here spread may arrive there closer together."""


class Pace:
    """Counts what was sent in the last second. ``rate`` messages in all, of which the last ``reserve`` are for cancels."""

    def __init__(self, rate: int, reserve: int) -> None:
        self.rate, self.reserve = rate, min(max(reserve, 0), rate - 1)
        self._sent: deque[int] = deque()

    def wait_ns(self, now_ns: int, *, cancel: bool = False) -> int:
        """Return how long a message has to wait, 0 for not at all; ``now_ns`` is monotonic."""
        self._forget(now_ns)
        limit = self.rate if cancel else self.rate - self.reserve
        return 0 if len(self._sent) < limit else max(self._sent[len(self._sent) - limit] + WINDOW_NS - now_ns, 1)

    def note(self, now_ns: int) -> None:
        """Count a message that goes now."""
        self._sent.append(now_ns)

    def count(self, now_ns: int) -> int:
        """Return how many went in the last second."""
        self._forget(now_ns)
        return len(self._sent)

    def _forget(self, now_ns: int) -> None:
        while self._sent and self._sent[0] <= now_ns - WINDOW_NS:
            self._sent.popleft()


def is_cancel(job: TwsJob) -> bool:
    """Say whether a job takes risk away, and so may use the reserve and go first."""
    return isinstance(job.request, (CancelRequest, GlobalCancelRequest))


class HeldJobs:
    """What waits for its turn: cancels first, then orders, then questions, each in the order in which they came.

    A global cancel goes before all others. While cancels wait, every fifth turn is a question's: a sweep of a thousand orders
    must not keep back the list that would allow to cancel them all in one message.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lines: tuple[deque[TwsJob], ...] = (deque(), deque(), deque())
        self._in_a_row = 0

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines)

    def add(self, job: TwsJob) -> bool:
        """Take a job in; False when there is no room. Cancels have ten times the room, of their own."""
        line, cancels = self._line(job), self._lines[0]
        if line is cancels and isinstance(job.request, GlobalCancelRequest):
            line.appendleft(job)
            return True
        if (len(line) >= CANCEL_ROOM * self.limit) if line is cancels else (len(self) - len(cancels) >= self.limit):
            return False
        line.append(job)
        return True

    def goes_behind(self, job: TwsJob) -> bool:
        """Say whether a job of the same kind waits already, so that this one must not overtake it."""
        return any(self._lines[: self._lines.index(self._line(job)) + 1])

    def first(self) -> TwsJob | None:
        """Return the job whose turn is next, without taking it."""
        line = self._next_line()
        return line[0] if line else None

    def take(self) -> TwsJob:
        """Take the job whose turn is next; IndexError when none waits."""
        line = self._next_line()
        self._in_a_row = self._in_a_row + 1 if line is self._lines[0] else 0
        return line.popleft()

    def may_use_reserve(self, job: TwsJob) -> bool:
        """Say whether what is kept for cancels is open to a job: a cancel, or a question whose turn came between cancels."""
        return is_cancel(job) or bool(self._lines[0])

    def _next_line(self) -> deque[TwsJob]:
        cancels, _, questions = self._lines
        waits = cancels and questions and self._in_a_row >= CANCELS_IN_A_ROW
        if waits and not isinstance(cancels[0].request, GlobalCancelRequest):
            return questions
        return next((line for line in self._lines if line), cancels)

    def overtaken_by(self, job: TwsJob) -> list[TwsJob]:
        """Take out the placements that a cancel makes pointless: those of its order, or all of them for a global one."""
        wanted = job.request.order_id if isinstance(job.request, CancelRequest) else None
        orders = self._lines[1]
        out = [one for one in orders if wanted is None or _order_id(one) == wanted]
        kept = [one for one in orders if one not in out]
        orders.clear()
        orders.extend(kept)
        return out

    def take_old(self, now_ns: int) -> list[TwsJob]:
        """Take out what is too old to be written; ``now_ns`` is monotonic."""
        out: list[TwsJob] = []
        for line in self._lines:
            old = [job for job in line if 0 < job.until_ns <= now_ns]
            if old:
                kept = [job for job in line if not 0 < job.until_ns <= now_ns]
                line.clear()
                line.extend(kept)
                out += old
        return out

    def take_all(self) -> list[TwsJob]:
        """Take out all that waits."""
        out = [job for line in self._lines for job in line]
        for line in self._lines:
            line.clear()
        return out

    def _line(self, job: TwsJob) -> deque[TwsJob]:
        return self._lines[0 if is_cancel(job) else 1 if isinstance(job.request, PlaceRequest) else 2]


def _order_id(job: TwsJob) -> int | None:
    return job.request.order_id if isinstance(job.request, PlaceRequest) else None
