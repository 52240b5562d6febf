"""Nothing of the runtime works in a forked child: its threads stayed in the parent. Said here once, at no cost per call."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["FORKED", "note_forks"]

FORKED = (
    "this process was forked from the one that runs the engine, and threads do not survive a fork: "
    "create an engine of its own in the child, or start children by spawn"
)


class Forkable(Protocol):
    """Something that must not be used in a forked child."""

    def after_fork(self) -> None:
        """Refuse everything from now on; runs in the child, whose only thread it is."""


_living: weakref.WeakSet[Forkable] = weakref.WeakSet()


def note_forks(thing: Forkable) -> None:
    """Have ``thing.after_fork()`` called in every child forked from now on."""
    _living.add(thing)


def _after_fork_in_child() -> None:
    for thing in list(_living):
        thing.after_fork()


os.register_at_fork(after_in_child=_after_fork_in_child)
