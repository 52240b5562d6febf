"""A mailbox with lanes: urgent overtakes everything, only the newest quote of a symbol waits, and all of it is measured."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict, deque
from time import monotonic_ns
from typing import Any

import msgspec
import pykka.messages
from pykka._envelope import Envelope

from autotrader.actors.in_flight import LIFE_CYCLE, Tally, weigh
from autotrader.actors.reply import Reply, Slip
from autotrader.errors import Unavailable
from autotrader.messages import Lane, Message, StopActor

__all__ = ["NOTHING", "Entry", "Inbox", "MailboxStats", "count_messages"]

Entry = tuple[int, Any, Slip | None]
"""When it was put (monotonic ns of the machine), a message or a list of them, and what travels with it."""
QUOTES = int(Lane.QUOTES)


def count_messages(payload: Any) -> int:
    """Return how many messages an entry's payload holds."""
    return len(payload) if type(payload) is list else 1


class MailboxStats(msgspec.Struct, frozen=True):
    """A mailbox measured: counts are of messages, times in ns of the machine's clock.

    ``handled`` + ``abandoned`` + ``depth`` + ``conflated`` + what is being handled now = all that was ever taken in. The life
    cycle of the actor itself (stop, heartbeats) counts in none of them but ``depth``.
    """

    depth: int
    oldest_age_ns: int
    handled: int
    conflated: int
    abandoned: int
    busy_ns: int
    slowest_ns: int

    @property
    def service_ns(self) -> float:
        """Mean time per handled message, its share of flushes included."""
        return self.busy_ns / self.handled if self.handled else 0.0


    def plus(self, later: MailboxStats) -> MailboxStats:
        """Return the counts of both, and what waits in ``later``, the mailbox of a later incarnation."""
        return MailboxStats(
            depth=later.depth, oldest_age_ns=later.oldest_age_ns, handled=self.handled + later.handled,
            conflated=self.conflated + later.conflated, abandoned=self.abandoned + later.abandoned,
            busy_ns=self.busy_ns + later.busy_ns, slowest_ns=max(self.slowest_ns, later.slowest_ns),
        )


NOTHING = MailboxStats(depth=0, oldest_age_ns=0, handled=0, conflated=0, abandoned=0, busy_ns=0, slowest_ns=0)


class Inbox:
    """The mailbox of one incarnation. ``put`` may be called by any thread; all else by the actor's own, except where said.

    The four upper lanes take no lock: deques and the wake-up queue are reentrant, so a signal handler may put. Quotes are
    kept under a short lock, one per ``(type, conflation_key)``. A put that loses the race against ``close`` raises, and
    one that wins it is found by ``drain``: a message is either refused to its sender or accounted for.
    """

    __slots__ = (
        "_closed", "_lanes", "_quote_lock", "_quotes", "_sleeping", "_tally", "_wake",
        "abandoned", "busy_ns", "conflated", "handled", "name", "slowest_ns",
    )

    def __init__(self, name: str, tally: Tally | None = None) -> None:
        self.name = name
        self.handled = self.conflated = self.abandoned = self.busy_ns = self.slowest_ns = 0
        self._tally = tally
        self._lanes: tuple[deque[Entry], ...] = tuple(deque() for lane in Lane if lane != QUOTES)
        self._quotes: OrderedDict[object, Entry] = OrderedDict()
        self._quote_lock = threading.Lock()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._sleeping = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether puts are refused."""
        return self._closed

    def put(self, message: Any, slip: Slip | None = None) -> None:
        """Take a message, or a list of one lane's messages that the sender will not touch again. Any thread.

        Raises ``Unavailable`` when the actor is down.
        """
        try:
            lane = message[0].lane if type(message) is list else message.lane
        except (AttributeError, IndexError):
            return self._put_foreign(message, slip)
        if self._tally is not None:
            self._tally.add(weigh(message, slip))
        if lane == QUOTES:
            self._put_quotes(message if type(message) is list else [message], slip)
        else:
            self._append(self._lanes[lane], (monotonic_ns(), message, slip))
        if self._sleeping:
            self._sleeping = False
            self._wake.put(None)
        return None

    def put_urgent(self, message: Any) -> None:
        """Take a message ahead of every other lane, whatever its own. Any thread."""
        if self._tally is not None:
            self._tally.add(weigh(message, None))
        self._append(self._lanes[0], (monotonic_ns(), message, None))
        self._wake.put(None)

    def put_back(self, payload: list[Any], entry: Entry, size: int) -> None:
        """Return the rest of a long list to the head of its lane in pieces of ``size``, so that urgent messages get between."""
        pieces = [(entry[0], payload[i : i + size], entry[2]) for i in range(0, len(payload), size)]
        self._lanes[payload[0].lane].extendleft(reversed(pieces))

    def take(self) -> Entry | None:
        """Return the first entry of the highest lane that has one, or None."""
        for lane in self._lanes:
            if lane:
                try:
                    return lane.popleft()
                except IndexError:  # taken back by its sender, or drained by the supervisor
                    continue
        if self._quotes:
            with self._quote_lock:
                return self._quotes.popitem(last=False)[1] if self._quotes else None
        return None

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until something may be there to take; False after ``timeout_s`` seconds."""
        self._sleeping = True
        if any(self._lanes) or self._quotes or self._closed:
            self._sleeping = False
            return True
        try:
            self._wake.get(timeout=timeout_s)
        except queue.Empty:
            return False
        finally:
            self._sleeping = False
        return True

    def get(self) -> Entry:
        """Block until there is an entry (Pykka's own name for it)."""
        while (entry := self.take()) is None:
            self.wait()
        return entry

    def empty(self) -> bool:
        """Say whether nothing waits. Any thread."""
        return not (any(self._lanes) or self._quotes)

    def close(self) -> None:
        """Refuse puts from now on and wake the actor. Any thread."""
        self._closed = True
        self._wake.put(None)

    def drain(self) -> list[Entry]:
        """Return what waits, urgent first, and count it as abandoned. After ``close``; any thread."""
        left: list[Entry] = []
        while (entry := self.take()) is not None:
            left.append(entry)
        self.note_abandoned(sum(count_messages(entry[1]) for entry in left if type(entry[1]) not in LIFE_CYCLE))
        return left

    def note_abandoned(self, number: int) -> None:
        """Count messages that will not be handled. Any thread: who gives a thread up and that thread may both come here."""
        with self._quote_lock:
            self.abandoned += number

    def stats(self) -> MailboxStats:
        """Measure the mailbox. Any thread."""
        waiting = [entry for lane in self._lanes for entry in lane.copy()]
        with self._quote_lock:
            waiting += self._quotes.values()
        now_ns = monotonic_ns()
        return MailboxStats(
            depth=sum(count_messages(entry[1]) for entry in waiting),
            oldest_age_ns=max((now_ns - entry[0] for entry in waiting), default=0),
            handled=self.handled, conflated=self.conflated, abandoned=self.abandoned,
            busy_ns=self.busy_ns, slowest_ns=self.slowest_ns,
        )

    def _append(self, lane: deque[Entry], entry: Entry) -> None:
        lane.append(entry)
        if self._closed:
            self._take_back(lane, entry)

    def _take_back(self, lane: deque[Entry], entry: Entry) -> None:
        try:
            lane.remove(entry)
        except ValueError:
            return  # whoever drained the mailbox has it, and accounts for it
        self._refuse(weigh(entry[1], entry[2]))

    def _refuse(self, weight: int) -> None:
        if self._tally is not None:
            self._tally.done(weight)
        raise Unavailable(f"{self.name} is down: the message was not taken")

    def _put_quotes(self, messages: list[Any], slip: Slip | None) -> None:
        now_ns = monotonic_ns()
        with self._quote_lock:
            if self._closed:
                self._refuse(len(messages))
            before = len(self._quotes)
            for message in messages:
                key = (type(message), message.conflation_key) if slip is None else object()
                self._quotes[key] = (now_ns, message, slip)
            replaced = len(messages) - (len(self._quotes) - before)
            self.conflated += replaced
        if replaced and self._tally is not None:
            self._tally.done(replaced)

    def _put_foreign(self, message: Any, slip: Slip | None) -> None:
        """Take what has no lane: Pykka's own envelopes (so that an ``ActorRef`` works), a tuple, an empty list."""
        if isinstance(message, Envelope):
            inner = StopActor() if isinstance(message.message, pykka.messages._ActorStop) else message.message
            return self.put(inner, _PykkaReply(message.reply_to) if message.reply_to is not None else slip)
        if isinstance(message, tuple):
            message = list(message)
        if message == []:
            return None
        if isinstance(message, list) and isinstance(message[0], Message):
            return self.put(message, slip)
        raise TypeError(f"{self.name} takes messages and lists of them, not {type(message).__name__}")


class _PykkaReply(Reply):
    """Gives the answer on to a Pykka future."""

    __slots__ = ("_future",)

    def __init__(self, future: Any) -> None:
        super().__init__()
        self._future = future

    def set(self, value: Any) -> None:
        self._future.set(value)

    def fail(self, error: BaseException) -> None:
        self._future.set_exception((type(error), error, error.__traceback__))
