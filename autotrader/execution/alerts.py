"""Tell a person: a CRITICAL line in the log, and whatever channels the configuration names, on threads of their own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from loguru import logger

__all__ = ["Alert", "Alerts", "AppriseChannel"]

_CAPACITY: Final = 256
_TIMEOUT_S: Final = 4.0
KILL_CODES: Final = frozenset({"KILL", "REARMED"})


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
    ``urls`` are apprise's (https://github.com/caronc/apprise); they hold secrets and are never shown. ``kill_urls`` are told
    of pulls and re-arms only.
    """

    def __init__(
        self, urls: Sequence[str] = (), kill_urls: Sequence[str] = (), *,
        timeout_s: float = _TIMEOUT_S, capacity: int = _CAPACITY,
    ) -> None:
        self._lines = [_Line("log", _log, capacity)]
        self._kill_lines: list[_Line] = []
        for number, url in enumerate((*urls, *kill_urls), start=1):
            channel = AppriseChannel(url, timeout_s)
            lines = self._lines if number <= len(urls) else self._kill_lines
            lines.append(_Line(f"channel {number}", channel.deliver, capacity, channel.prepare))

    def tell(self, code: str, text: str, venue: str = "", client_order_id: str = "") -> None:
        """Queue an alert for the log and every channel; from any thread or signal handler, never waits, never raises."""
        for line in (*self._lines, *(self._kill_lines if code in KILL_CODES else ())):
            line.put(Alert(code, text, venue, client_order_id))

    @property
    def dropped(self) -> int:
        """Return how many alerts were not delivered to some channel: its queue was full, or it said no."""
        return sum(line.dropped for line in (*self._lines, *self._kill_lines))

    def close(self, timeout_s: float = 2.0) -> bool:
        """Deliver what waits, for at most ``timeout_s`` per channel, and end the threads; False when one is still at it."""
        lines = (*self._lines, *self._kill_lines)
        for line in lines:
            line.put(None)
        stuck = [line for line in lines if not line.join(timeout_s)]
        return not stuck


class _Line:
    """A queue and the thread that works it off. The queue's ``put`` is re-entrant; the bound is kept by counting."""

    def __init__(
        self, name: str, deliver: Callable[[Alert], bool], capacity: int, prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._deliver, self._prepare, self._capacity, self._name = deliver, prepare, capacity, name
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
        self._try("START", self._prepare)
        while (alert := self._queue.get()) is not None:
            if self._try(alert.code, self._deliver, alert) is not True:
                self.dropped += 1

    def _try(self, code: str, work: Callable[..., bool | None], *args: Alert) -> bool | None:
        """Do it, and say in the log when it failed; without the URL, which holds a secret."""
        try:
            done = work(*args)
        except Exception as error:  # noqa: BLE001 (top of a thread: the next alert must still go out)
            logger.bind(channel=self._name, code=code).error("alert {} failed: {}", self._name, type(error).__name__)
            return False
        if done is False:
            logger.bind(channel=self._name, code=code).error("alert {} refused to take it", self._name)
        return done


class AppriseChannel:
    """One channel of the configuration; used by one thread."""

    def __init__(self, url: str, timeout_s: float = _TIMEOUT_S) -> None:
        separator = "&" if "?" in url else "?"
        self._url = f"{url}{separator}cto={timeout_s}&rto={timeout_s}"
        self._notify: Callable[[Alert], bool] | None = None

    def prepare(self) -> None:
        """Import apprise, which takes a second that a kill does not have; raises ValueError for a URL it does not know."""
        import apprise

        service = apprise.Apprise.instantiate(self._url)  # used as it is: apprise's own dispatch would keep a pool of threads
        if service is None:
            raise ValueError("apprise does not understand the URL")
        kind = apprise.NotifyType.FAILURE
        self._notify = lambda alert: bool(service.notify(body=alert.text, title=alert.title, notify_type=kind))

    def deliver(self, alert: Alert) -> bool:
        """Send one alert and say whether it arrived; waits no longer than the time-out for connect and answer each."""
        if self._notify is None:
            self.prepare()
        return self._notify is not None and self._notify(alert)


def _log(alert: Alert) -> bool:
    logger.bind(code=alert.code, venue=alert.venue, order_id=alert.client_order_id).critical("{}", alert.text)
    return True
