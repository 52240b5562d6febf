"""What became of an order, by the lists of TWS: a list that does not end answers nothing, and absence takes two clean ones."""

from __future__ import annotations

from typing import Any

import pytest
from broker_bench import names
from ibkr_actor_kit import AAPL, ACCOUNT, D, commission, error, execution, open_order, order, own_id, status
from ibkr_bench import Bench
from msgspec import structs

from autotrader.execution.adapters.ibkr.messages import (
    CompletedOrdersRequest,
    CompletedOrderTold,
    EndTold,
    ExecutionsRequest,
    OpenOrdersRequest,
)
from autotrader.execution.adapters.ibkr.orders import terms_of
from autotrader.messages import OrderFilled, OrderReported, SnapshotTaken
from autotrader.model import ZERO, Order, OrderState


@pytest.fixture
def bench() -> Bench:
    return Bench().start()


def completed(one: Order, word: str, filled: str = "0", said: str = "", perm_id: int = 901) -> CompletedOrderTold:
    return CompletedOrderTold(0, perm_id, AAPL, terms_of(one, AAPL), word, D(filled), "", said)


def report_in(told: list[Any]) -> OrderReported:
    [report] = [one for one in told if isinstance(one, OrderReported)]
    return report


def test_an_order_that_is_open_is_reported_with_what_tws_counts(bench: Bench) -> None:
    one = bench.working()
    bench.tws.orders = []
    bench.list_order(one, 1, "Submitted", "4")
    bench.tws.executions = [execution("q.01", "4", order_id=1, perm_id=901)]
    bench.tws.commissions = [commission("q.01")]
    asked_ns = bench.clock.now_ns()
    told = bench.query(one)
    assert names(told) == ["OrderFilled", "OrderReported"]
    report = report_in(told)
    assert (report.state, report.filled_quantity) == (OrderState.PARTIALLY_FILLED, 4)
    assert (report.quantity, report.price) == (10, D("150.00"))
    assert (report.asked_ns, report.venue_order_id, report.proven) == (asked_ns, "901", False)


def test_what_tws_counts_beyond_the_executions_that_it_still_has_is_reported(bench: Bench) -> None:
    one = bench.working()
    bench.tws.orders = []
    bench.list_order(one, 1, "Submitted", "7")
    report = report_in(bench.query(one))
    assert report.filled_quantity == 7
    bench.put(status("Submitted", 1, 901, "7", "3"))
    before = len(bench.out)
    bench.wait(5)
    assert len(bench.out) == before  # it is of earlier days: nothing more to ask


@pytest.mark.parametrize(
    ("word", "said", "state"),
    [
        ("Filled", "", OrderState.FILLED), ("Cancelled", "", OrderState.CANCELED), ("ApiCancelled", "", OrderState.CANCELED),
        ("Inactive", "", OrderState.REJECTED), ("", "Filled Size: 10", OrderState.FILLED),
    ],
)  # fmt: skip
def test_an_order_that_has_ended_is_found_among_the_completed(bench: Bench, word: str, said: str, state: OrderState) -> None:
    one = bench.working()
    bench.tws.orders, bench.tws.completed = [], [completed(one, word, "10", said)]
    report = report_in(bench.query(one))
    assert (report.state, report.filled_quantity, report.venue_order_id) == (state, 10, "901")


def test_an_order_that_ended_has_the_terms_that_the_list_of_completed_orders_shows(bench: Bench) -> None:
    one = bench.working()
    changed = structs.replace(one, quantity=D("15"), price=D("149.50"))
    bench.tws.orders, bench.tws.completed = [], [completed(changed, "Cancelled")]
    report = report_in(bench.query(one))
    assert (report.state, report.quantity, report.price) == (OrderState.CANCELED, 15, D("149.50"))


def test_a_completed_order_without_a_quantity_has_the_terms_that_are_known(bench: Bench) -> None:
    one = bench.working()
    filled = completed(one, "Filled", "10")
    bench.tws.orders = []
    bench.tws.completed = [structs.replace(filled, terms=structs.replace(filled.terms, quantity=ZERO))]
    report = report_in(bench.query(one))
    assert (report.state, report.quantity, report.price) == (OrderState.FILLED, None, None)


def test_the_terms_of_a_refused_change_are_not_those_that_an_order_ended_with(bench: Bench) -> None:
    one = bench.working()
    bench.replace(one, "20")
    bench.put(error(201, "refused", 1))
    bench.tws.orders, bench.tws.completed = [], [completed(structs.replace(one, quantity=D("20")), "Cancelled")]
    report = report_in(bench.query(one))
    assert (report.state, report.quantity) == (OrderState.CANCELED, None)


def test_a_completed_order_is_known_by_its_reference_when_its_perm_id_is_new(bench: Bench) -> None:
    one = order()
    bench.fates = [("unknown", "CUT")]
    bench.send(one)
    bench.tws.completed = [completed(order(), "Filled", perm_id=1), completed(one, "Cancelled", perm_id=2)]
    report = report_in(bench.query(one))
    assert (report.state, report.venue_order_id) == (OrderState.CANCELED, "2")


def test_one_reading_answers_all_that_was_asked_before_it(bench: Bench) -> None:
    one, two = bench.working(), bench.working()
    bench.tws.mute = {ExecutionsRequest}
    bench.query(one)
    reads = len(bench.asked(OpenOrdersRequest))
    bench.query(two)
    bench.query(one)
    assert len(bench.asked(OpenOrdersRequest)) == reads
    request = bench.asked(ExecutionsRequest)[-1]
    bench.tws.mute = set()
    told = bench.put(EndTold(bench.clock.now_ns(), "executions", request.req_id))
    assert [seen.client_order_id for seen in told if isinstance(seen, OrderReported)] == [
        one.client_order_id, two.client_order_id, one.client_order_id,
    ]  # fmt: skip
    assert len(bench.asked(CompletedOrdersRequest)) == 2


def test_what_was_asked_while_a_reading_failed_is_asked_by_the_next(bench: Bench) -> None:
    one, two = bench.working(), bench.working()
    bench.tws.mute = {ExecutionsRequest}
    bench.query(one)
    bench.query(two)
    bench.tws.mute = set()
    told = bench.wait(6)
    assert [seen.client_order_id for seen in told if isinstance(seen, OrderReported)] == [two.client_order_id]


@pytest.mark.parametrize("kind", [OpenOrdersRequest, CompletedOrdersRequest, ExecutionsRequest])
def test_a_list_without_its_end_answers_nothing(bench: Bench, kind: type) -> None:
    one = order()
    bench.fates = [("unknown", "CUT")]
    bench.send(one)
    bench.tws.endless = {kind}
    assert bench.query(one) == []
    assert bench.wait(6) == []


def test_absence_takes_two_clean_readings_after_the_requests_life(bench: Bench) -> None:
    one = order()
    bench.fates = [("unknown", "CUT")]
    bench.send(one)
    assert (report_in(bench.query(one)).state, report_in(bench.query(one)).proven) == (None, False)
    bench.wait(11)
    assert not report_in(bench.query(one)).proven
    bench.wait(1)
    assert not report_in(bench.query(one)).proven
    bench.wait(1)
    report = report_in(bench.query(one))
    assert (report.state, report.proven) == (None, True)


def test_a_reading_before_a_gap_is_no_second_one_after_it(bench: Bench) -> None:
    one = order()
    bench.fates = [("unknown", "CUT")]
    bench.send(one)
    bench.wait(11)
    bench.query(one)
    bench.close()
    bench.open()
    bench.wait(3)
    assert not report_in(bench.query(one)).proven
    bench.wait(3)
    assert report_in(bench.query(one)).proven


def test_an_order_that_traded_and_is_open_no_more_is_at_its_end_after_two_clean_readings(bench: Bench) -> None:
    one = bench.working()
    bench.tws.orders, bench.tws.executions = [], [execution("g.01", "4", order_id=1, perm_id=901)]
    bench.tws.commissions = [commission("g.01")]
    bench.wait(11)
    assert names(bench.query(one)) == ["OrderFilled"]
    bench.wait(3)
    told = bench.query(one)
    report = report_in(told)
    assert (report.state, report.filled_quantity, report.proven) == (OrderState.CANCELED, 4, False)


def test_nothing_is_asked_while_the_books_are_not_handed_over() -> None:
    bench = Bench().start(up=False)
    assert bench.query(order()) == []
    assert not bench.asked(OpenOrdersRequest)


def test_a_doubt_is_asked_about_by_itself(bench: Bench) -> None:
    one = bench.working()
    bench.put(status("Submitted", 1, 901, "10", "0"))
    bench.tws.executions = [execution("d.01", "10", order_id=1, perm_id=901)]
    bench.tws.commissions = [commission("d.01")]
    told = bench.wait(4)
    assert [seen.fill.trade_id for seen in told if isinstance(seen, OrderFilled)] == ["d.01"]
    assert report_in(told).client_order_id == one.client_order_id


# ---------------------------------------------------------------- the books


def test_the_books_are_read_when_they_are_asked_for(bench: Bench) -> None:
    one = bench.working()
    [told] = bench.snapshot(0)
    assert isinstance(told, SnapshotTaken)
    assert (told.purpose, told.snapshot is not None and told.snapshot.complete) == ("sweep", True)
    assert told.snapshot is not None
    assert [row.client_order_id for row in told.snapshot.orders] == [one.client_order_id]


def test_books_without_trades_ask_for_no_executions(bench: Bench) -> None:
    before = len(bench.asked(ExecutionsRequest))
    [told] = bench.snapshot(purpose="kill:1")
    assert told.snapshot.trades == ()  # type: ignore[attr-defined]
    assert len(bench.asked(ExecutionsRequest)) == before


def test_books_that_cannot_be_read_are_said_not_to_be(bench: Bench) -> None:
    bench.tws.endless = {OpenOrdersRequest}
    assert bench.snapshot(0) == []
    [told] = bench.wait(6)
    assert (told.snapshot, "did not end" in told.reason) == (None, True)  # type: ignore[attr-defined]


def test_books_are_not_read_without_a_link(bench: Bench) -> None:
    bench.close("reset")
    [told] = bench.snapshot(0)
    assert told.snapshot is None  # type: ignore[attr-defined]
    assert "reset" in told.reason  # type: ignore[attr-defined]


def test_a_reading_that_a_gap_breaks_off_is_said_not_to_be(bench: Bench) -> None:
    bench.tws.mute = {ExecutionsRequest}
    bench.snapshot(0)
    told = bench.close("reset")
    [taken] = [one for one in told if isinstance(one, SnapshotTaken)]
    assert taken.snapshot is None


def test_the_same_purpose_is_read_once_at_a_time_and_again_if_it_was_asked_for_meanwhile(bench: Bench) -> None:
    bench.tws.mute = {ExecutionsRequest}
    bench.snapshot(0)
    bench.snapshot(0)
    bench.snapshot(0)
    bench.tws.mute = set()
    told = bench.wait(6)
    assert [type(one) for one in told].count(SnapshotTaken) == 2


def test_trades_that_were_not_told_are_found_by_reading_now_and_then(bench: Bench) -> None:
    one = bench.working()
    bench.tws.executions = [execution("s.01", "4", order_id=1, perm_id=901)]
    bench.tws.commissions = [commission("s.01")]
    told = bench.wait(61)
    [taken] = [seen for seen in told if isinstance(seen, SnapshotTaken)]
    assert taken.snapshot is not None
    assert [(fill.trade_id, fill.client_order_id) for fill in taken.snapshot.trades] == [("s.01", one.client_order_id)]


def test_an_order_of_ours_that_is_met_in_a_list_is_known_from_then_on(bench: Bench) -> None:
    one = order(client_order_id=own_id())
    bench.tws.orders = [(open_order(one, 5, 905, terms={"account": ACCOUNT}), None)]
    bench.snapshot(0)
    assert bench.actor is not None
    assert bench.actor.count_open_orders() == 1
