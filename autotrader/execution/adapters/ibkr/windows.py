"""Times of the day at which nothing new is sent, since what is written then may be lost (ibkr.md section 10). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from autotrader.errors import ConfigError

__all__ = ["ResetWindow", "parse_window"]

_FORM: Final = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d) ([A-Za-z][A-Za-z0-9_+\-/]*)")
_DAY_MINUTES: Final = 24 * 60


class ResetWindow(msgspec.Struct, frozen=True):
    """From one minute of the day to another, the end left out, every day, in a zone; over midnight when the end is earlier."""

    begin: int
    end: int
    zone: str

    def holds(self, now_ns: int) -> bool:
        """Say whether the moment, in ns since the epoch, is in the window."""
        then = datetime.fromtimestamp(now_ns / 1e9, UTC).astimezone(ZoneInfo(self.zone))
        minute = then.hour * 60 + then.minute
        if self.begin <= self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end

    def __str__(self) -> str:
        return f"{_clock(self.begin)}-{_clock(self.end)} {self.zone}"


def parse_window(text: str) -> ResetWindow:
    """Read ``HH:MM-HH:MM Zone``, such as "23:45-00:45 America/New_York"; raises ConfigError."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f'venues.ibkr.reset_windows: {text!r} must read as "23:45-00:45 America/New_York" does')
    numbers = [int(part) for part in found.groups()[:4]]
    begin, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if max(begin, end) >= _DAY_MINUTES or max(numbers[1], numbers[3]) >= 60 or begin == end:
        raise ConfigError(f"venues.ibkr.reset_windows: {text!r} names no two times of a day")
    try:
        ZoneInfo(found[5])
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"venues.ibkr.reset_windows: {found[5]} is no time zone that this machine knows") from error
    return ResetWindow(begin, end, found[5])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
