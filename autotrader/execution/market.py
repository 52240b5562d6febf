"""From the ``market`` settings to a source of quotes, the instruments it trades, and the clock that goes with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from autotrader.actors import ChildSpec, Context, Handle, RestartPolicy, Runtime
from autotrader.clock import Clock, SystemClock
from autotrader.config import Settings
from autotrader.errors import ConfigError
from autotrader.execution.adapters.outside import LivePlan, OpenedStream, has_live_quotes, live_plan_of
from autotrader.execution.live_feed import LiveFeedActor, LiveFeedSettings
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
from autotrader.model import Instrument, Mode

__all__ = ["FEED", "Market", "feed_spec", "open_market"]

FEED = "feed.market"
LIBRARY_S = 20.0
"""How long a live feed may take to start: it loads the WebSocket library."""


class Market(NamedTuple):
    """A source with what the engine has to know of it. ``lock_step``: as fast as the strategy follows."""

    source: Tape | SyntheticMarket | LivePlan
    instruments: tuple[Instrument, ...]
    clock: Clock
    progress: FeedProgress
    feed: FeedSettings

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return what is quoted, as the venue spells it."""
        if isinstance(self.source, LivePlan):
            return self.source.source.symbols
        return tuple(one.symbol for one in self.instruments)

    @property
    def quoted_venue(self) -> str | None:
        """Return whose orders a live market prices; None where the market is none of a venue's."""
        return self.source.source.name if isinstance(self.source, LivePlan) else None

    @property
    def is_live(self) -> bool:
        """Say whether the quotes are a venue's own, as they come."""
        return isinstance(self.source, LivePlan)

    @property
    def is_tape(self) -> bool:
        """Say whether the engine's time is a tape's."""
        return isinstance(self.source, Tape)

    @property
    def lock_step(self) -> bool:
        """Say whether the engine's time waits for the engine."""
        return self.feed.mode == "lock_step"


def open_market(settings: Settings) -> Market:
    """Open the tape, the synthetic or the live market.

    Raises ConfigError (TapeError names file, line and column); for live quotes on paper also StartError, since the venue is
    asked for its instruments.
    """
    section = settings.market
    venue = _live_venue(settings)
    if venue is not None:
        plan = live_plan_of(venue, settings)
        return Market(plan, plan.instruments, SystemClock(), FeedProgress(), FeedSettings())
    if section.trades or section.bars:
        raise ConfigError('market.trades and market.bars are a live market\'s: set market.source = "live", or take them out')
    if settings.market_source != "tape":
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


def _live_venue(settings: Settings) -> str | None:
    """Return whose live quotes are read, None for none; raises ConfigError when that cannot be told."""
    if settings.market_source != "live":
        return None
    named, active = settings.market.venue, [name for name in settings.active_venues if name != "paper"]
    if named is not None and active and named not in active:
        raise ConfigError(f"market.venue = {named} is not traded on in mode {settings.mode}: {', '.join(active)} is")
    if named is not None:
        return named
    if settings.mode is Mode.PAPER:
        raise ConfigError('market.source = "live" on paper needs market.venue: whose prices to trade on, such as "binance"')
    quoting = [name for name in active if has_live_quotes(name, settings)]
    if len(quoting) == 1:
        return quoting[0]
    if quoting:
        raise ConfigError(f"market.venue must name one of {', '.join(quoting)}: live quotes come from one venue")
    if settings.mode is Mode.SIMULATED and not settings.market.source_is_given:
        return None  # an adapter of the user's own: a synthetic market, as on paper
    raise ConfigError(f"{', '.join(active)} has no live quotes here: orders could not be priced")


def feed_spec(
    market: Market, runtime: Runtime, targets: list[str], ended: list[str], on_lost: Callable[[str, str], None] | None = None
) -> ChildSpec:
    """Return the feed's place in the tree; a tape is never begun twice. ``on_lost`` hears of a live feed that is given up."""
    told, heard = [runtime.handle(name) for name in targets], [runtime.handle(name) for name in ended]
    source = market.source
    if isinstance(source, LivePlan):
        policy = RestartPolicy(intensity=10, period_s=60, base_s=0.25, cap_s=15.0)
        hearing = [handle for handle in told if handle.name.startswith("runner.")]
        return ChildSpec(
            FEED, lambda context: _live_feed(context, source, told, hearing, market), policy, on_exhausted=on_lost,
            start_s=LIBRARY_S,
        )

    def make(context: Context) -> MarketFeedActor:
        return MarketFeedActor(
            context, source=source, targets=told, ended=heard, settings=market.feed, progress=market.progress
        )

    return ChildSpec(FEED, make, temporary=market.is_tape)


def _live_feed(
    context: Context, plan: LivePlan, targets: list[Handle], hearing: list[Handle], market: Market
) -> LiveFeedActor:
    def open_stream(stream: str, number: int, url: str, teller: Handle) -> OpenedStream:
        if plan.open is not None:
            return plan.open(stream, number, url, teller, context.clock)
        from autotrader.execution.adapters.stream import StreamReader  # loads the WebSocket library: for such quotes only

        reader = StreamReader(stream, number, url, teller, context.clock, silence_s=plan.silence_s)
        reader.start()
        return reader

    return LiveFeedActor(
        context, source=plan.source, targets=targets, listeners=hearing, open_stream=open_stream, progress=market.progress,
        settings=LiveFeedSettings(renew_s=plan.renew_s),
    )
