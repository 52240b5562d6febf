"""A name to talk to. It survives restarts of the actor behind it; while nothing is behind it, it says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Any, Protocol

from autotrader.actors.forking import FORKED, note_forks
from autotrader.actors.inbox import Inbox
from autotrader.actors.reply import UNCOUNTED, Reply, Slip
from autotrader.errors import Unavailable
from autotrader.messages import Message

__all__ = ["ActorThread", "Handle", "PinnedHandle", "Target"]

ABANDONED: set[int] = set()
"""Threads of incarnations that were given up while they hung: whatever they tell, should they wake, is refused."""


class ActorThread(threading.Thread):
    """A thread that must not wait on another mailbox."""


class Target(Protocol):
    """What a handle can be bound to: a mailbox, or something that takes messages as one does."""

    def put(self, message: Any, slip: Slip | None = None) -> None:
        """Take a message or a list of them."""


class _Sink:
    """Makes a mailbox of a function, called in the teller's thread for each message; what it returns answers an ``ask``."""

    def __init__(self, take: Callable[[Any], Any]) -> None:
        self._take = take

    def put(self, message: Any, slip: Slip | None = None) -> None:
        for one in message if isinstance(message, list | tuple) else (message,):
            value = self._take(one)
            if slip is not None:
                slip.set(value)


class _Forked:
    """What every handle is bound to in a forked child."""

    def put(self, message: Any, slip: Slip | None = None) -> None:  # noqa: ARG002
        raise Unavailable(FORKED)


class Handle:
    """Where messages for the actor ``name`` go. Safe from any thread, and from signal handlers for all but quotes.

    ``epoch`` numbers the incarnation that is bound, from 1 on; 0 while there has been none. ``stale`` counts messages to dead
    incarnations that ``at_epoch`` dropped.
    """

    __slots__ = ("__weakref__", "_target", "epoch", "name", "stale")

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch = 0
        self.stale = 0
        self._target: Target | None = None
        note_forks(self)

    def __repr__(self) -> str:
        state = f"epoch {self.epoch}" if self.is_bound else "unbound"
        return f"<Handle {self.name}, {state}>"

    @property
    def is_bound(self) -> bool:
        """Whether an incarnation takes messages now."""
        return self._target is not None

    @property
    def target(self) -> Target | None:
        """What is bound now."""
        return self._target

    def tell(self, message: Message | Sequence[Message]) -> None:
        """Put a message, or a list of one lane's messages, into the mailbox and go on. The list is given away with it.

        Raises ``Unavailable`` when nobody is there: nothing is ever kept for later.
        """
        target = self._target
        if target is None:
            raise Unavailable(f"{self.name} is not running: the message was not taken")
        if ABANDONED and get_ident() in ABANDONED:
            raise Unavailable(f"this thread was given up as hung: its message to {self.name} was not taken")
        target.put(message)

    def ask(self, message: Message, timeout_s: float = 5.0) -> Any:
        """Put a message and wait for what its handler returns. For threads outside only.

        Raises ``WaitTimeout`` after ``timeout_s`` seconds (the message may still be handled), ``Unavailable`` when the actor
        is down or dies before it answers, and whatever the handler raised. An ``AutotraderError`` from the handler is an
        answer and leaves the actor alive; any other error reaches the asker and crashes the actor as well.
        """
        if isinstance(threading.current_thread(), ActorThread):
            raise RuntimeError(f"{threading.current_thread().name} asks {self.name}: a handler never waits on another mailbox")
        reply = Reply()
        self.put(message, reply)
        return reply.wait(timeout_s, f"{type(message).__name__} by {self.name}")

    def put(self, message: Any, slip: Slip | None = None) -> None:
        """Put a message that something travels with: for the ticker and ``ask``."""
        target = self._target
        if target is None:
            raise Unavailable(f"{self.name} is not running: the message was not taken")
        if ABANDONED and get_ident() in ABANDONED:
            raise Unavailable(f"this thread was given up as hung: its message to {self.name} was not taken")
        target.put(message, slip)

    def tell_uncounted(self, message: Message) -> None:
        """Put a message that is not work in flight: for the lock-step counter."""
        self.put(message, UNCOUNTED)

    def at_epoch(self, epoch: int) -> PinnedHandle:
        """Return a handle on that one incarnation: a reply told through it never reaches a later one."""
        return PinnedHandle(self, epoch)

    def bind(self, target: Any, epoch: int = 1) -> None:
        """Let messages go to ``target`` from now on: an ``Inbox``, a Pykka ref, anything with ``put``, or a function.

        A function is called in the teller's thread with each message; what it returns is the answer to an ``ask``.
        """
        inbox = getattr(target, "actor_inbox", target)
        if not isinstance(inbox, Inbox) and not hasattr(inbox, "put"):
            inbox = _Sink(inbox)
        self.epoch = epoch
        self._target = inbox

    def unbind(self) -> None:
        """Let every tell raise ``Unavailable`` until the next ``bind``."""
        self._target = None

    def after_fork(self) -> None:
        """Refuse everything in a forked child."""
        self._target = _Forked()


class PinnedHandle:
    """A handle on one incarnation of an actor, as named by its epoch."""

    __slots__ = ("_handle", "epoch")

    def __init__(self, handle: Handle, epoch: int) -> None:
        self._handle = handle
        self.epoch = epoch

    @property
    def name(self) -> str:
        """The actor's name."""
        return self._handle.name

    def tell(self, message: Message | Sequence[Message]) -> bool:
        """Put the message if that incarnation still lives, else drop it, count it as stale and return False."""
        target = self._handle.target
        if target is not None and self._handle.epoch == self.epoch:
            try:
                target.put(message)
            except Unavailable:
                pass
            else:
                return True
        self._handle.stale += 1
        return False
