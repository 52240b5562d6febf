"""Orders as the clients' own code writes them, read to the last field; and every other request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ib_async
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ibapi import order_condition
from ibapi.client import EClient
from ibapi.contract import ComboLeg, Contract, DeltaNeutralContract
from ibapi.order import Order, OrderComboLeg
from ibapi.tag_value import TagValue
from ibapi.wrapper import EWrapper

from autotrader.errors import DecodeError
from autotrader.simulator.ibkr.fields import Fields
from autotrader.simulator.ibkr.frames import split_fields
from autotrader.simulator.ibkr.order_fields import PlaceOrder, read_place_order
from autotrader.simulator.ibkr.requests import read_simple


class _Wire:
    """Stands where a socket would, and keeps what is sent."""

    def __init__(self) -> None:
        self.sent = b""

    def isConnected(self) -> bool:  # noqa: N802
        return True

    def sendMsg(self, message: bytes) -> int:  # noqa: N802
        self.sent = message
        return len(message)


def by_ibapi(contract: Contract, order: Order) -> Fields:
    """Return what ibapi sends for an order, behind the message's id."""
    client = EClient(EWrapper())
    client.conn, client.serverVersion_, client.connState = _Wire(), 157, EClient.CONNECTED
    client.placeOrder(7, contract, order)
    fields = Fields(split_fields(client.conn.sent[4:]))
    assert fields.whole() == 3
    return fields


def by_ib_async(contract: ib_async.Contract, order: ib_async.Order, version: int) -> Fields:
    """Return what ib_async sends for an order, behind the message's id."""
    client = ib_async.client.Client(None)
    client._serverVersion = version
    sent: list[str] = []
    client.sendMsg = sent.append
    client.isConnected = lambda: True
    client.placeOrder(7, contract, order)
    fields = Fields(split_fields(sent[0].encode()))
    assert fields.whole() == 3
    return fields


def stock(**given: Any) -> Contract:
    one = Contract()
    one.symbol, one.secType, one.exchange, one.currency = "AAPL", "STK", "SMART", "USD"
    for name, value in given.items():
        setattr(one, name, value)
    return one


def order(**given: Any) -> Order:
    one = Order()
    one.action, one.orderType, one.totalQuantity, one.tif, one.orderRef = "BUY", "LMT", 10, "DAY", "ref"
    one.eTradeOnly = one.firmQuoteOnly = False
    for name, value in given.items():
        setattr(one, name, value)
    return one


def leg() -> ComboLeg:
    one = ComboLeg()
    one.conId, one.ratio, one.action, one.exchange = 265598, 1, "BUY", "SMART"
    return one


def conditions() -> list[order_condition.OrderCondition]:
    given: dict[str, tuple[object, ...]] = {
        "Price": (0, 265598, "SMART", True, 250.0), "Time": (True, "20301231 15:00:00"), "Margin": (True, 30),
        "Execution": ("STK", "SMART", "AAPL"), "Volume": (265598, "SMART", True, 100),
        "PercentChange": (265598, "SMART", True, 1.5),
    }  # fmt: skip
    return [getattr(order_condition, f"{kind}Condition")(*values) for kind, values in given.items()]


def neutral() -> DeltaNeutralContract:
    one = DeltaNeutralContract()
    one.conId = 1
    return one


BAG = stock(secType="BAG", comboLegs=[leg(), leg()])
KINDS: dict[str, tuple[Contract, Order, tuple[str, ...]]] = {
    "plain": (stock(), order(lmtPrice=1.5), ()),
    "legs": (BAG, order(orderComboLegs=[OrderComboLeg()], smartComboRoutingParams=[TagValue("a", "b")]), ("combo legs",)),
    "delta neutral order": (stock(), order(deltaNeutralOrderType="LMT"), ()),
    "scale": (stock(), order(scalePriceIncrement=0.5), ("scale orders",)),
    "hedge": (stock(), order(hedgeType="D", hedgeParam="1"), ("hedge orders",)),
    "delta neutral contract": (stock(deltaNeutralContract=neutral()), order(), ()),
    "algorithm": (stock(), order(algoStrategy="Adaptive", algoParams=[TagValue("p", "Normal")]), ("algo orders",)),
    "pegged": (stock(), order(orderType="PEG BENCH"), ()),
    "conditions": (stock(), order(conditions=conditions()), ("conditions",)),
    "options of ours": (stock(), order(orderMiscOptions=[TagValue("x", "y")]), ()),
}


@pytest.mark.parametrize("name", KINDS)
def test_an_order_of_ibapi_is_read_to_its_last_field(name: str) -> None:
    contract, given, unsupported = KINDS[name]
    fields = by_ibapi(contract, given)
    read = read_place_order(fields, 157)
    assert fields.left == 0
    assert (read.order_id, read.contract.symbol, read.action, read.quantity) == (7, "AAPL", "BUY", Decimal(10))
    assert (read.order_ref, read.tif, read.transmit, read.unsupported) == ("ref", "DAY", True, unsupported)


ASYNC: dict[str, tuple[ib_async.Contract, ib_async.Order]] = {
    "plain": (ib_async.Stock("AAPL", "SMART", "USD"), ib_async.LimitOrder("BUY", 10, 1.5)),
    "alternative system": (ib_async.Stock("AAPL", "IBKRATS", "USD"), ib_async.LimitOrder("BUY", 10, 1.5)),
    "pegged to the best": (ib_async.Stock("AAPL", "SMART", "USD"), ib_async.Order(orderType="PEG BEST", action="BUY")),
    "pegged to the mid": (ib_async.Stock("AAPL", "SMART", "USD"), ib_async.Order(orderType="PEG MID", action="BUY")),
    "best up to the mid": (
        ib_async.Stock("AAPL", "SMART", "USD"),
        ib_async.Order(orderType="PEG BEST", action="BUY", competeAgainstBestOffset=float("inf")),
    ),
}


@pytest.mark.parametrize("version", [157, 162, 166, 169, 170, 176, 177, 178])
@pytest.mark.parametrize("name", ASYNC)
def test_an_order_of_ib_async_is_read_to_its_last_field_at_every_version(name: str, version: int) -> None:
    fields = by_ib_async(*ASYNC[name], version)
    read = read_place_order(fields, version)
    assert fields.left == 0
    assert (read.contract.symbol, read.action) == ("AAPL", "BUY")


def test_all_that_matters_of_an_order_is_kept() -> None:
    given = order(
        orderType="TRAIL", auxPrice=1.25, trailStopPrice=240.5, ocaGroup="g", ocaType=2, parentId=6, outsideRth=True,
        goodTillDate="20301231-20:00:00", transmit=False, account="DU1", whatIf=True, displaySize=5, cashQty=100.0,
    )  # fmt: skip
    read = read_place_order(by_ibapi(stock(conId=265598), given), 157)
    assert (read.aux_price, read.trail_stop_price, read.limit_price, read.trailing_percent) == (
        Decimal("1.25"), Decimal("240.5"), None, None,
    )  # fmt: skip
    assert (read.oca_group, read.oca_type, read.parent_id, read.outside_rth) == ("g", 2, 6, True)
    assert (read.good_till, read.transmit, read.account, read.what_if) == ("20301231-20:00:00", False, "DU1", True)
    assert (read.display_size, read.cash_quantity, read.contract.con_id) == (5, Decimal(100), 265598)


@pytest.mark.parametrize("version", [157, 178])
def test_an_order_that_ends_early_is_refused_wherever_it_ends(version: int) -> None:
    contract, given = ASYNC["plain"]
    fields = by_ib_async(contract, given, version)
    texts = [fields.text() for _ in range(fields.left)]
    for count in range(len(texts)):
        with pytest.raises(DecodeError, match="more are needed"):
            read_place_order(Fields(texts[:count]), version)


@given(st.integers(0, 120), st.lists(st.text("0123456789.-aE", max_size=6), max_size=130), st.sampled_from([157, 166, 178]))
def test_any_fields_are_read_or_refused(message: int, texts: list[str], version: int) -> None:
    fields = Fields(texts)
    try:
        read = read_place_order(fields, version) if message == 3 else read_simple(message, fields, version)
    except DecodeError:
        return
    assert read is not None
    assert isinstance(read, PlaceOrder) == (message == 3)
