"""A strategy put together from a signal, a sizing and rules: signal -> sizing -> risk -> one market order to the target."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from autotrader.model import ZERO, ExecutionDecision, Snapshot
from autotrader.strategy.base import Strategy, StrategyContext
from autotrader.strategy.guards import RiskRule
from autotrader.strategy.signals import Signal
from autotrader.strategy.sizing import Sizing

__all__ = ["FirstSymbol", "Pipeline"]

_PATIENCE_NS = 1_000_000_000


class FirstSymbol:
    """Chooses the symbol to trade, once: the one that is named, else the first in quotes.

    Right after a start the first that is listed may not have been quoted yet: it is waited for, for a second of engine time.
    """

    def __init__(self, named: str | None = None) -> None:
        self._chosen, self._since_ns = named, 0

    def choose(self, snapshot: Snapshot, context: StrategyContext | None) -> str | None:
        """Return the symbol, None while it is too early to say."""
        if self._chosen is None:
            listed = next(iter(context.instruments), None) if context is not None else None
            self._since_ns = self._since_ns or snapshot.now_ns
            if listed is not None and listed not in snapshot.quotes and snapshot.now_ns - self._since_ns < _PATIENCE_NS:
                return None
            self._chosen = next(iter(snapshot.quotes))
        return self._chosen


class Pipeline(Strategy):
    """Trades one symbol, the first with a quote unless one is named. Waits while an order of its own is open."""

    def __init__(self, signal: Signal, sizing: Sizing, rules: Sequence[RiskRule] = (), symbol: str | None = None) -> None:
        self._signal, self._sizing, self._rules, self._symbol = signal, sizing, tuple(rules), FirstSymbol(symbol)
        self._context: StrategyContext | None = None

    def on_start(self, context: StrategyContext) -> None:
        """Keep the context, for the lots."""
        self._context = context

    def decide(self, snapshot: Snapshot) -> list[ExecutionDecision]:
        """Return the order from the position to the target, or nothing."""
        symbol = self._symbol.choose(snapshot, self._context)
        if symbol is None:
            return []
        score = self._signal.score(symbol, snapshot)
        if score is None or snapshot.open_orders:
            return []
        target: Decimal | None = self._sizing.target(score, symbol, snapshot)
        for rule in self._rules:
            target = None if target is None else rule.adjust(target, symbol, snapshot)
        return [] if target is None else self._towards(target, symbol, snapshot)

    def _towards(self, target: Decimal, symbol: str, snapshot: Snapshot) -> list[ExecutionDecision]:
        context, held = self._context, snapshot.positions.get(symbol, ZERO)
        if context is None or symbol not in context.instruments:
            return []
        instrument = context.instruments[symbol]
        # one order that turns a position is denied by the limits: flat first, the rest next time; dust cannot be closed
        turns = target * held < 0 and _tradable(abs(held), symbol, snapshot, context) > 0
        if turns or (target < 0 and not instrument.allows_short):
            target = ZERO
        size = _tradable(abs(target - held), symbol, snapshot, context)
        reduces = abs(target) < abs(held)
        if size <= 0:
            return []
        action = "BUY" if target > held else "SELL"
        return [ExecutionDecision(action, symbol, size, reduce_only=reduces, venue=instrument.venue)]


def _tradable(quantity: Decimal, symbol: str, snapshot: Snapshot, context: StrategyContext) -> Decimal:
    """Return what of a quantity an order can be for; zero when it is below the lot or the least notional."""
    size, least = context.floor_size(symbol, quantity), context.instruments[symbol].min_notional
    return ZERO if least is not None and size * snapshot.quotes[symbol].bid < least else size
