# ruff: noqa: ARG001 - one signature for all, since a table picks the function
"""Our orders as the venue's parameters: an ordered list of (name, text), ready to be signed.

What Binance Spot does not have is refused here by name with ``InvalidOrder``; a message that cannot be right is our bug and an
``EncodeError``. Source: binance.md section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from autotrader.errors import EncodeError, InvalidOrder
from autotrader.execution.adapters.binance.codec.ids import sendable_id
from autotrader.execution.adapters.binance.codec.numbers import text_of
from autotrader.execution.adapters.binance.codec.rules import SymbolRules
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.execution.adapters.binance.codec.signing import Params
from autotrader.execution.adapters.binance.codec.steps import snap_price
from autotrader.execution.adapters.binance.codec.trailing import stop_family, trailing_delta
from autotrader.model import Order, OrderType, TimeInForce

__all__ = ["encode_order", "wire_type"]

_NATIVE: Final = frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})
_Terms = list[tuple[str, str]]


def encode_order(
    order: Order, settings: CodecSettings, rules: SymbolRules | None = None, reference: Decimal | None = None,
    wire_id: str | None = None,
) -> Params:
    """Return the parameters of ``POST /api/v3/order`` (or of a cancelReplace's new half), without timestamp and signature.

    ``rules`` lets types the symbol does not take be refused here and puts a cap on the tick; ``reference`` is the market's last
    price, which a trailing distance is measured by; ``wire_id`` replaces the client id (a replacement's). Raises InvalidOrder
    for what the venue lacks, EncodeError for numbers and ids that it cannot take.
    """
    time_in_force = _time_in_force(order, settings)
    _refuse_post_only(order, time_in_force)
    type_word, terms = _TERMS[order.type](order, settings, rules, reference, time_in_force)
    if rules is not None:
        _require_type(type_word, order, rules)
    params = [("symbol", order.symbol), ("side", order.side.value), ("type", type_word), *terms]
    params.append(("newClientOrderId", sendable_id(order.client_order_id if wire_id is None else wire_id)))
    params.append(("newOrderRespType", "FULL"))
    if settings.self_trade_prevention:
        _require_prevention(settings.self_trade_prevention, rules)
        params.append(("selfTradePreventionMode", settings.self_trade_prevention))
    return tuple(params)


def wire_type(order: Order, settings: CodecSettings, reference: Decimal | None = None) -> str:
    """Return the venue's order type for an order; raises InvalidOrder where there is none."""
    return dict(encode_order(order, settings, reference=reference))["type"]


def _time_in_force(order: Order, settings: CodecSettings) -> TimeInForce:
    wanted = order.time_in_force
    if wanted in _NATIVE:
        return wanted
    if wanted in settings.emulated:
        return TimeInForce.GTC
    raise InvalidOrder(
        f"Binance Spot has no time in force {wanted}: use GTC, IOC or FOK, or let the configuration emulate it",
        code=f"NO_{wanted}",
    )


def _refuse_post_only(order: Order, time_in_force: TimeInForce) -> None:
    if not order.post_only:
        return
    if order.type is not OrderType.LIMIT:
        raise InvalidOrder(f"Binance Spot has no post-only {order.type}: only LIMIT can be (LIMIT_MAKER)", code="NO_POST_ONLY")
    if time_in_force is not TimeInForce.GTC:
        raise InvalidOrder(f"a post-only order cannot be {time_in_force}: it would never rest", code="NO_POST_ONLY")


def _require_type(type_word: str, order: Order, rules: SymbolRules) -> None:
    if rules.order_types and type_word not in rules.order_types:
        raise InvalidOrder(f"{rules.symbol} takes no {type_word} orders", code=f"NO_{type_word}")
    if order.type is OrderType.TRAILING_STOP and not rules.trailing_allowed:
        raise InvalidOrder(f"{rules.symbol} takes no trailing stops", code="NO_TRAILING_STOP")


def _require_prevention(mode: str, rules: SymbolRules | None) -> None:
    if rules is not None and rules.self_trade_preventions and mode not in rules.self_trade_preventions:
        raise InvalidOrder(f"{rules.symbol} does not allow self-trade prevention {mode}", code="NO_SELF_TRADE_PREVENTION_MODE")


def _market(
    order: Order, settings: CodecSettings, rules: SymbolRules | None, reference: Decimal | None, tif: TimeInForce,
) -> tuple[str, _Terms]:
    """Encode MARKET; with a cap it is a LIMIT that takes what is there up to the cap, and leaves nothing behind."""
    if order.cap_price is not None:
        word = "FOK" if tif is TimeInForce.FOK else "IOC"
        price = ("price", text_of(_capped(order.cap_price, order, rules), "price"))
        return "LIMIT", [("timeInForce", word), _quantity(order), price]
    if tif is TimeInForce.FOK:
        raise InvalidOrder("Binance Spot has no MARKET order that is FOK: use LIMIT, or a cap price", code="NO_FOK")
    return "MARKET", [_quantity(order)]


def _capped(cap: Decimal, order: Order, rules: SymbolRules | None) -> Decimal:
    text_of(cap, "cap_price")
    price = cap if rules is None else snap_price(cap, order.side, rules)
    if price <= 0:
        raise InvalidOrder(f"the cap price {cap} is below one tick of {order.symbol}", code="NO_CAP_PRICE")
    return price


def _limit(
    order: Order, settings: CodecSettings, rules: SymbolRules | None, reference: Decimal | None, tif: TimeInForce,
) -> tuple[str, _Terms]:
    price = ("price", text_of(order.price, "price"))
    if order.post_only:
        return "LIMIT_MAKER", [_quantity(order), price]
    return "LIMIT", [("timeInForce", tif.value), _quantity(order), price]


def _stop(
    order: Order, settings: CodecSettings, rules: SymbolRules | None, reference: Decimal | None, tif: TimeInForce,
) -> tuple[str, _Terms]:
    _require_gtc(order, tif)
    stop_price = ("stopPrice", text_of(order.stop_price, "stop_price"))
    return stop_family(order, reference, settings.touch_orders), [_quantity(order), stop_price]


def _stop_limit(
    order: Order, settings: CodecSettings, rules: SymbolRules | None, reference: Decimal | None, tif: TimeInForce,
) -> tuple[str, _Terms]:
    family = stop_family(order, reference, settings.touch_orders)
    return f"{family}_LIMIT", [
        ("timeInForce", tif.value), _quantity(order), ("price", text_of(order.price, "price")),
        ("stopPrice", text_of(order.stop_price, "stop_price")),
    ]


def _trailing_stop(
    order: Order, settings: CodecSettings, rules: SymbolRules | None, reference: Decimal | None, tif: TimeInForce,
) -> tuple[str, _Terms]:
    """STOP_LOSS that trails; with a limit price STOP_LOSS_LIMIT. ``stop_price`` is where the trailing begins."""
    terms = [_quantity(order)]
    if order.price is not None:
        terms = [("timeInForce", tif.value), *terms, ("price", text_of(order.price, "price"))]
    else:
        _require_gtc(order, tif)
    if order.stop_price is not None:
        terms.append(("stopPrice", text_of(order.stop_price, "stop_price")))
    terms.append(("trailingDelta", str(trailing_delta(order, reference))))
    return "STOP_LOSS" if order.price is None else "STOP_LOSS_LIMIT", terms


def _require_gtc(order: Order, tif: TimeInForce) -> None:
    if tif is not TimeInForce.GTC:
        raise InvalidOrder(f"Binance Spot takes no {tif} with a {order.type}: it fires a market order", code=f"NO_{tif}")


def _quantity(order: Order) -> tuple[str, str]:
    text = text_of(order.quantity, "quantity")
    if not order.quantity:
        raise EncodeError(f"order {order.client_order_id}: a quantity of zero cannot be ordered")
    return ("quantity", text)


_Encoder = Callable[[Order, CodecSettings, "SymbolRules | None", "Decimal | None", TimeInForce], tuple[str, _Terms]]
_TERMS: Final[dict[OrderType, _Encoder]] = {
    OrderType.MARKET: _market, OrderType.LIMIT: _limit, OrderType.STOP: _stop, OrderType.STOP_LIMIT: _stop_limit,
    OrderType.TRAILING_STOP: _trailing_stop,
}
