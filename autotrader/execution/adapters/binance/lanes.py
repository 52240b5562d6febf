"""Which connection takes which call, and what waits (pure; one thread; times are the machine's monotonic ns).

A connection, a *lane*, has at most one call out; what cannot go at once waits here, where it can still be taken back. A new
order takes the order lane that was used last among the free ones, since that is the warmest. A cancel whose order is just being
placed waits for that lane, so that it cannot overtake it, but never longer than a second. Other cancels take a cancel lane, and
an order lane, ahead of new orders, when those are busy. Reads have lanes of their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec import Call
from autotrader.messages import Receipt
from autotrader.model import WriteClass

__all__ = ["Duty", "Job", "Lanes"]

SECOND: Final = 1_000_000_000
PATIENCE_NS: Final = SECOND
GRACE_NS: Final = SECOND


class Duty(StrEnum):
    """What a lane is for, and what a job is."""

    ORDER = "order"
    CANCEL = "cancel"
    QUERY = "query"


class Job(msgspec.Struct, frozen=True):
    """One call to make. ``expires_ns``: too old to begin after that, 0 never. ``errand`` is the reader that it belongs to.

    ``urgent`` goes ahead of the others of its kind; ``only_open``: not worth sending once its order has ended.
    """

    number: int
    duty: Duty
    call: Call
    write_class: WriteClass
    order_id: str = ""
    expires_ns: int = 0
    receipt: Receipt | None = None
    attempt: int = 1
    errand: int = 0
    urgent: bool = False
    only_open: bool = False


class _Lane:
    __slots__ = ("due_ns", "duty", "epoch", "job", "name", "pinned", "ready", "since_ns", "used")

    def __init__(self, name: str, duty: Duty) -> None:
        self.name, self.duty = name, duty
        self.ready = False
        self.epoch = self.used = self.since_ns = self.due_ns = 0
        self.job: Job | None = None
        self.pinned: deque[Job] = deque()

    @property
    def is_free(self) -> bool:
        return self.ready and self.job is None


class Lanes:
    """All connections of one broker. ``deadline_ns`` is how long a connection may take over one call."""

    def __init__(self, lanes: Mapping[str, Duty], deadline_ns: int) -> None:
        self._lanes = {name: _Lane(name, duty) for name, duty in lanes.items()}
        self._deadline_ns = deadline_ns
        self._queues: dict[Duty, deque[Job]] = {duty: deque() for duty in Duty}
        self._uses = 0

    # ------------------------------------------------------------ lanes

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all lanes."""
        return tuple(self._lanes)

    def is_ready(self, duty: Duty) -> bool:
        """Say whether a lane of that duty can be used."""
        return any(lane.ready for lane in self._lanes.values() if lane.duty is duty)

    def ready(self, name: str, epoch: int) -> Job | None:
        """Note that a connection takes jobs; return what its predecessor took with it, whose outcome is unknown."""
        lane = self._lanes.get(name)
        if lane is None or epoch < lane.epoch:
            return None
        lost = lane.job if epoch > lane.epoch else None
        if lost is not None:
            lane.job = None
        lane.ready, lane.epoch = lane.ready or lane.job is None or lost is not None, epoch
        return lost

    def done(self, name: str, number: int) -> Job | None:
        """Take a connection's word on its job; None when it is about another one, which was given up."""
        lane = self._lanes.get(name)
        if lane is None or lane.job is None or lane.job.number != number:
            return None
        job, lane.job, lane.ready = lane.job, None, True
        return job

    def put_back(self, name: str) -> None:
        """Note that nobody took the job of a lane: it is first in its queue again, the lane is off until it is ready."""
        lane = self._lanes[name]
        lane.ready = False
        if lane.job is not None:
            self._queues[lane.job.duty].appendleft(lane.job)
            lane.job = None

    # ------------------------------------------------------------ jobs

    def add(self, job: Job, now_ns: int) -> None:
        """Let a job wait for its lane."""
        if job.duty is Duty.CANCEL:
            lane = self._placing(job.order_id)
            if lane is not None and now_ns - lane.since_ns < PATIENCE_NS:
                lane.pinned.append(job)
                return
        queue = self._queues[job.duty]
        if job.urgent:
            queue.appendleft(job)
        else:
            queue.append(job)

    def assign(self, now_ns: int) -> Iterator[tuple[str, Job]]:
        """Yield (lane, job) for all that can go now, cancels first; each is out as soon as it is yielded."""
        self._unpin(now_ns)
        for lane in self._lanes.values():
            if lane.is_free and lane.pinned:
                yield self._out(lane, lane.pinned.popleft(), now_ns)
        for duty, helpers in _HELPERS:
            queue = self._queues[duty]
            while queue and (free := self._free((*helpers, *_ALL) if queue[0].urgent else helpers)) is not None:
                yield self._out(free, queue.popleft(), now_ns)

    def withdraw(self, order_id: str) -> Job | None:
        """Take back a new order that has not gone yet; None when there is none."""
        queue = self._queues[Duty.ORDER]
        for job in queue:
            if job.order_id == order_id:
                queue.remove(job)
                return job
        return None

    def take_stale(self, now_ns: int) -> list[Job]:
        """Take out what has waited so long that it is not to be sent any more."""
        stale = []
        for queue in self._queues.values():
            for job in [one for one in queue if one.expires_ns and now_ns > one.expires_ns]:
                queue.remove(job)
                stale.append(job)
        return stale

    def take_waiting(self, duty: Duty) -> list[Job]:
        """Take out all that waits for lanes of one duty."""
        queue = self._queues[duty]
        jobs = list(queue)
        queue.clear()
        return jobs

    def take_overdue(self, now_ns: int) -> list[Job]:
        """Give up jobs whose connection says nothing past its deadline; such a lane is off until it speaks again."""
        overdue = []
        for lane in self._lanes.values():
            if lane.job is not None and now_ns > lane.due_ns:
                overdue.append(lane.job)
                lane.job, lane.ready = None, False
        return overdue

    def is_placing(self, order_id: str) -> bool:
        """Say whether the order's submit is out, or waits to be."""
        return self._placing(order_id) is not None or any(job.order_id == order_id for job in self._queues[Duty.ORDER])

    @property
    def out(self) -> int:
        """Return how many jobs are out."""
        return sum(lane.job is not None for lane in self._lanes.values())

    @property
    def waiting(self) -> int:
        """Return how many jobs wait."""
        return sum(map(len, self._queues.values())) + sum(len(lane.pinned) for lane in self._lanes.values())

    # ------------------------------------------------------------ inside

    def _placing(self, order_id: str) -> _Lane | None:
        for lane in self._lanes.values():
            job = lane.job
            if order_id and job is not None and job.duty is Duty.ORDER and job.order_id == order_id:
                return lane
        return None

    def _unpin(self, now_ns: int) -> None:
        """Let go of cancels whose lane is off or has kept them waiting: they go by any lane, ahead of the others."""
        for lane in self._lanes.values():
            if lane.pinned and (not lane.ready or (lane.job is not None and now_ns - lane.since_ns >= PATIENCE_NS)):
                self._queues[Duty.CANCEL].extendleft(reversed(lane.pinned))
                lane.pinned.clear()

    def _free(self, duties: tuple[Duty, ...]) -> _Lane | None:
        """Return a free lane of the first duty that has one, the one used last."""
        for duty in duties:
            free = [lane for lane in self._lanes.values() if lane.duty is duty and lane.is_free]
            if free:
                return max(free, key=lambda lane: lane.used)
        return None

    def _out(self, lane: _Lane, job: Job, now_ns: int) -> tuple[str, Job]:
        self._uses += 1
        lane.job, lane.used, lane.since_ns = job, self._uses, now_ns
        lane.due_ns = now_ns + self._deadline_ns + GRACE_NS
        return lane.name, job


_HELPERS: Final = (
    (Duty.CANCEL, (Duty.CANCEL, Duty.ORDER)), (Duty.ORDER, (Duty.ORDER,)), (Duty.QUERY, (Duty.QUERY,)),
)
"""Whose jobs go first, and which lanes take them, in this order."""
_ALL: Final = (Duty.QUERY, Duty.CANCEL, Duty.ORDER)
"""Any lane takes what is urgent, its own kind first: a kill sweep's questions do not wait behind one that hangs."""
