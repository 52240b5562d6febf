"""Controls 3, 4, 5, 9 and 10: steps of the venue, size of one order, size of what could be held."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from autotrader.model import Order
from autotrader.risk.controls.wording import deny, judge, missing
from autotrader.risk.settings import (
    ExposureSettings,
    IncrementsSettings,
    MaxNotionalSettings,
    MaxPositionSettings,
    MaxQuantitySettings,
)
from autotrader.risk.validity import shown
from autotrader.risk.verdicts import Denial, Finding
from autotrader.risk.view import View

__all__ = ["exposure", "increments", "max_notional", "max_position", "max_quantity"]


def increments(order: Order, view: View, settings: IncrementsSettings) -> Denial | None:
    """3. Deny what is not a whole multiple of tick or lot, or outside the venue's own bounds; nothing is rounded."""
    del settings
    listed, quantity = view.instrument, order.quantity
    if listed is None:
        return missing("increments", order, f"the steps of {order.symbol}", "check the spelling")
    if not _is_multiple(quantity, listed.lot):
        return deny("increments", "LOT", order, f"quantity {shown(quantity)} is no whole multiple of the lot "
                    f"{shown(listed.lot)}", "round it down")
    for name, price in (("price", order.price), ("stop_price", order.stop_price), ("trail", order.trail)):
        if price is not None and not _is_multiple(price, listed.tick):
            return deny("increments", "TICK", order, f"{name} {shown(price)} is no whole multiple of the tick "
                        f"{shown(listed.tick)}", "round it to the tick")
    if listed.min_quantity is not None and quantity < listed.min_quantity:
        return deny("increments", "MIN_QUANTITY", order, f"quantity is under the venue's least, {shown(listed.min_quantity)}",
                    "order more, or not at all")
    if listed.max_quantity is not None and quantity > listed.max_quantity:
        return deny("increments", "MAX_QUANTITY_OF_VENUE", order,
                    f"quantity is over the venue's most, {shown(listed.max_quantity)}", "split it")
    return None if listed.min_notional is None else _least_notional(order, view, listed.min_notional)


def max_quantity(order: Order, view: View, settings: MaxQuantitySettings) -> Finding:
    """4. Deny more than a share of the volume of 24 hours, where the venue publishes it."""
    listed = view.instrument
    if listed is None:
        return missing("max_quantity", order, f"the instrument {order.symbol}", "check the spelling")
    volume = listed.day_volume
    if volume is None or order.quantity <= settings.soft_day_volume_share * volume:
        return None
    return judge("max_quantity", order, order.quantity, settings.day_volume_share * volume,
                 "risk.max_quantity.day_volume_share", ("quantity",), "order less, or split it over time")


def max_notional(order: Order, view: View, settings: MaxNotionalSettings) -> Finding:
    """5. Deny an order that is worth more than a share of equity, or than an amount."""
    notional, equity = view.notional, view.equity
    if notional is None or equity is None:
        return missing("max_notional", order, f"the order's worth in {view.currency}, or the equity at {order.venue},",
                       "wait for balances and for quotes of the instrument and its currency")
    if notional <= settings.soft_amount and notional <= settings.soft_equity_share * equity:
        return None
    limit, key = settings.equity_share * equity, "risk.max_notional.equity_share"
    if settings.amount < limit:
        limit, key = settings.amount, "risk.max_notional.amount"
    return judge("max_notional", order, notional, limit, key, ("notional in", view.currency), "order less, or split it")


def max_position(order: Order, view: View, settings: MaxPositionSettings) -> Finding:
    """9. Deny growth past a share of equity, all that is open or unknown on the side counted as filled."""
    equity, value = view.equity, view.value
    if equity is None or value is None:
        return missing("max_position", order, f"the equity at {order.venue}, or the price of {order.symbol},",
                       "wait for balances and quotes")
    after = abs(view.after)
    if after * value <= settings.soft_equity_share * equity or after <= abs(view.position):
        return None
    return judge("max_position", order, after * value, settings.equity_share * equity, "risk.max_position.equity_share",
                 ("with all that is open, the position would be", view.after, "and its worth in", view.currency),
                 "order less, or cancel what is open")


def exposure(order: Order, view: View, settings: ExposureSettings) -> Finding:
    """10. Deny growth of the gross or net worst case past a multiple of all equity."""
    equity, gross, before, value = view.total_equity, view.gross_after, view.gross_before, view.value
    if equity is None or gross is None or before is None or value is None:
        return missing("exposure", order, "equity, or the worth of what is held,", "wait for balances and quotes")
    if gross <= settings.soft_gross * equity and gross <= settings.soft_net * equity:  # net is never more than gross
        return None
    finding: Finding = None
    if gross > before:
        finding = judge("exposure", order, gross, settings.gross * equity, "risk.exposure.gross",
                        ("with all that is open, gross exposure in", view.currency), "order less, or reduce first")
        if type(finding) is Denial:
            return finding
    net = abs(view.net - view.net_part + view.after * value)
    if net > abs(view.net):
        finding = judge("exposure", order, net, settings.net * equity, "risk.exposure.net",
                        ("with all that is open, net exposure in", view.currency), "order less, or reduce first") or finding
    return finding


def _is_multiple(value: Decimal, step: Decimal) -> bool:
    try:
        return not value % step
    except InvalidOperation:  # a step of zero, or a quotient of more than 28 digits
        return False


def _least_notional(order: Order, view: View, least: Decimal) -> Denial | None:
    if view.cost is None:
        return missing("increments", order, f"a price for {order.symbol}", "wait for its quote")
    if view.cost < least:
        return deny("increments", "MIN_NOTIONAL", order, f"notional is under the venue's least, {shown(least)}",
                    "order more, or not at all")
    return None
