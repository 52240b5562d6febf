"""Binance's broker: requests of the engine as calls, and what the venue says as the engine's events.

Layers: ``calling`` makes calls, ``streaming`` listens, ``session`` connects, ``asking`` reads, this one knows orders. Source:
binance.md sections 3, 8 and 10.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from autotrader.actors import handles
from autotrader.errors import EncodeError, InvalidOrder
from autotrader.execution.adapters.binance.asking import AskingBroker
from autotrader.execution.adapters.binance.caps import with_cap
from autotrader.execution.adapters.binance.codec import (
    AccountView,
    BalanceMoved,
    Call,
    CallKind,
    ListEvent,
    LockMoved,
    OrderEventTold,
    Outcome,
    UnknownEvent,
    UserFrame,
    cancel_all_call,
    cancel_call,
    check_filters,
    is_replacement,
    order_number,
    replace_call,
    submit_call,
)
from autotrader.execution.adapters.binance.ending import end_of
from autotrader.execution.adapters.binance.lanes import Duty, Job
from autotrader.execution.adapters.binance.registry import Known
from autotrader.execution.adapters.binance.session import Stage
from autotrader.messages import (
    CancelRejected,
    Message,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    ReplaceRejected,
    SendCancel,
    SendCancelAll,
    SendOrder,
    SendReplace,
)
from autotrader.model import LinkState, WriteClass

__all__ = ["BinanceBrokerActor"]

SECOND: Final = 1_000_000_000
CANCEL_AGE_NS: Final = 30 * SECOND
ASK_AGAIN_NS: Final = 5 * SECOND


class BinanceBrokerActor(AskingBroker):
    """Binance's single voice. See ``SessionBroker`` and ``CallingBroker`` for what it is made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._strange: set[str] = set()

    def on_stop(self) -> None:
        """Say of what still waits that it was not sent, then let go of all."""
        if self.crash is None:
            for job in self.lanes.take_waiting(Duty.ORDER):
                self.give_back(job, "DEADLINE_PASSED", "the engine stopped before it was sent")
            self.on_flush()
        super().on_stop()

    def count_open_orders(self) -> int:
        """Return how many orders the venue has open, as far as is known here."""
        return self.registry.count_open()

    # ------------------------------------------------------------ new orders

    def send_orders(self, commands: list[SendOrder]) -> None:
        """Encode, check against the venue's filters, and send, in this order."""
        for command in commands:
            self._send(command)
        self.pump()

    def _send(self, command: SendOrder) -> None:
        order, now_ns = command.order, self.clock.now_ns()
        if self.link is LinkState.DOWN or self.stage is not Stage.HERE:
            return self.attempt_failed(command, "not_sent", "LINK_DOWN", f"Binance cannot be reached: {self.link_reason}")
        age_ns = max(now_ns - order.created_ns, 0) if order.created_ns else 0
        left_ns = round(self.settings.submit_age_s * SECOND) - age_ns
        if left_ns < 0:
            return self.attempt_failed(command, "not_sent", "DEADLINE_PASSED", "the order is too old to be sent")
        try:
            ends_ns = end_of(order, self.settings.emulate, now_ns)
            call = self._encode(command)
        except (InvalidOrder, EncodeError) as error:
            code = error.code if isinstance(error, InvalidOrder) else "ENCODE"
            return self._deny(command, code, str(error))
        known = self.registry.sent(order)
        if ends_ns is not None:
            self.memory.ends[order.client_order_id] = (ends_ns, order.time_in_force)
            known.ends_ns, known.time_in_force = ends_ns, order.time_in_force
        self.enqueue(
            Duty.ORDER, call, command.receipt.write_class, order_id=order.client_order_id,
            expires_ns=self.wall.monotonic_ns() + left_ns, receipt=command.receipt, attempt=command.attempt,
        )  # fmt: skip
        return None

    def _encode(self, command: SendOrder) -> Call:
        """Return the call; raises InvalidOrder with FILTER_NAME as its code for what the venue's filters would refuse."""
        assert self.greeting is not None  # noqa: S101
        order = command.order
        rules = self.greeting.rules.get(order.symbol)
        if rules is None:
            raise InvalidOrder(f"{order.symbol} is not among venues.binance.symbols", code="SYMBOL_NOT_CONFIGURED")
        market = self.market(order.symbol)
        order = with_cap(order, rules, market)
        command = msgspec.structs.replace(command, order=order)
        call = submit_call(command, self.codec, rules, market.nearest)
        account = AccountView(
            self.registry.count_open(order.symbol), self.registry.count_open(order.symbol, algo=True),
            self.registry.count_open(), self.registry.count_open(algo=True),
        )  # fmt: skip
        breaches = check_filters(order, rules, market, account, self.greeting.exchange.exchange)
        if breaches:
            text = "; ".join(one.text for one in breaches)
            raise InvalidOrder(f"Binance's filter {breaches[0].filter}: {text}", code=f"FILTER_{breaches[0].filter}")
        return call

    def _deny(self, command: SendOrder, code: str, reason: str) -> None:
        """End an order that is proved not to have left: the venue would refuse it."""
        name = command.order.client_order_id
        self.tell(OrderNotSent(name, self.venue, self.clock.now_ns(), None, code, reason))

    # ------------------------------------------------------------ new terms, ends

    def send_replace(self, command: SendReplace) -> None:
        """Amend where only the quantity shrinks, else cancel and replace in one call."""
        own = command.order.client_order_id
        if self.link is LinkState.DOWN or self.stage is not Stage.HERE or self.greeting is None:
            return self.attempt_failed(command, "not_sent", "LINK_DOWN", f"Binance cannot be reached: {self.link_reason}")
        known, rules = self.registry.get(own), self.greeting.rules.get(command.order.symbol)
        if known is None or rules is None:
            return self._refuse_replace(command, "UNKNOWN_ORDER", "the adapter does not know the order: query it first")
        try:
            call = replace_call(command, known.standing(), self.codec, rules, self.market(known.symbol).nearest)
        except (InvalidOrder, EncodeError) as error:
            code = error.code if isinstance(error, InvalidOrder) else "ENCODE"
            return self._refuse_replace(command, code, str(error))
        self.enqueue(
            Duty.ORDER, call, command.receipt.write_class, order_id=own,
            expires_ns=self.wall.monotonic_ns() + round(self.settings.submit_age_s * SECOND), receipt=command.receipt,
            attempt=command.attempt,
        )  # fmt: skip
        return self.pump()

    def _refuse_replace(self, command: SendReplace, code: str, reason: str) -> None:
        name = command.order.client_order_id
        self.tell(ReplaceRejected(name, self.venue, self.clock.now_ns(), command.venue_order_id, code, reason))

    def send_cancel(self, command: SendCancel) -> None:
        """Cancel by the best id known; an order that has not left yet is taken back instead."""
        waiting = self.lanes.withdraw(command.client_order_id)
        if waiting is not None and isinstance(waiting.call.command, SendOrder):
            return self._deny(waiting.call.command, "WITHDRAWN", "cancelled while the order waited to be sent")
        if waiting is not None and isinstance(waiting.call.command, SendReplace):
            self._refuse_replace(waiting.call.command, "WITHDRAWN", "cancelled while the change waited to be sent")
        known = self.registry.get(command.client_order_id)
        try:
            call = cancel_call(self._by_newest_id(command, known), None if known is None else known.wire_id)
        except (InvalidOrder, EncodeError) as error:
            now_ns, name = self.clock.now_ns(), command.client_order_id
            return self.tell(CancelRejected(name, self.venue, now_ns, command.venue_order_id, "final", "ENCODE", str(error)))
        self.enqueue(
            Duty.CANCEL, call, WriteClass.CANCEL, order_id=command.client_order_id,
            expires_ns=self.wall.monotonic_ns() + CANCEL_AGE_NS, attempt=command.attempt,
            only_open=known is not None and not known.is_done,
        )  # fmt: skip
        return self.pump()

    def is_moot(self, job: Job) -> bool:
        """Say whether a cancel has become needless while it waited: its order has ended."""
        known = self.registry.get(job.order_id) if job.only_open else None
        return known is not None and known.is_done

    def _by_newest_id(self, command: SendCancel, known: Known | None) -> SendCancel:
        """Return the cancel for the venue's order that is the newest, where one replaced another."""
        if known is None or known.number is None:
            return command
        told = None if command.venue_order_id is None else order_number(command.venue_order_id)
        if told is not None and told >= known.number:
            return command
        return msgspec.structs.replace(command, venue_order_id=str(known.number))

    @handles(SendCancelAll)
    def send_cancel_all(self, command: SendCancelAll) -> None:
        """Cancel all that is open on a symbol, in one call."""
        if command.venue == self.venue:
            self.enqueue(
                Duty.CANCEL, cancel_all_call(command.symbol), WriteClass.CANCEL, urgent=True,
                expires_ns=self.wall.monotonic_ns() + CANCEL_AGE_NS,
            )  # fmt: skip
            self.pump()

    # ------------------------------------------------------------ answers

    def settle(self, job: Job, outcome: Outcome) -> None:
        """Tell what a write came to, and learn from it."""
        for (symbol, number), carried in outcome.carried:
            self.carried[(symbol, number)] = carried
            command = job.call.command
            if isinstance(command, SendReplace):
                name = command.order.client_order_id
                self.registry.carry(name, number, carried, job.call.wire_id)
        for message in outcome.told:
            self.tell(message)
        known = self.registry.get(job.order_id)
        if known is not None and job.call.kind is CallKind.AMEND and outcome.error_class is None:
            known.amends += 1
        for failure in outcome.failures:
            if isinstance(failure.command, SendOrder):
                self.registry.not_sent(failure.command.order.client_order_id)
        self.take_failures(outcome.failures)

    def tell(self, message: Message) -> None:
        """Tell the order manager, and follow it here; what the adapter ended by itself has expired."""
        if isinstance(message, OrderCanceled):
            known = self.registry.get(message.client_order_id)
            if known is not None and known.ending:
                reason = f"{known.time_in_force} is over"
                message = OrderExpired(message.client_order_id, self.venue, message.ts_ns, message.venue_order_id, reason)
        elif isinstance(message, CancelRejected):
            known = self.registry.get(message.client_order_id)
            if known is not None and known.ending and message.kind == "too_late":
                known.ends_ns = None  # it is over already: how, the order manager asks
        listed = isinstance(message, OrderFilled) and (message.fill.symbol, message.fill.trade_id) in self.listed_trades
        if not listed:
            self.told.append(message)
        self.registry.hear(message)
        if self.memory.ends and isinstance(message, OrderCanceled | OrderExpired | OrderFilled | OrderNotSent | OrderRejected):
            self._forget_end(message.client_order_id)

    def _forget_end(self, client_order_id: str) -> None:
        known = self.registry.get(client_order_id)
        if known is not None and known.is_done:
            self.memory.ends.pop(client_order_id, None)

    def take_event(self, event: UserFrame) -> None:
        """Take an event of the user stream."""
        if isinstance(event, OrderEventTold):
            report = event.report
            for message in event.messages:
                self.tell(message)
            if is_replacement(report.wire_id):
                self._note_successor(report.wire_id, report.symbol, report.order_id)
        elif isinstance(event, BalanceMoved | LockMoved):
            word = "moved" if isinstance(event, BalanceMoved) else "was locked or freed by another product"
            self.log.bind(venue=self.venue, asset=event.asset).info("{:f} {} {}", event.delta, event.asset, word)
        elif isinstance(event, ListEvent):
            self.log.bind(venue=self.venue).info("order list {} is {}", event.list_id, event.list_status)
        elif isinstance(event, UnknownEvent) and event.kind not in self._strange:
            self._strange.add(event.kind)
            self.log.bind(venue=self.venue).warning("an event of a kind that is not known: {!r}", event.kind[:40])

    def _note_successor(self, wire_id: str, symbol: str, number: int) -> None:
        """Note what the orders before a replacement had filled, if the stream is quicker than the answer."""
        known = self.registry.get(wire_id[:32])
        if known is not None and (symbol, number) not in self.carried and known.wire_id != wire_id:
            carried = known.filled
            self.carried[(symbol, number)] = carried
            self.registry.carry(known.client_order_id, number, carried, wire_id)

    # ------------------------------------------------------------ what is due

    def on_pulse(self, now_ns: int) -> None:
        """End orders whose time is over; look for trades that the stream did not tell."""
        if self.stage is not Stage.HERE:
            return
        engine_ns = self.clock.now_ns()
        for known in self.registry.open_orders():
            if known.ends_ns is not None and known.ends_ns <= engine_ns:
                self._end(known, engine_ns)
        self.check_trades(now_ns)

    def _end(self, known: Known, engine_ns: int) -> None:
        """Cancel an order at the end of its time in force; again after a while if it is still there."""
        known.ending = True
        known.ends_ns = engine_ns + ASK_AGAIN_NS
        number = None if known.number is None else str(known.number)
        self.send_cancel(SendCancel(known.client_order_id, number, known.symbol))
