"""What an error of TWS means for the order that it names (pure). Source: ibkr.md section 9.

The class of its code and what is under way decide. A code that says nothing for sure changes nothing: the order is asked for.
"""

from __future__ import annotations

from typing import assert_never

from autotrader.execution.adapters.ibkr.following import Follower
from autotrader.execution.adapters.ibkr.messages import ErrorKind, ErrorTold
from autotrader.execution.adapters.ibkr.registry import Known, Stage
from autotrader.messages import CancelRejected, OrderRejected, ReplaceRejected

__all__ = ["AnsweringFollower"]


class AnsweringFollower(Follower):
    """Follows orders, and takes errors as answers to what was asked of them."""

    def on_error(self, told: ErrorTold) -> Known | None:
        """Take an error; returns the order that it names, None where its number is none of our orders'."""
        known = self.registry.by_order_id(told.id)
        if known is not None:
            self._take_error(known, told)
        return known

    def _take_error(self, known: Known, told: ErrorTold) -> None:
        kind = told.kind
        if kind is ErrorKind.REJECT or kind is ErrorKind.REJECT_OR_MODIFY:
            self._refused(known, told, certain=kind is ErrorKind.REJECT)
        elif kind is ErrorKind.MODIFY:
            if not self._replace_refused(known, told):
                self.doubt(known, f"{told.code} {told.text}, with no change of ours under way")
        elif kind is ErrorKind.CANCEL:
            self._cancel_refused(known, told)
        elif kind is ErrorKind.CANCELED:
            self.ended(known, told.recv_ns, f"{told.code} {told.text}")
        elif kind is ErrorKind.UNKNOWN or kind is ErrorKind.CONNECTION:
            self.doubt(known, f"{told.code} {told.text}")
        elif kind is ErrorKind.INFO or kind is ErrorKind.WARNING or kind is ErrorKind.DATA:
            pass  # the order lives; the broker writes the text down
        else:
            assert_never(kind)

    def _refused(self, known: Known, told: ErrorTold, *, certain: bool) -> None:
        if self._replace_refused(known, told):
            return
        known.refusal = (f"{told.code}", told.text)
        if known.stage < Stage.WORKING:
            self._rejected(known, told)
        elif not known.is_done and certain:
            self.doubt(known, f"{told.code} {told.text}, although it worked")

    def _rejected(self, known: Known, told: ErrorTold) -> None:
        self.answered.append((known, told.recv_ns))
        self.registry.close(known)
        self.told.append(
            OrderRejected(
                known.client_order_id, self.venue, told.recv_ns, known.venue_order_id, f"{told.code}", _text(told)
            )
        )

    def _replace_refused(self, known: Known, told: ErrorTold) -> bool:
        """Tell that a change was refused, if one is under way: the order stands as it was."""
        if known.replacing is None:
            return False
        known.refused, known.replacing = known.replacing.terms, None
        self.told.append(
            ReplaceRejected(
                known.client_order_id, self.venue, told.recv_ns, known.venue_order_id, f"{told.code}", _text(told)
            )
        )
        return True

    def _cancel_refused(self, known: Known, told: ErrorTold) -> None:
        """Tell that a cancel met nothing to cancel: that does not say how the order ended, so it is asked for."""
        if known.is_done and not known.cancelling:
            return
        known.cancelling = False
        self.told.append(
            CancelRejected(
                known.client_order_id, self.venue, told.recv_ns, known.venue_order_id, "too_late", f"{told.code}", _text(told)
            )
        )


def _text(told: ErrorTold) -> str:
    """Return the error's own words; TWS breaks lines in them by <br>."""
    return " ".join(told.text.replace("<br>", " ").split())[:300]
