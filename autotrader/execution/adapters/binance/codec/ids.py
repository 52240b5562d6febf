"""Client and venue order ids, and the marks by which the two halves of a cancelReplace are known.

Client ids match ``^[a-zA-Z0-9-_]{1,36}$`` (binance.md section 3). Ours are 32 hex digits, which leaves four characters:
``<id>-xyz`` is the order that replaces another of ours, ``<id>_xyz`` the cancel of the one that it replaces. ``xyz`` comes from
the replaced order's venue id, so that asking for the same replace twice names the same new order.
"""

from __future__ import annotations

import re
from typing import Final

from autotrader.errors import EncodeError, InvalidOrder

__all__ = [
    "allocation_id", "cancel_mark", "is_cancel_mark", "is_ours_by_form", "is_replacement", "order_number", "own_id",
    "replacement_id", "sendable_id", "trade_number", "venue_order_id",
]

_LEGAL = re.compile(r"[a-zA-Z0-9_-]{1,36}").fullmatch
_OURS = re.compile(r"[0-9a-f]{32}(?:[-_][0-9a-z]{3})?").fullmatch
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_LENGTH: Final = 36
_BASE: Final = 32


def sendable_id(client_order_id: str) -> str:
    """Return the id if the venue takes it; raises EncodeError."""
    if _LEGAL(client_order_id) is None:
        raise EncodeError(f"client order id {client_order_id!r} is not 1 to 36 letters, digits, '-' or '_'")
    return client_order_id


def is_ours_by_form(wire_id: str) -> bool:
    """Say whether the id looks like one that this system makes, marked or not."""
    return _OURS(wire_id) is not None


def is_replacement(wire_id: str) -> bool:
    """Say whether the id is of an order that replaced another of ours."""
    return len(wire_id) == _LENGTH and wire_id[_BASE] == "-" and _OURS(wire_id) is not None


def is_cancel_mark(wire_id: str) -> bool:
    """Say whether the id is that of the cancelling half of a replace."""
    return len(wire_id) == _LENGTH and wire_id[_BASE] == "_" and _OURS(wire_id) is not None


def own_id(wire_id: str) -> str:
    """Return our client order id: the wire's, without a mark."""
    return wire_id[:_BASE] if len(wire_id) == _LENGTH and _OURS(wire_id) is not None else wire_id


def _mark(replaced: int) -> str:
    digits = ""
    for _ in range(3):
        replaced, digit = divmod(replaced, 36)
        digits = _DIGITS[digit] + digits
    return digits


def replacement_id(client_order_id: str, replaced: int) -> str:
    """Return the client id of the order that replaces the venue's order ``replaced``; raises EncodeError."""
    return sendable_id(f"{client_order_id}-{_mark(replaced)}")


def cancel_mark(client_order_id: str, replaced: int) -> str:
    """Return the id of the cancel that makes room for a replacement; raises EncodeError."""
    return sendable_id(f"{client_order_id}_{_mark(replaced)}")


def venue_order_id(symbol: str, number: int, qualified: bool) -> str:
    """Return the venue's order id as the engine knows it."""
    return f"{symbol}:{number}" if qualified else str(number)


_ALLOCATION: Final = "alloc-"


def allocation_id(number: int) -> str:
    """Return the trade id of an allocation, which the venue counts apart from trades (DOCS faqs/sor_faq.md: tradeId -1)."""
    return f"{_ALLOCATION}{number}"


def trade_number(trade_id: str) -> int | None:
    """Return the number that ``fromId`` of myTrades counts by; None for an allocation, which myTrades does not list."""
    return int(trade_id) if trade_id.isascii() and trade_id.isdigit() else None


def order_number(venue_id: str) -> int:
    """Return the venue's own number of an id, qualified or not; raises InvalidOrder."""
    text = venue_id.rpartition(":")[2]
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise InvalidOrder(f"{venue_id!r} is not an order id of Binance", code="BAD_VENUE_ORDER_ID")
    return int(text)
