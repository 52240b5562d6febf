"""Times as TWS writes them, in four forms, and as it is to be told them (pure). Source: ibkr.md section 5.

A time is read only where it is certain: a zone that is not known, or an hour that a clock change repeats, gives None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["format_utc", "parse_time", "zone_in", "zone_of"]

_FORM: Final = re.compile(r"(\d{8})(-| {1,2})(\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(Z| ?UTC| [^\s].{0,60})?").fullmatch
_ZONES: Final = {
    "US/Eastern": "America/New_York", "US/Central": "America/Chicago", "US/Mountain": "America/Denver",
    "US/Pacific": "America/Los_Angeles", "EST": "America/New_York", "EDT": "America/New_York",
    "CDT": "America/Chicago", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "GMT": "UTC", "UTC": "UTC",
    "Z": "UTC",
    "Eastern Standard Time": "America/New_York", "Eastern Daylight Time": "America/New_York",
    "Central Standard Time": "America/Chicago", "Central Daylight Time": "America/Chicago",
    "Pacific Standard Time": "America/Los_Angeles", "Pacific Daylight Time": "America/Los_Angeles",
    "British Summer Time": "Europe/London", "Greenwich Mean Time": "Europe/London",
    "Central European Standard Time": "Europe/Berlin", "Central European Time": "Europe/Berlin",
    "Central European Summer Time": "Europe/Berlin", "MET": "Europe/Berlin", "Coordinated Universal Time": "UTC",
    "Japan Standard Time": "Asia/Tokyo", "JST": "Asia/Tokyo", "Hong Kong Standard Time": "Asia/Hong_Kong",
    "Hong Kong Time": "Asia/Hong_Kong", "HKT": "Asia/Hong_Kong", "Singapore Standard Time": "Asia/Singapore",
}  # fmt: skip
"""Names that are no zones of the tz database, or that a machine's copy of it may lack. GMT in a log-on may be London's."""


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo | None:
    """Return the zone of a name as TWS writes it, or None."""
    name = name.strip()
    place = _ZONES.get(name, name)
    if place == "UTC":
        return UTC
    try:
        return ZoneInfo(place)
    except (KeyError, ValueError, OSError):
        return None


def zone_in(connection_time: str) -> tzinfo | None:
    """Return the log-on's zone, of ``20250415 19:38:30 British Summer Time``, or None."""
    parts = connection_time.split(None, 2)
    return zone_of(parts[2]) if len(parts) == 3 else None


def parse_time(text: str, login_zone: tzinfo | None = None) -> int | None:
    """Return ns since the epoch, or None where the text does not say it for sure.

    ``20250415  19:38:31`` is in the log-on's zone; ``20250415 19:38:31 US/Eastern`` says its own; ``20250415-19:38:31``, with
    Z or without, is UTC.
    """
    found = _FORM(text.strip())
    if found is None:
        return None
    day, between, clock, said = found.groups()
    zone = UTC if between == "-" and said is None else zone_of(said) if said is not None else login_zone
    if zone is None:
        return None
    try:
        then = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=zone)
        return None if then.utcoffset() != then.replace(fold=1).utcoffset() else int(then.timestamp()) * 1_000_000_000
    except (ValueError, OverflowError):
        return None


def format_utc(ns: int) -> str:
    """Write ns since the epoch as ``20261122-20:59:00``, UTC, whole seconds, never later.

    ValueError for what lies beyond the year 9999.
    """
    try:
        return datetime.fromtimestamp(ns // 1_000_000_000, UTC).strftime("%Y%m%d-%H:%M:%S")
    except (OverflowError, OSError) as error:
        raise ValueError(f"{ns} ns is no time that can be written") from error
