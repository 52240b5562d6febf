r"""Decimals, ids and times as Binance writes them: decimal text without an exponent, integers for the rest.

Source: binance.md head and section 9 (number format ``^([0-9]{1,20})(\.[0-9]{1,20})?$``). It bounds what is read as well: the
venue keeps 64-bit mantissas, so a figure of more digits is none of its money.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from functools import lru_cache
from typing import Annotated, Final

import msgspec

from autotrader.errors import EncodeError
from autotrader.model import ZERO

__all__ = [
    "WIDE", "Count", "Identity", "Moment", "TradeNumber", "average", "none_if_zero", "ns_of", "number", "plain", "quote_amount",
    "signed", "text_of",
]

Identity = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""An order id, subscription id or the like."""
TradeNumber = Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]
"""A trade id; -1 where there is none."""
Moment = Annotated[int, msgspec.Meta(ge=-1, le=10**17)]
"""Milliseconds since the epoch, or microseconds where they were asked for; -1 where there is none."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

ONE: Final = Decimal(1)
WIDE: Final = Context(prec=120)
"""Wide enough for the quotient of any two numbers the venue can write."""

_UNSIGNED = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?").fullmatch
_SIGNED = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?").fullmatch
_SENDABLE = _UNSIGNED
_LARGEST: Final = Decimal(10) ** 20
_MICROSECONDS = 10**14
_LAST_NS = 2**63 - 1
_USUAL_DECIMALS = 8


@lru_cache(maxsize=8192)
def number(text: str) -> Decimal:
    """Read a number that cannot be negative. Raises ValueError: no exponent, sign, blank, NaN or infinity gets through."""
    if _UNSIGNED(text) is None:
        raise ValueError(f"not a plain number: {text[:60]!r}")
    return Decimal(_trimmed(text))


@lru_cache(maxsize=2048)
def signed(text: str) -> Decimal:
    """Read a number that may be negative, such as the delta of a balance or a rebate. Raises ValueError."""
    if _SIGNED(text) is None:
        raise ValueError(f"not a plain number: {text[:60]!r}")
    return Decimal(_trimmed(text))


def _trimmed(text: str) -> str:
    """Leave out the zeros that the venue pads with: products of padded numbers grow by eight decimals each."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def quote_amount(text: str | None) -> Decimal | None:
    """Read a cumulative quote amount; below zero means that the venue does not have it (binance.md section 3, Query)."""
    if text is None:
        return None
    amount = signed(text)
    return None if amount < ZERO else amount


def none_if_zero(text: str | None) -> Decimal | None:
    """Read a price where zero stands for none."""
    if text is None:
        return None
    return number(text) or None


def average(base: Decimal, quote: Decimal | None) -> Decimal | None:
    """Return the average price of ``base`` bought or sold for ``quote``, None where either is missing.

    Raises ValueError for one beyond any number that the venue can write: one of the two figures is wrong.
    """
    if not quote or not base:
        return None
    price = quote / base
    if price >= _LARGEST:
        raise ValueError(f"{base:f} for {quote:f} is no price")
    return plain(price)


def plain(value: Decimal) -> Decimal:
    """Return the same number, written out: ``5E+4``, as a quotient may come, is 50000."""
    exponent = value.as_tuple().exponent
    return value.quantize(ONE, context=WIDE) if isinstance(exponent, int) and exponent > 0 else value


def ns_of(moment: int) -> int:
    """Turn the venue's time into nanoseconds; a microsecond stamp shows by its size.

    Raises ValueError for one that 64 bits cannot hold (the year 2262): the journal could not keep it.
    """
    nanoseconds = moment * 1_000 if moment >= _MICROSECONDS else moment * 1_000_000
    if nanoseconds > _LAST_NS:
        raise ValueError(f"{moment} is no time")
    return nanoseconds


def text_of(value: Decimal | None, name: str) -> str:
    """Write a number for the venue. Raises EncodeError for what it would refuse with -1100: signs, NaN, too many digits.

    Zeros beyond the eighth decimal go, or they would count as too precise (-1111).
    """
    if value is None:
        raise EncodeError(f"{name} is missing")
    text = format(value, "f") if value.is_finite() and -40 < value.adjusted() < 40 else str(value)
    whole, point, decimals = text.partition(".")
    if len(decimals) > _USUAL_DECIMALS:
        text = f"{whole}{point}{decimals[:_USUAL_DECIMALS]}{decimals[_USUAL_DECIMALS:].rstrip('0')}"
    if _SENDABLE(text) is None:
        raise EncodeError(f"{name} {value} is not a number that Binance takes (at most 20 digits before and after the point)")
    return text
