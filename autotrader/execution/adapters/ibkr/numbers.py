"""Numbers of ibapi: unset sentinels taken out, floats read by their shortest text, and decimals written without an exponent.

9.81 gives floats and ints where 10.x gives Decimals; what is unset comes as the largest of its kind, or as an empty text.
Nothing infinite or NaN passes. Source: ibkr.md sections 3 (table "9.81 versus 10.x") and 4.1.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from autotrader.errors import DecodeError

__all__ = ["LARGEST_ID", "WireDecimal", "clean", "count_of", "needed", "whole", "wire"]

LARGEST_ID: Final = 2**31 - 1
"""The largest order id that TWS reads; as a value it means unset."""
_UNSET: Final = frozenset({Decimal(2**31 - 1), Decimal(2**63 - 1)})
_TOO_LARGE: Final = Decimal("1E30")
"""No money and no size is so large; 2^127-1 and the largest double, which stand for unset, are, however they are rounded."""
_LONGEST: Final = 60


class WireDecimal(Decimal):
    """A Decimal whose text has no exponent: ibapi writes ``str(value)`` on the wire."""

    __slots__ = ()

    def __str__(self) -> str:
        return format(self, "f")


def wire(value: Decimal) -> WireDecimal:
    """Return the value as ibapi is to write it; ValueError unless it is finite."""
    if not value.is_finite():
        raise ValueError(f"{value} cannot be sent")
    return WireDecimal(value)


def clean(value: object) -> Decimal | None:
    """Return the number, or None for what is unset: no text, a sentinel, something infinite, NaN or beyond 1E30.

    DecodeError for what is no number at all.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise DecodeError(f"{type(value).__name__} is no number")
    text = str(value)
    if len(text) > _LONGEST and not isinstance(value, int):
        raise DecodeError(f"a number of {len(text)} characters: {text[:_LONGEST]!r}")
    try:
        number = Decimal(value if isinstance(value, int) else text)
    except InvalidOperation:
        raise DecodeError(f"no number: {text[:_LONGEST]!r}") from None
    if not number.is_finite() or not -_TOO_LARGE < number < _TOO_LARGE or number in _UNSET:
        return None
    return Decimal(int(number)) if isinstance(value, float) and number == int(number) else number


def needed(value: object, name: str) -> Decimal:
    """Return a number that has to be there; DecodeError names it when it is unset."""
    number = clean(value)
    if number is None:
        raise DecodeError(f"{name} is missing: {str(value)[:_LONGEST]!r}")
    return number


def whole(value: object, name: str) -> int:
    """Return an id: a whole number, also beyond 32 bits, 0 for unset. DecodeError for a fraction."""
    number = clean(value)
    if number is None:
        return 0
    if number != number.to_integral_value():
        raise DecodeError(f"{name} is no whole number: {number}")
    return int(number)


def count_of(value: object, default: int = 0) -> int:
    """Return a small descriptive number, or the default where it is unset or makes no sense."""
    try:
        number = clean(value)
    except DecodeError:
        return default
    return default if number is None or number != number.to_integral_value() else int(number)
