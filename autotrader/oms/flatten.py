"""Orders that close positions after a kill at FLATTEN: reduce-only, collared, on fresh prices only (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from autotrader.model import Instrument, Order, OrderType, Quote, Side, TimeInForce

__all__ = ["FLATTENER", "flatten_orders"]

FLATTENER = "kill"


def flatten_orders(
    venue: str, account: str, positions: Mapping[str, Decimal], quotes: Mapping[str, Quote],
    instruments: Mapping[str, Instrument], new_id: Callable[[], str], now_ns: int, *,
    collar: Decimal = Decimal("0.01"), max_age_s: float = 5.0,
) -> tuple[tuple[Order, ...], dict[str, str]]:
    """Return one order per position that can be closed now, and by symbol why the others cannot.

    Each is a reduce-only limit, immediate or cancel, at most ``collar`` (a fraction) worse than the mid of a quote that is not
    older than ``max_age_s``. Quantities are cut down to the lot, prices stay inside the collar. ``now_ns`` is engine time.
    """
    orders, problems = [], {}
    for symbol, position in sorted(positions.items()):
        quote, instrument = quotes.get(symbol), instruments.get(symbol)
        if instrument is None:
            problems[symbol] = "the instrument is not known"
        elif quote is None or quote.is_crossed or now_ns - quote.ts_ns > max_age_s * 1e9:
            problems[symbol] = "no fresh price"
        elif not (quantity := _steps(abs(position), instrument.lot, ROUND_DOWN)):
            problems[symbol] = f"{position} is less than one lot"
        else:
            side = Side.SELL if position > 0 else Side.BUY
            orders.append(Order(
                client_order_id=new_id(), venue=venue, account=account, symbol=symbol, side=side, type=OrderType.LIMIT,
                quantity=quantity, time_in_force=TimeInForce.IOC, price=_collared(side, quote.mid, collar, instrument.tick),
                reduce_only=True, strategy=FLATTENER, created_ns=now_ns, decided_ns=now_ns,
            ))
    return tuple(orders), problems


def _collared(side: Side, mid: Decimal, collar: Decimal, tick: Decimal) -> Decimal:
    if side is Side.SELL:
        return _steps(mid * (1 - collar), tick, ROUND_CEILING)
    return _steps(mid * (1 + collar), tick, ROUND_FLOOR)


def _steps(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding) * step
