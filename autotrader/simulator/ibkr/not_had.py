"""Requests that TWS knows and this venue does not have, and what is said to them. Data alone.

The codes are those that TWS gives where such data is not there (source: its list of message codes). 321 is not among them where
a request has an id: ib_async takes that for a warning, and would wait on.
"""

from __future__ import annotations

from typing import Final

__all__ = ["NOT_HAD", "NO_ID"]

NO_ID: Final = -1
_HMDS: Final = (162, "Historical Market Data Service error message:HMDS query returned no data")
_NEWS: Final = (10276, "News feed is not allowed.")
_PRICES: Final = (10090, "Part of requested market data is not subscribed.")


def _cannot(what: str) -> tuple[int, str]:
    return 322, f"Error processing request.-'bM' : cause - This simulated TWS has no {what}."


NOT_HAD: Final[dict[int, tuple[int, tuple[int, str]]]] = {
    10: (1, (10092, "Deep market data is not supported for this combination of security type/exchange")),
    18: (NO_ID, (321, "Error validating request.-'bM' : cause - FA data operations ignored for non FA customers.")),
    19: (NO_ID, (321, "Error validating request.-'bM' : cause - FA data operations ignored for non FA customers.")),
    20: (0, _HMDS), 21: (1, _cannot("exercising of options")),
    22: (0, (162, "Historical Market Data Service error message:Scanner data is not available")),
    50: (1, (420, "Invalid Real-time Query:No market data permissions")),
    52: (1, (430, "We are sorry, but fundamentals data for the security specified is not available.")),
    54: (1, _PRICES), 55: (1, _PRICES), 65: (NO_ID, _cannot("verification")), 66: (NO_ID, _cannot("verification")),
    67: (1, _cannot("display groups")), 72: (NO_ID, _cannot("verification")), 73: (NO_ID, _cannot("verification")),
    84: (0, (10172, "Failed to request news article.")), 86: (0, _NEWS), 87: (0, _HMDS), 88: (0, _HMDS), 96: (0, _HMDS),
    97: (0, (10189, "Failed to request tick-by-tick data.")), 100: (0, _NEWS), 102: (0, _NEWS),
}  # fmt: skip
"""By the request's id: where its own id stands, counted behind that, then code and text."""
