"""Timestamps: whether a request is in time, and in which unit times are told (binance.md sections 1 and 2)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from autotrader.simulator.binance.errors import ApiError, malformed

__all__ = ["MICRO", "MILLI", "check_time", "time_unit"]

MILLI: Final = 1_000_000
"""Nanoseconds of one unit, where times are told in milliseconds."""
MICRO: Final = 1_000
_AHEAD_NS: Final = 1_000_000_000
_FIRST_MICROSECOND: Final = 100_000_000_000_000
_AHEAD: Final = "Timestamp for this request was 1000ms ahead of the server's time."


def time_unit(word: str | None) -> int:
    """Return the nanoseconds of one unit of time in answers. Raises ApiError -1194."""
    if word is None:
        return MILLI
    name = word.upper()
    if name == "MILLISECOND":
        return MILLI
    if name == "MICROSECOND":
        return MICRO
    raise ApiError(-1194)


def check_time(params: dict[str, str], now_ns: int) -> int:
    """Check ``timestamp`` (ms or us) and ``recvWindow``; return until when (ns) the request is good. Raises ApiError."""
    text = params.get("timestamp")
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 17):
        raise malformed("timestamp")
    stamp = int(text)
    sent_ns = stamp * (MICRO if stamp >= _FIRST_MICROSECOND else MILLI)
    window_ns = _window_ns(params.get("recvWindow"))
    if sent_ns >= now_ns + _AHEAD_NS:
        raise ApiError(-1021, _AHEAD)
    if now_ns - sent_ns > window_ns:
        raise ApiError(-1021)
    return sent_ns + window_ns


def _window_ns(text: str | None) -> int:
    if text is None:
        return 5_000 * MILLI
    try:
        window = Decimal(text)
    except InvalidOperation:
        raise malformed("recvWindow") from None
    if not window.is_finite() or window <= 0 or window != round(window, 3):
        raise malformed("recvWindow")
    if window > 60_000:
        raise ApiError(-1131, "recvWindow must be less than 60000")
    return int(window * MILLI)
