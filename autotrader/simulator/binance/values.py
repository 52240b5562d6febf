"""Numbers as the venue reads and writes them: plain decimals, never an exponent (binance.md section 9)."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Decimal
from typing import Final

from autotrader.simulator.binance.errors import ApiError, malformed

__all__ = ["DIGITS", "bounded", "choice", "client_id", "flag", "read_decimal", "read_int", "text8", "text_of"]

DIGITS: Final = 8
_NUMBER: Final = re.compile(r"([0-9]{1,20})(\.[0-9]{1,20})?")
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")
_CLIENT_ID: Final = re.compile(r"[a-zA-Z0-9\-_]{1,36}")
_PLACES: Final = Decimal("0.00000001")


def read_decimal(params: dict[str, str], name: str, digits: int = DIGITS) -> Decimal | None:
    """Read a decimal above zero; None when it is not there. Raises ApiError -1100, -1105, -1111, -1102."""
    text = params.get(name)
    if text is None:
        return None
    if not text:
        raise ApiError(-1105, f"Parameter '{name}' was empty.")
    if _NUMBER.fullmatch(text) is None:
        raise ApiError(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'.",
        )
    value = Decimal(text)
    point = text.find(".")
    if point >= 0 and len(text) - point - 1 > digits and value != round(value, digits):
        raise ApiError(-1111, f"Parameter '{name}' has too much precision.")
    return value


def read_int(params: dict[str, str], name: str) -> int | None:
    """Read a whole number; None when it is not there. Raises ApiError -1100 or -1105."""
    text = params.get(name)
    if text is None:
        return None
    if not text:
        raise ApiError(-1105, f"Parameter '{name}' was empty.")
    if _WHOLE.fullmatch(text) is None:
        raise ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
    return int(text)


def bounded(params: dict[str, str], name: str, default: int, most: int) -> int:
    """Read a count from 1 on; one above ``most`` counts as ``most``, as the venue takes it. Raises ApiError."""
    value = read_int(params, name)
    if value is None:
        return default
    if value < 1:
        raise malformed(name)
    return min(value, most)


def flag(params: dict[str, str], name: str, default: bool = False) -> bool:
    """Read true or false. Raises ApiError -1102."""
    text = params.get(name)
    if text is None:
        return default
    if text.lower() not in ("true", "false"):
        raise malformed(name)
    return text.lower() == "true"


def choice(params: dict[str, str], name: str, allowed: tuple[str, ...], default: str | None = None) -> str | None:
    """Read one word of several; ``default`` when it is not there. Raises ApiError -1102."""
    text = params.get(name)
    if text is None:
        return default
    if text not in allowed:
        raise malformed(name)
    return text


def client_id(params: dict[str, str], name: str) -> str | None:
    """Read a client order id; None when it is not there. Raises ApiError -1100."""
    text = params.get(name)
    if text is None:
        return None
    if _CLIENT_ID.fullmatch(text) is None:
        raise ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[a-zA-Z0-9-_]{{1,36}}$'.")
    return text


def text8(value: Decimal) -> str:
    """Write a number with eight digits behind the point, cut off there."""
    return f"{value.quantize(_PLACES, ROUND_DOWN):f}"


def text_of(value: Decimal | None) -> str:
    """Write a number, or zero for None."""
    return "0.00000000" if value is None else text8(value)
