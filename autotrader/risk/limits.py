"""The pre-trade controls as one pass: the last check before the journal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from autotrader.errors import ConfigError
from autotrader.model import Fill, Instrument, KillLevel, Mode, Order, OrderType, Quote, Side, WriteClass
from autotrader.risk import controls
from autotrader.risk.exposure import Exposure
from autotrader.risk.losses import LossState, LossWatch
from autotrader.risk.receipts import ReceiptBook
from autotrader.risk.settings import NANOSECONDS, RiskSettings
from autotrader.risk.strategies import OrderChanges, StrategyRecord
from autotrader.risk.validity import find_fault
from autotrader.risk.verdicts import Breach, BreachAction, Caution, Denial, Denied, Finding, Passed, Verdict
from autotrader.risk.view import View, see
from autotrader.risk.windows import LastSeen

__all__ = ["Limits"]

_ARMED = KillLevel.ARMED
_MARKET = OrderType.MARKET
_BUY = Side.BUY
WARN_EVERY_NS = 60 * NANOSECONDS
LOSS_EVERY_NS = NANOSECONDS

_SUBMIT = (
    "gate", "instrument", "intent_age", "quote", "increments", "max_quantity", "price_collar", "market_cap", "max_notional",
    "reduce_only", "permissions", "max_position", "exposure", "funds", "open_orders", "self_match", "duplicate_intent",
    "repeated_execution", "day_loss", "drawdown", "message_rate", "exit_count",
)
_NOT_FOR_AMENDS = frozenset({"intent_age", "increments", "market_cap", "open_orders", "duplicate_intent"})
_AMEND = (*(name for name in _SUBMIT if name not in _NOT_FOR_AMENDS), "churn")

_Cap = tuple[Quote | None, Instrument | None, Side | None, Decimal | None]
_Control = Callable[[Order, View, Any], Finding]


class _State(msgspec.Struct, frozen=True):
    losses: LossState
    stopped: dict[str, str]


_read_state = msgspec.json.Decoder(_State).decode


def _armed(venue: str) -> KillLevel:
    del venue
    return KillLevel.ARMED


def _passes(venue: str, write_class: WriteClass) -> bool:
    del venue, write_class
    return True


def _nothing_written(venue: str) -> int:
    del venue
    return 0


class Limits:
    """Runs every control of ``settings`` over one request. Owned by the order manager's thread; engine time comes in.

    ``level_of(venue)`` gives the kill level, ``passes(venue, class)`` whether the gate lets such a write pass at it,
    ``written_of(venue)`` the gate's count of orders and amends written. ``tape``: quotes are recorded ones. Whatever has no
    control's input is denied. A check costs about ten microseconds.
    """

    def __init__(
        self,
        settings: RiskSettings,
        exposure: Exposure,
        receipts: ReceiptBook,
        *,
        mode: Mode = Mode.PAPER,
        level_of: Callable[[str], KillLevel] = _armed,
        passes: Callable[[str, WriteClass], bool] = _passes,
        written_of: Callable[[str], int] = _nothing_written,
        tape: bool = False,
    ) -> None:
        self.exposure, self.receipts = exposure, receipts
        self.losses = LossWatch()
        self._mode, self._tape = mode, tape
        self._level_of, self._passes, self._written_of = level_of, passes, written_of
        self._strategies: dict[str, StrategyRecord] = {}
        self._intents, self._told = LastSeen(), LastSeen()
        self._changes = OrderChanges()
        self.replace_settings(settings)

    @property
    def settings(self) -> RiskSettings:
        """Return the settings in force."""
        return self._settings

    def replace_settings(self, settings: RiskSettings) -> None:
        """Take other settings from the next order on; ask ``is_looser`` first whether an operator is needed."""
        self._settings = settings
        self._submit = self._pipeline(_SUBMIT)
        self._amend = self._pipeline(_AMEND)
        self._steps = self._pipeline(("increments",))
        self._interval_ns = max(1, int(NANOSECONDS / settings.message_rate.per_s))
        self._burst = settings.message_rate.burst
        self._denial_window_ns = int(settings.message_rate.halt_window_s * NANOSECONDS)
        self._same_ns = settings.duplicate_intent.window_ns if settings.duplicate_intent.enabled else 0
        self._watches_losses = settings.day_loss.enabled or settings.drawdown.enabled
        self._caps = settings.market_cap.enabled
        self._last_cap: _Cap = (None, None, None, None)  # many orders rest on one quote

    # ------------------------------------------------------------ before the wire

    def check(self, order: Order, now_ns: int) -> Verdict:
        """Judge a new order. On Passed, tell ``Exposure.on_order`` of it as SENT before the next check."""
        fault = find_fault(order, now_ns)
        if fault is not None:
            return Denied(fault.code, fault.sentence, fault.action, fault.control)
        record = self._strategies.get(order.strategy) or self._record(order.strategy)
        view = self._view(order, record, now_ns)
        book = self.exposure.book(order.venue, order.symbol)
        if book is not None:
            see(view, order, self.exposure, book)
        elif (venue := self.exposure.venue(order.venue)) is not None:
            view.account, view.ready, view.blocked = venue.account, venue.ready, venue.blocked
        if view.crossing is not None and order.type is _MARKET:
            view.reach = self._reach(order, view)
        intent: object = None
        view.same_intent_ns = -1
        if self._same_ns:
            intent = (order.strategy, order.venue, order.symbol, order.side is _BUY, order.quantity, order.price)
            view.same_intent_ns = self._intents.last_ns(intent) or -1
        warnings = self._run(self._submit, order, view, record)
        if type(warnings) is Denied:
            return warnings
        if self._caps and order.type is _MARKET:
            order = msgspec.structs.replace(order, cap_price=self._cap(order, view))
        if intent is not None:
            self._intents.put(intent, now_ns, self._same_ns)
        return self._pass(order, view, record, now_ns, warnings)

    def check_modify(
        self,
        order: Order,
        now_ns: int,
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Verdict:
        """Judge new terms (None leaves a term) for an order, given with the terms it has now.

        On Passed, ``order`` holds the new terms with the new total quantity, and the exposure counts the larger of old and
        new until the order is reported PENDING_REPLACE and then OPEN or PARTIALLY_FILLED again, or done.
        """
        changed = msgspec.structs.replace(
            order,
            quantity=order.quantity if quantity is None else quantity,
            price=order.price if price is None else price,
            stop_price=order.stop_price if stop_price is None else stop_price,
        )
        fault = find_fault(changed, now_ns)
        if fault is not None:
            return Denied(fault.code, fault.sentence, fault.action, fault.control)
        standing = self.exposure.open_order(order.client_order_id)
        if standing is None:
            return Denied("ORDER_NOT_OPEN", f"order {order.client_order_id} is not open, so it cannot be changed")
        remaining = changed.quantity - standing.filled
        if remaining <= 0:
            return Denied("BELOW_FILLED", f"order {order.client_order_id}: {standing.filled} is filled already, so a "
                          f"quantity of {changed.quantity} leaves nothing; cancel it instead")
        judged = msgspec.structs.replace(changed, quantity=remaining)
        record = self._record(order.strategy)
        view = self._view(judged, record, now_ns)
        see(view, judged, self.exposure, standing.book, standing)
        view.changes_in_minute = self._changes.count(order.client_order_id, now_ns) + 1
        denied = self._run(self._steps, changed, view, record)
        warnings = self._run(self._amend, judged, view, record)
        if type(denied) is Denied:
            return denied
        if type(warnings) is Denied:
            return warnings
        self._changes.add(order.client_order_id, now_ns)
        self.exposure.promise(order.client_order_id, changed.quantity, changed.price)
        return self._pass(changed, view, record, now_ns, warnings)

    def check_cancel(self, client_order_id: str, strategy: str, now_ns: int) -> Breach | None:
        """Count a cancel that a strategy asks. It may always go; a Breach (churn) means that the strategy is off now."""
        count = self._changes.add(client_order_id, now_ns)
        limit = self._settings.churn.per_minute
        if count <= limit:
            return None
        text = f"order {client_order_id} was changed {count} times in a minute, over {limit} (risk.churn.per_minute)"
        return self._switch_off("churn", "CHURN", text, strategy)

    # ------------------------------------------------------------ what has happened

    def on_fill(self, fill: Fill, now_ns: int) -> Breach | None:
        """Count a booked fill of an own order (repeated_execution); a Breach means that the strategy is off now."""
        record = self._strategies.get(fill.strategy) or self._record(fill.strategy)
        minute, hour = record.add_fill(fill, now_ns)
        own = self._settings.repeated_execution
        if minute <= own.per_minute and hour <= own.per_hour:
            return None
        for count, limit, key in ((minute, own.per_minute, "per_minute"), (hour, own.per_hour, "per_hour")):
            if count > limit:
                text = (f"strategy {fill.strategy!r} had {count} fills {fill.side} {fill.symbol}, over {limit} "
                        f"(risk.repeated_execution.{key}); find the cause, then re-arm it")
                return self._switch_off("repeated_execution", "REPEATED_EXECUTION", text, fill.strategy)
        return None

    def on_equity(self, now_ns: int) -> list[Breach]:
        """Judge day_loss and drawdown; each level is told once, until re-armed or, for the day, until the next."""
        if not self._watches_losses or not self._observe(now_ns):
            return []
        losses, settings = self.losses, self._settings
        breaches: list[Breach] = []
        for control, share, levels in (
            ("day_loss", losses.day_loss, (("halt_share", settings.day_loss.halt_share, BreachAction.HALT),
                                           ("cancel_share", settings.day_loss.cancel_share, BreachAction.CANCEL))),
            ("drawdown", losses.drawdown, (("cancel_share", settings.drawdown.cancel_share, BreachAction.CANCEL),)),
        ):
            if share is None or not getattr(settings, control).enabled:
                continue
            for key, limit, action in levels:
                if share >= limit and losses.tell_once(f"{control}.{key}"):
                    text = f"{control} of {share:.4%} has reached {limit:.2%} (risk.{control}.{key}); look, then re-arm"
                    breaches.append(Breach(control, control.upper(), text, action))
        return breaches

    # ------------------------------------------------------------ the operator, and restarts

    def stop_strategy(self, strategy: str, reason: str) -> None:
        """Deny all that the strategy asks, until ``rearm_strategy``."""
        self._record(strategy).stopped = reason or "stopped"

    def rearm_strategy(self, strategy: str) -> None:
        """Let a stopped strategy trade again, its fills counted anew (the operator's word)."""
        record = self._record(strategy)
        record.stopped = None
        record.forget_fills()

    @property
    def stopped_strategies(self) -> dict[str, str]:
        """Return the strategies that are off, and why."""
        return {name: record.stopped for name, record in self._strategies.items() if record.stopped is not None}

    def rearm_losses(self, now_ns: int) -> None:
        """Start day_loss and drawdown anew at the equity of now (the operator's word)."""
        self._observe(now_ns)
        self.losses.rearm()

    def export_state(self) -> str:
        """Return day start, peak, rates and stopped strategies as JSON text for the journal."""
        losses = self.losses.export(self.exposure.equities(), self.exposure.rates.known())
        return msgspec.json.encode(_State(losses, self.stopped_strategies)).decode()

    def import_state(self, text: str) -> None:
        """Go on from what ``export_state`` gave, before any venue is ready; raises ConfigError when it cannot be read."""
        try:
            state = _read_state(text)
        except msgspec.DecodeError as error:
            raise ConfigError(f"the saved state of the limits cannot be read: {error}; restore the journal's backup") from error
        self.losses.restore(state.losses)
        self.exposure.remember(state.losses.equities, state.losses.rates)
        for strategy, reason in state.stopped.items():
            self.stop_strategy(strategy, reason)

    # ------------------------------------------------------------ inside

    def _pipeline(self, names: tuple[str, ...]) -> tuple[tuple[_Control, Any], ...]:
        chosen = ((getattr(controls, name), getattr(self._settings, name)) for name in names)
        return tuple((control, own) for control, own in chosen if getattr(own, "enabled", True))

    def _record(self, strategy: str) -> StrategyRecord:
        record = self._strategies.get(strategy)
        if record is None:
            record = self._strategies[strategy] = StrategyRecord(self._denial_window_ns)
        return record

    def _view(self, order: Order, record: StrategyRecord, now_ns: int) -> View:
        venue = order.venue
        minute, hour = record.fills(order, now_ns)
        view = View(
            now_ns=now_ns, currency=self.exposure.rates.currency, mode=self._mode, level=self._level_of(venue),
            stopped=record.stopped, tape=self._tape, leverage=self._settings.permissions.leverage,
            rate_wait_ns=record.bucket.wait_ns(now_ns, self._interval_ns, self._burst),
            fills_in_minute=minute, fills_in_hour=hour, written=self._written_of(venue), issued=self.receipts.issued(venue),
        )
        if view.level is not _ARMED:
            view.reduces_pass = self._passes(venue, WriteClass.REDUCE)
        if self._watches_losses:
            seen = self.losses.seen_ns
            if seen is None or not 0 <= now_ns - seen < LOSS_EVERY_NS:
                self._observe(now_ns)
            view.day_loss, view.drawdown = self.losses.day_loss, self.losses.drawdown
        return view

    def _observe(self, now_ns: int) -> bool:
        result = self.exposure.result
        if result is not None:
            self.losses.observe(now_ns, *result, self._settings.day_loss.day_starts_h)
        return result is not None

    def _cap(self, order: Order, view: View) -> Decimal | None:
        if view.quote is None or view.instrument is None:
            return None
        at, listed, side, cap = self._last_cap
        if at is not view.quote or listed is not view.instrument or side is not order.side:
            cap = controls.cap_price(order.side, view.quote, view.instrument, self._settings.market_cap)
            self._last_cap = (view.quote, view.instrument, order.side, cap)
        return cap

    def _reach(self, order: Order, view: View) -> Decimal | None:
        """Return the worst price: the best one when the shown size covers the order, else the cap's, set or not."""
        at = view.quote
        if at is None:
            return None
        best, size = (at.ask, at.ask_size) if order.side is _BUY else (at.bid, at.bid_size)
        return best if order.quantity <= size else self._cap(order, view)

    def _run(
        self, pipeline: tuple[tuple[_Control, Any], ...], order: Order, view: View, record: StrategyRecord
    ) -> tuple[str, ...] | Denied:
        warnings: tuple[str, ...] = ()
        for control, own in pipeline:
            finding = control(order, view, own)
            if finding is None:
                continue
            if isinstance(finding, Caution):
                warnings = self._warn(finding, order, view.now_ns, warnings)
            else:
                return self._denied(finding, record, view.now_ns)
        return warnings

    def _pass(
        self, order: Order, view: View, record: StrategyRecord, now_ns: int, warnings: tuple[str, ...]
    ) -> Passed:
        record.bucket.take(now_ns, self._interval_ns)
        receipt = self.receipts.issue(order.venue, order.client_order_id, view.write_class, now_ns)
        return Passed(order, receipt, view.write_class, warnings)

    def _denied(self, denial: Denial, record: StrategyRecord, now_ns: int) -> Denied:
        action = denial.action
        if denial.code == "MESSAGE_RATE" and record.rate_denials.add(now_ns) >= self._settings.message_rate.halt_denials:
            action = BreachAction.HALT
        return Denied(denial.code, denial.sentence, action, denial.control)

    def _warn(self, caution: Caution, order: Order, now_ns: int, warnings: tuple[str, ...]) -> tuple[str, ...]:
        key = (caution.key, order.venue, order.symbol, order.strategy)
        last = self._told.last_ns(key)
        if last is not None and 0 <= now_ns - last < WARN_EVERY_NS:
            return warnings
        self._told.put(key, now_ns, WARN_EVERY_NS)
        return (*warnings, caution.sentence)

    def _switch_off(self, control: str, code: str, text: str, strategy: str) -> Breach | None:
        record = self._record(strategy)
        if record.stopped is not None:
            return None
        record.stopped = text
        return Breach(control, code, text, BreachAction.STOP_STRATEGY, strategy)
