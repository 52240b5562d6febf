from pathlib import Path
from typing import Any

import pytest
from sim_kit import SECOND, START_NS, D, effects, make_venue, move, names, order

from autotrader.model import OrderState, Side
from autotrader.simulator.events import Canceled, Filled, RefusedRequest, Rejected
from autotrader.simulator.fault_script import read_faults
from autotrader.simulator.ledger_view import read_ledger


def test_an_account_starts_with_a_million_of_each_quote_currency_and_a_hundred_of_each_coin() -> None:
    venue, _, _ = make_venue()
    assert venue.ledger()["balances"] == {"BTC": "100", "ETH": "100", "USDT": "1000000"}


def test_orders_and_trades_are_counted_per_symbol() -> None:
    venue, _, _ = make_venue()
    for symbol in ("BTCUSDT", "BTCUSDT", "ETHUSDT"):
        venue.submit(order("BUY", "1", symbol=symbol))
    shown = [(row["symbol"], row["venue_order_id"]) for row in venue.ledger()["orders"]]
    assert shown == [("BTCUSDT", "1"), ("BTCUSDT", "2"), ("ETHUSDT", "1")]
    fills = [(row["symbol"], row["trade_id"], row["venue_order_id"]) for row in venue.ledger()["fills"]]
    assert fills == [("BTCUSDT", "1", "1"), ("BTCUSDT", "2", "2"), ("ETHUSDT", "1", "1")]
    assert list(venue.history.orders) == ["BTCUSDT:1", "BTCUSDT:2", "ETHUSDT:1"]


def test_a_venue_that_counts_over_all_symbols_shows_its_keys() -> None:
    venue, _, _ = make_venue(per_symbol_ids=False)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        venue.submit(order("BUY", "1", symbol=symbol))
    assert [row["venue_order_id"] for row in venue.ledger()["orders"]] == ["1", "2"]


def test_listeners_hear_of_own_orders_and_of_what_the_market_does_to_them() -> None:
    venue, _, told = make_venue()
    venue.submit(order("BUY", "1", "100.50"))
    assert names(told) == ["Accepted"]
    move(venue, "99", "100")
    assert names(told) == ["Accepted", "Filled"]


def test_rejects_and_refused_requests_are_returned_and_not_told() -> None:
    venue, _, told = make_venue()
    assert isinstance(venue.submit(order("BUY", "0.000001"))[-1], Rejected)
    assert isinstance(venue.cancel("BTCUSDT:9")[-1], RefusedRequest)
    assert told == []


def test_an_open_order_is_found_by_its_client_id_before_a_newer_done_one() -> None:
    venue, _, _ = make_venue()
    venue.submit(order("BUY", "1", client_id="a"))
    venue.submit(order("BUY", "1", "90", client_id="a"))
    found = venue.by_client_id("a")
    assert found is not None
    assert found.venue_order_id == "BTCUSDT:2"
    venue.cancel("BTCUSDT:2")
    again = venue.by_client_id("a")
    assert again is not None
    assert (again.venue_order_id, again.state) == ("BTCUSDT:2", OrderState.CANCELED)
    assert venue.by_client_id("b") is None


def test_orders_and_trades_are_listed_by_symbol_and_by_order() -> None:
    venue, clock, _ = make_venue()
    venue.submit(order("BUY", "1"))
    clock.pass_s(1)
    venue.submit(order("BUY", "1", symbol="ETHUSDT"))
    venue.submit(order("BUY", "1", "90"))
    assert [live.venue_order_id for live in venue.orders("BTCUSDT", open_only=False)] == ["BTCUSDT:1", "BTCUSDT:2"]
    assert [live.venue_order_id for live in venue.orders(open_only=True)] == ["BTCUSDT:2"]
    assert [fill.symbol for fill in venue.trades()] == ["BTCUSDT", "ETHUSDT"]
    assert [fill.symbol for fill in venue.trades(since_ns=START_NS + SECOND)] == ["ETHUSDT"]
    assert [fill.quantity for fill in venue.trades("BTCUSDT", key="BTCUSDT:1")] == [D(1)]
    assert venue.trades("BTCUSDT", key="BTCUSDT:2") == []


def test_everybody_sees_our_trades_and_those_of_strangers_in_one_count() -> None:
    venue, _, _ = make_venue()
    seen: list[tuple[str, str, Any]] = []
    venue.on_trade.append(lambda trade: seen.append((trade.trade_id, f"{trade.quantity:f}", trade.aggressor)))
    venue.submit(order("BUY", "1"))
    venue.print_trade("BTCUSDT", D(101), D(3), Side.BUY)
    assert seen == [("1", "1", Side.BUY), ("2", "3", Side.BUY)]


def test_a_trade_of_strangers_first_fills_us_then_is_told_for_the_rest() -> None:
    venue, _, told = make_venue()
    venue.submit(order("BUY", "1", "100"))
    seen: list[str] = []
    venue.on_trade.append(lambda trade: seen.append(f"{trade.quantity:f}"))
    venue.print_trade("BTCUSDT", D(100), D(3), Side.SELL)
    assert (names(told), seen) == (["Accepted"], ["3"])  # 50 are queued before us at 100
    venue.print_trade("BTCUSDT", D(100), D(3), Side.SELL, jumps_queue=True)
    assert (names(told), seen) == (["Accepted", "Filled"], ["3", "2", "1"])


def test_partial_bounds_what_an_order_takes_at_once() -> None:
    venue, _, _ = make_venue()
    events = venue.submit(order("BUY", "1", "101"), effects("submit", {"partial": 0.4}))
    assert [one.fill.quantity for one in events if isinstance(one, Filled)] == [D("0.4")]
    assert venue.orders(open_only=True)[0].state is OrderState.PARTIALLY_FILLED


def test_overfill_trades_beyond_the_quantity() -> None:
    venue, _, _ = make_venue()
    venue.submit(order("BUY", "1", "90"), effects("submit", {"overfill": 0.5}))
    assert venue.ledger()["orders"][0]["filled_quantity"] == "1.5"


def test_a_silent_trade_is_in_the_ledger_and_never_told() -> None:
    venue, clock, told = make_venue()
    events = venue.submit(order("BUY", "1", "100.50"), effects("submit", {"silent": True}))
    assert names(events) == ["Accepted"]
    move(venue, "99", "100")
    clock.pass_s(1000)
    venue.tick()
    assert names(told) == ["Accepted"]
    assert len(venue.ledger()["fills"]) == 1


def test_books_hear_of_a_silent_trade_all_the_same() -> None:
    venue, _, told = make_venue()
    changed: list[Any] = []
    venue.on_change.append(changed.extend)
    venue.submit(order("BUY", "1"), effects("submit", {"silent": True}))
    assert (names(changed), names(told)) == (["Accepted", "Filled"], ["Accepted"])


def test_a_held_trade_is_told_once_its_time_is_over() -> None:
    venue, clock, told = make_venue()
    assert names(venue.submit(order("BUY", "1"), effects("submit", {"hold_s": 2}))) == ["Accepted", "Filled"]
    clock.pass_s(1.9)
    venue.tick()
    assert names(told) == ["Accepted"]
    clock.pass_s(0.2)
    venue.tick()
    assert names(told) == ["Accepted", "Filled"]


def test_the_nth_trade_is_busted_when_it_comes() -> None:
    venue, _, told = make_venue()
    venue.submit(order("BUY", "2", "100.50"), effects("submit", {"bust": 2}))
    move(venue, "99", "100.50", "1")
    assert names(told) == ["Accepted", "Filled"]
    move(venue, "99", "100.50", "1")
    assert names(told) == ["Accepted", "Filled", "Filled", "Busted"]
    assert [row["trade_id"] for row in venue.ledger()["fills"]] == ["1"]
    assert [fill.trade_id for fill in venue.trades("BTCUSDT")] == ["1"]


@pytest.mark.parametrize("on", ["submit", "cancel"])
def test_an_order_fills_when_its_cancel_comes(on: str) -> None:
    venue, _, told = make_venue()
    race = effects(on, {"fill_on_cancel": True})
    venue.submit(order("BUY", "1", "90"), race if on == "submit" else None)
    events = venue.cancel("BTCUSDT:1", race if on == "cancel" else None)
    assert names(events) == ["Filled", "RefusedRequest"]
    assert names(told) == ["Accepted", "Filled"]


def test_amend_changes_an_open_order_and_refuses_a_done_one() -> None:
    venue, _, told = make_venue()
    venue.submit(order("BUY", "2", "90"))
    venue.amend("BTCUSDT:1", quantity=D(1))
    assert (names(told), venue.orders(open_only=True)[0].quantity) == (["Accepted", "Replaced"], D(1))
    venue.cancel("BTCUSDT:1")
    assert names(venue.amend("BTCUSDT:1", quantity=D(1))) == ["RefusedRequest"]


def test_requests_are_counted_by_kind() -> None:
    venue, _, _ = make_venue()
    for kind in ("submit", "submit", "query"):
        venue.count(kind)
    assert venue.ledger()["requests"] == {"submit": 2, "cancel": 0, "amend": 0, "query": 1, "other": 0}


def test_the_ledger_survives_a_restart_with_history_numbers_and_open_orders(tmp_path: Path) -> None:
    path = str(tmp_path / "sim.ledger")
    venue, _, _ = make_venue(ledger=path)
    venue.submit(order("BUY", "1", client_id="done"))
    venue.submit(order("BUY", "1", "90", client_id="open"))
    venue.submit(order("SELL", "1", symbol="ETHUSDT"))
    venue.count("submit")
    venue.write()
    before = venue.ledger()
    venue._ledger.close()  # type: ignore[union-attr]  # a kill leaves no checkpoint
    again, _, told = make_venue(ledger=path)
    assert again.ledger() == before
    assert [live.order.client_order_id for live in again.orders(open_only=True)] == ["open"]
    assert again.order("BTCUSDT:2") is again.by_client_id("open") is again.exchange.open["BTCUSDT:2"]
    assert [fill.client_order_id for fill in again.trades("BTCUSDT")] == ["done"]
    again.submit(order("BUY", "1"))
    assert again.ledger()["orders"][-1]["venue_order_id"] == "3"
    assert again.ledger()["fills"][-1]["trade_id"] == "2"
    again.cancel("BTCUSDT:2")
    assert isinstance(told[-1], Canceled)
    again.close()


def test_trades_of_two_symbols_with_one_number_are_two_in_the_ledger_file(tmp_path: Path) -> None:
    path = str(tmp_path / "sim.ledger")
    venue, _, _ = make_venue(ledger=path)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        venue.submit(order("BUY", "1", symbol=symbol))
    venue.close()
    assert [(row["symbol"], row["trade_id"]) for row in read_ledger(path)["fills"]] == [("BTCUSDT", "1"), ("ETHUSDT", "1")]


def test_an_event_is_in_the_ledger_file_before_it_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "sim.ledger")
    venue, _, _ = make_venue(ledger=path)
    written: list[int] = []
    venue.on_events.append(lambda _: written.append(len(read_ledger(path)["orders"])))
    venue.submit(order("BUY", "1"))
    assert written == [1]


# ---------------------------------------------------------------- time


def script(*rules: dict[str, Any]) -> Any:
    return read_faults({"rules": list(rules)})


def test_a_restart_goes_down_then_up_and_loses_the_session() -> None:
    rule = {"on": "venue", "at_s": 5, "do": [{"restart": {"down_s": 3, "keep_orders": True}}]}
    venue, clock, _ = make_venue(faults=script(rule))
    links: list[bool] = []
    venue.on_link.append(links.append)
    venue.submit(order("BUY", "1", "90"))
    for seconds, expected in ((4.9, []), (0.2, [False]), (2.9, [False]), (0.2, [False, True])):
        clock.pass_s(seconds)
        venue.tick()
        assert links == expected
    assert venue.session == 2
    assert len(venue.orders(open_only=True)) == 1


def test_a_restart_may_keep_the_session_and_lose_the_orders() -> None:
    rule = {"on": "venue", "at_s": 0, "do": [{"restart": {"down_s": 3, "keep_orders": False, "keep_session": True}}]}
    venue, _, told = make_venue(faults=script(rule))
    venue.submit(order("BUY", "1", "90"))
    venue.tick()
    assert (venue.is_up, venue.session, names(told)) == (False, 1, ["Accepted", "Canceled"])


def test_the_market_stands_while_the_venue_is_down() -> None:
    rule = {"on": "venue", "at_s": 0, "do": [{"restart": {"down_s": 3}}]}
    venue, clock, _ = make_venue(faults=script(rule))
    moves: list[int] = []
    venue.on_tick.append(moves.append)
    venue.tick()
    assert moves == []
    clock.pass_s(3)
    venue.tick()
    assert len(moves) == 1


def test_a_skewed_clock_shows_in_the_venues_time_only() -> None:
    venue, _, _ = make_venue(faults=script({"on": "venue", "at_s": 0, "do": [{"clock_skew_s": -2.5}]}))
    venue.tick()
    assert venue.now_ns() - venue.machine_ns() == -2_500_000_000


def test_a_halt_rejects_orders_until_it_is_over() -> None:
    venue, clock, _ = make_venue(faults=script({"on": "venue", "at_s": 0, "do": [{"market_halt_s": 10}]}))
    venue.tick()
    assert venue.submit(order("BUY", "1"))[-1].code == "MARKET_HALTED"  # type: ignore[union-attr]
    clock.pass_s(10)
    venue.tick()
    assert names(venue.submit(order("BUY", "1"))) == ["Accepted", "Filled"]


def test_maintenance_and_bans_last_their_time() -> None:
    venue, clock, _ = make_venue(faults=script({"on": "venue", "at_s": 0, "do": [{"maintenance_s": 4}]}))
    venue.tick()
    venue.ban(6)
    assert (venue.is_maintained, venue.ban_left_s) == (True, 6)
    clock.pass_s(5)
    assert (venue.is_maintained, venue.ban_left_s) == (False, 1)


def test_another_script_ends_what_lasts_of_the_one_before() -> None:
    do = [{"clock_skew_s": 9}, {"market_halt_s": 60}, {"maintenance_s": 60}]
    venue, _, _ = make_venue(faults=script({"on": "venue", "at_s": 0, "do": do}))
    venue.tick()
    venue.set_faults(script())
    assert (venue.now_ns(), venue.is_maintained) == (venue.machine_ns(), False)
    assert names(venue.submit(order("BUY", "1"))) == ["Accepted", "Filled"]


def test_a_script_counts_its_requests_and_its_time_from_when_it_was_set() -> None:
    venue, clock, _ = make_venue()
    assert venue.fault("submit") is None
    clock.pass_s(100)
    venue.set_faults(script({"on": "submit", "nth": 1, "until_s": 5, "do": [{"land": False}]}))
    found = venue.fault("submit", "BTCUSDT", "x")
    assert found is not None
    assert found.land is False


def test_stream_rules_by_time_are_handed_on() -> None:
    venue, clock, _ = make_venue(faults=script({"on": "stream", "at_s": 8, "do": [{"cut": True}]}))
    struck: list[bool] = []
    venue.on_stream_fault.append(lambda effects: struck.append(effects.cut))
    for seconds in (7.9, 0.2, 5.0):
        clock.pass_s(seconds)
        venue.tick()
    assert struck == [True]


def test_orders_past_their_time_expire_at_a_tick() -> None:
    from autotrader.model import TimeInForce

    venue, clock, told = make_venue()
    venue.submit(order("BUY", "1", "90", tif=TimeInForce.GTD, expires_ns=START_NS + SECOND))
    clock.pass_s(2)
    venue.tick()
    assert names(told) == ["Accepted", "Expired"]
