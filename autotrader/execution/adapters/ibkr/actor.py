"""Interactive Brokers' broker: requests of the engine as jobs for the link, and what TWS says as the engine's events.

Layers: ``linking`` writes, ``readings`` reads lists, ``session`` connects, ``asking`` answers questions, this one knows orders.
Source: ibkr.md sections 6, 7 and 10.
"""

from __future__ import annotations

from typing import Final, assert_never

from autotrader.actors import handles
from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.ibkr.asking import AskingBroker
from autotrader.execution.adapters.ibkr.linking import Command, Job
from autotrader.execution.adapters.ibkr.messages import CancelRequest, GlobalCancelRequest, PlaceRequest, TwsWritten
from autotrader.execution.adapters.ibkr.orders import new_terms, terms_of
from autotrader.execution.adapters.ibkr.registry import Known, NewTerms, Stage
from autotrader.execution.adapters.ibkr.session import Stage as LinkStage
from autotrader.messages import (
    CancelRejected,
    OrderNotSent,
    OrderUnknown,
    QuoteUpdate,
    ReplaceRejected,
    SendCancel,
    SendCancelAll,
    SendOrder,
    SendReplace,
)
from autotrader.model import WriteClass

__all__ = ["IbkrBrokerActor"]

SECOND: Final = 1_000_000_000
CANCEL_AGE_S: Final = 30.0
_FINAL: Final = frozenset({"ENCODE", "OVERTAKEN", "PACED_OUT"})
"""Our own no, which another attempt would only meet again."""


class IbkrBrokerActor(AskingBroker):
    """Interactive Brokers' single voice. See ``LinkingBroker`` for what it is made with."""

    def count_open_orders(self) -> int:
        """Return how many orders of ours are open, as far as is known here."""
        return self.follower.registry.count_open()

    @handles(QuoteUpdate)
    def _on_quote(self, _: QuoteUpdate) -> None:
        """Pass over quotes: nothing here needs them."""

    # ------------------------------------------------------------ new orders

    def send_orders(self, commands: list[SendOrder]) -> None:
        """Put into TWS's words and have written, in this order."""
        for command in commands:
            self._send(command)

    def _send(self, command: SendOrder) -> None:
        order, now_ns = command.order, self.clock.now_ns()
        if self.stage is not LinkStage.HERE:
            return self.attempt_failed(command, "not_sent", "LINK_DOWN", f"IB cannot be reached: {self._why()}")
        age_ns = max(now_ns - order.created_ns, 0) if order.created_ns else 0
        left_s = self.settings.submit_age_s - age_ns / SECOND
        if left_s <= 0:
            return self.attempt_failed(command, "not_sent", "DEADLINE_PASSED", "the order is too old to be sent")
        try:
            request = self._placement(command)
        except InvalidOrder as error:
            return self._deny(command, error.code, str(error))
        known = self.follower.registry.placed(order, request.order_id, request.contract, request.terms)
        known.sent_ns = now_ns
        return self.write(
            request, command.receipt.write_class, kind="order", command=command, known=known, receipt=command.receipt,
            attempt=command.attempt, within_s=left_s,
        )  # fmt: skip

    def _placement(self, command: SendOrder) -> PlaceRequest:
        """Return what to place; raises InvalidOrder for what cannot be, or not now."""
        order = command.order
        window = self.settings.window_at(self.clock.now_ns())
        if window is not None:
            why = f"nothing new is sent at {window}: TWS may lose it (venues.ibkr.reset_windows)"
            raise InvalidOrder(why, code="RESET_WINDOW")
        traded = self.listing.traded.get(order.symbol)
        if traded is None:
            raise InvalidOrder(f"{order.symbol} is not among venues.ibkr.symbols", code="SYMBOL_NOT_CONFIGURED")
        terms = terms_of(order, traded.contract, tick=traded.tick, outside_rth=self.settings.outside_rth)
        return PlaceRequest(self.memory.ids.take(), traded.contract, terms)

    def _why(self) -> str:
        return self.link_reason if self.stage in (LinkStage.WAITING, LinkStage.CUT_OFF) else self.stage.value

    def _deny(self, command: SendOrder, code: str, reason: str) -> None:
        """End an order that is proved not to have left."""
        self.tell(OrderNotSent(command.order.client_order_id, self.venue, self.clock.now_ns(), None, code, reason))

    # ------------------------------------------------------------ new terms, ends

    def send_replace(self, command: SendReplace) -> None:
        """Place the same order id with other terms; only what TWS has acknowledged, or that could be a second order."""
        known = self.follower.registry.get(command.order.client_order_id)
        if self.stage is not LinkStage.HERE:
            return self.attempt_failed(command, "not_sent", "LINK_DOWN", f"IB cannot be reached: {self._why()}")
        problem = self._cannot_replace(known)
        if problem is not None or known is None or known.terms is None or known.contract is None:
            code, reason = problem or ("UNKNOWN_ORDER", "the order's terms are not known: query it first")
            return self._refuse_replace(command, code, reason)
        terms = new_terms(known.terms, command.quantity, command.price, command.stop_price)
        if terms == known.terms:
            return self._refuse_replace(command, "NO_CHANGE", "the order has these terms already")
        known.replacing = NewTerms(command.quantity, command.price, command.stop_price, terms)
        known.sent_ns = self.clock.now_ns()
        traded = self.listing.traded.get(known.symbol)
        contract = known.contract if traded is None else traded.contract
        return self.write(
            PlaceRequest(known.order_id, contract, terms, is_new=False), command.receipt.write_class, kind="replace",
            command=command, known=known, receipt=command.receipt, attempt=command.attempt, within_s=self.settings.submit_age_s,
        )  # fmt: skip

    def _cannot_replace(self, known: Known | None) -> tuple[str, str] | None:
        window = self.settings.window_at(self.clock.now_ns())
        if window is not None:
            return "RESET_WINDOW", f"nothing is changed at {window}: TWS may lose it (venues.ibkr.reset_windows)"
        if known is not None and known.client_id != self.settings.client_id:
            return "OTHER_CLIENT", f"client id {known.client_id} placed it, and no other can change it"
        if known is None or known.order_id <= 0:
            return "UNKNOWN_ORDER", "the adapter does not know the order: query it first"
        if known.is_done:
            return "DONE", "the order has come to its end"
        if known.stage is not Stage.WORKING:
            return "NOT_ACKNOWLEDGED", "TWS has not acknowledged the order yet: a change could place it a second time"
        return ("BUSY", "another change of it is under way") if known.replacing is not None else None

    def _refuse_replace(self, command: SendReplace, code: str, reason: str) -> None:
        name = command.order.client_order_id
        self.tell(ReplaceRejected(name, self.venue, self.clock.now_ns(), command.venue_order_id, code, reason))

    def send_cancel(self, command: SendCancel) -> None:
        """Cancel by the order id; one that another client id placed, it alone can cancel."""
        known = self.follower.registry.get(command.client_order_id)
        if known is not None and known.client_id != self.settings.client_id:
            reason = f"client id {known.client_id} placed it, and no other can cancel it but by a global cancel"
            return self._refuse_cancel(command, "OTHER_CLIENT", reason)
        if known is None or known.order_id <= 0:
            return self._refuse_cancel(command, "UNKNOWN_ORDER", "no order id is known for it: it is looked for in TWS's lists")
        known.cancelling = True
        return self.write(
            CancelRequest(known.order_id), WriteClass.CANCEL, kind="cancel", command=command, known=known,
            attempt=command.attempt, within_s=CANCEL_AGE_S,
        )  # fmt: skip

    def _refuse_cancel(self, command: SendCancel, code: str, reason: str) -> None:
        name, now_ns = command.client_order_id, self.clock.now_ns()
        self.tell(CancelRejected(name, self.venue, now_ns, command.venue_order_id, "too_late", code, reason))

    @handles(SendCancelAll)
    def send_cancel_all(self, command: SendCancelAll) -> None:
        """Cancel all that is open at the login, in one message; not where that would hit its other accounts."""
        if command.venue != self.venue:
            return
        if command.symbol or self.others_open:
            why = f"{self.others_open} orders of other accounts are open" if self.others_open else "IB has none for one symbol"
            self.log.bind(venue=self.venue).warning("no global cancel: {}; orders are cancelled one by one", why)
            return
        for known in self.follower.registry.open_orders():
            known.cancelling = True
        self.write(GlobalCancelRequest(), WriteClass.CANCEL, kind="cancel_all", within_s=CANCEL_AGE_S)

    # ------------------------------------------------------------ what became of a write

    def on_written(self, job: Job, word: TwsWritten) -> None:
        """Take the link's word; what was heard of the order meanwhile counts more."""
        command, known = job.command, job.known
        if command is None or known is None:
            if word.fate != "written" and word.code != "NO_LINK":
                self.calls.note(failed=1, code=word.code)
            return
        if word.fate == "written":
            self._on_left(job, known, word)
        elif word.fate == "unknown":
            self.calls.note(failed=1, code=word.code)
            self._on_doubt(command, known, word)
        elif isinstance(command, SendOrder):
            self._on_order_stayed(command, known, word)
        elif isinstance(command, SendReplace):
            self._on_replace_stayed(command, known, word)
        else:
            self._on_cancel_stayed(command, known, word)

    def _on_left(self, job: Job, known: Known, word: TwsWritten) -> None:
        if job.kind == "order":
            known.stage = max(known.stage, Stage.WRITTEN)
            known.written_ns = known.written_ns or word.written_ns

    def _on_doubt(self, command: Command, known: Known, word: TwsWritten) -> None:
        name, now_ns = known.client_order_id, self.clock.now_ns()
        if isinstance(command, SendOrder):
            if known.stage < Stage.WORKING:
                known.stage = Stage.WRITTEN
                self.tell(OrderUnknown(name, self.venue, now_ns, known.venue_order_id, "submit", word.reason))
        elif isinstance(command, SendReplace):
            if known.replacing is not None:
                self.tell(OrderUnknown(name, self.venue, now_ns, known.venue_order_id, "replace", word.reason))
        elif isinstance(command, SendCancel):
            if not known.is_done:
                self.tell(OrderUnknown(name, self.venue, now_ns, known.venue_order_id, "cancel", word.reason))
        else:
            assert_never(command)

    def _on_order_stayed(self, command: SendOrder, known: Known, word: TwsWritten) -> None:
        self.follower.registry.not_sent(known)
        if word.code == "OVERTAKEN":
            self._deny(command, "WITHDRAWN", "cancelled while the order waited to be sent")
        elif word.code in _FINAL:
            self._deny(command, word.code, word.reason)
        else:
            self.attempt_failed(command, "not_sent", word.code, word.reason)

    def _on_replace_stayed(self, command: SendReplace, known: Known, word: TwsWritten) -> None:
        known.replacing = None
        if word.code in _FINAL:
            self._refuse_replace(command, word.code, word.reason)
        else:
            self.attempt_failed(command, "not_sent", word.code, word.reason)

    def _on_cancel_stayed(self, command: SendCancel, known: Known, word: TwsWritten) -> None:
        known.cancelling = False
        if word.code != "NOT_PLACED":  # then the order has been given up too, and that is told
            self.attempt_failed(command, "not_sent", word.code, word.reason)

    def on_acknowledged(self, known: Known, recv_ns: int) -> None:
        """Count the answer to a new order, and time it."""
        if known.order is None:
            return
        answered_ns = self.since(recv_ns)
        self.calls.note(ok=1, took_ns=max(answered_ns - known.written_ns, 0) if known.written_ns else 0)
        self.timed.append((known.client_order_id, known.written_ns, answered_ns))

    # ------------------------------------------------------------ what is due

    def on_pulse(self, now_ns: int) -> None:
        """Doubt orders that TWS has not answered; look for what was not told."""
        if self.stage is not LinkStage.HERE:
            return
        for known in self.follower.registry.open_orders():
            if known.stage is Stage.WRITTEN and known.written_ns and now_ns - known.written_ns > self._deadline_ns:
                known.written_ns = 0
                self.calls.note(failed=1, code="NO_ANSWER")
                reason = f"TWS has not answered for {self.settings.deadline_s:g} s"
                self.tell(OrderUnknown(known.client_order_id, self.venue, self.clock.now_ns(), None, "submit", reason))
        self.look_around(now_ns)

    @property
    def _deadline_ns(self) -> int:
        return round(self.settings.deadline_s * SECOND)

