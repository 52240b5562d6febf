"""The words of orderStatus (pure): they drive an order's state and never its fills. Source: ibkr.md section 7."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["Standing", "standing_of"]


class Standing(StrEnum):
    """Where an order stands at TWS."""

    SUBMITTED = "SUBMITTED"
    """TWS has it, nobody has accepted it."""
    WORKING = "WORKING"
    PENDING_CANCEL = "PENDING_CANCEL"
    """A cancel is under way; it can still fill."""
    CANCELED = "CANCELED"
    """Cancelled, or rejected late: the error says which. A fill may still follow."""
    FILLED = "FILLED"
    """Done once the executions add up."""
    INACTIVE = "INACTIVE"
    """Rejected where an error with a rejecting code came, else held, and it may come back."""
    UNKNOWN = "UNKNOWN"
    """Not a word of the table: ask, and change nothing."""


_WORDS: Final = {
    "ApiPending": Standing.SUBMITTED, "PendingSubmit": Standing.SUBMITTED, "PreSubmitted": Standing.WORKING,
    "Submitted": Standing.WORKING, "PendingCancel": Standing.PENDING_CANCEL, "ApiCancelled": Standing.CANCELED,
    "Cancelled": Standing.CANCELED, "Filled": Standing.FILLED, "Inactive": Standing.INACTIVE,
}  # fmt: skip


def standing_of(status: str) -> Standing:
    """Return what a status says."""
    return _WORDS.get(status, Standing.UNKNOWN)
