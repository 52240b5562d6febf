"""A replay as fast as the strategy follows, the same each time: one thing at a time, nothing while a message is in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from autotrader.actors import Handle, InFlight, ManualTicker
from autotrader.errors import ConfigError, Unavailable
from autotrader.market.clock import TapeClock
from autotrader.messages import QuoteUpdate
from autotrader.model import Quote

__all__ = ["LockStep"]


class LockStep:
    """Moves clock, timers and quotes. Its iterators yield whenever a message was told: go on when nothing is in flight.

    A quote goes to each target in turn: the venue's broker, then the order manager, then the runners. Timers that are due
    before it fire at their own times; ``idle_ns`` after the last quote the stretch counts as idle, and is skipped: what is due
    in the rest of it fires once, just before the quote.
    """

    def __init__(
        self, clock: TapeClock, ticker: ManualTicker, in_flight: InFlight, targets: Sequence[Handle], *,
        idle_ns: int, settle_ns: int,
    ) -> None:
        self._clock, self._ticker, self._in_flight, self._targets = clock, ticker, in_flight, targets
        self._idle_ns, self._settle_ns = idle_ns, settle_ns

    def replay(
        self, quotes: Iterator[Quote], told: Callable[[Quote], None], ended: Callable[[ConfigError | None], None]
    ) -> Iterator[None]:
        """Yield at each wait, without end; ``told`` is called after each quote, ``ended`` once, with what a tape may raise.

        After the last quote time goes on by ``settle_ns``, so that what is on its way arrives, and later by as much whenever
        something was told from outside, as the cancels of a stop are.
        """
        error: ConfigError | None = None
        try:
            yield from self._quotes(quotes, told)
        except ConfigError as e:
            error = e
        yield from self._pass_time(self._clock.now_ns() + self._settle_ns)
        ended(error)
        while True:
            yield
            yield from self._pass_time(self._clock.now_ns() + self._settle_ns)

    def _quotes(self, quotes: Iterator[Quote], told: Callable[[Quote], None]) -> Iterator[None]:
        clock, targets = self._clock, self._targets
        for quote in quotes:
            due_ns = self._ticker.next_due_ns()
            if due_ns is not None and due_ns <= quote.ts_ns:
                yield from self._pass_time(quote.ts_ns)
            clock.reach(quote.ts_ns)
            message = QuoteUpdate(quote)
            for target in targets:
                try:
                    target.tell(message)
                except Unavailable:
                    continue
                yield
            told(quote)

    def _pass_time(self, until_ns: int) -> Iterator[None]:
        clock, ticker = self._clock, self._ticker
        idle_from_ns = clock.now_ns() + self._idle_ns
        while (due_ns := ticker.next_due_ns()) is not None and due_ns <= until_ns:
            clock.reach(due_ns if due_ns <= idle_from_ns else until_ns)
            with self._in_flight.hold():
                ticker.fire_due()
            yield
        clock.reach(until_ns)
