"""The part of the broker that reads: one reading of the books after the other, each to its end or to a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from autotrader.execution.adapters.ibkr.linking import LinkingBroker
from autotrader.execution.adapters.ibkr.messages import ExecutionTold, Request, TwsEvent
from autotrader.execution.adapters.ibkr.reading import Reading

__all__ = ["ReadingBroker"]

SECOND: Final = 1_000_000_000
MOST_FAILURES: Final = 2


class _Wanted(NamedTuple):
    parts: Sequence[str]
    then: Callable[[Reading], None]
    failed: Callable[[str], None]
    urgent: bool


class ReadingBroker(LinkingBroker):
    """Runs readings in turn. After one that did not end, the next is fenced off; after two, the connection is given up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading: Reading | None = None
        self._current: _Wanted | None = None
        self._wanted: list[_Wanted] = []
        self._began_ns = self._unended = 0
        self._owes_ends = False

    def read(
        self, parts: Sequence[str], then: Callable[[Reading], None], failed: Callable[[str], None], *, urgent: bool = False
    ) -> None:
        """Read some parts of the books: ``then`` is given what was told, or ``failed`` why it was not all told.

        An ``urgent`` reading is the next one, and its questions go before cancels.
        """
        self._wanted.insert(0 if urgent else len(self._wanted), _Wanted(parts, then, failed, urgent))
        self.go_on()

    def go_on(self) -> None:
        """Begin what is wanted next, if nothing is being read."""
        if self._reading is not None or not self._wanted:
            return
        patience_ns = round(self.settings.read_timeout_s * SECOND)
        self._reading = Reading(
            self._wanted[0].parts, self.account, self.memory.read_ids, asked_ns=self.clock.now_ns(), patience_ns=patience_ns,
            fenced=self._owes_ends,
        )  # fmt: skip
        self._current = self._wanted.pop(0)
        self._began_ns = self.wall.monotonic_ns()
        self._ask(self._reading.begin(self._began_ns))

    def forget_readings(self, reason: str) -> None:
        """Give up what is being read and what is wanted: the connection is gone, and owes nothing any more."""
        wanted, self._wanted = self._wanted, []
        if self._current is not None:
            wanted.insert(0, self._current)
        self._reading = self._current = None
        self._owes_ends = False
        for one in wanted:
            one.failed(reason)

    def take_for_reading(self, event: TwsEvent) -> None:
        """Give an event to what is being read, and go on with that."""
        reading = self._reading
        if reading is None:
            return
        self._ask(reading.take(event, self.wall.monotonic_ns()))
        if isinstance(event, ExecutionTold):
            fill = self.follower.fills.get(event.execution.exec_id)
            if fill is not None and fill.fee_asset:
                reading.has_fee(fill.trade_id)
        self._look(reading)

    def watch_reading(self) -> None:
        """See whether what is being read took too long."""
        if self._reading is not None:
            self._look(self._reading)

    def _ask(self, requests: list[Request]) -> None:
        urgent = self._current is not None and self._current.urgent
        for request in requests:
            self.write(request, within_s=self.settings.read_timeout_s, urgent=urgent)

    def _look(self, reading: Reading) -> None:
        now_ns = self.wall.monotonic_ns()
        current = self._current
        if self._reading is not reading or current is None or not reading.is_over(now_ns):
            return
        self._reading = self._current = None
        if reading.failure:
            self._fail(reading, current)
        else:
            self._unended, self._owes_ends = 0, False
            self.calls.note(ok=1, took_ns=now_ns - self._began_ns)
            current.then(reading)
        self.go_on()

    def _fail(self, reading: Reading, current: _Wanted) -> None:
        self._unended += 1
        self._owes_ends = self._owes_ends or reading.lacks_ends
        self.calls.note(failed=1, code="NO_LIST")
        self.log.bind(venue=self.venue).warning("the books were not read: {}", reading.failure)
        self._ask(reading.leave())
        current.failed(reading.failure)
        if self._unended >= MOST_FAILURES:
            self._unended = 0
            self.drop_link(f"twice in a row: {reading.failure}")
