"""When to start a failed actor again, and when to stop trying. Pure: time and chance come in."""

from __future__ import annotations

import random
from math import ceil

import msgspec

__all__ = ["Exhausted", "Restart", "RestartHistory", "RestartPolicy"]

NS = 1_000_000_000


class RestartHistory(msgspec.Struct, frozen=True):
    """What is remembered of one child: its latest failures (monotonic ns), how many in a row, how many in all."""

    failures_ns: tuple[int, ...] = ()
    streak: int = 0
    total: int = 0


class Restart(msgspec.Struct, frozen=True):
    """Start it again after ``delay_s`` seconds."""

    delay_s: float
    history: RestartHistory


class Exhausted(msgspec.Struct, frozen=True):
    """Do not start it again; a person has to look."""

    reason: str
    history: RestartHistory


class RestartPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """At most ``intensity`` restarts within ``period_s`` seconds and ``total`` in all (None: no such limit).

    The pause before each is U(0, min(cap_s, base_s x 2^n)), n counting the failures in a row ("full jitter", AWS); a child
    that was ready for ``healthy_s`` seconds starts over at n = 0. The counts are those of Erlang/OTP supervisors.
    """

    intensity: int = 5
    period_s: float = 60.0
    base_s: float = 0.25
    cap_s: float = 30.0
    healthy_s: float = 60.0
    total: int | None = 15

    def __post_init__(self) -> None:
        if self.intensity < 0 or self.period_s <= 0 or self.base_s < 0 or self.cap_s < 0:
            raise ValueError(f"a restart policy cannot be {self}")

    def on_failure(
        self, history: RestartHistory, *, now_ns: int, healthy_ns: int, rng: random.Random
    ) -> Restart | Exhausted:
        """Decide after a failure at ``now_ns`` of a child that had been ready for ``healthy_ns``."""
        since_ns = now_ns - ceil(self.period_s * NS)
        recent = (*(at for at in history.failures_ns if at > since_ns), now_ns)
        streak = 1 if healthy_ns >= self.healthy_s * NS else history.streak + 1
        after = RestartHistory(failures_ns=recent, streak=streak, total=history.total + 1)
        if len(recent) > self.intensity:
            return Exhausted(f"{len(recent)} failures within {self.period_s:g} s, {self.intensity} allowed", after)
        if self.total is not None and after.total > self.total:
            return Exhausted(f"{after.total} failures in all, {self.total} allowed", after)
        return Restart(rng.uniform(0.0, self.ceiling_s(streak)), after)

    def ceiling_s(self, streak: int) -> float:
        """Return the longest pause before the restart that follows ``streak`` failures in a row."""
        return min(self.cap_s, self.base_s * 2.0 ** min(streak - 1, 60))
