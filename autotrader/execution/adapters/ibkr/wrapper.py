"""The callbacks of ibapi: each stamps, converts, hands over, and never raises into the library (ibkr.md section 3, row 6).

A callback that ibapi knows and we do not is counted and forgotten; one that cannot be read is a lost frame, which ends the
connection, since nobody can say what it was about.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Final

from loguru import logger

from autotrader.execution.adapters.ibkr.codes import kind_of
from autotrader.execution.adapters.ibkr.decode import (
    commission_of,
    completed_of,
    contract_from,
    details_of,
    error_of,
    execution_of,
    open_order_of,
)
from autotrader.execution.adapters.ibkr.messages import (
    AccountsTold,
    AccountValueTold,
    ContractTold,
    EndTold,
    ErrorKind,
    ErrorTold,
    ExecutionTold,
    MarketDataTypeTold,
    NextIdTold,
    OrderBoundTold,
    OrderStatusTold,
    PositionTold,
    TickTold,
    TimeTold,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.numbers import clean, needed, whole
from autotrader.execution.adapters.ibkr.outlet import Outlet

__all__ = ["CALLBACKS", "Ear", "make_wrapper"]

_LEDGER: Final = "$LEDGER-"
_MISREAD: Final = frozenset({505, 507, 508})
"""Codes by which ibapi itself says that it could not read a message."""


class Ear:
    """What the callbacks of one connection share. ``seen`` counts them; ``failed`` those that could not be read.

    ``own_thread`` is the callback thread: an error told in another is about a request that is just being put into bytes, and
    goes to ``complaints``. ``on_lost(reason)`` is called for a message that could not be read, ``on_misread(reason)`` where
    it is ibapi that says so.
    """

    def __init__(
        self, outlet: Outlet, now_ns: Callable[[], int], codes: Mapping[int, ErrorKind], *, on_lost: Callable[[str], None],
        on_misread: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.outlet, self.now_ns, self.codes = outlet, now_ns, codes
        self.on_lost, self.on_misread = on_lost, on_misread
        self.own_thread = 0
        self.login_zone: tzinfo | None = None
        self.complaints: list[tuple[int, str]] = []
        self.seen = self.failed = 0

    def hear(self, name: str, read: Callable[..., TwsEvent | None], args: tuple[Any, ...]) -> None:
        """Convert one callback and hand it over."""
        self.seen += 1
        try:
            event = read(self, *args)
            if event is not None:
                self.outlet.add(event)
        except Exception as error:  # noqa: BLE001  the library's loop would die of it
            self.failed += 1
            logger.error("the callback {} could not be read: {!r}", name, error)
            self.on_lost(f"{name}: {type(error).__name__}: {error}")


def make_wrapper(base: type[Any], ear: Ear) -> Any:
    """Return an object of a subclass of ibapi's EWrapper, all of whose callbacks go to ``ear``."""
    space = {name: _callback(name, ear) for name in dir(base) if not name.startswith("_") and callable(getattr(base, name))}
    space.update({name: _callback(name, ear) for name in CALLBACKS})
    return type("TwsWrapper", (base,), space)()


def _callback(name: str, ear: Ear) -> Callable[..., None]:
    read = CALLBACKS.get(name, _nothing)

    def hear(_: Any, *args: Any) -> None:
        ear.hear(name, read, args)

    return hear


def _nothing(_: Ear, *__: Any) -> None:
    return None


def _error(ear: Ear, *args: Any) -> ErrorTold | None:
    number, code, text, details = error_of(args)
    if ear.own_thread != threading.get_ident():
        ear.complaints.append((code, text))
        return None
    if code in _MISREAD:
        ear.on_misread(f"ibapi: {code} {text}"[:500])
    return ErrorTold(ear.now_ns(), number, code, text, kind_of(code, ear.codes), details)


def _accounts(ear: Ear, text: str) -> AccountsTold:
    return AccountsTold(ear.now_ns(), tuple(one.strip() for one in text.split(",") if one.strip()))


def _next_id(ear: Ear, number: int) -> NextIdTold:
    return NextIdTold(ear.now_ns(), whole(number, "nextValidId"))


def _order_status(
    ear: Ear, number: int, status: str, filled: Any, remaining: Any, average: Any, perm_id: Any, parent: Any, last: Any,
    client_id: Any, why_held: Any = "", *_: Any,
) -> OrderStatusTold:  # fmt: skip
    return OrderStatusTold(
        ear.now_ns(), whole(number, "orderId"), whole(client_id, "clientId"), whole(perm_id, "permId"), str(status),
        needed(filled, "filled"), needed(remaining, "remaining"), clean(average) or None, clean(last) or None,
        whole(parent, "parentId"), str(why_held or ""),
    )  # fmt: skip


def _execution(ear: Ear, req_id: int, contract: Any, execution: Any) -> ExecutionTold:
    return ExecutionTold(ear.now_ns(), req_id, contract_from(contract), execution_of(execution, ear.login_zone))


def _bound(ear: Ear, first: int, second: int, third: int) -> OrderBoundTold:
    """Read orderBound: older versions name its three fields otherwise, the wire has the same (ibkr.md section 3)."""
    return OrderBoundTold(ear.now_ns(), whole(first, "permId"), whole(second, "clientId"), whole(third, "orderId"))


def _position(ear: Ear, account: str, contract: Any, quantity: Any, cost: Any) -> PositionTold:
    return PositionTold(ear.now_ns(), account, contract_from(contract), needed(quantity, "position"), clean(cost))


def _summary(ear: Ear, req_id: int, account: str, key: str, value: str, currency: str) -> AccountValueTold:
    return AccountValueTold(ear.now_ns(), account, key.removeprefix(_LEDGER), value, currency, req_id)


def _account_value(ear: Ear, key: str, value: str, currency: str, account: str) -> AccountValueTold:
    return AccountValueTold(ear.now_ns(), account, key.removeprefix(_LEDGER), value, currency)


def _details(ear: Ear, req_id: int, details: Any) -> ContractTold:
    return ContractTold(ear.now_ns(), req_id, contract_from(details.contract), details_of(details))


def _price(ear: Ear, req_id: int, field: int, price: Any, *_: Any) -> TickTold:
    value = clean(price)
    return TickTold(ear.now_ns(), req_id, int(field), None if value in (0, -1) else value)


def _size(ear: Ear, req_id: int, field: int, size: Any) -> TickTold:
    return TickTold(ear.now_ns(), req_id, int(field), None, clean(size))


def _time(ear: Ear, seconds: int) -> TimeTold:
    return TimeTold(ear.now_ns(), whole(seconds, "currentTime"))


CALLBACKS: Final[Mapping[str, Callable[..., TwsEvent | None]]] = {
    "error": _error,
    "managedAccounts": _accounts,
    "nextValidId": _next_id,
    "openOrder": lambda ear, *args: open_order_of(ear.now_ns(), *args),
    "orderStatus": _order_status,
    "openOrderEnd": lambda ear: EndTold(ear.now_ns(), "open_orders"),
    "execDetails": _execution,
    "execDetailsEnd": lambda ear, req_id: EndTold(ear.now_ns(), "executions", req_id),
    "commissionReport": lambda ear, report: commission_of(ear.now_ns(), report),
    "commissionAndFeesReport": lambda ear, report: commission_of(ear.now_ns(), report),
    "completedOrder": lambda ear, *args: completed_of(ear.now_ns(), *args),
    "completedOrdersEnd": lambda ear: EndTold(ear.now_ns(), "completed_orders"),
    "orderBound": _bound,
    "position": _position,
    "positionEnd": lambda ear: EndTold(ear.now_ns(), "positions"),
    "accountSummary": _summary,
    "accountSummaryEnd": lambda ear, req_id: EndTold(ear.now_ns(), "account_summary", req_id),
    "updateAccountValue": _account_value,
    "accountDownloadEnd": lambda ear, _: EndTold(ear.now_ns(), "account_updates"),
    "contractDetails": _details,
    "contractDetailsEnd": lambda ear, req_id: EndTold(ear.now_ns(), "contract_details", req_id),
    "tickPrice": _price,
    "tickSize": _size,
    "tickSnapshotEnd": lambda ear, req_id: EndTold(ear.now_ns(), "snapshot", req_id),
    "marketDataType": lambda ear, req_id, kind: MarketDataTypeTold(ear.now_ns(), req_id, kind),
    "currentTime": _time,
}
"""By the names of ibapi, in all its versions."""
