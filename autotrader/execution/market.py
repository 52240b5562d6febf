"""From the ``market`` settings to the sources of quotes, the instruments they trade, and the clock that goes with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

__all__ = ["FEED", "Market", "feed_specs", "open_market"]

FEED = "feed.market"
"""The feed of a tape or a synthetic market; live quotes come by ``feed.VENUE``, named after whose orders they price."""
LIBRARY_S = 20.0
"""How long a live feed may take to start: it loads the WebSocket library."""


class Market(NamedTuple):
    """The source, or one plan a venue that quotes live, with what the engine has to know of it.

    ``lock_step``: as fast as the strategy follows.
    """

    source: Tape | SyntheticMarket | tuple[LivePlan, ...]
    instruments: tuple[Instrument, ...]
    clock: Clock
    progress: FeedProgress
    feed: FeedSettings

    @property
    def plans(self) -> tuple[LivePlan, ...]:
        """Return where live quotes come from; nothing for a tape or a synthetic market."""
        return self.source if isinstance(self.source, tuple) else ()

    @property
    def quoted(self) -> tuple[tuple[str, str], ...]:
        """Return (venue, symbol) of all that is quoted."""
        listed = tuple((one.venue, one.symbol) for one in self.instruments)
        return tuple((plan.source.name, one) for plan in self.plans for one in plan.source.symbols) or listed

    @property
    def feeds(self) -> tuple[str, ...]:
        """Return the names of the feeds."""
        return tuple(_feed_of(plan) for plan in self.plans) or (FEED,)

    @property
    def is_live(self) -> bool:
        """Say whether the quotes are venues' own, as they come."""
        return bool(self.plans)

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
    venues = _live_venues(settings)
    if venues:
        plans = tuple(live_plan_of(venue, settings) for venue in venues)
        instruments = tuple(one for plan in plans for one in plan.instruments)
        return Market(plans, instruments, SystemClock(), FeedProgress(), FeedSettings())
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


def _live_venues(settings: Settings) -> Sequence[str]:
    """Return whose live quotes are read; raises ConfigError where orders could not be priced."""
    if settings.market_source != "live":
        return ()
    named, active = settings.market.venue, [name for name in settings.active_venues if name != "paper"]
    if named is not None and active and named not in active:
        raise ConfigError(f"market.venue = {named} is not traded on in mode {settings.mode}: {', '.join(active)} is")
    if named is not None:
        return (named,)
    if settings.mode is Mode.PAPER:
        raise ConfigError('market.source = "live" on paper needs market.venue: whose prices to trade on, such as "binance"')
    quoting = [name for name in active if has_live_quotes(name, settings)]
    if quoting:
        return quoting
    if settings.mode is Mode.SIMULATED and not settings.market.source_is_given:
        return ()  # an adapter of the user's own: a synthetic market, as on paper
    raise ConfigError(f"{', '.join(active)} has no live quotes here: orders could not be priced")


def feed_specs(
    market: Market, runtime: Runtime, targets: Sequence[str], ended: Sequence[str],
    on_lost: Callable[[str, str, str], None],
) -> list[ChildSpec]:  # fmt: skip
    """Return the feeds' places in the tree; a tape is never begun twice.

    ``on_lost`` hears of a live feed that is given up: (feed, the venue that it priced, reason).
    """
    told, heard = [runtime.handle(name) for name in targets], [runtime.handle(name) for name in ended]
    source = market.source
    if isinstance(source, tuple):
        return [_live_spec(plan, told, on_lost) for plan in source]

    def make(context: Context) -> MarketFeedActor:
        return MarketFeedActor(
            context, source=source, targets=told, ended=heard, settings=market.feed, progress=market.progress
        )

    return [ChildSpec(FEED, make, temporary=market.is_tape)]


def _feed_of(plan: LivePlan) -> str:
    return f"feed.{plan.source.name}"


def _live_spec(plan: LivePlan, targets: Sequence[Handle], on_lost: Callable[[str, str, str], None]) -> ChildSpec:
    """Return one venue's feed; of the brokers its own alone is told."""
    venue, progress = plan.source.name, FeedProgress()
    told = [one for one in targets if not one.name.startswith("broker.") or one.name == f"broker.{venue}"]
    runners = [one for one in told if one.name.startswith("runner.")]

    def make(context: Context) -> LiveFeedActor:
        return LiveFeedActor(
            context, source=plan.source, targets=told, listeners=runners, progress=progress,
            open_stream=lambda stream, number, url, teller: _open(plan, context, stream, number, url, teller),
            settings=LiveFeedSettings(renew_s=plan.renew_s),
        )

    policy = RestartPolicy(intensity=10, period_s=60, base_s=0.25, cap_s=15.0)
    return ChildSpec(
        _feed_of(plan), make, policy, on_exhausted=lambda name, reason: on_lost(name, venue, reason), start_s=LIBRARY_S
    )


def _open(plan: LivePlan, context: Context, stream: str, number: int, url: str, teller: Handle) -> OpenedStream:
    if plan.open is not None:
        return plan.open(stream, number, url, teller, context.clock)
    from autotrader.execution.adapters.stream import StreamReader  # loads the WebSocket library: for such quotes only

    reader = StreamReader(stream, number, url, teller, context.clock, silence_s=plan.silence_s)
    reader.start()
    return reader
