"""What may leave the waiting rooms now, and when to look again (pure)."""

from __future__ import annotations

import msgspec

from autotrader.resiliency.breaker import CircuitBreaker
from autotrader.resiliency.rate_limit import RateLimiter
from autotrader.resiliency.waiting import Control, Waiting, Write, key_of, kind_of

__all__ = ["Released", "due_ns", "release"]


class Released(msgspec.Struct):
    """Who goes: ``controls`` first, then ``writes`` in the order they came; ``late`` writes are too old to go at all."""

    controls: list[Control] = msgspec.field(default_factory=list)
    writes: list[Write] = msgspec.field(default_factory=list)
    late: list[Write] = msgspec.field(default_factory=list)


def release(waiting: Waiting, limiter: RateLimiter, now_ns: int) -> Released:
    """Take out of the waiting rooms what has room in the budget now, and what has waited too long."""
    gone = Released()
    while waiting.controls:
        key, control = next(iter(waiting.controls.items()))
        if not limiter.grant(kind_of(control), 1, now_ns):
            break
        del waiting.controls[key]
        gone.controls.append(control)
    while (parked := waiting.first_parked()) is not None:
        if now_ns > parked.deadline_ns:
            gone.late.append(parked.command)
        elif limiter.grant(kind_of(parked.command), 1, now_ns):
            gone.writes.append(parked.command)
        else:
            break
        del waiting.parked[key_of(parked.command)]
    return gone


def due_ns(waiting: Waiting, limiter: RateLimiter, breaker: CircuitBreaker, now_ns: int) -> int:
    """Return when something is due, at ``now_ns`` the earliest; ``NEVER`` when nothing waits."""
    due = [breaker.due_ns()]
    if limiter.banned_until_ns:
        due.append(limiter.banned_until_ns)
    if waiting.controls:
        due.append(now_ns + limiter.wait_ns(kind_of(next(iter(waiting.controls.values()))), now_ns))
    parked = waiting.first_parked()
    if parked is not None:
        due.append(min(now_ns + limiter.wait_ns(kind_of(parked.command), now_ns), parked.deadline_ns + 1))
    if breaker.has_probe:
        due.append(now_ns + limiter.wait_ns("query", now_ns))
    return max(min(due), now_ns)
