"""One of each kind traded through the whole engine: positions, cash and fees equal the venue's books to the last digit."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from simulator_kit import RunningVenue, running
from support import eventually

from autotrader.execution.adapters.ibkr import IBKRAdapter
from autotrader.messages import Alerted, GetInstruments
from autotrader.model import Instrument, InstrumentKind, OrderUpdate

D = Decimal
OPTION = "AAPL  261218C00250000"
PRICES = {
    "AAPL": ("150.00", "150.02", "10"), "EUR.USD": ("1.10000", "1.10005", "25000"), "ESZ6": ("5000.00", "5000.25", "2"),
    OPTION: ("5.00", "5.05", "3"),
}  # fmt: skip


@pytest.fixture
def venue() -> Iterator[RunningVenue]:
    with running("ibkr") as found:
        for symbol, (bid, ask, _) in PRICES.items():
            found.market(symbol, bid, ask, "5000000", "5000000")
        yield found


@pytest.fixture
def adapter(venue: RunningVenue, tmp_path: Path) -> Iterator[IBKRAdapter]:
    own = {"host": venue.ready["host"], "port": venue.ready["port"], **venue.credentials, "symbols": list(PRICES)}
    sections = {"journal": {"path": str(tmp_path / "j.db")}, "risk": {"profile": "open"}, "engine": {"sweep_s": 1}}
    made = IBKRAdapter({"venues": {"ibkr": {**own, "books_every_s": 1}}, **sections}, mode="SIMULATED")
    try:
        made.connect(20)
        yield made
    finally:
        made.disconnect()


def trade(adapter: IBKRAdapter, symbol: str, side: str, quantity: str) -> None:
    """Trade once the market's quotes are there: what is denied for want of one has not left."""

    def sent() -> OrderUpdate:
        told = adapter.submit_order(adapter.new_order(symbol, side, quantity))
        assert told.state != "DENIED", told
        return told

    told = eventually(sent)
    eventually(lambda: adapter.get_order_status(told.client_order_id).state == "FILLED")


def test_one_of_each_kind_keeps_the_books_equal(venue: RunningVenue, adapter: IBKRAdapter) -> None:
    heard: queue.Queue[Any] = queue.Queue()
    adapter.subscribe(heard)
    for symbol, (_, _, quantity) in PRICES.items():
        trade(adapter, symbol, "BUY", quantity)
    venue.market("ESZ6", "5010.00", "5010.25", "500", "500")
    venue.market(OPTION, "6.00", "6.05", "500", "500")
    trade(adapter, "ESZ6", "SELL", "1")
    trade(adapter, OPTION, "SELL", "5")
    trade(adapter, "EUR.USD", "SELL", "40000")

    def equal() -> bool:
        truth = venue.ledger()
        held = {one.symbol: one.quantity for one in adapter.get_positions()}
        assert held == {symbol: D(amount) for symbol, amount in truth["positions"].items()}
        assert adapter.get_account_balance() == {asset: D(amount) for asset, amount in truth["balances"].items()}
        return True

    eventually(equal, 10)
    assert adapter.get_account_balance()["EUR"] == -15_000
    alarms = [one for one in list(heard.queue) if isinstance(one, Alerted)]
    assert [one.text for one in alarms if one.code == "DIFFERENCE"] == []


def test_the_instruments_are_what_they_are(adapter: IBKRAdapter) -> None:
    listed: dict[str, Instrument] = {one.symbol: one for one in adapter.engine.ask_actor("oms", GetInstruments())}
    assert {symbol: one.kind for symbol, one in listed.items()} == {
        "AAPL": InstrumentKind.STOCK, "EUR.USD": InstrumentKind.FX, "ESZ6": InstrumentKind.FUTURE,
        OPTION: InstrumentKind.OPTION,
    }  # fmt: skip
    assert [listed[symbol].multiplier for symbol in PRICES] == [1, 1, 50, 100]
    assert [listed[symbol].base for symbol in PRICES] == ["", "EUR", "", ""]
