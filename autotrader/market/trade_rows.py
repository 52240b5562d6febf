"""Quotes from a tape of trades alone.

The rule of interfaces.md: bid = last price at which a seller was the aggressor, ask = last price at which a buyer was. A trade
that would cross them pushes the other side one tick away: who sold at 101 shows that the ask is above 101.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from autotrader.market.making import QuoteMaking
from autotrader.market.numbers import HIGHEST, LOWEST, exact
from autotrader.market.source import Rows
from autotrader.model import Quote

__all__ = ["quotes_of_trades"]

# the aggressor sold: Binance says so by "the buyer is the maker"
_SOLD_FLAG = {"true": True, "True": True, "TRUE": True, "1": True, "false": False, "False": False, "FALSE": False, "0": False}
_SOLD_SIDE = {"sell": True, "s": True, "ask": True, "buy": False, "b": False, "bid": False}


def quotes_of_trades(rows: Rows, making: QuoteMaking) -> Iterator[Quote]:
    """Yield a quote after each trade once both sides have traded; trades of one instant give one quote each."""
    columns, time_of, counts, judge = making.layout.columns, making.time_of, making.counts, making.bad.judge
    venue, symbol, tick, size = making.venue, making.symbol, making.tick, making.size
    at, price_at, (side_at, sold_of) = columns["timestamp"], columns["price"], _aggressor(making)
    bid: Decimal | None = None
    ask: Decimal | None = None
    last_ns = 0
    for row in rows:
        try:
            ts_ns, price, sold = time_of(row[at]), exact(row[price_at]), sold_of(row[side_at])
            good = ts_ns >= last_ns and LOWEST < price < HIGHEST
        except (ArithmeticError, LookupError, ValueError):
            good = False
        if not good:
            judge(row, rows.line_num, last_ns)
            continue
        last_ns = ts_ns
        if sold:
            bid, ask = price, (price + tick if ask is not None and ask <= price else ask)
        else:
            bid, ask = (price - tick if bid is not None and bid >= price else bid), price
        if bid is not None and ask is not None and bid > 0:
            counts.quotes += 1
            yield Quote(venue, symbol, bid, ask, size, size, ts_ns)


def _aggressor(making: QuoteMaking) -> tuple[int, Callable[[str], bool]]:
    flag_at = making.layout.columns.get("buyer_is_maker")
    if flag_at is not None:
        return flag_at, _SOLD_FLAG.__getitem__
    return making.layout.columns["side"], lambda cell: _SOLD_SIDE[cell.strip().lower()]
