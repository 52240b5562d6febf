"""Messages and workers that the tests of the actor runtime share."""

from __future__ import annotations

import threading
from typing import Any

from autotrader.actors import Worker, handles
from autotrader.errors import InvalidOrder
from autotrader.messages import Lane, Message


class Work(Message, frozen=True):
    number: int = 0
    lane = Lane.ORDERS


class Event(Message, frozen=True):
    number: int = 0
    lane = Lane.EVENTS


class Command(Message, frozen=True):
    number: int = 0


class Alarm(Message, frozen=True):
    number: int = 0
    lane = Lane.URGENT


class Price(Message, frozen=True):
    symbol: str
    number: int
    lane = Lane.QUOTES

    @property
    def conflation_key(self) -> str:
        return self.symbol


class Question(Message, frozen=True):
    number: int = 0


class Refuse(Message, frozen=True):
    """Its handler raises an expected error."""


class Crash(Message, frozen=True):
    """Its handler raises ``error``."""

    error: Any = None
    lane = Lane.ORDERS


class Block(Message, frozen=True):
    """Its handler sets ``entered`` and waits for ``release``: a hung handler, for as long as a test wants one."""

    entered: threading.Event
    release: threading.Event
    lane = Lane.ORDERS


class Recorder(Worker):
    """Keeps what it handled, in order, over all incarnations of the same list."""

    def __init__(self, context: Any, *, seen: list[Any] | None = None) -> None:
        super().__init__(context)
        self.seen: list[Any] = [] if seen is None else seen
        self.flushes = 0
        self.stopped_with: list[BaseException | None] = []

    @handles(Work, Event, Command, Alarm, Price)
    def _on_any(self, msg: Any) -> None:
        self.seen.append(msg)

    @handles(Question)
    def _on_question(self, msg: Question) -> tuple[int, int]:
        return self.epoch, msg.number

    @handles(Refuse)
    def _on_refuse(self, msg: Refuse) -> None:
        raise InvalidOrder("it is refused")

    @handles(Crash)
    def _on_crash(self, msg: Crash) -> None:
        raise msg.error or RuntimeError("it crashes")

    @handles(Block)
    def _on_block(self, msg: Block) -> None:
        msg.entered.set()
        msg.release.wait(30)

    def on_flush(self) -> None:
        self.flushes += 1

    def on_stop(self) -> None:
        self.stopped_with.append(self.crash)


class Made:
    """A factory that keeps what it made: ``made = Made(Recorder)``, ``ChildSpec("a", made)``, ``made.last``."""

    def __init__(self, kind: type[Worker] = Recorder, **kwargs: Any) -> None:
        self.kind, self.kwargs = kind, kwargs
        self.all: list[Any] = []

    def __call__(self, context: Any) -> Worker:
        worker = self.kind(context, **self.kwargs)
        self.all.append(worker)
        return worker

    @property
    def last(self) -> Any:
        return self.all[-1]
