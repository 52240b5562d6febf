"""What each code of the error callback means for an order, a request or the link (pure).

Libraries disagree on 105, 110, 321, 329 and 434, and TWS adds codes: settings can change any of them. A code that is not here
is UNKNOWN, which never ends an order. Source: ibkr.md section 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from autotrader.execution.adapters.ibkr.messages import ErrorKind

__all__ = [
    "CLIENT_ID_IN_USE", "DATA_KEPT", "DATA_LOST", "KINDS", "NOT_SUBSCRIBED", "READ_ONLY", "RESTORED", "SESSION_LOST", "kind_of",
]  # fmt: skip

CLIENT_ID_IN_USE: Final = 326
READ_ONLY: Final = 321
"""Validation failed; with the Read-Only API setting for every order."""
SESSION_LOST: Final = frozenset({1100, 2110})
"""TWS has lost IB's servers; our socket stands."""
DATA_LOST: Final = 1101
DATA_KEPT: Final = 1102
RESTORED: Final = frozenset({DATA_LOST, DATA_KEPT})
"""It has them again: subscriptions are gone, or are kept; the books are to be asked anew either way."""
NOT_SUBSCRIBED: Final = frozenset({354, 10089, 10090, 10168, 10186})
"""No permission for this market data."""

_BY_KIND: Final[Mapping[ErrorKind, tuple[int, ...]]] = {
    ErrorKind.INFO: (2100, 2104, 2106, 2107, 2108, 2119, 2158),
    ErrorKind.WARNING: (
        399, 404, 481, 492, 2101, 2103, 2105, 2109, 2137, 2148, 2157, 2161, 2168, 2169, 2174, 10167, 10197, 10225, 10349,
    ),
    ErrorKind.REJECT: (
        102, 103, 106, 107, 109, 111, 113, 133, 163, 200, 201, 203, 322, 328, 382, 383, 387, 388, 391, 412, 434, 435, 436, 451,
        460, 463, 10006, 10015, 10016, 10052, 10268, 10269, 10274, 10285, 10289, 10293, 10311, 10314,
    ),
    ErrorKind.REJECT_OR_MODIFY: (110, 320, 321),
    ErrorKind.MODIFY: (104, 105, 134, 329, 2102),
    ErrorKind.CANCEL: (135, 136, 161, 10147, 10148),
    ErrorKind.DATA: (162, 165, 300, 309, 310, 317, 354, 366, 10089, 10090, 10168, 10182, 10186),
    ErrorKind.CONNECTION: (100, 326, *range(501, 510), 520, 579, 1100, 1101, 1102, 1300, 2110),
    ErrorKind.CANCELED: (202,),
}  # fmt: skip

KINDS: Final[Mapping[int, ErrorKind]] = {code: kind for kind, codes in _BY_KIND.items() for code in codes}
"""Every code of the table."""


def kind_of(code: int, overrides: Mapping[int, ErrorKind] = {}) -> ErrorKind:  # noqa: B006  read only
    """Return what a code means; the rest of 2100 to 2199 are warnings, and what is not known is UNKNOWN."""
    kind = overrides.get(code) or KINDS.get(code)
    if kind is not None:
        return kind
    return ErrorKind.WARNING if 2100 <= code <= 2199 else ErrorKind.UNKNOWN
