"""What the supervisor is told of a child, and what it says of one."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from autotrader.actors.inbox import MailboxStats
from autotrader.actors.policy import RestartPolicy
from autotrader.messages import ActorExited, Message

if TYPE_CHECKING:
    from autotrader.actors.context import Context
    from autotrader.actors.worker import Worker

__all__ = ["ActorStatus", "ChildSpec", "ChildState", "Strategy"]

Strategy = Literal["one_for_one", "rest_for_one"]


class ChildState(StrEnum):
    """Where a child stands."""

    WAITING = "WAITING"  # for those before it
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    BACKING_OFF = "BACKING_OFF"
    EXHAUSTED = "EXHAUSTED"  # no more restarts until somebody asks for one
    STOPPED = "STOPPED"


class ChildSpec(msgspec.Struct, frozen=True, kw_only=False):
    """How to make, watch and restart one actor.

    ``factory`` runs in the child's own thread for each incarnation. ``rest_for_one`` restarts all that were started after it
    as well. A ``temporary`` child is never restarted. ``on_crash`` and ``on_exhausted`` (name, reason) run in the supervisor's
    thread and must not wait. ``hang_s``: hung after so many seconds without an answer to a heartbeat (None: never looked at);
    one that publishes ``busy_until_ns`` is hung a second past it. ``start_s`` and ``stop_s`` limit those.
    """

    name: str
    factory: Callable[[Context], Worker]
    policy: RestartPolicy = RestartPolicy()
    strategy: Strategy = "one_for_one"
    on_exhausted: Callable[[str, str], None] | None = None
    on_crash: Callable[[ActorExited], None] | None = None
    temporary: bool = False
    start_s: float = 5.0
    stop_s: float = 2.0
    hang_s: float | None = 2.0


class ActorStatus(msgspec.Struct, frozen=True):
    """One actor as the console shows it; times in seconds and microseconds of the machine's clock."""

    name: str
    epoch: int
    state: ChildState
    restarts: int
    last_error: str = ""
    abandoned_threads: int = 0
    depth: int = 0
    oldest_age_s: float = 0.0
    handled: int = 0
    conflated: int = 0
    undelivered: int = 0
    service_us: float = 0.0
    slowest_us: float = 0.0

    def with_mailbox(self, stats: MailboxStats) -> ActorStatus:
        """Return the status with the measures of the actor's mailbox."""
        return msgspec.structs.replace(
            self, depth=stats.depth, oldest_age_s=stats.oldest_age_ns / 1e9, handled=stats.handled,
            conflated=stats.conflated, undelivered=stats.abandoned, service_us=stats.service_ns / 1e3,
            slowest_us=stats.slowest_ns / 1e3,
        )


class StartChildren(Message, frozen=True):
    """Start children in order; ``reply`` gets None, or the StartError."""

    specs: tuple[Any, ...]
    reply: Any = None


class StopChildren(Message, frozen=True):
    """Stop these children, or all of them, last first; ``reply`` gets the names of those that had to be given up."""

    names: tuple[str, ...] | None = None
    reply: Any = None


class ThreadEnded(Message, frozen=True):
    """Told by the very last line of an incarnation's thread."""

    name: str
    epoch: int
