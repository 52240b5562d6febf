"""A strategy that does a bit of everything at two symbols, for drills in bad weather; run by path in the engine's process."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from random import Random

from autotrader.model import ExecutionDecision, OrderUpdate, Quote, Snapshot
from autotrader.strategy import Strategy, StrategyContext

D = Decimal
MOST_OPEN = 10
WORKING = ("OPEN", "PARTIALLY_FILLED")


class Trader(Strategy):
    """Places, amends and cancels at random, seeded; does nothing more once the file ``quiet`` is there."""

    def __init__(self, seed: int = 1, quiet: str = "quiet", notional: int = 300) -> None:
        self._rng, self._quiet, self._notional = Random(int(seed)), Path(quiet), D(notional)
        self._context: StrategyContext | None = None
        self._kinds: tuple[Callable[[str, Quote, D], ExecutionDecision], ...] = (
            self._market, self._resting, self._resting, self._resting, self._joining, self._post_only, self._now_or_never,
            self._now_or_never, self._stop, self._stop_limit, self._trailing,
        )  # fmt: skip

    def on_start(self, context: StrategyContext) -> None:
        self._context = context

    def decide(self, snapshot: Snapshot) -> list[ExecutionDecision]:
        if self._quiet.exists() or not snapshot.quotes:
            return []
        working = [one for one in snapshot.open_orders if one.state in WORKING]
        chance = self._rng.random()
        if working and (chance < 0.15 or len(snapshot.open_orders) >= MOST_OPEN):
            one = self._rng.choice(working)
            return [ExecutionDecision("CANCEL", one.symbol, order_id=one.client_order_id)]
        if len(snapshot.open_orders) >= MOST_OPEN:
            return []
        if working and chance < 0.35:
            return [self._amended(self._rng.choice(working))]
        symbol = self._rng.choice(sorted(snapshot.quotes))
        quote = snapshot.quotes[symbol]
        size = self._floored(symbol, self._notional * D(self._rng.randint(2, 10)) / 4 / quote.mid)
        return [self._rng.choice(self._kinds)(symbol, quote, size)]

    # ------------------------------------------------------------ what it places

    def _side(self) -> str:
        return self._rng.choice(("BUY", "SELL"))

    def _floored(self, symbol: str, size: D) -> D:
        assert self._context is not None
        return self._context.floor_size(symbol, size)

    def _ticks(self, symbol: str, price: D) -> D:
        assert self._context is not None
        return self._context.floor_price(symbol, price)

    def _market(self, symbol: str, quote: Quote, size: D) -> ExecutionDecision:
        return ExecutionDecision(self._side(), symbol, size)

    def _resting(self, symbol: str, quote: Quote, size: D) -> ExecutionDecision:
        side = self._side()
        off = quote.mid * self._rng.randint(1, 200) / 10_000
        price = quote.bid - off if side == "BUY" else quote.ask + off
        return self._limit(side, symbol, size, price)

    def _joining(self, symbol: str, quote: Quote, size: D) -> ExecutionDecision:
        side = self._side()
        return self._limit(side, symbol, size, self._rng.choice((quote.bid, quote.ask)))

    def _post_only(self, symbol: str, quote: Quote, size: D) -> ExecutionDecision:
        side = self._side()
        return self._limit(side, symbol, size, quote.bid if side == "BUY" else quote.ask, post_only=True)

    def _now_or_never(self, symbol: str, quote: Quote, size: D) -> ExecutionDecision:
        side, force = self._side(), self._rng.choice(("IOC", "FOK"))
        size = self._rng.choice((size, size * 40))
        return self._limit(side, symbol, size, quote.ask if side == "BUY" else quote.bid, time_in_force=force)

    def _stop(self, symbol: str, quote: Quote, size: D) -> ExecutionDecision:
        side = self._side()
        return ExecutionDecision(side, symbol, size, order_type="STOP", stop_price=self._trigger(side, symbol, quote))

    def _stop_limit(self, symbol: str, quote: Quote, size: D) -> ExecutionDecision:
        side = self._side()
        stop = self._trigger(side, symbol, quote)
        price = self._ticks(symbol, stop * (D("1.001") if side == "BUY" else D("0.999")))
        return ExecutionDecision(side, symbol, size, order_type="STOP_LIMIT", stop_price=stop, limit_price=price)

    def _trailing(self, symbol: str, quote: Quote, size: D) -> ExecutionDecision:
        trail = self._ticks(symbol, quote.mid * self._rng.choice((D("0.001"), D("0.002"), D("0.01"))))
        return ExecutionDecision(self._side(), symbol, size, order_type="TRAILING_STOP", trail=trail)

    def _trigger(self, side: str, symbol: str, quote: Quote) -> D:
        off = quote.mid * self._rng.randint(1, 60) / 10_000
        return self._ticks(symbol, quote.ask + off if side == "BUY" else quote.bid - off)

    def _limit(self, side: str, symbol: str, size: D, price: D, **more: object) -> ExecutionDecision:
        return ExecutionDecision(side, symbol, size, order_type="LIMIT", limit_price=self._ticks(symbol, price), **more)  # type: ignore[arg-type]

    def _amended(self, order: OrderUpdate) -> ExecutionDecision:
        """Less of it, more of it, or another price."""
        change = self._rng.choice(("less", "more", "price"))
        if change == "price" and order.price is not None:
            moved = self._ticks(order.symbol, order.price * D(self._rng.randint(9_980, 10_020)) / 10_000)
            return ExecutionDecision("MODIFY", order.symbol, order_id=order.client_order_id, limit_price=moved)
        factor = D("0.6") if change == "less" else D("1.3")
        size = self._floored(order.symbol, (order.quantity * factor).quantize(D("0.00000001"), ROUND_DOWN))
        return ExecutionDecision("MODIFY", order.symbol, order_id=order.client_order_id, size=size or order.quantity)
