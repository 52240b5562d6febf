"""How many messages may go to TWS, and which wait (pure): 50 a second of all kinds on a connection, some kept for cancels.

Above the rate TWS answers error 100, and disconnects at the third. What waits is bounded, shown, and no longer than its intent
holds. Source: ibkr.md section 10.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from autotrader.execution.adapters.ibkr.messages import (
    CancelRequest,
    GlobalCancelRequest,
    PlaceRequest,
    TwsJob,
)

__all__ = ["HeldJobs", "Pace", "is_cancel", "keeps"]

CANCELS_IN_A_ROW: Final = 4
CANCEL_ROOM: Final = 10
WINDOW_NS: Final = 1_020_000_000
"""A little more than the second that TWS counts: what left here spread may arrive there closer together."""


class Pace:
    """Counts what was sent in the last second. ``rate`` messages in all, of which the last ``reserve`` are for cancels.

    The very last is for a global cancel: among a thousand cancels, the one that makes them all needless need not wait.
    """

    def __init__(self, rate: int, reserve: int) -> None:
        self.rate, self.reserve = rate, min(max(reserve, 0), rate - 1)
        self._sent: deque[int] = deque()

    def wait_ns(self, now_ns: int, *, keeps: int | None = None) -> int:
        """Return how long a message has to wait, 0 for not at all; ``now_ns`` is monotonic.

        ``keeps``: how much of the rate it leaves to others; None: the reserve.
        """
        self._forget(now_ns)
        limit = self.rate - (self.reserve if keeps is None else min(keeps, self.reserve))
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


def keeps(job: TwsJob) -> int | None:
    """Return how much of the rate a job leaves to others, for ``Pace.wait_ns``."""
    return 0 if isinstance(job.request, GlobalCancelRequest) else 1 if is_cancel(job) or job.urgent else None


def goes_first(job: TwsJob) -> bool:
    """Say whether a job overtakes the cancels that wait: a global cancel, and a question that a kill waits for."""
    return job.urgent or isinstance(job.request, GlobalCancelRequest)


class HeldJobs:
    """What waits for its turn: cancels first, then orders, then questions, each in the order in which they came.

    What ``goes_first`` goes before all others. While cancels wait, every fifth turn is a question's: a thousand of them must
    not keep back the answers by which orders in doubt are known.
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
        if goes_first(job):
            cancels.appendleft(job)
            return True
        if (len(line) >= CANCEL_ROOM * self.limit) if line is cancels else (len(self) - len(cancels) >= self.limit):
            return False
        line.append(job)
        return True

    def goes_behind(self, job: TwsJob) -> bool:
        """Say whether a job of the same kind waits already, so that this one must not overtake it."""
        return not goes_first(job) and any(self._lines[: self._lines.index(self._line(job)) + 1])

    def first(self) -> TwsJob | None:
        """Return the job whose turn is next, without taking it."""
        line = self._next_line()
        return line[0] if line else None

    def take(self) -> TwsJob:
        """Take the job whose turn is next; IndexError when none waits."""
        line = self._next_line()
        self._in_a_row = self._in_a_row + 1 if line is self._lines[0] else 0
        return line.popleft()

    def keeps(self, job: TwsJob) -> int | None:
        """Return how much of the rate a job leaves to others: a question whose turn came between cancels no more than they."""
        return 1 if self._lines[0] and not is_cancel(job) else keeps(job)

    def _next_line(self) -> deque[TwsJob]:
        cancels, _, questions = self._lines
        waits = cancels and questions and self._in_a_row >= CANCELS_IN_A_ROW
        if waits and not goes_first(cancels[0]):
            return questions
        return next((line for line in self._lines if line), cancels)

    def overtaken_by(self, job: TwsJob) -> list[TwsJob]:
        """Take out the placements that a cancel makes pointless: those of its order, or all of them for a global one."""
        wanted = job.request.order_id if isinstance(job.request, CancelRequest) else None
        return _take_out(self._lines[1], lambda one: wanted is None or _order_id(one) == wanted)

    def take_cancels(self) -> list[TwsJob]:
        """Take out the cancels of single orders."""
        return _take_out(self._lines[0], lambda one: isinstance(one.request, CancelRequest))

    def take_old(self, now_ns: int) -> list[TwsJob]:
        """Take out what is too old to be written; ``now_ns`` is monotonic."""
        return [job for line in self._lines for job in _take_out(line, lambda one: 0 < one.until_ns <= now_ns)]

    def take_all(self) -> list[TwsJob]:
        """Take out all that waits."""
        return [job for line in self._lines for job in _take_out(line, lambda _: True)]

    def _line(self, job: TwsJob) -> deque[TwsJob]:
        return self._lines[0 if is_cancel(job) else 1 if isinstance(job.request, PlaceRequest) else 2]


def _take_out(line: deque[TwsJob], chosen: Callable[[TwsJob], bool]) -> list[TwsJob]:
    """Take the chosen ones out of a line; the others stay in their order."""
    out = [job for job in line if chosen(job)]
    if out:
        kept = [job for job in line if not chosen(job)]
        line.clear()
        line.extend(kept)
    return out


def _order_id(job: TwsJob) -> int | None:
    return job.request.order_id if isinstance(job.request, PlaceRequest) else None
