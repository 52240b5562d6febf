"""Later, and again and again: one thread per engine that tells messages when they are due, or a replay that fires them."""

from __future__ import annotations

import heapq
import queue
import threading
from typing import Any

from loguru import logger

from autotrader.actors.forking import FORKED, note_forks
from autotrader.actors.handle import ActorThread, Handle
from autotrader.clock import Clock, SystemClock
from autotrader.errors import Unavailable
from autotrader.messages import Message

__all__ = ["ManualTicker", "TickToken", "Ticker", "TickerBase"]

NS = 1_000_000_000
COMPACT_AT = 1_000


class TickToken:
    """One timer; give it to ``cancel``. It travels with a periodic tick, so as to know when that was handled."""

    __slots__ = ("_epoch", "_waiting", "cancelled", "counts", "due_ns", "handle", "message", "number", "period_ns")
    absorbs = False

    def __init__(
        self, handle: Handle, message: Message, due_ns: int, period_ns: int, number: int, *, counts: bool = True
    ) -> None:
        self.counts = counts
        self.handle, self.message, self.number = handle, message, number
        self.due_ns, self.period_ns = due_ns, period_ns
        self.cancelled = self._waiting = False
        self._epoch = 0

    def __lt__(self, other: TickToken) -> bool:
        """Order by due time, then name, then the order in which that name's timers were set: the same in every run."""
        mine, theirs = (self.due_ns, self.handle.name, self.number), (other.due_ns, other.handle.name, other.number)
        return mine < theirs

    @property
    def waits(self) -> bool:
        """Whether the last tick still waits in the mailbox of the incarnation that is bound now."""
        return self._waiting and self._epoch == self.handle.epoch

    def send(self) -> None:
        """Tell the message; raises ``Unavailable``."""
        if not self.period_ns:
            return self.handle.tell(self.message) if self.counts else self.handle.tell_uncounted(self.message)
        self._waiting, self._epoch = True, self.handle.epoch
        return self.handle.put(self.message, self)

    def set(self, value: Any) -> None:  # noqa: ARG002
        """Note that the tick was handled."""
        self._waiting = False

    def fail(self, error: BaseException) -> None:  # noqa: ARG002
        """Note that the tick will not be handled."""
        self._waiting = False


class TickerBase:
    """The timers themselves; safe from any thread. Counts: ``fired``, ``dropped`` (nobody there), ``skipped`` (not needed).

    ``counts``: what is told is work in flight, for a lock-step replay; not so where the timers are the machine's.
    """

    def __init__(self) -> None:
        self.counts = True
        self._lock = threading.Lock()
        self._heap: list[TickToken] = []
        self._numbers: dict[str, int] = {}
        self._cancelled = 0
        self.fired = self.dropped = self.skipped = 0
        self._forked = False
        note_forks(self)

    def now_ns(self) -> int:
        """Return the time that timers are measured on."""
        raise NotImplementedError

    def after(self, delay_s: float, handle: Handle, message: Message) -> TickToken:
        """Tell ``message`` to ``handle`` once, ``delay_s`` seconds from now (at once, if that is not positive)."""
        return self._add(max(0, round(delay_s * NS)), 0, handle, message)

    def every(self, period_s: float, handle: Handle, message: Message) -> TickToken:
        """Tell ``message`` each ``period_s`` seconds, first after one period.

        A tick is skipped while the one before still waits in the mailbox, and late ticks are not made up for.
        """
        period_ns = round(period_s * NS)
        if period_ns <= 0:
            raise ValueError(f"a period must be positive, not {period_s} s")
        return self._add(period_ns, period_ns, handle, message)

    def cancel(self, token: TickToken | None) -> None:
        """Stop a timer; nothing happens if it has fired, was cancelled, or is None. A message already told stays told."""
        if token is None or token.cancelled:
            return
        with self._lock:
            token.cancelled = True
            self._cancelled += 1
            if self._cancelled > COMPACT_AT and self._cancelled * 2 > len(self._heap):
                self._heap = [kept for kept in self._heap if not kept.cancelled]
                heapq.heapify(self._heap)
                self._cancelled = 0

    def next_due_ns(self) -> int | None:
        """Return when the next timer is due, or None."""
        with self._lock:
            while self._heap and self._heap[0].cancelled:
                heapq.heappop(self._heap)
                self._cancelled = max(0, self._cancelled - 1)
            return self._heap[0].due_ns if self._heap else None

    def after_fork(self) -> None:
        """Refuse new timers in a forked child, where nothing would fire them."""
        self._lock, self._forked, self._heap = threading.Lock(), True, []

    def _add(self, delay_ns: int, period_ns: int, handle: Handle, message: Message) -> TickToken:
        if self._forked:
            raise Unavailable(FORKED)
        with self._lock:
            number = self._numbers.get(handle.name, 0)
            self._numbers[handle.name] = number + 1
            token = TickToken(handle, message, self.now_ns() + delay_ns, period_ns, number, counts=self.counts)
            heapq.heappush(self._heap, token)
            first = self._heap[0] is token
        if first:
            self._hurry()
        return token

    def _hurry(self) -> None:
        """Take note that a timer is due before all others."""

    def _fire(self, now_ns: int) -> int:
        """Tell all that is due, in order; timers that are set meanwhile wait for the next call."""
        due = self._pop_due(now_ns)
        for token in due:
            if token.cancelled:
                continue
            if token.waits:
                self.skipped += 1
            else:
                self._send(token)
            if token.period_ns:
                self._push_again(token, now_ns)
        return len(due)

    def _pop_due(self, now_ns: int) -> list[TickToken]:
        due: list[TickToken] = []
        with self._lock:
            while self._heap and self._heap[0].due_ns <= now_ns:
                token = heapq.heappop(self._heap)
                if token.cancelled:
                    self._cancelled = max(0, self._cancelled - 1)
                else:
                    due.append(token)
        return due

    def _send(self, token: TickToken) -> None:
        try:
            token.send()
            self.fired += 1
        except Exception as error:  # noqa: BLE001  a function behind the handle: the other timers are due all the same
            token.fail(error)
            self.dropped += 1
            if not isinstance(error, Unavailable):
                logger.bind(actor=token.handle.name).error(f"a timer could not be told: {error!r}")

    def _push_again(self, token: TickToken, now_ns: int) -> None:
        late = (now_ns - token.due_ns) // token.period_ns
        self.skipped += late
        with self._lock:
            if not token.cancelled:
                token.due_ns += (late + 1) * token.period_ns
                heapq.heappush(self._heap, token)


class Ticker(TickerBase):
    """Timers on the machine's monotonic clock, in one thread that starts with the first timer and ends by ``close``."""

    def __init__(self, clock: Clock | None = None, *, name: str = "ticker") -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._name = name
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread: ActorThread | None = None
        self._closed = False

    def now_ns(self) -> int:
        """Return the clock's monotonic time: a step of the wall clock moves no timer."""
        return self._clock.monotonic_ns()

    def close(self, timeout_s: float = 2.0) -> bool:
        """End the thread; timers left are forgotten. Returns whether it ended within ``timeout_s`` seconds."""
        with self._lock:
            self._closed = True
            self._heap.clear()
            thread = self._thread
        self._wake.put(None)
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(timeout_s)
        return not thread.is_alive()

    def _hurry(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = ActorThread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        self._wake.put(None)

    def _run(self) -> None:
        while not self._closed:
            self._fire(self.now_ns())
            due_ns = self.next_due_ns()
            try:
                self._wake.get(timeout=None if due_ns is None else max(0, due_ns - self.now_ns()) / NS)
            except queue.Empty:
                continue


class ManualTicker(TickerBase):
    """Timers on a clock that a replay or a test moves: nothing fires but by ``fire_due``."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def now_ns(self) -> int:
        """Return the engine's time."""
        return self._clock.now_ns()

    def fire_due(self, now_ns: int | None = None) -> int:
        """Tell all that is due at ``now_ns`` (default: the clock's now), in an order that is the same in every run.

        Returns how many timers were due.
        """
        return self._fire(self.now_ns() if now_ns is None else now_ns)

    def close(self, timeout_s: float = 0.0) -> bool:  # noqa: ARG002
        """Forget all timers."""
        with self._lock:
            self._heap.clear()
        return True
