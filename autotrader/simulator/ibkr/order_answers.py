"""What is told of orders: openOrder and completedOrder, field by field (ibkr.md section 4.6). Pure."""

from __future__ import annotations

from typing import Final

from autotrader.simulator.ibkr.answers import MAX, MAX_INT, Message
from autotrader.simulator.ibkr.contracts import contract_fields
from autotrader.simulator.ibkr.wire_order import WireOrder

__all__ = ["completed_order", "open_order"]

_OPEN_ORDER: Final = 5
_COMPLETED: Final = 101
_NO_PARENT: Final = "9223372036854775807"
_PEG: Final = ("PEG BENCH", "PEGBENCH")


def open_order(order: WireOrder) -> Message:
    """Return an order as it stands, to be followed by its orderStatus."""

    def fields(version: int) -> list[object]:
        return [
            _OPEN_ORDER, order.order_id, *contract_fields(order.contract, order.exchange), *_terms(order),
            order.client_id, order.perm_id, *_after_ids(order, version, is_open=True), *_volatility(is_open=True),
            *_open_middle(order), *_state(order), *_open_tail(order, version),
        ]  # fmt: skip

    return fields


def completed_order(order: WireOrder) -> Message:
    """Return an order that is done. It has neither order id nor client id; the quantity is in ``filledQuantity``."""

    def fields(version: int) -> list[object]:
        return [
            _COMPLETED, *contract_fields(order.contract, order.exchange), *_terms(order), order.perm_id,
            *_after_ids(order, version, is_open=False), *_volatility(is_open=False), *_completed_middle(order), order.status,
            *_completed_tail(order, version),
        ]  # fmt: skip

    return fields


def _terms(order: WireOrder) -> list[object]:
    return [
        order.action, order.quantity, order.type, _price(order.limit_price), _price(order.aux_price), order.tif,
        order.oca_group, order.account, order.open_close, 0, order.order_ref,
    ]  # fmt: skip


def _price(price: object) -> object:
    return "0.0" if price is None else price


def _after_ids(order: WireOrder, version: int, *, is_open: bool) -> list[object]:
    """Return from outsideRth to triggerMethod; a completed order has fewer."""
    told: list[object] = [order.outside_rth, order.hidden, 0, order.good_after]
    if is_open:
        told.append(f"{order.perm_id}.0/{order.account}/{order.quantity:f}")
    told += ["", "", ""]
    if version < 177:
        told.append("")
    told += [order.model, order.good_till, "", "", "", 0, "", -1]
    if is_open:
        told.append(0)
    told += [None, None, None, None, None, MAX_INT if order.display_size is None else order.display_size]
    if is_open:
        told.append(False)
    told += [False, order.all_or_none, order.min_quantity, order.oca_type]
    if is_open:
        told += [False, False, None, order.parent_id]
    told.append(order.trigger_method)
    return told


def _volatility(*, is_open: bool) -> list[object]:
    """Return from volatility to deltaNeutralDesignatedLocation; the type is a word, so what depends on it follows."""
    rest = ["0", "", "", "", "?", "0", "0", ""] if is_open else ["0", "0", "0", ""]
    return [None, 0, "None", None, *rest]


def _open_middle(order: WireOrder) -> list[object]:
    """Return from continuousUpdate to whatIf."""
    return [
        0, 0, order.trail_stop_price, order.trailing_percent, None, None, "", 0, 0, 0, MAX_INT, MAX_INT, None, "", False, "",
        "IB", False, False, "", False, order.margins is not None,
    ]  # fmt: skip


def _completed_middle(order: WireOrder) -> list[object]:
    """Return from continuousUpdate to solicited."""
    return [
        0, 0, order.trail_stop_price, order.trailing_percent, "", 0, 0, 0, MAX_INT, MAX_INT, None, "", "", "IB", False, False,
        "", False,
    ]  # fmt: skip


def _state(order: WireOrder) -> list[object]:
    """Return the status and what the order would cost; unknown but for a what-if order."""
    effect = order.margins
    if effect is None:
        return [order.status, *([MAX] * 9), MAX, MAX, MAX, "", order.warning]
    before = (effect.init_before, effect.maint_before, effect.equity_before)
    change = (effect.init_change, effect.maint_change, effect.equity_change)
    after = [one + two for one, two in zip(before, change, strict=True)]
    return [order.status, *before, *change, *after, effect.commission, MAX, MAX, "USD", order.warning]


def _open_tail(order: WireOrder, version: int) -> list[object]:
    told: list[object] = [False, False]
    if order.type in _PEG:
        told += [0, False, 0, 0, ""]
    offset = MAX if order.limit_offset is None else order.limit_offset
    trail = MAX if order.trail_stop_price is None else order.trail_stop_price
    told += [0, "None", MAX, trail, offset, MAX, MAX, MAX, 0, "", "", "", 0, True, False, False]
    if version >= 151:
        told.append("")
    if version >= 158:
        told.append(MAX_INT)
    if version >= 160:
        told.append(MAX_INT)
    if version >= 162:
        told.append(False)
    return told + (_PEG_FIELDS if version >= 170 else [])


_PEG_FIELDS: Final[list[object]] = ["", 100, "0.02", "", ""]


def _completed_tail(order: WireOrder, version: int) -> list[object]:
    told: list[object] = [False, False]
    if order.type in _PEG:
        told += [0, False, 0, 0, ""]
    told += [
        0, order.trail_stop_price, order.limit_offset, 0, True, False, "", order.filled, 0, False, "", False, False,
        _NO_PARENT, order.completed_time, order.completed_status,
    ]  # fmt: skip
    return told + (_PEG_FIELDS if version >= 170 else [])
