"""The actor that feeds quotes into the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Literal

import msgspec

from autotrader.actors import Context, Handle, ManualTicker, Worker, handles
from autotrader.errors import ConfigError, Unavailable
from autotrader.market.clock import TapeClock
from autotrader.market.feeding import FeedProgress, QuoteSource
from autotrader.market.lock_step import LockStep
from autotrader.market.pacing import Pacing
from autotrader.market.stepper import Stepper
from autotrader.messages import GetStatus, MarketEnded, Message
from autotrader.model import Quote

__all__ = ["FeedSettings", "FeedStatus", "MarketFeedActor", "StartMarket"]

_PROGRESS_EVERY = 256


class FeedSettings(msgspec.Struct, frozen=True):
    """``mode``: "paced" is ``speed`` times the machine's time, "lock_step" as fast as the engine follows.

    In lock-step the stretch to the next quote is skipped after ``idle_s`` of engine time, and time goes on for ``settle_s``
    after the last.
    """

    mode: Literal["paced", "lock_step"] = "paced"
    speed: float = 1.0
    idle_s: float = 5.0
    settle_s: float = 5.0


class FeedStatus(msgspec.Struct, frozen=True):
    """Answer to ``GetStatus``. ``at_rest``: in lock-step nothing moves until something is told."""

    source: str
    quotes: int
    fraction: float
    skipped: int
    ended: bool
    error: str
    at_rest: bool = True


class StartMarket(Message, frozen=True):
    """Begin: told once the venue is ready and the runners run."""


class PaceDue(Message, frozen=True):
    """Time to tell what is due."""


class StepFailed(Message, frozen=True):
    """A step of the replay raised, in another actor's thread: it is the feed's to answer for."""

    error: BaseException


class MarketFeedActor(Worker):
    """Tells each quote to the targets in turn: the paper broker first, then the order manager, then the runners.

    Begins with ``StartMarket``. In a replay it moves the engine's clock (a ``TapeClock``) and fires its timers; nothing here
    sleeps or waits. At the end, or when the tape cannot be read on, it tells ``MarketEnded`` to ``ended``. Its ChildSpec
    should be temporary for a tape: a second incarnation would begin the tape again.
    """

    def __init__(
        self,
        context: Context,
        *,
        source: QuoteSource,
        targets: Sequence[Handle],
        ended: Sequence[Handle] = (),
        settings: FeedSettings | None = None,
        progress: FeedProgress | None = None,
    ) -> None:
        super().__init__(context)
        self._settings = settings or FeedSettings()
        self._source, self._targets, self._ended = source, tuple(targets), tuple(ended)
        self._progress = progress or FeedProgress()
        self._quotes: Iterator[Quote] = iter(())
        self._lock_step: LockStep | None = None
        self._stepper: Stepper | None = None
        self._pacing: Pacing | None = None
        self._error, self._started = "", False

    def on_start(self) -> None:
        """Check that the clocks and the mode fit, and go on with what an earlier incarnation had begun."""
        if self._settings.speed <= 0:
            raise ConfigError(f"the speed of a replay must be above zero, not {self._settings.speed:g}")
        if self._settings.mode == "lock_step":
            self._lock_step = self._make_lock_step()
        if self._progress.quotes:  # a market that had begun goes on, whoever made a fresh incarnation necessary
            self.me.tell(StartMarket())

    def on_stop(self) -> None:
        """Take no further step."""
        if self._stepper is not None:
            self._stepper.stop()

    @handles(StartMarket)
    def _on_start_market(self, _: StartMarket) -> None:
        if self._started:
            return
        self._started, self._quotes = True, self._source.quotes(self.clock.now_ns())
        if self._lock_step is not None and self._stepper is not None:
            self._stepper.start(self._lock_step.replay(self._quotes, self._count, self._end))
        else:
            self._pacing = Pacing(self.clock, self.wall, self.ticker, self._targets, self._settings.speed)
            self._on_pace_due(PaceDue())

    @handles(StepFailed)
    def _on_step_failed(self, msg: StepFailed) -> None:
        raise msg.error

    @handles(PaceDue)
    def _on_pace_due(self, _: PaceDue) -> None:
        if self._pacing is None:
            return
        pause_s, error = None, None
        if self._progress.ended:
            pause_s = self._pacing.idle()
        else:
            try:
                told, pause_s = self._pacing.run(self._quotes)
                for quote in told:
                    self._count(quote)
            except ConfigError as e:
                error = e
        if pause_s is None:
            self._end(error)
            pause_s = self._pacing.idle()
        self.wall_ticker.after(pause_s, self.me, PaceDue())

    @handles(GetStatus)
    def _on_get_status(self, _: GetStatus) -> FeedStatus:
        done = self._progress
        return FeedStatus(source=self.name, quotes=done.quotes, fraction=done.fraction, skipped=self._source.skipped,
                          ended=done.ended, error=self._error,
                          at_rest=self._stepper is None or self._stepper.at_rest)

    def _make_lock_step(self) -> LockStep:
        clock, ticker, in_flight = self.clock, self.ticker, self.context.in_flight
        if not isinstance(clock, TapeClock) or not isinstance(ticker, ManualTicker) or in_flight is None:
            raise ConfigError("a lock-step replay needs a Runtime(clock=TapeClock(...), lock_step=True)")
        self._stepper = Stepper(self.name, in_flight, self._step_failed)
        return LockStep(clock, ticker, in_flight, self._targets, idle_ns=round(self._settings.idle_s * 1e9),
                        settle_ns=round(self._settings.settle_s * 1e9))

    def _count(self, quote: Quote) -> None:
        done = self._progress
        done.quotes += 1
        if done.quotes % _PROGRESS_EVERY == 1:
            done.fraction, done.ts_ns = self._source.fraction, quote.ts_ns

    def _step_failed(self, error: BaseException) -> None:
        with suppress(Unavailable):
            self.me.tell(StepFailed(error))

    def _end(self, error: ConfigError | None) -> None:
        done, skipped = self._progress, self._source.skipped
        if error is not None:
            self._error = str(error)
            self.log.error(f"the market ends here: {error}")
        done.fraction, done.ended = (done.fraction if self._error else 1.0), True
        if skipped:
            self.log.warning(f"{skipped} rows of the tape were wrong and left out")
        for handle in self._ended:
            try:
                # not work in flight: time does not go on for it
                handle.tell_uncounted(MarketEnded(source=self.name, quotes=done.quotes, error=self._error, skipped=skipped))
            except Unavailable as e:
                self.log.warning(f"{handle.name} did not hear that the market ended: {e}")
