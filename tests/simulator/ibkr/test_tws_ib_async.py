"""The decisive test with ib_async, unchanged: an independent client that reads every message in its own way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from ib_async import (
    IB,
    Contract,
    Forex,
    Future,
    LimitOrder,
    MarketOrder,
    Option,
    Order,
    Stock,
    StopLimitOrder,
    StopOrder,
    Trade,
)
from simulator_kit import RunningVenue, running

WAIT_S = 10.0
CLIENT = 7


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running("ibkr") as one:
        yield one


@pytest.fixture(autouse=True)
def market(venue: RunningVenue) -> None:
    venue.market("AAPL", "250.00", "250.02", "1000", "1000")


def run(venue: RunningVenue, act: Callable[[IB, Contract], Awaitable[None]], client_id: int = CLIENT) -> None:
    """Connect, name AAPL, act, and leave."""

    async def connected() -> None:
        ib = IB()
        await ib.connectAsync(venue.ready["host"], venue.ready["port"], clientId=client_id, timeout=WAIT_S)
        try:
            [stock] = await ib.qualifyContractsAsync(Stock("AAPL", "SMART", "USD"))
            assert stock is not None
            await act(ib, stock)
            ib.reqGlobalCancel()
            await until(lambda: not [one for one in ib.openTrades() if one.order.clientId == client_id])
        finally:
            ib.disconnect()

    asyncio.run(asyncio.wait_for(connected(), 6 * WAIT_S))


async def until(check: Callable[[], Any]) -> Any:
    """Wait until something holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_S
    while not (found := check()):
        assert loop.time() < deadline, "it did not come"
        await asyncio.sleep(0.01)
    return found


async def reaches(trade: Trade, status: str) -> None:
    await until(lambda: trade.orderStatus.status == status)


def day(order: Order, **given: Any) -> Order:
    order.tif = "DAY"
    for name, value in given.items():
        setattr(order, name, value)
    return order


def test_it_connects_with_all_that_it_asks_for_at_once(venue: RunningVenue) -> None:
    async def act(ib: IB, stock: Contract) -> None:
        assert ib.client.serverVersion() == 178
        assert ib.managedAccounts() == ["DU1234567"]
        assert {one.tag for one in ib.accountValues()} >= {"NetLiquidation", "AvailableFunds", "BuyingPower"}
        assert stock.conId == 265598

    run(venue, act)


def test_it_names_contracts_of_every_kind(venue: RunningVenue) -> None:
    async def act(ib: IB, _: Contract) -> None:
        asked = (Future("ES", "20261218", "CME"), Forex("EURUSD"), Option("AAPL", "20261218", 250, "C", "SMART"))
        found = await ib.qualifyContractsAsync(*asked)
        assert [one.localSymbol for one in found if one] == ["ESZ6", "EUR.USD", "AAPL  261218C00250000"]
        details = await ib.reqContractDetailsAsync(Future("ES", exchange="CME"))
        assert [one.contract.localSymbol for one in details if one.contract] == ["ESZ6", "ESH7"]

    run(venue, act)


def test_it_trades(venue: RunningVenue) -> None:
    async def act(ib: IB, stock: Contract) -> None:
        bought = ib.placeOrder(stock, day(MarketOrder("BUY", 20), orderRef="async-bought"))
        await reaches(bought, "Filled")
        await until(lambda: bought.fills and bought.fills[0].commissionReport.execId)
        assert (bought.orderStatus.filled, bought.orderStatus.avgFillPrice) == (20, 250.02)
        assert bought.fills[0].execution.orderRef == "async-bought"
        rests = ib.placeOrder(stock, day(LimitOrder("BUY", 10, 200), orderRef="async-rests"))
        await reaches(rests, "Submitted")
        rests.order.lmtPrice, rests.order.totalQuantity = 201, 12
        ib.placeOrder(stock, rests.order)
        await until(lambda: [entry for entry in rests.log if entry.message == "Modify"] and rests.log[-1].status == "Submitted")
        ib.cancelOrder(rests.order)
        await reaches(rests, "Cancelled")
        await until(lambda: ib.positions())
        assert ib.positions()[0].position == 20

    run(venue, act)


def test_its_stops_wait_and_its_bracket_is_one(venue: RunningVenue) -> None:
    async def act(ib: IB, stock: Contract) -> None:
        kinds: list[dict[str, Any]] = [
            {"orderType": "TRAIL", "auxPrice": 2}, {"orderType": "TRAIL", "trailingPercent": 1}, {"orderType": "MOC"},
            {"orderType": "LOC", "lmtPrice": 1},
        ]  # fmt: skip
        held = [StopOrder("SELL", 5, 200), StopLimitOrder("SELL", 5, 199, 200)]
        held += [Order(action="SELL", totalQuantity=5, **kind) for kind in kinds]
        for trade in [ib.placeOrder(stock, day(one)) for one in held]:
            await reaches(trade, "PreSubmitted")
        bracket = [ib.placeOrder(stock, day(one)) for one in ib.bracketOrder("BUY", 10, 200, 300, 100)]
        await reaches(bracket[0], "Submitted")
        await reaches(bracket[2], "PreSubmitted")

    run(venue, act)


def test_it_reads_everything(venue: RunningVenue) -> None:
    async def act(ib: IB, stock: Contract) -> None:
        sold = ib.placeOrder(stock, day(MarketOrder("SELL", 1), orderRef="async-sold"))
        await reaches(sold, "Filled")
        gone = ib.placeOrder(stock, day(LimitOrder("BUY", 1, 100), orderRef="async-gone"))
        await reaches(gone, "Submitted")
        assert [one.order.orderRef for one in await ib.reqAllOpenOrdersAsync()] == ["async-gone"]
        ib.cancelOrder(gone.order)
        await reaches(gone, "Cancelled")
        assert "async-sold" in [one.execution.orderRef for one in await ib.reqExecutionsAsync()]
        done = {one.order.orderRef: one.orderStatus.status for one in await ib.reqCompletedOrdersAsync(apiOnly=False)}
        assert (done["async-sold"], done["async-gone"]) == ("Filled", "Cancelled")
        assert "NetLiquidation" in [one.tag for one in await ib.accountSummaryAsync()]
        ticker = ib.reqMktData(stock)
        await until(lambda: (ticker.bid, ticker.ask) == (250.00, 250.02))
        [snapshot] = await ib.reqTickersAsync(stock)
        assert snapshot.bid == 250.00
        effect = await ib.whatIfOrderAsync(stock, MarketOrder("BUY", 100))
        assert float(effect.initMarginChange) > 0
        assert (await ib.reqCurrentTimeAsync()).tzinfo is not None
        await ib.reqAccountUpdatesAsync("DU1234567")
        assert ib.portfolio()

    run(venue, act)


def test_it_reconnects_and_finds_what_it_left(venue: RunningVenue) -> None:
    async def leave(ib: IB, stock: Contract) -> None:
        one = ib.placeOrder(stock, day(LimitOrder("BUY", 1, 100), orderRef="async-left"))
        await reaches(one, "Submitted")
        host, port = venue.ready["host"], venue.ready["port"]
        ib.disconnect()
        await ib.connectAsync(host, port, clientId=CLIENT, timeout=WAIT_S)
        assert "async-left" in [trade.order.orderRef for trade in ib.openTrades()]
        assert ib.client.getReqId() > one.order.orderId

    run(venue, leave)


def test_two_clients_may_not_have_one_id(venue: RunningVenue) -> None:
    async def act(ib: IB, _: Contract) -> None:
        second = IB()
        with pytest.raises((ConnectionError, TimeoutError)):
            await second.connectAsync(venue.ready["host"], venue.ready["port"], clientId=ib.client.clientId, timeout=2)
        second.disconnect()

    run(venue, act, client_id=23)
