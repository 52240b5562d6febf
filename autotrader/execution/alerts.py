"""Tell a person: a CRITICAL line in the log, and whatever channels the configuration names, on threads of their own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from loguru import logger

__all__ = ["Alert", "Alerts", "apprise_sender"]

_CAPACITY: Final = 256
_TIMEOUT_S: Final = 4.0

Sender = Callable[[str, str], bool]


class Alert(msgspec.Struct, frozen=True):
    """One thing to tell. ``code`` is a word such as KILL; venue and order are empty where there is none."""

    code: str
    text: str
    venue: str = ""
    client_order_id: str = ""

    @property
    def title(self) -> str:
        """Return the subject line."""
        return f"autotrader {self.code}{f' at {self.venue}' if self.venue else ''}"


class Alerts:
    """Log line and channels for every alert; ``tell`` returns at once, whatever state the channels are in.

    Each channel has a thread and a bounded queue of its own, so that a dead one delays no other; when a queue is full the
    newest alert is dropped there and counted (the log has it). Threads are daemons; ``close`` gives them a while to finish.
    ``urls`` are apprise's (https://github.com/caronc/apprise); they hold secrets and are never shown.
    """

    def __init__(self, urls: Sequence[str] = (), *, timeout_s: float = _TIMEOUT_S, capacity: int = _CAPACITY) -> None:
        senders = [apprise_sender(url, timeout_s) for url in urls]
        self._lines = [_Line("log", _log, capacity)]
        self._lines += [_Line(f"channel {number}", _by(sender), capacity) for number, sender in enumerate(senders, start=1)]

    def tell(self, code: str, text: str, venue: str = "", client_order_id: str = "") -> None:
        """Queue an alert for the log and every channel; from any thread or signal handler, never waits, never raises."""
        for line in self._lines:
            line.put(Alert(code, text, venue, client_order_id))

    @property
    def dropped(self) -> int:
        """Return how many alerts were not delivered to some channel: its queue was full, or it said no."""
        return sum(line.dropped for line in self._lines)

    def close(self, timeout_s: float = 2.0) -> bool:
        """Deliver what waits, for at most ``timeout_s`` per channel, and end the threads; False when one is still at it."""
        for line in self._lines:
            line.put(None)
        return all([line.join(timeout_s) for line in self._lines])


class _Line:
    """A queue and the thread that works it off. The queue's ``put`` is re-entrant; the bound is kept by counting."""

    def __init__(self, name: str, deliver: Callable[[Alert], bool], capacity: int) -> None:
        self._deliver, self._capacity, self._name = deliver, capacity, name
        self._queue: queue.SimpleQueue[Alert | None] = queue.SimpleQueue()
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=f"autotrader-alerts-{name.replace(' ', '-')}", daemon=True)
        self._thread.start()

    def put(self, alert: Alert | None) -> None:
        if alert is not None and self._queue.qsize() >= self._capacity:
            self.dropped += 1
        else:
            self._queue.put(alert)

    def join(self, timeout_s: float) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (alert := self._queue.get()) is not None:
            try:
                delivered = self._deliver(alert)
            except Exception as error:  # noqa: BLE001 (top of a thread: the next alert must still go out)
                delivered = False
                logger.bind(channel=self._name, code=alert.code).error("alert not delivered: {}", type(error).__name__)
            else:
                if not delivered:
                    logger.bind(channel=self._name, code=alert.code).error("alert not delivered: the channel refused it")
            self.dropped += not delivered


def apprise_sender(url: str, timeout_s: float = _TIMEOUT_S) -> Sender:
    """Return a function (title, text) that sends through apprise, imported at the first call; False when it did not arrive."""
    session: list[Sender] = []

    def send(title: str, text: str) -> bool:
        if not session:
            import apprise  # heavy, and only needed by who has configured a channel

            separator = "&" if "?" in url else "?"
            channel = apprise.Apprise()
            if not channel.add(f"{url}{separator}cto={timeout_s}&rto={timeout_s}"):
                raise ValueError("an alert URL that apprise does not understand")
            kind = apprise.NotifyType.FAILURE
            session.append(lambda title, text: bool(channel.notify(body=text, title=title, notify_type=kind)))
        return session[0](title, text)

    return send


def _by(sender: Sender) -> Callable[[Alert], bool]:
    return lambda alert: sender(alert.title, alert.text)


def _log(alert: Alert) -> bool:
    logger.bind(code=alert.code, venue=alert.venue, order_id=alert.client_order_id).critical("{}", alert.text)
    return True
