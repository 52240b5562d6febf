"""What strategies and callers ask for: new orders, cancels, other terms, and an end to all of it."""

from __future__ import annotations

from autotrader.errors import Refused, Unavailable
from autotrader.messages import (
    CancelAsked,
    CancelOrder,
    ModifyOrder,
    OrderDenied,
    OrderIntended,
    ReplaceAsked,
    RequestRefused,
    SendOrder,
    SendReplace,
    SubmitOrder,
)
from autotrader.model import Order, OrderState, OrderUpdate
from autotrader.oms.desk import Desk
from autotrader.oms.floor import Floor
from autotrader.oms.orders import OrderRecord
from autotrader.risk.verdicts import BreachAction, Denied

__all__ = ["Requests"]

REPLACEABLE = frozenset({OrderState.OPEN, OrderState.PARTIALLY_FILLED})
MOST_WITHDRAWN = 1_000


class Requests:
    """Carries out commands on the floor. ``stopping`` holds the reason why no new order is taken any more."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.stopping = ""
        self._withdrawn: dict[str, None] = {}  # orders whose cancel has overtaken them, the oldest first

    def submit(self, command: SubmitOrder) -> None:
        """Check the limits; put the intent on record and release it once durable, or deny it."""
        floor, order = self._floor, command.order
        now_ns = floor.clock.now_ns()
        desk = floor.desks.get(order.venue)
        if order.client_order_id in floor.books.orders:
            return self._refuse_twin(order)
        if self.stopping or desk is None or order.client_order_id in self._withdrawn:
            return self._deny_early(order, now_ns)
        floor.refresh_balances()
        verdict = floor.limits.check(order, now_ns)
        if type(verdict) is Denied:
            return self._deny(order, verdict, now_ns)
        if verdict.warnings:
            self._warn(verdict.warnings, order.venue)
        floor.record(OrderIntended(verdict.order, now_ns))
        floor.metrics.on_order()
        floor.outbox.release(desk.resiliency, SendOrder(verdict.order, verdict.receipt))
        return None

    def _refuse_twin(self, order: Order) -> None:
        """Refuse a client order id that was used before: two live orders must never come from one intent."""
        reason = f"order {order.client_order_id} exists already; use a new client order id"
        self._floor.metrics.on_denied("DUPLICATE_ID")
        self._refuse(order.client_order_id, "submit", order.strategy, "DUPLICATE_ID", reason)

    def _warn(self, warnings: tuple[str, ...], venue: str) -> None:
        for warning in warnings:
            self._floor.alarm("NEAR_LIMIT", warning, venue=venue)

    def _deny_early(self, order: Order, now_ns: int) -> None:
        if self.stopping:
            return self._deny(order, Denied("STOPPING", f"no new orders: {self.stopping}"), now_ns)
        if order.client_order_id in self._withdrawn:
            return self._deny(order, Denied("WITHDRAWN", "its cancel came before it"), now_ns)
        known = ", ".join(sorted(self._floor.desks))
        reason = f"venue {order.venue!r} is not configured; configured: {known}"
        return self._deny(order, Denied("UNKNOWN_VENUE", reason), now_ns)

    def _deny(self, order: Order, denied: Denied, now_ns: int) -> None:
        self._floor.record(OrderDenied(order, now_ns, denied.code, denied.sentence))
        self._count_denied(denied, order)

    def _count_denied(self, denied: Denied, order: Order) -> None:
        self._floor.metrics.on_denied(denied.code)
        if denied.breach_action is not BreachAction.DENY:
            self._floor.act_on(denied.breach_action, denied.sentence, strategy=order.strategy, venue=order.venue)

    def deny_routed(self, denied: OrderDenied) -> None:
        """Put on record a decision that never became an order: no venue, no size, no such symbol."""
        self._floor.record(denied)
        self._floor.metrics.on_denied(denied.reason_code)

    def cancel(self, command: CancelOrder) -> None:
        """Wish the order gone; whoever asks hears of it. An order that its cancel has overtaken is denied when it comes."""
        record = self._find(command.client_order_id, "cancel", command.by)
        if record is None:
            return None
        floor, order, now_ns = self._floor, record.order, self._floor.clock.now_ns()
        asked = CancelAsked(command.client_order_id, order.venue, now_ns, by=command.by)
        self._watch(record, command.by)
        applied = floor.record(asked)
        if applied.refused is not None:
            return self._refuse_for(command.client_order_id, "cancel", command.by, applied.refused)
        floor.carry_out(floor.limits.check_cancel(command.client_order_id, order.strategy, now_ns))
        return None

    def modify(self, command: ModifyOrder) -> None:
        """Check the new terms as if they were a new order, then ask the venue for them."""
        record = self._find(command.client_order_id, "modify", command.by)
        if record is None:
            return None
        floor, order, now_ns = self._floor, record.order, self._floor.clock.now_ns()
        asked = ReplaceAsked(
            command.client_order_id, order.venue, now_ns, None, command.quantity, command.price, command.stop_price, command.by
        )
        if record.foreign or record.state not in REPLACEABLE:
            refused = floor.record(asked).refused or Unavailable("the order takes no other terms now")
            return self._refuse_for(command.client_order_id, "modify", command.by, refused)
        if self.stopping:
            return self._refuse(command.client_order_id, "modify", command.by, "STOPPING", f"no amends: {self.stopping}")
        return self._amend(record, asked, floor.desks[order.venue])

    def _amend(self, record: OrderRecord, asked: ReplaceAsked, desk: Desk) -> None:
        floor, now_ns = self._floor, asked.ts_ns
        floor.refresh_balances()
        verdict = floor.limits.check_modify(
            record.current_order(), now_ns, quantity=asked.quantity, price=asked.price, stop_price=asked.stop_price
        )
        if isinstance(verdict, Denied):
            self._refuse(asked.client_order_id, "modify", asked.by, verdict.code, verdict.sentence)
            return self._count_denied(verdict, record.order)
        self._warn(verdict.warnings, desk.name)
        self._watch(record, asked.by)
        floor.record(asked)
        floor.amended_ns[asked.client_order_id] = now_ns
        new = verdict.order
        send = SendReplace(new, record.venue_order_id, new.quantity, new.price, new.stop_price, verdict.receipt)
        floor.outbox.release(desk.resiliency, send)
        return None

    def cancel_all(self, by: str, *, kill: bool = False, venue: str = "", strategy: str | None = None) -> int:
        """Wish every open order of ours gone, of one venue or strategy when named; return how many there were."""
        floor, now_ns = self._floor, self._floor.clock.now_ns()
        chosen = [one for one in self._open(venue) if strategy in (None, one.order.strategy)]
        for record in chosen:
            floor.record(CancelAsked(record.client_order_id, record.order.venue, now_ns, by=by, kill=kill))
        return len(chosen)

    def open_orders(self, venue: str) -> list[OrderUpdate]:
        """Return every open order of ours at a venue."""
        return [record.update() for record in self._open(venue)]

    def _open(self, venue: str) -> list[OrderRecord]:
        records = list(self._floor.books.orders.values())
        return [one for one in records if not (one.is_done or one.foreign) and venue in ("", one.order.venue)]

    def _find(self, client_order_id: str, request: str, by: str) -> OrderRecord | None:
        record = self._floor.books.find(client_order_id)
        if record is not None and record.order.venue in self._floor.desks:
            return record
        if record is not None:
            reason = f"venue {record.order.venue!r} is not configured any more"
            self._refuse(client_order_id, request, by, "UNKNOWN_VENUE", reason)
            return None
        past = self._floor.hooks.recall(client_order_id, "", None, "")
        code, reason = ("DONE", "the order is at its end") if past else ("UNKNOWN_ORDER", "no order has this id")
        if not past and request == "cancel":
            self._withdraw(client_order_id)
        self._refuse(client_order_id, request, by, code, reason)
        return None

    def _withdraw(self, client_order_id: str) -> None:
        self._withdrawn[client_order_id] = None
        if len(self._withdrawn) > MOST_WITHDRAWN:
            del self._withdrawn[next(iter(self._withdrawn))]

    def _watch(self, record: OrderRecord, by: str) -> None:
        if by in self._floor.routes and not (record.is_done or record.foreign):
            self._floor.watchers.setdefault(record.client_order_id, set()).add(by)

    def _refuse_for(self, client_order_id: str, request: str, by: str, refused: Refused) -> None:
        self._refuse(client_order_id, request, by, refused.code, str(refused))

    def _refuse(self, client_order_id: str, request: str, by: str, code: str, reason: str) -> None:
        route = self._floor.routes.get(by)
        if route is not None:
            self._floor.outbox.tell(route, RequestRefused(client_order_id, request, code, reason, by))
