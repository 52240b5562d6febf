"""When contracts trade: the regular hours of US stocks and options, and nearly round the clock for the rest. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from autotrader.simulator.ibkr.contracts import ContractTerms
from autotrader.simulator.ibkr.times import NEW_YORK

__all__ = ["Session", "always_open", "day_end_ns", "hours_texts", "is_open", "next_open_ns", "session_at"]

NS: Final = 1_000_000_000
DAYS: Final = 5
_REGULAR: Final = (time(9, 30), time(16, 0))
_EXTENDED: Final = (time(4, 0), time(20, 0))
_FRIDAY: Final = 4
_SUNDAY: Final = 6
Session = str
"""``regular``, ``extended`` or ``closed``."""


def _local(now_ns: int) -> datetime:
    return datetime.fromtimestamp(now_ns // NS, NEW_YORK)


def session_at(one: ContractTerms, now_ns: int) -> Session:
    """Return which session a contract is in; holidays are not known."""
    now = _local(now_ns)
    if one.sec_type in ("CASH", "FUT"):
        return "regular" if _round_the_clock(now) else "closed"
    if now.weekday() > _FRIDAY:
        return "closed"
    if _REGULAR[0] <= now.time() < _REGULAR[1]:
        return "regular"
    return "extended" if one.sec_type == "STK" and _EXTENDED[0] <= now.time() < _EXTENDED[1] else "closed"


def _round_the_clock(now: datetime) -> bool:
    """Say whether it is between Sunday 18:00 and Friday 17:00, but for the hour from 17:00 each day."""
    at, day = now.time(), now.weekday()
    if day == _SUNDAY:
        return at >= time(18, 0)
    if day == _FRIDAY:
        return at < time(17, 0)
    return day < _FRIDAY and not time(17, 0) <= at < time(18, 0)


def is_open(one: ContractTerms, now_ns: int, *, outside: bool) -> bool:
    """Say whether an order may work now; ``outside``: outside regular hours as well."""
    session = session_at(one, now_ns)
    return session == "regular" or (outside and session == "extended")


def next_open_ns(one: ContractTerms, now_ns: int, *, outside: bool) -> int:
    """Return the next quarter of an hour at which an order may work, within a week."""
    quarter = 900 * NS
    at_ns = (now_ns // quarter + 1) * quarter
    for _ in range(7 * 96):
        if is_open(one, at_ns, outside=outside):
            break
        at_ns += quarter
    return at_ns


def day_end_ns(one: ContractTerms, now_ns: int, *, outside: bool) -> int:
    """Return when an order for the day that comes now ends: at the end of the session that it works in, or of the next."""
    close = _EXTENDED[1] if outside and one.sec_type == "STK" else _REGULAR[1]
    if one.sec_type in ("CASH", "FUT"):
        close = time(17, 0)
    now = _local(now_ns)
    end = now.replace(hour=close.hour, minute=close.minute, second=0, microsecond=0)
    while end <= now or end.weekday() > _FRIDAY:
        end = (end + timedelta(days=1)).replace(hour=close.hour)
    return int(end.timestamp()) * NS


def hours_texts(one: ContractTerms, now_ns: int) -> tuple[str, str]:
    """Return tradingHours and liquidHours of the next days, as contract details have them."""
    if one.sec_type in ("CASH", "FUT"):
        whole = _days(now_ns, time(18, 0), time(17, 0), overnight=True)
        return whole, whole
    regular = _days(now_ns, *_REGULAR, overnight=False)
    return (_days(now_ns, *_EXTENDED, overnight=False) if one.sec_type == "STK" else regular), regular


def always_open(now_ns: int) -> tuple[str, str]:
    """Return hours that never end, for a venue whose hours do not bind."""
    first = _local(now_ns).date()
    days = [first + timedelta(days=number) for number in range(DAYS)]
    text = ";".join(f"{day:%Y%m%d}:0000-{day:%Y%m%d}:2359" for day in days)
    return text, text


def _days(now_ns: int, begin: time, end: time, *, overnight: bool) -> str:
    first = _local(now_ns).date()
    parts = []
    for number in range(DAYS):
        day = first + timedelta(days=number)
        if day.weekday() > _FRIDAY:
            parts.append(f"{day:%Y%m%d}:CLOSED")
            continue
        start = day - timedelta(days=1) if overnight else day
        parts.append(f"{start:%Y%m%d}:{begin:%H%M}-{day:%Y%m%d}:{end:%H%M}")
    return ";".join(parts)
