"""Circuit breaker: CLOSED, OPEN, HALF_OPEN (pure). Windows, slow calls and permits are those of resilience4j.

It stops new orders only. Cancels and queries are never asked of it, and what probes a half-open breaker is a read.
"""

from __future__ import annotations

from collections import deque

import msgspec

from autotrader.model import BreakerState

__all__ = ["NEVER", "BreakerSettings", "CircuitBreaker"]

SECOND = 1_000_000_000
NEVER = 1 << 62


class BreakerSettings(msgspec.Struct, frozen=True):
    """When the breaker opens, and for how long.

    It opens when at least ``minimum_calls`` of the last ``window_calls`` in ``window_s`` are known, and of them a
    ``failure_share`` failed (``minimum_failures`` at least) or a ``slow_share`` took longer than ``slow_s``. It stays open
    ``open_s``, doubled at each failed probe up to ``open_max_s``. A probe unanswered for ``probe_timeout_s`` has failed.
    """

    window_calls: int = 20
    window_s: float = 30.0
    minimum_calls: int = 5
    minimum_failures: int = 1
    failure_share: float = 0.5
    slow_share: float = 0.8
    slow_s: float = 2.0
    open_s: float = 5.0
    open_max_s: float = 60.0
    probes: int = 1
    probe_timeout_s: float = 20.0

    @classmethod
    def named(cls, *, circuit_breaker_threshold: int = 5, circuit_breaker_timeout: float = 60.0) -> BreakerSettings:
        """Make settings of the arguments of ``ResiliencyManager``: the fewest failures that open, the longest open time."""
        return cls(
            minimum_failures=circuit_breaker_threshold,
            window_calls=max(cls().window_calls, circuit_breaker_threshold),
            open_s=min(cls().open_s, circuit_breaker_timeout),
            open_max_s=circuit_breaker_timeout,
        )


class CircuitBreaker:
    """One venue's breaker. Times are monotonic nanoseconds; one thread.

    ``closed`` may be read at any time: it is the one question of the order path.
    """

    __slots__ = (
        "_answers", "_calls", "_failed", "_open_ns", "_probe_ns", "_probes", "_slow", "_until", "closed", "reason", "settings",
        "state",
    )

    def __init__(self, settings: BreakerSettings | None = None) -> None:
        self.settings = settings or BreakerSettings()
        self.state = BreakerState.CLOSED
        self.closed = True
        self.reason = ""
        self._open_ns = self._first_open_ns()
        self._until = 0
        self._forget()

    def record(self, now_ns: int, ok: int, failed: int = 0, slow: int = 0) -> bool:
        """Take in how calls went, good ones first, the last ``slow`` of them slow; say whether the state changed.

        A definite business reject is a good call. What was called before the breaker opened says nothing in OPEN.
        """
        if self.state is BreakerState.OPEN or ok + failed == 0:
            return False
        if self.state is BreakerState.HALF_OPEN:
            return self._answer(now_ns, ok, failed, slow)
        self._take(now_ns, ok, failed, slow)
        return (self._failed > 0 or self._slow > 0) and self._judge(now_ns)

    def poll(self, now_ns: int) -> bool:
        """Let time pass: OPEN becomes HALF_OPEN, an unanswered probe fails; say whether the state changed."""
        if self.closed or now_ns < self.due_ns():
            return False
        if self.state is BreakerState.OPEN:
            self._enter(BreakerState.HALF_OPEN, "open time is over, one read probes the venue")
            self._probes, self._probe_ns, self._answers = 0, 0, 0
            return True
        return self._reopen(now_ns, "the probe was not answered")

    def take_probe(self, now_ns: int) -> bool:
        """Take one of the probes of a half-open breaker, if one is left."""
        if not self.has_probe:
            return False
        self._probes += 1
        self._probe_ns = now_ns
        return True

    @property
    def has_probe(self) -> bool:
        """Say whether ``take_probe`` would give one."""
        return self.state is BreakerState.HALF_OPEN and self._probes < self.settings.probes

    def due_ns(self) -> int:
        """Return when ``poll`` has something to do, ``NEVER`` when nothing is due."""
        if self.state is BreakerState.OPEN:
            return self._until
        if self.state is BreakerState.HALF_OPEN and self._probes:
            return self._probe_ns + round(self.settings.probe_timeout_s * SECOND)
        return NEVER

    def _take(self, now_ns: int, ok: int, failed: int, slow: int) -> None:
        calls, size = self._calls, self.settings.window_calls
        count = ok + failed
        for number in range(max(count - size, 0), count):
            call = (now_ns, number >= ok, number >= count - slow)
            calls.append(call)
            self._failed += call[1]
            self._slow += call[2]
        oldest = now_ns - round(self.settings.window_s * SECOND)
        while len(calls) > size or calls[0][0] < oldest:
            _, was_failed, was_slow = calls.popleft()
            self._failed -= was_failed
            self._slow -= was_slow

    def _judge(self, now_ns: int) -> bool:
        known, limits = len(self._calls), self.settings
        if known < limits.minimum_calls:
            return False
        if self._failed >= max(limits.minimum_failures, limits.failure_share * known):
            return self._open(now_ns, f"{self._failed} of the last {known} calls failed")
        if self._slow >= limits.slow_share * known:
            return self._open(now_ns, f"{self._slow} of the last {known} calls took over {limits.slow_s:g} s")
        return False

    def _answer(self, now_ns: int, ok: int, failed: int, slow: int) -> bool:
        if failed or slow:
            return self._reopen(now_ns, "the probe failed" if failed else "the probe was slow")
        self._answers += ok
        if self._answers < self.settings.probes:
            return False
        self._open_ns = self._first_open_ns()
        self._forget()
        self._enter(BreakerState.CLOSED, "the venue answers again")
        return True

    def _open(self, now_ns: int, reason: str) -> bool:
        self._forget()
        self._until = now_ns + self._open_ns
        self._enter(BreakerState.OPEN, reason)
        return True

    def _reopen(self, now_ns: int, reason: str) -> bool:
        self._open_ns = min(self._open_ns * 2, round(self.settings.open_max_s * SECOND))
        return self._open(now_ns, reason)

    def _enter(self, state: BreakerState, reason: str) -> None:
        self.state, self.reason = state, reason
        self.closed = state is BreakerState.CLOSED

    def _forget(self) -> None:
        self._calls: deque[tuple[int, bool, bool]] = deque()
        self._failed = self._slow = 0
        self._probes = self._probe_ns = self._answers = 0

    def _first_open_ns(self) -> int:
        return round(min(self.settings.open_s, self.settings.open_max_s) * SECOND)
