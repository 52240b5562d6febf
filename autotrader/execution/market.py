"""From the ``market`` settings to a source of quotes, the instruments it trades, and the clock that goes with it."""

from __future__ import annotations

from typing import NamedTuple

from autotrader.actors import ChildSpec, Context, Runtime
from autotrader.clock import Clock, SystemClock
from autotrader.config import Settings
from autotrader.errors import ConfigError
from autotrader.market import (
    FeedProgress,
    FeedSettings,
    MarketFeedActor,
    SyntheticMarket,
    SyntheticSettings,
    Tape,
    TapeClock,
    TapeSettings,
)
from autotrader.model import Instrument

__all__ = ["Market", "feed_spec", "open_market"]

FEED = "feed.market"


class Market(NamedTuple):
    """A source with what the engine has to know of it. ``lock_step``: as fast as the strategy follows."""

    source: Tape | SyntheticMarket
    instruments: tuple[Instrument, ...]
    clock: Clock
    progress: FeedProgress
    feed: FeedSettings

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return what is quoted, as the venue spells it."""
        return tuple(one.symbol for one in self.instruments)

    @property
    def is_tape(self) -> bool:
        """Say whether the engine's time is a tape's."""
        return isinstance(self.source, Tape)

    @property
    def lock_step(self) -> bool:
        """Say whether the engine's time waits for the engine."""
        return self.feed.mode == "lock_step"


def open_market(settings: Settings) -> Market:
    """Open the tape or the synthetic market; raises ConfigError (TapeError names file, line and column)."""
    section = settings.market
    if section.source == "live":
        raise ConfigError('market.source = "live" needs a venue with a live feed; paper trades on "synthetic" or "tape"')
    if section.source == "synthetic":
        source = SyntheticMarket(
            SyntheticSettings(
                symbols=section.quoted_symbols, tick=section.tick, currency=section.currency, rate=section.rate,
                seed=section.seed, volatility=section.volatility,
            )
        )
        return Market(source, source.instruments, SystemClock(), FeedProgress(), FeedSettings())
    tape = Tape(
        TapeSettings(
            section.file, symbol=section.symbol, tick=section.tick, currency=section.currency, kind=section.kind,
            lot=section.lot, size=section.size, spread=section.spread, columns=section.columns or None,
            bad_rows=section.bad_rows,
        )
    )
    speed = section.speed
    feed = FeedSettings(mode="lock_step") if speed == "max" else FeedSettings(speed=float(speed))
    return Market(tape, (tape.instrument,), TapeClock(tape.start_ns), FeedProgress(), feed)


def feed_spec(market: Market, runtime: Runtime, targets: list[str], ended: list[str]) -> ChildSpec:
    """Return the feed's place in the tree; a tape is never begun twice."""
    told, heard = [runtime.handle(name) for name in targets], [runtime.handle(name) for name in ended]

    def make(context: Context) -> MarketFeedActor:
        return MarketFeedActor(
            context, source=market.source, targets=told, ended=heard, settings=market.feed, progress=market.progress
        )

    return ChildSpec(FEED, make, temporary=market.is_tape)
