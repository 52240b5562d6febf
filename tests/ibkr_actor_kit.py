"""What the tests of Interactive Brokers' broker share."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from msgspec.structs import replace

from autotrader.config import load_settings
from autotrader.execution.adapters.ibkr.codes import kind_of
from autotrader.execution.adapters.ibkr.config import IbkrSettings, ibkr_settings
from autotrader.execution.adapters.ibkr.messages import (
    CommissionTold,
    Contract,
    ErrorTold,
    Execution,
    ExecutionTold,
    OpenOrderTold,
    OrderStatusTold,
)
from autotrader.execution.adapters.ibkr.orders import terms_of
from autotrader.model import Mode, Order, OrderType, Side, TimeInForce
from autotrader.model.ids import account_tag

D = Decimal

ACCOUNTS = {Mode.LIVE: "U7654321", Mode.TESTNET: "DU1234567", Mode.SIMULATED: "DU1234567", Mode.PAPER: "DU1234567"}


def settings_of(mode: Mode = Mode.TESTNET, **keys: Any) -> IbkrSettings:
    """Return settings as a configuration makes them; a key that is None is left out."""
    own = {"enabled": True, "account": ACCOUNTS[mode], "symbols": ["AAPL"], **keys}
    if mode is Mode.SIMULATED:
        own = {"port": 12345, **own}
    tree = {"mode": mode.value, "venues": {"ibkr": {key: value for key, value in own.items() if value is not None}}}
    return ibkr_settings(load_settings(env={}, extra=[("a test", tree)]).venues["ibkr"], mode)


ACCOUNT = "DU1234567"
SECOND = 1_000_000_000
START_NS = 1_900_000_000 * SECOND
AAPL = Contract(
    con_id=265598, symbol="AAPL", sec_type="STK", exchange="SMART", primary_exchange="NASDAQ", currency="USD",
    local_symbol="AAPL",
)  # fmt: skip
ES = Contract(
    con_id=495512563, symbol="ES", sec_type="FUT", expiry="20261218", multiplier="50", exchange="CME", currency="USD",
    local_symbol="ESZ6", trading_class="ES",
)  # fmt: skip
_numbers = count(1)


def own_id(number: int | None = None) -> str:
    """Return a client order id with this account's tag."""
    return f"{account_tag('ibkr', ACCOUNT)}aaaa4bbb{0:08x}{next(_numbers) if number is None else number:08x}"


def order(quantity: str = "10", price: str | None = "150.00", **more: Any) -> Order:
    kind = more.pop("kind", "MARKET" if price is None else "LIMIT")
    return Order(
        more.pop("client_order_id", own_id()), "ibkr", ACCOUNT, more.pop("symbol", "AAPL"), Side(more.pop("side", "BUY")),
        OrderType(kind), D(quantity), TimeInForce(more.pop("tif", "GTC")), None if price is None else D(price), **more,
    )  # fmt: skip


def open_order(one: Order, order_id: int = 7, perm_id: int = 900, status: str = "Submitted", **more: Any) -> OpenOrderTold:
    terms = replace(terms_of(one, AAPL), **more.pop("terms", {}))
    return OpenOrderTold(
        more.pop("recv_ns", START_NS), order_id, more.pop("client_id", 1), perm_id, more.pop("contract", AAPL), terms, status,
        **more,
    )  # fmt: skip


def status(
    word: str, order_id: int = 7, perm_id: int = 900, filled: str = "0", remaining: str = "10", recv_ns: int = START_NS
) -> OrderStatusTold:
    return OrderStatusTold(recv_ns, order_id, 1, perm_id, word, D(filled), D(remaining))


def execution(
    exec_id: str = "0001.01.01", quantity: str = "10", price: str = "150.00", order_id: int = 7, perm_id: int = 900,
    **more: Any,
) -> ExecutionTold:  # fmt: skip
    recv_ns, contract = more.pop("recv_ns", START_NS), more.pop("contract", AAPL)
    req_id = more.pop("req_id", -1)
    given: dict[str, Any] = {"client_id": 1, "account": ACCOUNT, "side": "BUY", "time": "", "time_ns": recv_ns, "liquidity": 2}
    one = Execution(exec_id=exec_id, order_id=order_id, perm_id=perm_id, quantity=D(quantity), price=D(price), **given | more)
    return ExecutionTold(recv_ns, req_id, contract, one)


def commission(exec_id: str = "0001.01.01", amount: str | None = "1.00") -> CommissionTold:
    return CommissionTold(START_NS, exec_id, None if amount is None else D(amount), "USD")


def error(code: int, text: str = "no", id: int = 7, recv_ns: int = START_NS) -> ErrorTold:  # noqa: A002  TWS's word
    return ErrorTold(recv_ns, id, code, text, kind_of(code))
