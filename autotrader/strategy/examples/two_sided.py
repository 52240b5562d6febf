"""Quotes both sides of the market."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import ZERO, ExecutionDecision, OrderState, OrderUpdate, Quote, Side, Snapshot, decimal_of
from autotrader.strategy.base import Strategy, StrategyContext
from autotrader.strategy.pipeline import FirstSymbol

__all__ = ["TwoSidedQuoting"]

_WORKING = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


class TwoSidedQuoting(Strategy):
    """Keeps a buy at the bid and a sell at the ask, follows the market, and leans against what it holds.

    ``notional`` is the size of a quote in the quote currency, ``most`` the position it stops adding at, in quotes. A quote
    that is off by more than ``tolerance`` basis points and has rested for ``rest_ms`` is replaced; one that is not wanted any
    more is cancelled. Where the instrument cannot be sold short, only what is held is offered. ``post_only`` False is for
    venues that have no such orders, as Interactive Brokers. ``symbol`` None: the first in quotes.
    """

    def __init__(
        self, notional: Decimal | int | str = 2_000, most: int = 3, tolerance: Decimal | int | str = 1,
        rest_ms: int = 250, symbol: str | None = None, *, post_only: bool = True,
    ) -> None:
        self._notional, self._most, self._symbol = decimal_of(notional, "notional"), int(most), FirstSymbol(symbol)
        self._tolerance = decimal_of(tolerance, "tolerance") / 10_000
        self._rest_ns, self._post_only = int(rest_ms) * 1_000_000, post_only
        self._context: StrategyContext | None = None

    def on_start(self, context: StrategyContext) -> None:
        """Keep the context, for lots and ticks."""
        self._context = context

    def decide(self, snapshot: Snapshot) -> list[ExecutionDecision]:
        """Return what brings the two orders to where they should be."""
        symbol = self._symbol.choose(snapshot, self._context)
        if symbol is None:
            return []
        quote = snapshot.quotes[symbol]
        if quote.is_crossed or self._context is None or symbol not in self._context.instruments:
            return []
        size = self._context.floor_size(symbol, self._notional / quote.mid)
        held = snapshot.positions.get(symbol, ZERO)
        short = self._context.instruments[symbol].allows_short
        offer = size if short and held > -self._most * size else min(size, self._context.floor_size(symbol, max(held, ZERO)))
        wanted = {Side.BUY: size if held < self._most * size else ZERO, Side.SELL: offer}
        return [one for side, quantity in wanted.items() for one in self._side(side, quantity, symbol, quote, snapshot)]

    def _side(
        self, side: Side, quantity: Decimal, symbol: str, quote: Quote, snapshot: Snapshot
    ) -> list[ExecutionDecision]:
        price = quote.bid if side is Side.BUY else quote.ask
        mine = [one for one in snapshot.open_orders if one.symbol == quote.symbol and one.venue == quote.venue]
        orders = [one for one in mine if one.side is side]
        if not orders:
            return [self._quoted(side, symbol, quote, quantity, price)] if quantity > 0 else []
        if quantity <= 0 or len(orders) > 1:
            return [_canceled(one) for one in orders if one.state in _WORKING]
        order = orders[0]
        if order.state not in _WORKING or order.price is None or snapshot.now_ns - order.updated_ns < self._rest_ns:
            return []
        if abs(order.price - price) <= self._tolerance * price:
            return []
        return [ExecutionDecision("MODIFY", symbol, order_id=order.client_order_id, limit_price=price)]

    def _quoted(self, side: Side, symbol: str, quote: Quote, quantity: Decimal, price: Decimal) -> ExecutionDecision:
        return ExecutionDecision(side.name, symbol, quantity, venue=quote.venue, order_type="LIMIT", limit_price=price,
                                 post_only=self._post_only)


def _canceled(order: OrderUpdate) -> ExecutionDecision:
    return ExecutionDecision("CANCEL", order.symbol, order_id=order.client_order_id)
