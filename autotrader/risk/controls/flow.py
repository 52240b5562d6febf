"""Controls 12 to 16, 19, 20 and 22: how many, how fast, how often, how old, and in which direction."""

from __future__ import annotations

from autotrader.model import Order, OrderType, Side
from autotrader.risk.controls.wording import deny, missing
from autotrader.risk.settings import (
    NANOSECONDS,
    ChurnSettings,
    DuplicateIntentSettings,
    IntentAgeSettings,
    MessageRateSettings,
    OpenOrdersSettings,
    ReduceOnlySettings,
    RepeatedExecutionSettings,
    SelfMatchSettings,
)
from autotrader.risk.validity import shown
from autotrader.risk.verdicts import BreachAction, Caution, Denial, Finding
from autotrader.risk.view import View

__all__ = [
    "churn", "duplicate_intent", "intent_age", "message_rate", "open_orders", "reduce_only", "repeated_execution",
    "self_match",
]

_BUY = Side.BUY
_RESTS_OR_TAKES = (OrderType.MARKET, OrderType.LIMIT)


def open_orders(order: Order, view: View, settings: OpenOrdersSettings) -> Finding:
    """12. Deny one more open order than the symbol, the venue or the engine may have."""
    in_symbol, at_venue, in_all = view.open_in_symbol, view.open_at_venue, view.open_in_all
    if in_symbol is None or at_venue is None or in_all is None:
        return missing("open_orders", order, "the number of open orders", "wait until the books are reconciled")
    if in_symbol * 5 < settings.per_symbol * 4 and at_venue * 5 < settings.per_venue * 4 and in_all * 5 < settings.in_all * 4:
        return None
    near: Caution | None = None
    for count, limit, key in (
        (in_symbol, settings.per_symbol, "per_symbol"), (at_venue, settings.per_venue, "per_venue"),
        (in_all, settings.in_all, "in_all"),
    ):
        if count >= limit:
            return deny("open_orders", "OPEN_ORDERS", order, f"{count} orders are open, and {limit} may be "
                        f"(risk.open_orders.{key})", "cancel some first")
        if (count + 1) * 5 > limit * 4:
            near = Caution("open_orders", count + 1, limit, f"risk.open_orders.{key}")
    return near


def message_rate(order: Order, view: View, settings: MessageRateSettings) -> Denial | None:
    """13. Deny orders and amends of a strategy beyond its rate and burst."""
    wait_ns = view.rate_wait_ns
    if wait_ns is None:
        return missing("message_rate", order, f"the rate of strategy {order.strategy!r}")
    if wait_ns > 0:
        return deny("message_rate", "MESSAGE_RATE", order, f"strategy {order.strategy!r} sends more than "
                    f"{shown(settings.per_s)} orders a second after a burst of {settings.burst} (risk.message_rate.per_s, "
                    "burst)", f"wait {wait_ns / NANOSECONDS:.3f} s")
    return None


def repeated_execution(order: Order, view: View, settings: RepeatedExecutionSettings) -> Finding:
    """14. Deny, and switch the strategy off, after more fills of a symbol and side than a minute or an hour may have."""
    minute, hour = view.fills_in_minute, view.fills_in_hour
    if minute is None or hour is None:
        return missing("repeated_execution", order, f"the number of fills of strategy {order.strategy!r}")
    if minute * 5 <= settings.per_minute * 4 and hour * 5 <= settings.per_hour * 4:
        return None
    for count, limit, key in ((minute, settings.per_minute, "per_minute"), (hour, settings.per_hour, "per_hour")):
        if count > limit:
            return deny("repeated_execution", "REPEATED_EXECUTION", order, f"strategy {order.strategy!r} had {count} fills, "
                        f"over {limit} (risk.repeated_execution.{key})", "find the cause, then re-arm the strategy",
                        BreachAction.STOP_STRATEGY)
    if minute * 5 > settings.per_minute * 4:
        return Caution("repeated_execution", minute, settings.per_minute, "risk.repeated_execution.per_minute")
    return Caution("repeated_execution", hour, settings.per_hour, "risk.repeated_execution.per_hour")


def duplicate_intent(order: Order, view: View, settings: DuplicateIntentSettings) -> Denial | None:
    """15. Deny the same strategy, symbol, side, quantity and price again within the window. -1 stands for never seen."""
    last = view.same_intent_ns
    if last is None:
        return missing("duplicate_intent", order, "what was asked lately")
    if last < 0 or abs(view.now_ns - last) >= settings.window_ns:
        return None
    return deny("duplicate_intent", "DUPLICATE_INTENT", order, f"the same was asked {(view.now_ns - last) / NANOSECONDS:.3f} s "
                f"ago, within {shown(settings.window_s)} s (risk.duplicate_intent.window_s)", "wait, if you mean it twice")


def intent_age(order: Order, view: View, settings: IntentAgeSettings) -> Denial | None:
    """16. Deny an intent that is too old, or of a time to come by as much."""
    if order.created_ns <= 0:
        return missing("intent_age", order, "when it was created", "set created_ns")
    age_ns = abs(view.now_ns - order.created_ns)
    if age_ns > settings.max_age_ns:
        return deny("intent_age", "INTENT_AGE", order, f"it was meant {(view.now_ns - order.created_ns) / NANOSECONDS:.3f} s "
                    f"ago, over {shown(settings.max_age_s)} s (risk.intent_age.max_age_s)", "decide anew")
    return None


def self_match(order: Order, view: View, settings: SelfMatchSettings) -> Denial | None:
    """19. Deny an order that would trade with an own resting one. Stops wait, so they are not judged."""
    del settings
    resting = view.crossing
    if resting is None or order.type not in _RESTS_OR_TAKES:
        return None
    reach = order.price if order.price is not None else view.reach
    if reach is None:
        return missing("self_match", order, "how far the market order may reach", "wait for a quote")
    if (reach >= resting) if order.side is _BUY else (reach <= resting):
        return deny("self_match", "SELF_MATCH", order, f"it would meet an own order resting at {shown(resting)}",
                    "cancel that one first, or move the price")
    return None


def reduce_only(order: Order, view: View, settings: ReduceOnlySettings) -> Denial | None:
    """20. Deny a reduce-only order that could grow or flip the position, and any other that flips it without leave."""
    after, position = view.after, view.position
    if order.reduce_only:
        reduces = position < 0 and after <= 0 if order.side is _BUY else position > 0 and after >= 0
        if not reduces:
            return deny("reduce_only", "REDUCE_ONLY", order, f"with all that is open, the position of {shown(position)} would "
                        f"become {shown(after)}, which does not only reduce it", "order less, or cancel what is open")
        return None
    flips = position < 0 < after if order.side is _BUY else after < 0 < position
    if flips and not view.is_cash and not settings.allow_flip:
        return deny("reduce_only", "FLIP", order, f"with all that is open, the position would turn from {shown(position)} to "
                    f"{shown(after)}", "close first, or set risk.reduce_only.allow_flip")
    return None


def churn(order: Order, view: View, settings: ChurnSettings) -> Finding:
    """22. Deny an amend, and switch the strategy off, after too many cancels and amends of one order in a minute."""
    count = view.changes_in_minute
    if count is None:
        return missing("churn", order, "how often it was changed")
    if count > settings.per_minute:
        return deny("churn", "CHURN", order, f"it was changed {count} times in a minute, over {settings.per_minute} "
                    "(risk.churn.per_minute)", "find the cause, then re-arm the strategy", BreachAction.STOP_STRATEGY)
    if count * 5 > settings.per_minute * 4:
        return Caution("churn", count, settings.per_minute, "risk.churn.per_minute")
    return None
