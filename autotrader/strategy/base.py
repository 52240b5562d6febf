"""What a strategy implements, and what it is given at its start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Protocol

from autotrader.clock import Clock
from autotrader.model import Bar, ExecutionDecision, Fill, Instrument, MarketTrade, OrderUpdate, Snapshot

__all__ = ["Log", "Strategy", "StrategyContext", "StrategyLike"]


class StrategyLike(Protocol):
    """The two methods that anything needs to be run as a strategy."""

    def decide(self, snapshot: Snapshot) -> Iterable[ExecutionDecision] | ExecutionDecision | None:
        """Return what to do now; None and an empty list mean nothing."""

    def record_execution(self, fill: Fill) -> None:
        """Take note of a fill of this strategy's orders, once each."""


class Log(Protocol):
    """The part of a loguru logger that a strategy may count on."""

    def info(self, message: str, /, *args: object, **kwargs: object) -> None:
        """Note what happened."""

    def warning(self, message: str, /, *args: object, **kwargs: object) -> None:
        """Note what should not happen."""

    def error(self, message: str, /, *args: object, **kwargs: object) -> None:
        """Note what a person should act on."""


class StrategyContext:
    """What ``on_start`` gets. ``instruments`` is a live view with the keys of ``snapshot.quotes``; ``clock`` is engine time.

    ``rng`` is seeded in a replay, so that a strategy that draws from it does the same twice; ``log`` carries its name.
    """

    __slots__ = ("clock", "instruments", "log", "name", "rng")

    def __init__(self, name: str, instruments: Mapping[str, Instrument], clock: Clock, rng: Random, log: Log) -> None:
        self.name, self.instruments, self.clock, self.rng, self.log = name, instruments, clock, rng, log

    def floor_size(self, symbol: str, size: Decimal) -> Decimal:
        """Round a positive size down to the lot; zero when it is below the least quantity. KeyError for an unknown symbol."""
        instrument = self.instruments[symbol]
        floored = (size / instrument.lot).to_integral_value(rounding=ROUND_DOWN) * instrument.lot
        return Decimal(0) if instrument.min_quantity is not None and floored < instrument.min_quantity else floored

    def floor_price(self, symbol: str, price: Decimal) -> Decimal:
        """Round a positive price down to the tick. KeyError for an unknown symbol."""
        tick = self.instruments[symbol].tick
        return (price / tick).to_integral_value(rounding=ROUND_DOWN) * tick


class Strategy:
    """Base of strategies. Everything runs in the runner's thread, one call at a time, and may take a while, but not for ever.

    An exception out of any method switches the strategy off and cancels its orders; the rest of the engine goes on.
    """

    def decide(self, snapshot: Snapshot) -> Iterable[ExecutionDecision] | ExecutionDecision | None:
        """Return what to do now; None and an empty list mean nothing."""
        raise NotImplementedError(f"{type(self).__name__} must implement decide(snapshot)")

    def record_execution(self, fill: Fill) -> None:
        """Take note of a fill of this strategy's orders, once each."""

    def on_start(self, context: StrategyContext) -> None:
        """Set up, before the first ``decide``."""

    def on_order(self, update: OrderUpdate) -> None:
        """Take note of a change of one of this strategy's orders."""

    def on_trade(self, trade: MarketTrade) -> None:
        """Take note of a trade of the market; with ``market.trades``."""

    def on_bar(self, bar: Bar) -> None:
        """Take note of a bar that is final; with ``market.bars``."""

    def on_stop(self) -> None:
        """Clean up; not called after the strategy has raised."""
