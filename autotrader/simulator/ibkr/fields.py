"""Fields of one request, read in order. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Final

from autotrader.errors import DecodeError

__all__ = ["INFINITE", "Fields"]

_NO_INT: Final = ("", "2147483647")
INFINITE: Final = ("Infinity", "Infinite", "inf")
_MOST_COUNT: Final = 1_000
_HUGE: Final = Decimal("1E+300")
"""The largest double stands for a number that is not given, in whatever spelling."""


class Fields:
    """A cursor over fields. Every reader raises DecodeError that says which field is wrong, or that there are too few."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._fields = list(fields)
        self._place = 0

    @property
    def left(self) -> int:
        """Return how many fields have not been read."""
        return len(self._fields) - self._place

    def text(self) -> str:
        """Return the next field as it is."""
        if self._place >= len(self._fields):
            raise DecodeError(f"the message ends after {self._place} fields; more are needed")
        self._place += 1
        return self._fields[self._place - 1]

    def skip(self, count: int) -> None:
        """Pass over fields that mean nothing here."""
        for _ in range(count):
            self.text()

    def optional_int(self) -> int | None:
        """Return a whole number, None when it is not given."""
        text = self.text()
        if text in _NO_INT:
            return None
        try:
            return int(text)
        except ValueError:
            raise DecodeError(f"field {self._place} must be a whole number, not {text!r}") from None

    def whole(self, default: int = 0) -> int:
        """Return a whole number, ``default`` when it is not given."""
        number = self.optional_int()
        return default if number is None else number

    def flag(self) -> bool:
        """Return a boolean; empty is False."""
        text = self.text()
        if text not in ("", "0", "1", "true", "false"):
            raise DecodeError(f"field {self._place} must be 0 or 1, not {text!r}")
        return text in ("1", "true")

    def decimal(self) -> Decimal | None:
        """Return a number, None when it is not given: empty, the largest double, the largest decimal, infinity."""
        text = self.text()
        if not text or text in INFINITE:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise DecodeError(f"field {self._place} must be a number, not {text!r}") from None
        if not number.is_finite():
            raise DecodeError(f"field {self._place} must be a finite number, not {text!r}")
        return None if abs(number) >= _HUGE or text == "170141183460469231731687303715884105727" else number

    def count(self) -> int:
        """Return how many entries follow."""
        number = self.whole()
        if not 0 <= number <= _MOST_COUNT:
            raise DecodeError(f"field {self._place} announces {number} entries")
        return number

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return tags and values behind their count."""
        return tuple((self.text(), self.text()) for _ in range(self.count()))
