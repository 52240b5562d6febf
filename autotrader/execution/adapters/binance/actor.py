"""Binance's broker: requests of the engine as calls, and what the venue says as the engine's events.

Layers: ``calling`` makes calls, ``session`` connects and hands over, this one knows orders. Source: binance.md sections 3, 8
and 10.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from autotrader.actors import handles
from autotrader.errors import EncodeError, InvalidOrder
from autotrader.execution.adapters.binance.calling import Trouble
from autotrader.execution.adapters.binance.codec import (
    AccountView,
    BalanceMoved,
    Call,
    CallKind,
    ListEvent,
    LockMoved,
    MarketView,
    OrderEventTold,
    Outcome,
    UnknownEvent,
    UserFrame,
    cancel_all_call,
    cancel_call,
    check_filters,
    clock_call,
    is_replacement,
    order_number,
    replace_call,
    sellable,
    snap_price,
    submit_call,
)
from autotrader.execution.adapters.binance.ending import end_of
from autotrader.execution.adapters.binance.errands import Errand, body_of
from autotrader.execution.adapters.binance.lanes import Duty, Job
from autotrader.execution.adapters.binance.reading import Answered, Books, Scope, ask_order, read_books
from autotrader.execution.adapters.binance.registry import Known
from autotrader.execution.adapters.binance.session import SessionBroker, Stage
from autotrader.messages import (
    CancelRejected,
    Message,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    ProbeVenue,
    QueryOrder,
    QuoteUpdate,
    ReplaceRejected,
    SendCancel,
    SendCancelAll,
    SendOrder,
    SendReplace,
    SnapshotTaken,
    TakeSnapshot,
)
from autotrader.model import ZERO, LinkState, Quote, WriteClass

__all__ = ["BinanceBrokerActor"]

SECOND: Final = 1_000_000_000
CANCEL_AGE_NS: Final = 30 * SECOND
ASK_AGAIN_NS: Final = 5 * SECOND
MOST_CARRIED: Final = 5_000
OWN_CHECK: Final = "trades"
OVERLAP_NS: Final = 60 * SECOND


class BinanceBrokerActor(SessionBroker):
    """Binance's single voice. See ``SessionBroker`` and ``CallingBroker`` for what it is made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._quotes: dict[str, Quote] = {}
        self._asked: set[str] = set()  # orders about which a query is under way
        self._reading: set[str] = set()  # purposes for which the books are being read
        self._wanted: dict[str, TakeSnapshot] = {}  # what was asked for again meanwhile
        self._trades_due_ns = self._trades_since_ns = 0
        self._dust: dict[str, str] = {}
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
        market = self._market(order.symbol)
        call = submit_call(command, self.codec, rules, market.nearest)
        account = AccountView(
            self.registry.count_open(order.symbol), self.registry.count_open(order.symbol, algo=True),
            self.registry.count_open(), self.registry.count_open(algo=True),
        )  # fmt: skip
        if order.cap_price is not None:  # the cap goes out on the tick
            order = msgspec.structs.replace(order, cap_price=snap_price(order.cap_price, order.side, rules))
        breaches = check_filters(order, rules, market, account, self.greeting.exchange.exchange)
        if breaches:
            text = "; ".join(one.text for one in breaches)
            raise InvalidOrder(f"Binance's filter {breaches[0].filter}: {text}", code=f"FILTER_{breaches[0].filter}")
        return call

    def _market(self, symbol: str) -> MarketView:
        quote = self._quotes.get(symbol)
        return MarketView() if quote is None else MarketView(bid=quote.bid, ask=quote.ask)

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
            call = replace_call(command, known.standing(), self.codec, rules, self._market(known.symbol).nearest)
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

    # ------------------------------------------------------------ questions

    def query_order(self, query: QueryOrder) -> None:
        """Ask what became of an order, unless that is being asked."""
        name = query.client_order_id
        if name in self._asked:
            return
        known = self.registry.get(name)
        wire_id, carried = (name, ZERO) if known is None else (known.wire_id, known.carried)
        self._asked.add(name)
        self.run(
            ask_order(query, wire_id, carried, self.codec), lambda answered: self._on_answered(name, answered),
            lambda trouble: self._on_unanswered(name, trouble),
        )  # fmt: skip

    def _on_answered(self, name: str, answered: Answered) -> None:
        self._asked.discard(name)
        self.carried.update(answered.carried)
        for facts in answered.orders:
            if facts.client_order_id == name:
                self.registry.meet(facts)
        for message in answered.told:
            self.tell(message)

    def _on_unanswered(self, name: str, trouble: Trouble) -> None:
        self._asked.discard(name)
        self.log.bind(venue=self.venue, order_id=name).info("a query was not answered: {}", trouble)

    def take_snapshot(self, request: TakeSnapshot) -> None:
        """Read the books; for the same purpose one reading at a time, but for the kill sweep's."""
        if self.offset_ns is None:
            self.told.append(SnapshotTaken(self.venue, request.purpose, None, self.link_reason))
        elif request.purpose in self._reading:
            self._wanted[request.purpose] = request
        else:
            self._read_books(request)

    def _read_books(self, request: TakeSnapshot) -> None:
        purpose = request.purpose
        symbols = tuple(dict.fromkeys((*self.settings.symbols, *sorted(self.registry.symbols()))))
        scope = Scope(symbols, self.clock.now_ns(), request.trades_since_ns, self.offset_ns or 0)
        self._reading.add(purpose)
        self.run(
            read_books(scope, self.codec, self.registry.name_of), lambda books: self._on_read(purpose, books),
            lambda trouble: self._on_not_read(purpose, trouble), urgent=purpose.startswith("kill"),
        )  # fmt: skip

    def _on_read(self, purpose: str, books: Books) -> None:
        self.take_books(books)
        self.told.append(SnapshotTaken(self.venue, purpose, books.snapshot))
        self._read_again(purpose)

    def _on_not_read(self, purpose: str, trouble: Trouble) -> None:
        if purpose != OWN_CHECK:
            self.told.append(SnapshotTaken(self.venue, purpose, None, str(trouble)))
        self._read_again(purpose)

    def _read_again(self, purpose: str) -> None:
        self._reading.discard(purpose)
        request = self._wanted.pop(purpose, None)
        if request is not None:
            self._read_books(request)

    def probe(self, request: ProbeVenue) -> None:
        """Ask for the venue's time: how that goes is counted as any call."""
        self.run(_ask_time(), lambda _: None, lambda _: None)

    @handles(QuoteUpdate)
    def _on_quote(self, update: QuoteUpdate) -> None:
        if update.quote.venue == self.venue:
            self._quotes[update.quote.symbol] = update.quote

    # ------------------------------------------------------------ what is known from the books, what is due

    def take_books(self, books: Books) -> None:
        """Learn from the venue's books, and name what is too little to be sold (binance.md 10.10)."""
        super().take_books(books)
        snapshot = books.snapshot
        listed = {(facts.symbol, facts.order_id) for facts in books.orders}
        if len(self.carried) > MOST_CARRIED:
            for key in [key for key in self.carried if self.registry.name_of(*key) is None]:
                del self.carried[key]
        self.registry.keep_listed(listed, books.symbols, snapshot.asked_ns - 60 * SECOND)
        for known in self.registry.open_orders():
            if known.ends_ns is None and known.client_order_id in self.memory.ends:
                known.ends_ns, known.time_in_force = self.memory.ends[known.client_order_id]
        self._trades_since_ns = snapshot.asked_ns
        self._trades_due_ns = self.wall.monotonic_ns() + round(self.settings.trades_every_s * SECOND)
        for rules in () if self.greeting is None else self.greeting.rules.values():
            free = next((one.free for one in books.state.balances if one.asset == rules.base), None)
            why = "" if not free else sellable(free, self._market(rules.symbol).nearest, rules).why
            if why and self._dust.get(rules.symbol) != why:
                self.log.bind(venue=self.venue, symbol=rules.symbol).warning(
                    "{:f} {} is dust: {} lets no order sell it", free, rules.base, why
                )
            self._dust[rules.symbol] = why

    def on_pulse(self, now_ns: int) -> None:
        """End orders whose time is over; look for trades that the stream did not tell."""
        if self.stage is not Stage.HERE:
            return
        engine_ns = self.clock.now_ns()
        for known in self.registry.open_orders():
            if known.ends_ns is not None and known.ends_ns <= engine_ns:
                self._end(known, engine_ns)
        if now_ns >= self._trades_due_ns:
            self._trades_due_ns = now_ns + round(self.settings.trades_every_s * SECOND)
            self.take_snapshot(TakeSnapshot(self.venue, max(self._trades_since_ns - OVERLAP_NS, 0), OWN_CHECK))

    def _end(self, known: Known, engine_ns: int) -> None:
        """Cancel an order at the end of its time in force; again after a while if it is still there."""
        known.ending = True
        known.ends_ns = engine_ns + ASK_AGAIN_NS
        number = None if known.number is None else str(known.number)
        self.send_cancel(SendCancel(known.client_order_id, number, known.symbol))


def _ask_time() -> Errand[bytes]:
    return body_of((yield clock_call()))
