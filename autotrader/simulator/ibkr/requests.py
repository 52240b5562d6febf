"""Requests of a client, read from their fields (ibkr.md section 4.3). Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.errors import DecodeError
from autotrader.simulator.ibkr.fields import Fields
from autotrader.simulator.ibkr.not_had import NO_ID, NOT_HAD

__all__ = [
    "CancelOrder", "CancelTopic", "ContractAsked", "GlobalCancel", "Ignored", "ReqAccountMulti", "ReqAccountSummary",
    "ReqAccountUpdates", "ReqAutoOpenOrders", "ReqCompletedOrders", "ReqContractDetails", "ReqCurrentTime", "ReqExecutions",
    "ReqIds", "ReqList", "ReqManagedAccounts", "ReqMarketDataType", "ReqMarketRule", "ReqMatchingSymbols", "ReqMktData",
    "ReqOpenOrders", "ReqOptionChain", "ReqPnL", "ReqPnLSingle", "ReqPositions", "ReqPositionsMulti", "Request",
    "SetLogLevel", "StartApi", "Unsupported", "read_contract", "read_simple",
]  # fmt: skip


class ContractAsked(msgspec.Struct, frozen=True, gc=False):
    """The twelve fields that describe a contract, and the security id where a request has one; empty is not given."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    sec_id_type: str = ""
    sec_id: str = ""


class Request(msgspec.Struct, frozen=True, gc=False):
    """Something a client wants."""


class StartApi(Request, frozen=True, gc=False):
    client_id: int
    capabilities: str


class ReqIds(Request, frozen=True, gc=False):
    pass


class ReqManagedAccounts(Request, frozen=True, gc=False):
    pass


class ReqCurrentTime(Request, frozen=True, gc=False):
    pass


class SetLogLevel(Request, frozen=True, gc=False):
    level: int


class CancelOrder(Request, frozen=True, gc=False):
    order_id: int


class GlobalCancel(Request, frozen=True, gc=False):
    pass


class ReqOpenOrders(Request, frozen=True, gc=False):
    """``everybody``: the orders of all clients (reqAllOpenOrders)."""

    everybody: bool


class ReqAutoOpenOrders(Request, frozen=True, gc=False):
    bind: bool


class ReqCompletedOrders(Request, frozen=True, gc=False):
    api_only: bool


class ReqExecutions(Request, frozen=True, gc=False):
    """``client_id`` 0 and empty texts narrow nothing."""

    req_id: int
    client_id: int
    account: str
    time: str
    symbol: str
    sec_type: str
    exchange: str
    side: str


class ReqPositions(Request, frozen=True, gc=False):
    pass


class ReqMatchingSymbols(Request, frozen=True, gc=False):
    req_id: int
    pattern: str


class ReqOptionChain(Request, frozen=True, gc=False):
    """reqSecDefOptParams; the underlying is known by ``con_id``."""

    req_id: int
    symbol: str
    exchange: str
    sec_type: str
    con_id: int


class ReqList(Request, frozen=True, gc=False):
    """A question for a list that is short or empty here; ``req_id`` is -1 where the question has none."""

    of: str
    req_id: int = -1


class Ignored(Request, frozen=True, gc=False):
    """What wants no answer: the end of something that is not had, or news that never come."""


class CancelTopic(Request, frozen=True, gc=False):
    """The end of something subscribed to: positions, summary, multi, market_data, pnl, pnl_single.

    ``req_id`` is 0 for positions.
    """

    topic: str
    req_id: int = 0


class ReqAccountSummary(Request, frozen=True, gc=False):
    req_id: int
    group: str
    tags: str


class ReqAccountUpdates(Request, frozen=True, gc=False):
    subscribe: bool
    account: str


class ReqAccountMulti(Request, frozen=True, gc=False):
    req_id: int
    account: str
    model: str
    ledger_only: bool


class ReqPositionsMulti(Request, frozen=True, gc=False):
    req_id: int
    account: str
    model: str


class ReqContractDetails(Request, frozen=True, gc=False):
    req_id: int
    contract: ContractAsked
    include_expired: bool


class ReqMktData(Request, frozen=True, gc=False):
    req_id: int
    contract: ContractAsked
    generic_ticks: str
    snapshot: bool


class ReqMarketDataType(Request, frozen=True, gc=False):
    """1 live, 2 frozen, 3 delayed, 4 delayed-frozen."""

    type: int


class ReqMarketRule(Request, frozen=True, gc=False):
    rule_id: int


class ReqPnL(Request, frozen=True, gc=False):
    req_id: int
    account: str
    model: str


class ReqPnLSingle(Request, frozen=True, gc=False):
    req_id: int
    account: str
    model: str
    con_id: int


class Unsupported(Request, frozen=True, gc=False):
    """Something that TWS knows and this venue does not have; ``req_id`` -1 for what has none."""

    req_id: int
    code: int
    text: str


def read_contract(fields: Fields) -> ContractAsked:
    """Read the twelve fields of a contract."""
    return ContractAsked(
        fields.whole(), fields.text(), fields.text(), fields.text(), fields.decimal(), fields.text(), fields.text(),
        fields.text(), fields.text(), fields.text(), fields.text(), fields.text(),
    )  # fmt: skip


def _cancel_order(fields: Fields, version: int) -> Request:
    fields.skip(1)
    order_id = fields.whole()
    if version >= 169:
        fields.text()
    return CancelOrder(order_id)


def _executions(fields: Fields, _version: int) -> Request:
    fields.skip(1)
    return ReqExecutions(
        fields.whole(), fields.whole(), fields.text(), fields.text(), fields.text(), fields.text(), fields.text(),
        fields.text(),
    )  # fmt: skip


def _contract_details(fields: Fields, version: int) -> Request:
    fields.skip(1)
    req_id, contract = fields.whole(), read_contract(fields)
    include_expired, sec_id_type, sec_id = fields.flag(), fields.text(), fields.text()
    if version >= 176:
        fields.text()
    contract = msgspec.structs.replace(contract, sec_id_type=sec_id_type, sec_id=sec_id)
    return ReqContractDetails(req_id, contract, include_expired)


def _market_data(fields: Fields, _version: int) -> Request:
    fields.skip(1)
    req_id, contract = fields.whole(), read_contract(fields)
    if contract.sec_type == "BAG":
        fields.skip(4 * fields.count())
    if fields.flag():
        fields.skip(3)
    ticks, snapshot = fields.text(), fields.flag()
    fields.skip(2)
    return ReqMktData(req_id, contract, ticks, snapshot)


def _start(fields: Fields, _version: int) -> Request:
    fields.skip(1)
    return StartApi(fields.whole(), fields.text() if fields.left else "")


def _after_version(make: Callable[[Fields], Request]) -> Callable[[Fields, int], Request]:
    """Return a reader of a request whose first field is a version of its own."""

    def read(fields: Fields, _version: int) -> Request:
        fields.skip(1)
        return make(fields)

    return read


def _topic(topic: str) -> Callable[[Fields, int], Request]:
    return _after_version(lambda fields: CancelTopic(topic, fields.whole()))


def _list(of: str) -> Callable[[Fields, int], Request]:
    return lambda *_: ReqList(of)


_READERS: Final[dict[int, Callable[[Fields, int], Request]]] = {
    1: _market_data,
    2: _topic("market_data"),
    4: _cancel_order,
    5: _after_version(lambda _: ReqOpenOrders(everybody=False)),
    6: _after_version(lambda fields: ReqAccountUpdates(fields.flag(), fields.text())),
    7: _executions,
    8: _after_version(lambda _: ReqIds()),
    9: _contract_details,
    14: _after_version(lambda fields: SetLogLevel(fields.whole())),
    15: _after_version(lambda fields: ReqAutoOpenOrders(fields.flag())),
    16: _after_version(lambda _: ReqOpenOrders(everybody=True)),
    17: _after_version(lambda _: ReqManagedAccounts()),
    24: _list("scanner parameters"),
    49: _after_version(lambda _: ReqCurrentTime()),
    58: _after_version(lambda _: GlobalCancel()),
    59: _after_version(lambda fields: ReqMarketDataType(fields.whole())),
    61: _after_version(lambda _: ReqPositions()),
    62: _after_version(lambda fields: ReqAccountSummary(fields.whole(), fields.text(), fields.text())),
    63: _topic("summary"),
    64: _after_version(lambda _: CancelTopic("positions")),
    71: _start,
    74: _after_version(lambda fields: ReqPositionsMulti(fields.whole(), fields.text(), fields.text())),
    75: _topic("positions_multi"),
    76: _after_version(lambda fields: ReqAccountMulti(fields.whole(), fields.text(), fields.text(), fields.flag())),
    77: _topic("account_multi"),
    78: lambda fields, _: ReqOptionChain(fields.whole(), fields.text(), fields.text(), fields.text(), fields.whole()),
    79: lambda fields, _: ReqList("soft dollar tiers", fields.whole()),
    80: _list("family codes"),
    81: lambda fields, _: ReqMatchingSymbols(fields.whole(), fields.text()),
    82: _list("depth exchanges"),
    83: lambda fields, _: ReqList("smart components", fields.whole()),
    85: _list("news providers"),
    91: lambda fields, _: ReqMarketRule(fields.whole()),
    92: lambda fields, _: ReqPnL(fields.whole(), fields.text(), fields.text()),
    93: lambda fields, _: CancelTopic("pnl", fields.whole()),
    94: lambda fields, _: ReqPnLSingle(fields.whole(), fields.text(), fields.text(), fields.whole()),
    95: lambda fields, _: CancelTopic("pnl_single", fields.whole()),
    99: lambda fields, _: ReqCompletedOrders(fields.flag()),
    104: lambda fields, _: ReqList("user information", fields.whole()),
    **dict.fromkeys((11, 12, 13, 23, 25, 51, 53, 56, 57, 68, 69, 70, 89, 90, 98, 101, 103), lambda *_: Ignored()),
}


def _not_had(message: int, fields: Fields) -> Unsupported:
    place, (code, text) = NOT_HAD[message]
    if place == NO_ID:
        return Unsupported(NO_ID, code, text)
    fields.skip(place)
    return Unsupported(fields.whole(NO_ID), code, text)


def read_simple(message: int, fields: Fields, version: int) -> Request:
    """Read any request but a new order, behind its id. Raises DecodeError, also for an id that is not known."""
    if message in NOT_HAD:
        return _not_had(message, fields)
    reader = _READERS.get(message)
    if reader is None:
        raise DecodeError(f"there is no request {message} here")
    return reader(fields, version)
