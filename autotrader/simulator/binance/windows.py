"""Statistics over a stretch of time: 24 hours, a rolling window, the trading day (DOCS rest-api.md).

Each request is answered, or raises ApiError.
"""

from __future__ import annotations

from typing import Any, Final

from autotrader.model import ZERO
from autotrader.simulator.binance.ask import Ask
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.errors import ApiError, malformed
from autotrader.simulator.binance.market import book_ticker, each_symbol, zone_ms
from autotrader.simulator.binance.symbols import SymbolTerms
from autotrader.simulator.binance.timing import MILLI
from autotrader.simulator.binance.values import choice, text8

__all__ = ["day_row", "day_tickers", "trading_day_tickers", "window_ms", "window_tickers"]

_DAY_ONLY: Final = frozenset({"prevClosePrice", "lastQty", "bidPrice", "bidQty", "askPrice", "askQty"})
_DAY_MS: Final = 86_400_000
_WINDOWS: Final = {"m": (59, 60_000), "h": (23, 3_600_000), "d": (7, _DAY_MS)}
"""Rolling windows by their letter: the most that may be asked for, and the milliseconds of one."""


def day_tickers(ask: Ask) -> Any:
    """Return the last 24 hours of a symbol, of several, or of all; ``type=MINI`` is shorter."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    mini = choice(params, "type", ("FULL", "MINI"), "FULL") == "MINI"
    return each_symbol(params, lambda terms: day_row(desk, terms.symbol, unit, mini=mini))


def window_tickers(ask: Ask) -> Any:
    """Return a rolling window of symbols that must be named: GET ticker. Raises ApiError -1102 for a window unknown."""
    return _windows(ask, window_ms(ask.params.get("windowSize", "1d")))


def trading_day_tickers(ask: Ask) -> Any:
    """Return the trading day, since midnight UTC or of ``timeZone``, of symbols that must be named: GET ticker/tradingDay."""
    shift_ms = zone_ms(ask.params.get("timeZone", "0"))
    return _windows(ask, (ask.desk.venue.now_ns() // MILLI + shift_ms) % _DAY_MS + 1)


def _windows(ask: Ask, length_ms: int) -> Any:
    desk, params, unit = ask.desk, ask.params, ask.unit
    if "symbol" not in params and "symbols" not in params:
        raise ApiError(-1102, "Param 'symbol' or 'symbols' must be sent, but both were empty/null!")
    mini = choice(params, "type", ("FULL", "MINI"), "FULL") == "MINI"

    def row(terms: SymbolTerms) -> dict[str, Any]:
        told = day_row(desk, terms.symbol, unit, mini=mini, length_ms=length_ms)
        return {name: value for name, value in told.items() if name not in _DAY_ONLY}

    return each_symbol(params, row)


def window_ms(text: str) -> int:
    """Return the length of a window such as ``15m``, ``4h`` or ``7d``. Raises ApiError -1102."""
    number, (most, length_ms) = text[:-1], _WINDOWS.get(text[-1:], (0, 0))
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= most):
        raise malformed("windowSize")
    return int(number) * length_ms


def day_row(desk: Desk, symbol: str, unit: int, *, mini: bool = False, length_ms: int = _DAY_MS) -> dict[str, Any]:
    """Return one row of the statistics of the last 24 hours, or of so many milliseconds."""
    now_ns, tape = desk.venue.now_ns(), desk.tapes[symbol]
    day = tape.window(now_ns // MILLI, length_ms)
    told: dict[str, Any] = {
        "symbol": symbol, "openPrice": text8(day.open), "highPrice": text8(day.high), "lowPrice": text8(day.low),
        "lastPrice": text8(day.close), "volume": text8(day.volume), "quoteVolume": text8(day.worth),
        "openTime": now_ns // unit - length_ms * (MILLI // unit), "closeTime": now_ns // unit, "firstId": day.first_id,
        "lastId": day.last_id, "count": day.count,
    }  # fmt: skip
    if mini:
        return told
    bid, bid_size, ask, ask_size = book_ticker(desk, symbol)
    moved = day.close - day.open
    return {
        **told, "priceChange": text8(moved), "priceChangePercent": f"{moved * 100 / day.open:.3f}",
        "weightedAvgPrice": text8(day.worth / day.volume if day.volume else day.close), "prevClosePrice": text8(day.open),
        "lastQty": text8(tape.trades[-1].quantity if tape.trades else ZERO), "bidPrice": bid, "bidQty": bid_size,
        "askPrice": ask, "askQty": ask_size,
    }  # fmt: skip
