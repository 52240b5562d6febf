"""A connect is a hand-over: account, contracts, books, then what happened meanwhile; whatever breaks in between begins anew."""

from __future__ import annotations

from typing import Any

import pytest
from broker_bench import names
from ibkr_actor_kit import AAPL, ACCOUNT, ES, SECOND, START_NS, D, commission, execution, open_order, order, own_id, status
from ibkr_bench import Bench
from msgspec.structs import replace

from autotrader.execution.adapters.ibkr.linking import Memory
from autotrader.execution.adapters.ibkr.messages import (
    AccountsTold,
    AccountSummaryCancel,
    AccountSummaryRequest,
    CompletedOrdersRequest,
    ContractDetailsRequest,
    EndTold,
    ExecutionsRequest,
    FrameLost,
    NextIdTold,
    OpenOrdersRequest,
    PlaceRequest,
    PositionsCancel,
    PositionsRequest,
    PositionTold,
    TimeTold,
)
from autotrader.execution.adapters.ibkr.order_ids import OrderIds, ids_path
from autotrader.messages import (
    AccountConfirmed,
    InstrumentsListed,
    LinkChanged,
    OrderCanceled,
    OrderFilled,
    SnapshotTaken,
    TradeBusted,
    VenueReady,
)
from autotrader.model import InstrumentKind, LinkState, Mode, OrderState, VenueSnapshot

READS = (OpenOrdersRequest, PositionsRequest, AccountSummaryRequest, ExecutionsRequest)


def snapshot_in(told: list[Any]) -> VenueSnapshot:
    [taken] = [one for one in told if isinstance(one, SnapshotTaken)]
    assert taken.snapshot is not None
    return taken.snapshot


# ---------------------------------------------------------------- in its order


def test_a_connect_tells_link_account_instruments_and_books_in_this_order() -> None:
    bench = Bench().start(up=False)
    told = bench.open()
    assert names(told) == ["LinkChanged", "AccountConfirmed", "InstrumentsListed", "SnapshotTaken"]
    link, account, listed, taken = told
    assert (link.link, link.gap_from_ns) == (LinkState.SYNCING, None)  # type: ignore[attr-defined]
    assert (account.info.account, account.info.mode) == (ACCOUNT, Mode.TESTNET)  # type: ignore[attr-defined]
    [instrument] = listed.instruments  # type: ignore[attr-defined]
    assert (instrument.symbol, instrument.kind, instrument.tick) == ("AAPL", InstrumentKind.STOCK, D("0.01"))
    assert (taken.purpose, taken.snapshot.complete) == ("handover", True)  # type: ignore[attr-defined]
    [up] = bench.put(VenueReady("ibkr", True, "reconciled"))
    assert isinstance(up, LinkChanged)
    assert up.link is LinkState.UP


def test_executions_are_asked_for_last() -> None:
    bench = Bench().start()
    asked = [type(one) for one in bench.out if type(one) in READS]
    assert asked[-1] is ExecutionsRequest
    assert set(asked) == set(READS)


def test_the_books_name_orders_trades_cash_and_positions_of_this_account_alone() -> None:
    bench = Bench().start(up=False)
    ours, theirs = order(client_order_id=own_id()), order("5", "151.00", side="SELL")
    bench.list_order(ours, 3, "PreSubmitted", "2")
    stranger = open_order(theirs, 0, 950, "Submitted", client_id=0, terms={"order_ref": "by hand", "account": ACCOUNT})
    other = open_order(theirs, 9, 951, "Submitted", terms={"account": "DU7"})
    bench.tws.orders += [(stranger, None), (other, None)]
    bench.tws.executions = [execution("e.01", "2", order_id=3, perm_id=903, order_ref=ours.client_order_id)]
    bench.tws.commissions = [commission("e.01")]
    held = ((ACCOUNT, ES, 3), ("DU7", AAPL, 9), (ACCOUNT, AAPL, 0))
    bench.tws.positions = [PositionTold(0, account, contract, D(quantity)) for account, contract, quantity in held]
    bench.tws.cash = {"USD": "999.5", "EUR": "-10", "BASE": "5"}
    books = snapshot_in(bench.open())
    mine, strange = books.orders
    assert (mine.client_order_id, mine.venue_order_id, mine.state) == (ours.client_order_id, "903", OrderState.PARTIALLY_FILLED)
    assert (mine.filled_quantity, mine.held, mine.foreign) == (2, True, False)
    assert (strange.client_order_id, strange.venue_order_id, strange.foreign) == ("", "950", True)
    assert [(fill.trade_id, fill.client_order_id, fill.fee) for fill in books.trades] == [("e.01", ours.client_order_id, 1)]
    assert {one.asset: one.total for one in books.balances} == {"EUR": D(-10), "USD": D("999.5")}
    assert books.positions == (("ESZ6", D(3)),)


def test_a_summary_without_a_word_on_cash_is_no_account_without_cash() -> None:
    bench = Bench().start(up=False)
    bench.tws.cash = {}
    assert not snapshot_in(bench.open()).complete


def test_a_symbol_is_shown_as_it_is_configured() -> None:
    bench = Bench(symbols=["conid:265598@SMART"])
    bench.tws.contracts = {"": [AAPL]}
    bench.tws.positions = [PositionTold(0, ACCOUNT, AAPL, D(3))]
    books = snapshot_in(bench.start(up=False).open())
    assert books.positions == (("conid:265598@SMART", D(3)),)


# ---------------------------------------------------------------- what keeps it from happening


def test_another_account_takes_no_orders_and_is_named() -> None:
    bench = Bench().start(up=False)
    bench.accounts = ("DU7", "DU8")
    told = bench.open()
    assert names(told) == ["AccountConfirmed", "LinkChanged"]
    assert told[0].info.account == "DU7"  # type: ignore[attr-defined]
    assert "logged in to DU7, DU8" in told[1].reason  # type: ignore[attr-defined]
    bench.send(order())
    assert bench.failures == [("not_sent", "LINK_DOWN")]
    assert not bench.asked(PlaceRequest)


def test_several_accounts_are_no_hindrance_if_ours_is_among_them() -> None:
    bench = Bench().start(up=False)
    bench.accounts = ("DU7", ACCOUNT)
    assert "SnapshotTaken" in names(bench.open())


def test_an_account_that_leaves_the_login_takes_the_link_with_it() -> None:
    bench = Bench().start()
    told = bench.put(AccountsTold(bench.clock.now_ns(), ("DU7",)))
    assert [type(one) for one in told] == [AccountConfirmed, LinkChanged]


@pytest.mark.parametrize("found", [[], [AAPL, replace(AAPL, con_id=7, primary_exchange="MEXI", currency="MXN")]])
def test_a_symbol_that_is_nothing_or_several_things_is_told_and_asked_again_later(found: list[Any]) -> None:
    bench = Bench()
    bench.tws.contracts = {"AAPL": found}
    [told] = bench.start(up=False).open()
    assert isinstance(told, LinkChanged)
    assert "correct venues.ibkr.symbols" in told.reason
    assert ("AAPL is ambiguous" in told.reason and "conid:7" in told.reason) is bool(found)
    before = len(bench.asked(ContractDetailsRequest))
    bench.wait(10)
    assert len(bench.asked(ContractDetailsRequest)) == before
    bench.wait(60)
    assert len(bench.asked(ContractDetailsRequest)) > before


def test_contracts_that_are_not_told_in_time_are_named() -> None:
    bench = Bench()
    bench.tws.mute = {ContractDetailsRequest}
    bench.start(up=False).open()
    [told] = bench.wait(6)
    assert "AAPL" in told.reason  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", READS)
def test_a_list_without_its_end_is_no_list(kind: type) -> None:
    bench = Bench().start(up=False)
    bench.tws.endless = {kind}
    assert bench.open() == []
    told = bench.wait(5.5)
    assert names(told) == ["LinkChanged"]
    assert "did not end its list" in told[0].reason  # type: ignore[attr-defined]
    bench.tws.endless = set()
    assert "SnapshotTaken" in names(bench.wait(5))


def test_after_two_lists_without_an_end_the_connection_is_given_up() -> None:
    bench = Bench().start(up=False)
    bench.tws.endless = {OpenOrdersRequest}
    bench.open()
    bench.wait(20)
    assert bench.dropped
    assert "twice in a row" in bench.dropped[0]


def test_a_reading_that_is_given_up_leaves_no_subscription_behind() -> None:
    bench = Bench().start(up=False)
    bench.tws.endless = {PositionsRequest, AccountSummaryRequest}
    bench.open()
    bench.wait(5.5)
    [summary] = bench.asked(AccountSummaryRequest)
    assert bench.asked(PositionsCancel)
    assert bench.asked(AccountSummaryCancel) == [AccountSummaryCancel(summary.req_id)]


def test_an_end_that_comes_too_late_ends_nothing_but_its_own_list() -> None:
    bench = Bench().start(up=False)
    bench.tws.endless = {OpenOrdersRequest}
    bench.open()
    bench.wait(6)
    asked = len(bench.asked(OpenOrdersRequest))
    bench.tws.mute, bench.tws.endless = {ExecutionsRequest}, set()
    bench.wait(1)
    late = order(client_order_id=own_id())
    told = bench.put([open_order(late, 5, 905), EndTold(bench.clock.now_ns(), "open_orders")])
    assert told == []
    assert len(bench.asked(OpenOrdersRequest)) == asked  # the fence comes first


def test_a_commission_that_lags_is_waited_for_a_moment_and_no_longer() -> None:
    bench = Bench().start(up=False)
    ours = own_id()
    bench.tws.executions = [execution("e.01", "2", order_ref=ours)]
    assert bench.open() == []
    books = snapshot_in(bench.put(commission("e.01")))
    assert [fill.fee for fill in books.trades] == [1]
    again = Bench().start(up=False)
    again.tws.executions = bench.tws.executions
    assert again.open() == []
    assert [fill.fee_asset for fill in snapshot_in(again.wait(1.5)).trades] == [""]


# ---------------------------------------------------------------- what happens meanwhile


def test_what_happens_meanwhile_follows_the_books_and_is_told_once() -> None:
    bench = Bench().start()
    one = bench.working()
    bench.close()
    bench.tws.mute = {ExecutionsRequest}
    bench.tws.orders = []
    assert bench.open() == []
    live = execution("m.01", order_id=1, perm_id=901, recv_ns=bench.clock.now_ns())
    assert bench.put([live, status("Filled", 1, 901, "10", "0")]) == []
    request = bench.asked(ExecutionsRequest)[-1]
    listed = replace(live, req_id=request.req_id)
    told = bench.put([listed, commission("m.01"), EndTold(bench.clock.now_ns(), "executions", request.req_id)])
    books = snapshot_in(told)
    assert [fill.trade_id for fill in books.trades] == ["m.01"]
    assert books.trades[0].client_order_id == one.client_order_id
    assert [one.fill.trade_id for one in told if isinstance(one, OrderFilled)] == []


def test_a_cancel_meanwhile_is_told_after_the_books() -> None:
    bench = Bench().start()
    bench.working()
    bench.close()
    bench.tws.mute = {ExecutionsRequest}
    bench.open()
    bench.put(status("Cancelled", 1, 901))
    bench.tws.mute = set()
    request = bench.asked(ExecutionsRequest)[-1]
    told = bench.put(EndTold(bench.clock.now_ns(), "executions", request.req_id))
    assert [type(one) for one in told][-1] is SnapshotTaken or isinstance(told[-1], OrderCanceled)
    row = snapshot_in(told).orders[0]
    assert row.state is OrderState.CANCELED or any(isinstance(one, OrderCanceled) for one in told)


def test_a_correction_while_we_were_away_takes_the_first_trade_back() -> None:
    bench = Bench().start()
    one = bench.working()
    bench.put(execution("r.01", "4", order_id=1, perm_id=901))
    bench.close()
    bench.tws.executions = [execution("r.02", "4", "149.00", order_id=1, perm_id=901)]
    bench.tws.commissions = [commission("r.02")]
    told = bench.open()
    busts = [one for one in told if isinstance(one, TradeBusted)]
    assert [(bust.client_order_id, bust.trade_id) for bust in busts] == [(one.client_order_id, "r.01")]
    assert [fill.trade_id for fill in snapshot_in(told).trades] == ["r.02"]


# ---------------------------------------------------------------- gaps


def test_a_lost_connection_is_a_gap_that_a_hand_over_closes() -> None:
    bench = Bench().start()
    bench.wait(3)
    heard_ns = bench.actor.last_heard_ns if bench.actor is not None else 0
    [down] = bench.close("reset", 507)
    assert isinstance(down, LinkChanged)
    assert (down.link, down.gap_from_ns) == (LinkState.DOWN, heard_ns)
    told = bench.open()
    assert told[0].gap_from_ns == heard_ns  # type: ignore[attr-defined]
    assert snapshot_in(told).trades_since_ns == heard_ns - 600 * SECOND


@pytest.mark.parametrize("restored", [1101, 1102])
def test_tws_losing_ib_is_a_gap_though_the_socket_stands(restored: int) -> None:
    bench = Bench().start()
    [down] = bench.notice(1100)
    assert isinstance(down, LinkChanged)
    assert down.link is LinkState.DOWN
    bench.send(order())
    assert bench.failures == [("not_sent", "LINK_DOWN")]
    assert bench.wait(90) == []
    assert names(bench.notice(restored)) == ["LinkChanged", "AccountConfirmed", "InstrumentsListed", "SnapshotTaken"]


def test_a_data_farm_that_is_back_ends_the_wait_for_1102_too() -> None:
    bench = Bench().start()
    assert bench.notice(2104) == []
    bench.notice(2110)
    assert "SnapshotTaken" in names(bench.notice(2104))


def test_a_link_that_is_started_anew_is_a_gap() -> None:
    bench = Bench().start()
    bench.wait(1)
    [down] = bench.restart_link()
    assert isinstance(down, LinkChanged)
    assert down.gap_from_ns is not None
    assert "SnapshotTaken" in names(bench.open())


def test_a_link_that_stops_with_the_engine_alarms_nobody() -> None:
    bench = Bench().start()
    assert bench.close("the link stopped") == []
    assert bench.wait(1) == []
    assert names(bench.wait(3)) == ["LinkChanged"]


def test_a_new_incarnation_asks_for_the_roll_and_marks_the_gap() -> None:
    bench = Bench().start()
    bench.wait(5)
    heard_ns = bench.memory.heard_ns
    bench.stop()
    before = len(bench.oms.seen)
    bench.start(up=False)
    told = bench.since(before)
    assert names(told) == ["LinkChanged", "AccountConfirmed", "InstrumentsListed", "SnapshotTaken"]
    assert told[0].gap_from_ns == heard_ns  # type: ignore[attr-defined]


def test_a_frame_that_could_not_be_read_is_kept_raw() -> None:
    bench = Bench().start()
    [told] = bench.put(FrameLost(START_NS, b"5\x00oops", "too few fields"))
    assert (told.raw, told.reason) == ("NQBvb3Bz", "too few fields")  # type: ignore[attr-defined]


# ---------------------------------------------------------------- ids and clock


def test_an_order_id_is_never_used_again_though_tws_counts_from_one(tmp_path: Any) -> None:
    bench = Bench(folder=tmp_path).start()
    bench.send(order())
    [first] = bench.asked(PlaceRequest)
    again = Bench(memory=Memory(OrderIds(ids_path(tmp_path / "journal.db"), ACCOUNT, 1))).start()
    again.send(order())
    [second] = again.asked(PlaceRequest)
    assert second.order_id > first.order_id


def test_ids_that_were_seen_are_not_used() -> None:
    bench = Bench().start()
    bench.put([NextIdTold(START_NS, 40), open_order(order(), 77, 977, client_id=5, terms={"order_ref": ""})])
    bench.send(order())
    assert bench.asked(PlaceRequest)[-1].order_id == 78


@pytest.mark.parametrize(("ahead_s", "offset_s"), [(0, 0), (1, 1), (3, 3), (-1, 0), (-4, -2.75)])
def test_the_clock_is_judged_as_far_as_whole_seconds_can(ahead_s: int, offset_s: float) -> None:
    bench = Bench()
    bench.tws.ahead_s = ahead_s
    told = bench.start(up=False).open()
    [account] = [one for one in told if isinstance(one, AccountConfirmed)]
    assert account.clock_offset_ns == round(offset_s * SECOND)


def test_a_clock_that_moves_is_told() -> None:
    bench = Bench().start()
    assert bench.put(TimeTold(bench.clock.now_ns(), bench.clock.now_ns() // SECOND)) == []
    [told] = bench.put(TimeTold(bench.clock.now_ns(), bench.clock.now_ns() // SECOND + 5))
    assert isinstance(told, AccountConfirmed)


def test_what_is_traded_is_asked_again_every_hour() -> None:
    bench = Bench().start()
    bench.tws.contracts = {"AAPL": [replace(AAPL, multiplier="2")]}
    told = bench.wait(3_700, step_s=10)
    [listed] = [one for one in told if isinstance(one, InstrumentsListed)]
    assert listed.instruments[0].multiplier == 2


def test_completed_orders_are_not_read_for_a_hand_over() -> None:
    assert not Bench().start().asked(CompletedOrdersRequest)
