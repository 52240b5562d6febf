"""Objects of ibapi, of any of its versions, as values of ours (pure; nothing of ibapi is imported).

Attributes are looked for under all names they ever had. Raises DecodeError where a number that counts is missing or is none.
Source: ibkr.md sections 3 (table "9.81 versus 10.x"), 4.5 and 4.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

from autotrader.errors import DecodeError
from autotrader.execution.adapters.ibkr.messages import (
    CommissionTold,
    CompletedOrderTold,
    Contract,
    ContractDetails,
    Execution,
    OpenOrderTold,
    OrderTerms,
)
from autotrader.execution.adapters.ibkr.numbers import clean, count_of, needed, whole
from autotrader.execution.adapters.ibkr.times import parse_time

__all__ = [
    "commission_of", "completed_of", "contract_from", "details_of", "error_of", "execution_of", "open_order_of", "terms_from",
]

_SIDES: Final = {"BOT": "BUY", "SLD": "SELL", "BUY": "BUY", "SELL": "SELL"}
_UNPRICED: Final = ("MKT", "MOC", "STP", "TRAIL", "MIT", "MKT PRT", "STP PRT")
_NOT_KNOWN: Final = Decimal(-1)
_LONGEST: Final = 4_000


def _text(value: object) -> str:
    """Return text; the words that stand for none (``?``, ``None``) are the caller's to know."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value)[:_LONGEST]


def _first(given: Any, *names: str) -> Any:
    return next((getattr(given, name) for name in names if hasattr(given, name)), None)


def contract_from(given: Any) -> Contract:
    """Read a Contract; strike and right only where it is an option's."""
    sec_type = _text(given.secType)
    is_option = sec_type in ("OPT", "FOP", "WAR", "IOPT")
    return Contract(
        con_id=whole(given.conId, "conId"), symbol=_text(given.symbol), sec_type=sec_type,
        expiry=_text(given.lastTradeDateOrContractMonth).split(" ")[0], strike=clean(given.strike) if is_option else None,
        right=_text(given.right)[:1] if is_option else "", multiplier=_text(given.multiplier), exchange=_text(given.exchange),
        primary_exchange=_text(given.primaryExchange), currency=_text(given.currency), local_symbol=_text(given.localSymbol),
        trading_class=_text(given.tradingClass),
    )  # fmt: skip


def terms_from(given: Any) -> OrderTerms:
    """Read an Order's terms. A price is none where the type has no such price, whatever stands there.

    TWS has been recorded to show a limit with market orders, and a trailing stop price with plain ones: what it would use if
    the type were changed.
    """
    kind = _text(given.orderType)
    limit = None if kind in _UNPRICED else clean(given.lmtPrice)
    if not limit and not ("LMT" in kind or kind in ("LOC", "LIT")):
        limit = None
    trails = kind.startswith("TRAIL")
    return OrderTerms(
        action="SELL" if _text(given.action).startswith("S") else "BUY", quantity=clean(given.totalQuantity) or Decimal(0),
        order_type=kind, limit_price=limit, aux_price=clean(given.auxPrice) or None, time_in_force=_text(given.tif),
        good_till=_text(given.goodTillDate), account=_text(given.account), order_ref=_text(given.orderRef),
        outside_rth=bool(given.outsideRth), transmit=bool(given.transmit), parent_id=whole(given.parentId, "parentId"),
        oca_group=_text(given.ocaGroup), trail_stop_price=clean(given.trailStopPrice) or None if trails else None,
        trailing_percent=clean(given.trailingPercent) or None, all_or_none=bool(given.allOrNone), hidden=bool(given.hidden),
    )  # fmt: skip


def open_order_of(recv_ns: int, order_id: Any, contract: Any, order: Any, state: Any) -> OpenOrderTold:
    """Read openOrder."""
    words = (_text(_first(state, "rejectReason")), _text(_first(state, "warningText")))
    return OpenOrderTold(
        recv_ns, whole(order_id, "orderId"), whole(order.clientId, "clientId"), whole(order.permId, "permId"),
        contract_from(contract), terms_from(order), _text(state.status), "; ".join(word for word in words if word),
    )  # fmt: skip


def completed_of(recv_ns: int, contract: Any, order: Any, state: Any) -> CompletedOrderTold:
    """Read completedOrder."""
    return CompletedOrderTold(
        recv_ns, whole(order.permId, "permId"), contract_from(contract), terms_from(order), _text(state.status),
        clean(_first(order, "filledQuantity")), _text(_first(state, "completedTime")), _text(_first(state, "completedStatus")),
    )  # fmt: skip


def execution_of(given: Any, login_zone: tzinfo | None) -> Execution:
    """Read an Execution; DecodeError for one without an id, a side, a size or a price: a fill is never guessed."""
    side = _SIDES.get(_text(given.side))
    exec_id = _text(given.execId)
    if side is None or not exec_id:
        raise DecodeError(f"an execution of id {exec_id!r} and side {given.side!r}")
    quantity, time = needed(given.shares, "shares"), _text(given.time)
    if quantity < 0:
        raise DecodeError(f"execution {exec_id} of {quantity}")
    return Execution(
        exec_id=exec_id, order_id=whole(given.orderId, "orderId"), client_id=whole(given.clientId, "clientId"),
        perm_id=whole(given.permId, "permId"), account=_text(given.acctNumber), side=side,
        quantity=quantity, price=needed(given.price, "price"), time=time,
        time_ns=parse_time(time, login_zone), exchange=_text(given.exchange), cumulative_quantity=clean(given.cumQty),
        average_price=clean(given.avgPrice), order_ref=_text(given.orderRef),
        liquidity=count_of(_first(given, "lastLiquidity")), pending_revision=bool(_first(given, "pendingPriceRevision")),
    )  # fmt: skip


def commission_of(recv_ns: int, given: Any) -> CommissionTold:
    """Read a CommissionReport or a CommissionAndFeesReport; -1 means that it is not known yet."""
    amount = clean(_first(given, "commissionAndFees", "commission"))
    return CommissionTold(
        recv_ns, _text(given.execId), None if amount == _NOT_KNOWN else amount, _text(given.currency),
        clean(_first(given, "realizedPNL")),
    )  # fmt: skip


def details_of(given: Any) -> ContractDetails:
    """Read ContractDetails; sizes are missing below server version 164."""
    return ContractDetails(
        min_tick=clean(given.minTick) or None, min_size=clean(_first(given, "minSize")) or None,
        size_increment=clean(_first(given, "sizeIncrement")) or None, price_magnifier=count_of(given.priceMagnifier, 1) or 1,
        market_rule_ids=_text(given.marketRuleIds), order_types=_list(given.orderTypes), exchanges=_list(given.validExchanges),
        long_name=_text(given.longName), contract_month=_text(given.contractMonth), time_zone=_text(given.timeZoneId),
        trading_hours=_text(given.tradingHours), liquid_hours=_text(given.liquidHours), underlying=_text(given.underSymbol),
        real_expiry=_text(given.realExpirationDate), stock_type=_text(given.stockType),
    )  # fmt: skip


def _list(text: object) -> tuple[str, ...]:
    return tuple(part for part in _text(text).split(",") if part)


def error_of(args: Sequence[Any]) -> tuple[int, int, str, str]:
    """Return (id, code, text, advanced JSON) of the error callback's arguments, whichever version's they are.

    The code is the last whole number before the first text: 10.37 put a time before it.
    """
    first_text = next((place for place, one in enumerate(args) if isinstance(one, str)), len(args))
    numbers = [one for one in args[:first_text] if isinstance(one, int) and not isinstance(one, bool)]
    if len(numbers) < 2:
        raise DecodeError(f"an error callback of {len(args)} arguments that names no code")
    texts = [_text(one) for one in args[first_text:]]
    return numbers[0], numbers[-1], texts[0] if texts else "", texts[1] if len(texts) > 1 else ""
