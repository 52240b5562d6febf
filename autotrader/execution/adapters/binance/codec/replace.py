"""How new terms reach the venue: an amendment that keeps the queue place, or a cancelReplace that gives it up (pure).

Source: binance.md section 3. An amendment only reduces the quantity. A cancelReplace places an order of its own for what is
still to fill, under a marked id, and never goes out where it could leave two live orders or more than was asked for.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.binance.codec.calls import API, Call, CallKind
from autotrader.execution.adapters.binance.codec.encode import encode_order
from autotrader.execution.adapters.binance.codec.ids import cancel_mark, order_number, replacement_id, sendable_id
from autotrader.execution.adapters.binance.codec.numbers import text_of
from autotrader.execution.adapters.binance.codec.rules import SymbolRules
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.messages import SendReplace
from autotrader.model import ZERO

__all__ = ["Route", "Standing", "choose_route", "replace_call"]


class Route(StrEnum):
    """The way new terms take."""

    AMEND = "amend"
    CANCEL_REPLACE = "cancelReplace"


class Standing(msgspec.Struct, frozen=True):
    """The order as it stands before the change; ``quantity`` and ``filled`` are the whole order's.

    ``carried`` is what earlier venue orders of it had filled, ``wire_id`` the client id that the venue knows it by now (None:
    the order's own), ``amends`` how often the present venue order was amended.
    """

    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    filled: Decimal = ZERO
    carried: Decimal = ZERO
    wire_id: str | None = None
    amends: int = 0


def choose_route(command: SendReplace, standing: Standing, settings: CodecSettings, rules: SymbolRules | None) -> Route:
    """Return the way, the amendment where it will do; raises InvalidOrder when there is none, saying why."""
    if command.quantity <= standing.filled:
        raise InvalidOrder(
            f"the order is filled to {standing.filled}: a quantity of {command.quantity} leaves nothing to trade; cancel it",
            code="NOTHING_LEFT",
        )
    if _can_amend(command, standing, rules):
        return Route.AMEND
    if rules is not None and not rules.cancel_replace_allowed:
        raise InvalidOrder(f"{rules.symbol} takes no cancelReplace, and an amendment only reduces", code="NO_CANCEL_REPLACE")
    if command.venue_order_id is None:
        raise InvalidOrder("the venue's id of the order is not known yet, so it cannot be replaced", code="NO_VENUE_ORDER_ID")
    if standing.filled != standing.carried and not settings.replace_partly_filled:
        raise InvalidOrder(
            f"the order is filled to {standing.filled}: a further fill while it is replaced would make the new one too large;"
            " cancel it and order anew, or set replace_partly_filled", code="PARTLY_FILLED",
        )
    return Route.CANCEL_REPLACE


def _can_amend(command: SendReplace, standing: Standing, rules: SymbolRules | None) -> bool:
    same_prices = command.price == standing.price and command.stop_price == standing.stop_price
    reduces = standing.filled < command.quantity < standing.quantity
    if not (same_prices and reduces) or rules is None or not rules.amend_allowed:
        return False
    return rules.max_amends is None or standing.amends < rules.max_amends


def replace_call(
    command: SendReplace, standing: Standing, settings: CodecSettings, rules: SymbolRules | None = None,
    reference: Decimal | None = None,
) -> Call:
    """Encode new terms by the way ``choose_route`` names; raises InvalidOrder and EncodeError."""
    if choose_route(command, standing, settings, rules) is Route.AMEND:
        return _amend(command, standing)
    return _cancel_replace(command, standing, settings, rules, reference)


def _amend(command: SendReplace, standing: Standing) -> Call:
    """Send the id again, or the venue would give the order a new one at random."""
    order = command.order
    wire_id = sendable_id(order.client_order_id if standing.wire_id is None else standing.wire_id)
    if command.venue_order_id is not None:
        name = ("orderId", str(order_number(command.venue_order_id)))
    else:
        name = ("origClientOrderId", wire_id)
    quantity = command.quantity - standing.carried
    params = (("symbol", order.symbol), name, ("newClientOrderId", wire_id), ("newQty", text_of(quantity, "quantity")))
    return Call(
        CallKind.AMEND, "PUT", f"{API}order/amend/keepPriority", params, 4, command=command, symbol=order.symbol,
        wire_id=wire_id, before=standing.carried,
    )


def _cancel_replace(
    command: SendReplace, standing: Standing, settings: CodecSettings, rules: SymbolRules | None, reference: Decimal | None,
) -> Call:
    """Place no new order unless the cancel went through (STOP_ON_FAILURE), nor if the old one began to fill (ONLY_NEW)."""
    order = command.order
    replaced = order_number(command.venue_order_id or "")
    terms = msgspec.structs.replace(
        order, quantity=command.quantity - standing.filled, price=command.price, stop_price=command.stop_price, cap_price=None
    )
    wire_id = replacement_id(order.client_order_id, replaced) if settings.marked_replacements else order.client_order_id
    params = [
        ("cancelReplaceMode", "STOP_ON_FAILURE"), ("cancelOrderId", str(replaced)),
        ("cancelNewClientOrderId", cancel_mark(order.client_order_id, replaced)),
    ]
    if standing.filled == standing.carried:
        params.append(("cancelRestrictions", "ONLY_NEW"))
    params += encode_order(terms, settings, rules, reference, wire_id)
    return Call(
        CallKind.CANCEL_REPLACE, "POST", f"{API}order/cancelReplace", tuple(params), 1, command=command, symbol=order.symbol,
        wire_id=wire_id, before=standing.carried,
    )
