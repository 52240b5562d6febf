"""The decisive test's client: ibapi, unchanged and of any version, connects, trades, reconnects and reads everything.

Needs nothing but ibapi, so that it runs in an environment of its own: ``python tws_story.py HOST PORT``.
"""

from __future__ import annotations

import inspect
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import ibapi.client
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

WAIT_S = 10.0
CLIENT = 41


class Recorder(EWrapper):  # type: ignore[misc]
    """Keeps every callback as (name, arguments), and can wait for one."""

    def __init__(self) -> None:
        EWrapper.__init__(self)
        self.told: list[tuple[str, tuple[Any, ...]]] = []
        self._news = threading.Condition()

    def note(self, name: str, *arguments: Any) -> None:
        with self._news:
            self.told.append((name, arguments))
            self._news.notify_all()

    def wait(self, name: str, fits: Callable[..., bool] = lambda *_: True, since: int = 0) -> tuple[Any, ...]:
        deadline = time.monotonic() + WAIT_S
        with self._news:
            while True:
                for told, arguments in self.told[since:]:
                    if told == name and fits(*arguments):
                        return arguments
                if not self._news.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no {name}; the last were {self.told[-5:]}")

    def all(self, name: str, since: int = 0) -> list[tuple[Any, ...]]:
        return [arguments for told, arguments in self.told[since:] if told == name]


def _recording(name: str) -> Callable[..., None]:
    def callback(self: Recorder, *arguments: Any) -> None:
        self.note(name, *arguments)

    return callback


for _name, _ in inspect.getmembers(EWrapper, inspect.isfunction):
    if not _name.startswith("_") and not _name.startswith("log"):
        setattr(Recorder, _name, _recording(_name))


def error_code(*arguments: Any) -> int:
    """Return the code among an error's arguments: the last whole number before the text."""
    text = next(place for place, one in enumerate(arguments) if isinstance(one, str))
    return int(arguments[text - 1])


class Client:
    """One connection with its own thread."""

    def __init__(self, host: str, port: int, client_id: int = CLIENT) -> None:
        self.told = Recorder()
        self.api = EClient(self.told)
        self.api.connect(host, port, client_id)
        self._thread = threading.Thread(target=self.api.run, name="ibapi run")
        self._thread.start()
        self.next_id = int(self.told.wait("nextValidId")[0])
        self.account = str(self.told.wait("managedAccounts")[0]).rstrip(",")

    def leave(self) -> None:
        reader = getattr(self.api, "reader", None)
        self.api.conn.disconnect()
        self._thread.join(WAIT_S)
        if reader is not None:
            reader.join(WAIT_S)

    def place(self, contract: Contract, kind: str, quantity: int = 10, action: str = "BUY", **given: Any) -> int:
        order = Order()
        order.action, order.orderType, order.totalQuantity, order.tif = action, kind, quantity, "DAY"
        for old in ("eTradeOnly", "firmQuoteOnly"):
            if hasattr(order, old):
                setattr(order, old, False)
        for name, value in given.items():
            setattr(order, name, value)
        order_id = given.get("orderId") or self.next_id
        self.next_id = max(self.next_id, order_id + 1)
        self.api.placeOrder(order_id, contract, order)
        return int(order_id)

    def cancel(self, order_id: int) -> None:
        if len(inspect.signature(self.api.cancelOrder).parameters) == 1:
            self.api.cancelOrder(order_id)
        else:
            from ibapi.order_cancel import OrderCancel

            self.api.cancelOrder(order_id, OrderCancel())

    def global_cancel(self) -> None:
        if inspect.signature(self.api.reqGlobalCancel).parameters:
            from ibapi.order_cancel import OrderCancel

            self.api.reqGlobalCancel(OrderCancel())
        else:
            self.api.reqGlobalCancel()

    def status(self, order_id: int, word: str) -> tuple[Any, ...]:
        return self.told.wait("orderStatus", lambda number, status, *_: number == order_id and status == word)


def contract(**given: Any) -> Contract:
    one = Contract()
    one.secType, one.exchange, one.currency = "STK", "SMART", "USD"
    for name, value in given.items():
        setattr(one, name, value)
    return one


AAPL = {"symbol": "AAPL"}
LISTED: tuple[dict[str, Any], ...] = (
    AAPL, {"symbol": "MSFT"}, {"symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO"},
    {"symbol": "ES", "secType": "FUT", "exchange": "CME", "lastTradeDateOrContractMonth": "202612"},
    {"localSymbol": "AAPL  261218C00250000", "secType": "OPT"},
)  # fmt: skip


def resolve(client: Client) -> None:
    """Every kind of contract is found once; a vague one has several answers, an unknown one an error."""
    told = client.told
    for number, given in enumerate(LISTED, 101):
        client.api.reqContractDetails(number, contract(**given))
        told.wait("contractDetailsEnd", lambda req_id, number=number: req_id == number)
        found = [details for req_id, details in told.all("contractDetails") if req_id == number]
        assert len(found) == 1, given
        assert found[0].contract.conId > 0
        assert found[0].minTick > 0
        assert found[0].timeZoneId
    client.api.reqContractDetails(190, contract(symbol="ES", secType="FUT", exchange="CME"))
    told.wait("contractDetailsEnd", lambda req_id: req_id == 190)
    assert len([1 for req_id, _ in told.all("contractDetails") if req_id == 190]) == 2
    client.api.reqContractDetails(191, contract(symbol="NOPE"))
    told.wait("error", lambda req_id, *rest: req_id == 191 and error_code(req_id, *rest) == 200)


def trade(client: Client) -> dict[str, int]:
    """A market order fills; a limit order is changed and cancelled; a stop waits; an order is refused."""
    told, stock = client.told, contract(**AAPL)
    bought = client.place(stock, "MKT", orderRef="story-bought")
    status = client.status(bought, "Filled")
    assert (float(status[2]), float(status[3])) == (10.0, 0.0)
    execution = told.wait("execDetails", lambda req_id, _, one: req_id == -1 and one.orderId == bought)[2]
    assert (execution.orderRef, execution.side, float(execution.shares)) == ("story-bought", "BOT", 10.0)
    cost = told.wait("commissionReport" if told.all("commissionReport") else _cost_name(told))[0]
    assert cost.execId == execution.execId
    rests = client.place(stock, "LMT", lmtPrice=1.0, orderRef="story-rests")
    client.status(rests, "Submitted")
    client.place(stock, "LMT", 12, lmtPrice=1.5, orderRef="story-rests", orderId=rests)
    changed = told.wait("openOrder", lambda number, _, order, __: number == rests and order.lmtPrice == 1.5)[2]
    assert (float(changed.totalQuantity), changed.orderRef, changed.clientId) == (12.0, "story-rests", CLIENT)
    client.cancel(rests)
    client.status(rests, "Cancelled")
    told.wait("error", lambda number, *rest: number == rests and error_code(number, *rest) == 202)
    stop = client.place(stock, "STP", action="SELL", auxPrice=1.0, tif="GTC", orderRef="story-stop")
    client.status(stop, "PreSubmitted")
    off = client.place(stock, "LMT", lmtPrice=1.001)
    told.wait("error", lambda number, *rest: number == off and error_code(number, *rest) == 110)
    return {"bought": bought, "rests": rests, "stop": stop}


def _cost_name(told: Recorder) -> str:
    return "commissionAndFeesReport" if hasattr(EWrapper, "commissionAndFeesReport") else "commissionReport"


def read_everything(client: Client, orders: dict[str, int]) -> None:
    """Every question is answered, row by row and with its end."""
    told, api, since = client.told, client.api, len(client.told.told)
    api.reqAllOpenOrders()
    told.wait("openOrderEnd", since=since)
    assert [one[0] for one in told.all("openOrder", since)] == [orders["stop"]]
    api.reqExecutions(201, ExecutionFilter())
    told.wait("execDetailsEnd", lambda req_id: req_id == 201)
    refs = [one.orderRef for req_id, _, one in told.all("execDetails") if req_id == 201]
    assert refs.count("story-bought") == 1
    api.reqCompletedOrders(False)
    told.wait("completedOrdersEnd", since=since)
    done = {order.orderRef: state.status for _, order, state in told.all("completedOrder", since)}
    assert (done["story-bought"], done["story-rests"]) == ("Filled", "Cancelled")
    api.reqPositions()
    told.wait("positionEnd", since=since)
    assert [float(one[2]) for one in told.all("position", since)] == [10.0]
    api.reqAccountSummary(202, "All", "NetLiquidation,BuyingPower")
    told.wait("accountSummaryEnd", since=since)
    assert {one[2] for one in told.all("accountSummary", since)} == {"NetLiquidation", "BuyingPower"}
    api.cancelAccountSummary(202)
    api.reqAccountUpdates(True, client.account)
    told.wait("accountDownloadEnd", since=since)
    assert told.all("updatePortfolio", since)
    assert "NetLiquidation" in [one[0] for one in told.all("updateAccountValue", since)]
    api.reqAccountUpdates(False, client.account)
    api.reqPositionsMulti(203, client.account, "")
    told.wait("positionMultiEnd", since=since)
    api.reqAccountUpdatesMulti(204, client.account, "", False)
    told.wait("accountUpdateMultiEnd", since=since)
    api.reqPnL(205, client.account, "")
    told.wait("pnl", since=since)
    api.reqMktData(206, contract(symbol="MSFT"), "", False, False, [])
    told.wait("tickPrice", lambda req_id, kind, *_: (req_id, kind) == (206, 1), since)
    told.wait("tickSize", lambda req_id, kind, *_: (req_id, kind) == (206, 0), since)
    api.cancelMktData(206)
    api.reqMktData(207, contract(symbol="MSFT"), "", True, False, [])
    told.wait("tickSnapshotEnd", since=since)
    api.reqCurrentTime()
    told.wait("currentTime", since=since)
    api.reqIds(-1)
    told.wait("nextValidId", lambda number: number == client.next_id, since)


def reconnect(host: str, port: int, orders: dict[str, int]) -> None:
    """The same client id comes back: its ids go on, its order stands, and a global cancel ends it."""
    client = Client(host, port)
    try:
        assert client.next_id > max(orders.values())
        client.status(orders["stop"], "PreSubmitted")
        client.global_cancel()
        client.status(orders["stop"], "Cancelled")
        client.place(contract(**AAPL), "MKT", action="SELL", orderRef="story-sold")
        client.told.wait("execDetails", lambda _, __, one: one.orderRef == "story-sold")
    finally:
        client.leave()


def story(host: str, port: int, most: int | None = None) -> int:
    """Tell it all, and return the version that was spoken, at most ``most``. Raises AssertionError for what did not come."""
    if most is not None:
        ibapi.client.MAX_CLIENT_VER = most
    logging.getLogger("ibapi").setLevel(logging.ERROR)
    client = Client(host, port)
    try:
        version = int(client.api.serverVersion())
        resolve(client)
        orders = trade(client)
        read_everything(client, orders)
        errors = {error_code(*one) for one in client.told.all("error")}
        assert errors <= {110, 200, 202, 2104, 2106, 2158}, errors
    finally:
        client.leave()
    reconnect(host, port, orders)
    return version


if __name__ == "__main__":
    print(story(sys.argv[1], int(sys.argv[2])))
