"""Decimals in and out: parsed from text only, written without an exponent, never a float in between."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

__all__ = ["ZERO", "decimal_of", "plain", "settled"]

ZERO = Decimal(0)
_SMALLEST = Decimal("1E-12")
_LARGEST = Decimal("1E15")


def plain(value: Decimal) -> str:
    """Write a decimal without an exponent: ``Decimal("1E-8")`` becomes ``0.00000001``."""
    return format(value, "f")


def settled(value: Decimal) -> Decimal:
    """Round a profit to the 12 decimals in which it is paid out; beyond 1E15 it has fewer anyway.

    Average prices do not end (10 / 3), money does: our books and the paper venue's round it alike, so that they stay equal.
    """
    if not -_LARGEST < value < _LARGEST:
        return value
    rounded = value.quantize(_SMALLEST)
    return value if rounded == value else rounded


def decimal_of(value: object, name: str) -> Decimal:
    """Read a finite decimal from a Decimal, an int or text; ``name`` goes into the error.

    A float is refused with ``TypeError``: its digits are not the ones that were written down.
    """
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise TypeError(f"{name} must be a Decimal, an int or text such as '0.1', not {type(value).__name__} {value!r}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{name} must be a number such as '0.1', not {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"{name} must be finite, not {value!r}")
    return number
