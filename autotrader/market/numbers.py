"""Prices and sizes of tapes: decimals from text."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from autotrader.model import plain

__all__ = ["HIGHEST", "LOWEST", "NOISE_STEP", "exact"]

LOWEST, HIGHEST = Decimal("1E-12"), Decimal("1E12")
NOISE_STEP = Decimal("1E-10")
_NOISY_LENGTH = 15


def exact(text: str) -> Decimal:
    """Read a number; raises ArithmeticError when it is none.

    Fifteen characters and more are the noise of a float on the way (0.031035000000000004): rounded to ten decimals.
    """
    return Decimal(text) if len(text) < _NOISY_LENGTH else _without_noise(Decimal(text))


def _without_noise(number: Decimal) -> Decimal:
    text = plain(number.quantize(NOISE_STEP, rounding=ROUND_HALF_EVEN))
    return Decimal(text.rstrip("0").rstrip("."))
