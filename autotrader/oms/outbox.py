"""What one flush of the order manager hands on: rows to the journal, updates to those who listen."""

from __future__ import annotations

from collections import defaultdict

from autotrader.messages import Lane, Message
from autotrader.model import Fill, OrderUpdate, Position
from autotrader.oms.journal.commit import Commit, Outlet

__all__ = ["Outbox"]

_EVENTS = Lane.EVENTS


class Outbox:
    """Collects while messages are handled and is emptied at the flush; belongs to one actor.

    ``news`` holds what ``tell`` was given of the events' lane, by whom it is for: several times an order, so that the floor
    appends there itself.
    """

    __slots__ = ("_direct", "_releases", "events", "fills", "news", "positions", "undone", "updates")

    def __init__(self) -> None:
        self.events: list[Message] = []
        self.updates: list[OrderUpdate] = []
        self.fills: list[Fill] = []
        self.undone: list[Fill] = []
        self.positions: list[Position] = []
        self._releases: defaultdict[Outlet, list[Message]] = defaultdict(list)
        self._direct: defaultdict[tuple[Outlet, Lane], list[Message]] = defaultdict(list)
        self.news: defaultdict[Outlet, list[Message]] = defaultdict(list)

    def release(self, outlet: Outlet, message: Message) -> None:
        """Tell ``message`` only once everything collected so far is durable."""
        self._releases[outlet].append(message)

    def tell(self, outlet: Outlet, message: Message) -> None:
        """Tell ``message`` at the flush, whatever the journal does."""
        if message.lane is _EVENTS:
            self.news[outlet].append(message)
        else:
            self._direct[outlet, message.lane].append(message)

    def take_back(self, undone: tuple[Fill, ...]) -> None:
        """Note fills that were taken out of the books, those too that have not left for the journal yet."""
        gone = {(fill.venue, fill.symbol, fill.trade_id) for fill in undone}
        self.fills = [fill for fill in self.fills if (fill.venue, fill.symbol, fill.trade_id) not in gone]
        self.undone += undone

    def take_commit(self) -> Commit | None:
        """Return the rows and releases since the last time, or None when there is nothing."""
        if not (self.events or self.positions or self._releases):
            return None
        commit = Commit(
            events=self.events,
            updates=self.updates,
            fills=self.fills,
            undone=self.undone,
            positions=self.positions,
            releases=list(self._releases.items()),
            waits=bool(self._releases),
        )
        self.events, self.updates, self.fills, self.undone, self.positions = [], [], [], [], []
        self._releases = defaultdict(list)
        return commit

    def take_direct(self) -> list[tuple[Outlet, list[Message]]]:
        """Return what is told without waiting: lists of one lane each, requests to venues before news."""
        direct = [(outlet, messages) for (outlet, _), messages in self._direct.items()]
        direct += self.news.items()
        self._direct, self.news = defaultdict(list), defaultdict(list)
        return direct
