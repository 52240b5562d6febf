"""Times as this venue writes and reads them (ibkr.md sections 5 and 8). Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["NEW_YORK", "exec_times", "hello_time", "midnight_ns", "read_time", "with_zone"]

NS: Final = 1_000_000_000
ZONE: Final = "US/Eastern"
NEW_YORK: Final = ZoneInfo("America/New_York")
_FORMS: Final = ("%Y%m%d %H:%M:%S", "%Y%m%d-%H:%M:%S", "%Y%m%d %H:%M", "%Y%m%d")


def _local(now_ns: int) -> datetime:
    return datetime.fromtimestamp(now_ns // NS, NEW_YORK)


def hello_time(now_ns: int) -> str:
    """Return the connection time of the handshake."""
    return _local(now_ns).strftime("%Y%m%d %H:%M:%S EST")


def with_zone(now_ns: int) -> str:
    """Return a time with its zone, as orders that are done and newer executions have it."""
    return f"{_local(now_ns):%Y%m%d %H:%M:%S} {ZONE}"


def exec_times(now_ns: int) -> tuple[str, str]:
    """Return an execution's time for versions below 174, with two blanks and no zone, and from it on."""
    return f"{_local(now_ns):%Y%m%d  %H:%M:%S}", with_zone(now_ns)


def midnight_ns(now_ns: int) -> int:
    """Return when the current day began, in the zone of the login."""
    start = _local(now_ns).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(start.timestamp()) * NS


def read_time(text: str) -> tuple[int, bool] | None:
    """Return nanoseconds since the epoch, and whether a zone was given; None for what is no time.

    ``20261122 15:59:00 US/Eastern``, ``20261122-20:59:00`` (UTC), or without a zone: that of the login.
    """
    words = text.split()
    zone: ZoneInfo | None = None
    if len(words) > 1 and ":" not in words[-1]:
        try:
            zone = ZoneInfo({"EST": "America/New_York", "EDT": "America/New_York"}.get(words[-1], words[-1]))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
        words = words[:-1]
    for form in _FORMS:
        try:
            when = datetime.strptime(" ".join(words), form)
        except ValueError:
            continue
        is_utc = "-" in form
        aware = when.replace(tzinfo=UTC if is_utc else zone or NEW_YORK)
        return int(aware.timestamp()) * NS, is_utc or zone is not None
    return None
