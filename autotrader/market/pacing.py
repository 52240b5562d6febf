"""A market at the pace of the machine's clock, or so many times faster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autotrader.actors import Handle, ManualTicker
from autotrader.actors.ticker import TickerBase
from autotrader.clock import Clock
from autotrader.errors import Unavailable
from autotrader.market.clock import TapeClock
from autotrader.messages import QuoteUpdate
from autotrader.model import Quote

__all__ = ["Pacing"]

_SHORTEST_S, _LONGEST_S = 0.001, 0.05
_SLICE_NS = 20_000_000
_LAPSE_NS = 1_000_000_000


class Pacing:
    """Tells what is due, and says when to come again. With a ``TapeClock`` it drives the engine's clock and timers as well.

    A tape waits while the process stands still for more than a second; a market on the system's clock cannot, so what is a
    second old is passed over.
    """

    def __init__(self, clock: Clock, wall: Clock, ticker: TickerBase, targets: Sequence[Handle], speed: float) -> None:
        self._clock, self._wall, self._ticker, self._targets, self._speed = clock, wall, ticker, targets, speed
        self._tape_ns, self._wall_ns = clock.now_ns(), wall.monotonic_ns()
        self._seen_ns = self._wall_ns
        self._next: Quote | None = None

    def run(self, quotes: Iterator[Quote]) -> tuple[list[Quote], float | None]:
        """Tell what is due; return those quotes, and in how many seconds of the machine to come again (None: it ended)."""
        begun_ns, told = self._wall.monotonic_ns(), list[Quote]()
        until_ns = self._due_until(begun_ns)
        while (quote := self._next or next(quotes, None)) is not None:
            self._next = quote
            if quote.ts_ns > until_ns:
                self._pass_time(until_ns)
                return told, self._pause_s(quote.ts_ns - until_ns)
            if self._wall.monotonic_ns() - begun_ns > _SLICE_NS:
                return told, 0.0
            self._next = None
            self._tell(quote, until_ns)
            told.append(quote)
        return told, None

    def idle(self) -> float:
        """Let time pass after the end; return in how many seconds to come again."""
        self._pass_time(self._due_until(self._wall.monotonic_ns()))
        return self._pause_s(round(_LONGEST_S * 1e9 * self._speed))

    def _due_until(self, wall_ns: int) -> int:
        if not isinstance(self._clock, TapeClock):
            return self._clock.now_ns()
        if wall_ns - self._seen_ns > _LAPSE_NS:
            self._wall_ns += wall_ns - self._seen_ns
        self._seen_ns = wall_ns
        return self._tape_ns + round((wall_ns - self._wall_ns) * self._speed)

    def _tell(self, quote: Quote, until_ns: int) -> None:
        if isinstance(self._clock, TapeClock):
            self._pass_time(quote.ts_ns)
        elif until_ns - quote.ts_ns > _LAPSE_NS:
            return
        message = QuoteUpdate(quote)
        for target in self._targets:
            try:
                target.tell(message)
            except Unavailable:
                continue

    def _pass_time(self, until_ns: int) -> None:
        if not isinstance(self._clock, TapeClock) or not isinstance(self._ticker, ManualTicker):
            return
        while (due_ns := self._ticker.next_due_ns()) is not None and due_ns <= until_ns:
            self._clock.reach(due_ns)
            self._ticker.fire_due()
        self._clock.reach(until_ns)

    def _pause_s(self, quote_in_ns: int) -> float:
        in_ns = quote_in_ns
        if isinstance(self._clock, TapeClock) and (due_ns := self._ticker.next_due_ns()) is not None:
            in_ns = min(in_ns, due_ns - self._clock.now_ns())
        speed = self._speed if isinstance(self._clock, TapeClock) else 1.0
        return min(max(in_ns / 1e9 / speed, _SHORTEST_S), _LONGEST_S)
