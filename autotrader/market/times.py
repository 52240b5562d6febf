"""Time stamps of tapes, as nanoseconds since the epoch. A time without a zone is UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

__all__ = ["TIME_FORMS", "is_time", "time_reader"]

TIME_FORMS = "epoch s, ms, us or ns, 2012-02-01 00:00:00[.ffffff][+00:00], or 20120201 000000[mmm]"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d{9,19}(\.\d+)?$")
_COMPACT = re.compile(r"\d{8}[ T]\d{2}:?\d{2}:?\d{2}(\.?\d{1,9})?$")
_WRITTEN = re.compile(r"\d{4}([-/.])\d{2}\1\d{2}([ T].*)?$")


def is_time(text: str) -> bool:
    """Say whether the text looks like one of the known forms of a time; a number must be of this age of the world."""
    return bool(_NUMBER.match(text) or _COMPACT.match(text) or _WRITTEN.match(text))


def time_reader(sample: str) -> Callable[[str], int]:
    """Return the function that reads times written as the sample is; it raises ValueError or ArithmeticError.

    Numbers count seconds, ms, us or ns by their size, row by row: Binance's dumps went from ms to us in 2025.
    """
    if _NUMBER.match(sample):
        return _from_number
    if _COMPACT.match(sample):
        return _compact_reader()
    if _WRITTEN.match(sample):
        return _from_written if sample[4] == "-" else _from_slashed
    raise ValueError(f"expected a time ({TIME_FORMS}), found {sample!r}")


def _from_number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        return _from_fraction(text)
    if 100_000_000_000 <= number < 100_000_000_000_000:
        return number * 1_000_000
    return _scaled(number)


def _scaled(number: int) -> int:
    if not 100_000_000 <= number < 9_000_000_000_000_000_000:
        raise ValueError("out of range")
    if number < 100_000_000_000:
        return number * 1_000_000_000
    if number < 100_000_000_000_000:
        return number * 1_000_000
    return number * 1_000 if number < 100_000_000_000_000_000 else number


def _from_fraction(text: str) -> int:
    number = Decimal(text)
    unit = _scaled(int(number)) // int(number)
    return int(number * unit)


def _from_written(text: str) -> int:
    moment = datetime.fromisoformat(text)
    since = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000


def _from_slashed(text: str) -> int:
    return _from_written(text[:10].replace(text[4], "-") + text[10:])


def _compact_reader() -> Callable[[str], int]:
    day, midnight = "", 0

    def read(text: str) -> int:
        nonlocal day, midnight
        if text[:8] != day:
            midnight, day = _from_written(f"{text[:4]}-{text[4:6]}-{text[6:8]}"), text[:8]
        digits = text[9:].replace(":", "").replace(".", "") if ":" in text else text[9:].replace(".", "")
        hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
        if len(digits) < 6 or hours > 23 or minutes > 59 or seconds > 59:
            raise ValueError("out of range")
        return midnight + (hours * 3600 + minutes * 60 + seconds) * 1_000_000_000 + int(digits[6:].ljust(9, "0"))

    return read
