"""Beside the engine: quotes, doctor, and a sweep from outside, each by a connection of its own, against a simulated TWS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from simulator_kit import RunningVenue, running
from support import Probe, eventually

from autotrader.actors import Runtime
from autotrader.clock import SystemClock
from autotrader.config import Settings, load_settings
from autotrader.console.own_sweep import OwnSweep
from autotrader.errors import ConfigError, NotSent, OutcomeUnknown, Refused, StartError
from autotrader.execution.adapters.ibkr import IBKRAdapter
from autotrader.execution.adapters.ibkr.feed import TwsReader, live_plan
from autotrader.execution.adapters.ibkr.hands import Hands, InUse
from autotrader.execution.adapters.ibkr.messages import CancelRequest, PlaceRequest
from autotrader.execution.adapters.ibkr.outside import examine, sweep_hands
from autotrader.execution.adapters.ibkr.side import Address
from autotrader.execution.adapters.wire import FrameReceived, StreamClosed, StreamOpened
from autotrader.messages import QuoteUpdate
from autotrader.model import OrderUpdate, Quote

D = Decimal


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running("ibkr") as found:
        yield found


@pytest.fixture
def settings(venue: RunningVenue) -> Callable[..., Settings]:
    def make(mode: str = "SIMULATED", **tree: Any) -> Settings:
        own = {
            "enabled": True, "host": venue.ready["host"], "port": venue.ready["port"], "account": "DU1234567",
            "symbols": ["AAPL", "ESZ6"], "connect_timeout_s": 5, "read_timeout_s": 5, **tree.pop("ibkr", {}),
        }  # fmt: skip
        return load_settings(env={}, extra=[("a test", {"mode": mode, "venues": {"ibkr": own}, **tree})])

    return make


def address(venue: RunningVenue, client_id: int = 60) -> Address:
    return Address(venue.ready["host"], venue.ready["port"], client_id, 5.0)


# ---------------------------------------------------------------- hands


def test_hands_read_and_cancel_and_can_place_nothing(venue: RunningVenue) -> None:
    with Hands(address(venue)) as hands:
        assert hands.opened.accounts == ("DU1234567",)
        assert hands.resolve(["AAPL"]).instruments[0].symbol == "AAPL"
        assert hands.clock().epoch_s > 0
        for forbidden in (PlaceRequest(1, hands.resolve(["AAPL"]).traded["AAPL"].contract, None), CancelRequest(1)):  # type: ignore[arg-type]
            with pytest.raises(Refused):
                hands.write(forbidden)


def test_hands_say_who_has_the_client_id(venue: RunningVenue) -> None:
    with Hands(address(venue)), pytest.raises(InUse):
        Hands(address(venue))


def test_hands_do_not_wait_for_ever_for_a_tws_that_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises((NotSent, OutcomeUnknown)):
        Hands(Address("127.0.0.1", server.getsockname()[1], 1, 0.3))


def test_hands_say_that_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotSent, match="cannot be reached"):
        Hands(Address("127.0.0.1", port, 1, 1.0))


# ---------------------------------------------------------------- quotes


def test_quotes_come_and_what_stands_is_asked_for(venue: RunningVenue, settings: Callable[..., Settings]) -> None:
    plan = live_plan(settings())
    assert plan.open is not None
    probe = Probe()
    runtime = Runtime(SystemClock(), SystemClock())
    handle = runtime.handle("feed")
    handle.bind(probe)
    [line] = plan.source.lines()
    venue.market("AAPL", "150.00", "150.10", "500", "600")
    reader = plan.open("feed.1", 1, line.url, handle, SystemClock())
    assert isinstance(reader, TwsReader)
    try:
        probe.wait_for(StreamOpened)
        probe.wait_for(FrameReceived, 1)
        [quote] = eventually(lambda: plan.source.ask(["AAPL"], 77))
        assert (quote.venue, quote.symbol, quote.bid, quote.ask, quote.ts_ns) == ("ibkr", "AAPL", D("150.00"), D("150.10"), 77)
        venue.market("AAPL", "151.00", "151.10", "500", "600")
        eventually(lambda: _last(probe, plan).bid == D("151.00"))
    finally:
        reader.close()
    probe.wait_for(StreamClosed)
    assert plan.source.ask(["AAPL"], 78) == []


def _last(probe: Probe, plan: Any) -> Quote:
    seen = [plan.source.read(one.data, one.recv_ns) for one in probe.of(FrameReceived)]
    quotes: list[Quote] = [one.quote for one in seen if one.quote.symbol == "AAPL"]
    return quotes[-1]


def test_paper_can_trade_on_the_quotes_of_a_tws(settings: Callable[..., Settings]) -> None:
    plan = live_plan(settings("PAPER", market={"source": "live", "venue": "ibkr", "symbols": ["AAPL", "EUR.USD"]}))
    assert [(one.venue, one.symbol) for one in plan.instruments] == [("paper", "AAPL"), ("paper", "EUR.USD")]
    assert plan.source.name == "paper"
    with pytest.raises(ConfigError, match="TWS knows no such contract"):
        live_plan(settings("PAPER", market={"source": "live", "venue": "ibkr", "symbols": ["NOSUCH"]}))
    with pytest.raises(StartError, match="the instruments of ibkr cannot be read"):
        live_plan(settings("PAPER", ibkr={"port": 1}, market={"source": "live", "venue": "ibkr", "symbols": ["AAPL"]}))


def test_there_are_no_trades_and_bars_here(settings: Callable[..., Settings]) -> None:
    with pytest.raises(ConfigError, match="quotes alone"):
        live_plan(settings(market={"source": "live", "bars": "1m"}))


# ---------------------------------------------------------------- doctor


def test_doctor_finds_a_tws_that_is_well(venue: RunningVenue, settings: Callable[..., Settings]) -> None:
    venue.market("AAPL", "150.00", "150.10", "500", "600")
    rows = {one.name: one for one in examine(settings())}
    assert list(rows) == [
        "ibkr settings", "ibkr library", "ibkr TWS", "ibkr account", "ibkr clock", "ibkr balances", "ibkr symbols",
        "ibkr quotes", "ibkr read-only",
    ]  # fmt: skip
    assert [name for name, one in rows.items() if not one.ok] == []
    assert "ESZ6 (tick 0.25, lot 1)" in rows["ibkr symbols"].detail
    assert "USD" in rows["ibkr balances"].detail


@pytest.mark.parametrize(
    ("keys", "row", "said"),
    [
        ({"account": "DU7"}, "ibkr account", "logged in to DU1234567, not to DU7"),
        ({"symbols": ["NOSUCH"]}, "ibkr symbols", "TWS knows no such contract"),
        ({"symbols": []}, "ibkr symbols", "is empty"),
        ({"port": 1, "connect_timeout_s": 1}, "ibkr TWS", "cannot be reached"),
        ({"account": "U7"}, "ibkr settings", "no paper account"),
    ],
)
def test_doctor_says_what_is_wrong_and_what_to_do(
    settings: Callable[..., Settings], keys: dict[str, Any], row: str, said: str
) -> None:
    [bad] = [one for one in examine(settings(ibkr=keys)) if not one.ok]
    assert bad.name == row
    assert said in bad.detail
    assert bad.fix


# ---------------------------------------------------------------- a sweep from outside


@pytest.fixture
def engine(venue: RunningVenue, settings: Callable[..., Settings], tmp_path: Path) -> Iterator[IBKRAdapter]:
    own = settings().venues["ibkr"].model_dump(exclude={"simulator"})
    adapter = IBKRAdapter({"venues": {"ibkr": own}, "journal": {"path": str(tmp_path / "j.db")}}, mode="SIMULATED")
    venue.market("AAPL", "150.00", "150.10", "500", "600")
    try:
        adapter.connect(20)
        yield adapter
    finally:
        adapter.disconnect()


def rest(adapter: IBKRAdapter, price: str = "149.00") -> OrderUpdate:
    quote = Quote("ibkr", "AAPL", D("150.00"), D("150.10"), D(500), D(600), adapter.engine.now_ns())
    adapter.engine.ask_actor("oms", QuoteUpdate(quote))
    told = adapter.submit_order(adapter.new_order("AAPL", "BUY", 1, "LIMIT", price=price))
    assert told.state == "OPEN", told
    return told


def test_beside_a_running_engine_only_everything_can_be_cancelled(
    venue: RunningVenue, settings: Callable[..., Settings], engine: IBKRAdapter
) -> None:
    one = rest(engine)
    hands = sweep_hands(settings())
    try:
        swept = OwnSweep(hands, [one], 5.0).run()
    finally:
        hands.close()
    assert not swept.clean
    assert "kill.ibkr_global = true" in swept.detail
    hands = sweep_hands(settings(kill={"ibkr_global": True}))
    try:
        assert OwnSweep(hands, [one], 15.0).run().clean
    finally:
        hands.close()
    eventually(lambda: engine.get_order_status(one.client_order_id).state == "CANCELED")


def test_somebody_elses_order_is_left_alone_and_said_to_be_in_the_way(
    venue: RunningVenue, settings: Callable[..., Settings], engine: IBKRAdapter
) -> None:
    one = rest(engine)
    venue.order("AAPL", "BUY", "5", "140.00")
    hands = sweep_hands(settings(kill={"ibkr_global": True}))
    try:
        swept = OwnSweep(hands, [one], 5.0).run()
        assert (swept.clean, swept.foreign) == (False, 1), swept
    finally:
        hands.close()
    engine.cancel_order(one.client_order_id)


def test_once_the_engine_is_gone_its_client_id_cancels_order_by_order(
    venue: RunningVenue, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    own = settings().venues["ibkr"].model_dump(exclude={"simulator"})
    stop = {"policy": "leave"}
    adapter = IBKRAdapter(
        {"venues": {"ibkr": own}, "journal": {"path": str(tmp_path / "k.db")}, "stop": stop}, mode="SIMULATED"
    )
    adapter.connect(20)
    one = rest(adapter)
    adapter.disconnect()
    hands = sweep_hands(settings())
    try:
        swept = OwnSweep(hands, [one], 15.0).run()
    finally:
        hands.close()
    assert (swept.clean, swept.canceled) == (True, 1)
