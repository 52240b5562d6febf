"""Five outcomes of a request and no others; what leaves, what stays, and what is never sent a second time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from broker_bench import names
from ibkr_actor_kit import ACCOUNT, D, error, execution, open_order, order, own_id, status
from ibkr_bench import Bench

from autotrader.execution.adapters.ibkr.messages import (
    CancelRequest,
    GlobalCancelRequest,
    PlaceRequest,
    TimeRequest,
    TwsWritten,
)
from autotrader.messages import (
    CancelRejected,
    OrderAccepted,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrdersTimed,
    OrderUnknown,
    ProbeVenue,
    ReplaceRejected,
    SendCancelAll,
)
from autotrader.model import WriteClass


@pytest.fixture
def bench() -> Bench:
    return Bench().start()


# ---------------------------------------------------------------- new orders


def test_an_order_leaves_with_our_id_the_account_and_the_contract(bench: Bench) -> None:
    one = order("10", "150.25", side="SELL")
    assert bench.send(one) == []
    [placed] = bench.asked(PlaceRequest)
    terms = placed.terms
    assert (placed.order_id, placed.contract.con_id, placed.is_new) == (1, 265598, True)
    assert (terms.order_ref, terms.account, terms.action, terms.order_type) == (one.client_order_id, ACCOUNT, "SELL", "LMT")
    assert (terms.quantity, terms.limit_price, terms.time_in_force) == (10, D("150.25"), "GTC")
    [job] = [one for one in bench.jobs if one.request is placed]
    assert (job.write_class, job.attempt) == (WriteClass.RISK, 1)
    assert job.receipt is not None
    assert job.until_ns == bench.wall.monotonic_ns() + 2 * 10**9


def test_an_acknowledgement_is_an_accepted_order_and_is_timed(bench: Bench) -> None:
    one = order()
    bench.send(one)
    told = bench.put([open_order(one, 1, 901, "PreSubmitted", recv_ns=bench.clock.now_ns())])
    assert names(told) == ["OrderAccepted"]
    [timed] = [seen for seen in bench.oms.seen if isinstance(seen, OrdersTimed)]
    [(name, written_ns, answered_ns)] = timed.times
    assert (name, written_ns, answered_ns) == (one.client_order_id, bench.wall.monotonic_ns(), bench.wall.monotonic_ns())


def test_a_rejection_is_an_answer_and_no_failure_of_the_venue(bench: Bench) -> None:
    one = order()
    bench.send(one)
    assert names(bench.put(error(201, "no", 1))) == ["OrderRejected"]
    calls = [seen for seen in bench.resiliency.seen if type(seen).__name__ == "CallsFinished"]
    assert sum(call.failed for call in calls) == 0


@pytest.mark.parametrize("fate", [("not_sent", "NO_LINK"), ("refused", "HALTED"), ("refused", "STALE_EPOCH")])
def test_what_was_not_written_is_a_failed_attempt(bench: Bench, fate: tuple[str, str]) -> None:
    bench.fates = [fate]
    assert bench.send(order()) == []
    assert bench.failures == [("not_sent", fate[1])]
    assert bench.actor is not None
    assert bench.actor.count_open_orders() == 0


@pytest.mark.parametrize(
    ("code", "told_as"), [("OVERTAKEN", "WITHDRAWN"), ("PACED_OUT", "PACED_OUT"), ("ENCODE", "ENCODE")]
)
def test_what_another_attempt_would_only_meet_again_is_over(bench: Bench, code: str, told_as: str) -> None:
    bench.fates = [("refused", code)]
    [told] = bench.send(order())
    assert isinstance(told, OrderNotSent)
    assert told.reason_code == told_as
    assert bench.failures == []


def test_a_further_attempt_goes_under_the_same_name_and_a_fresh_order_id(bench: Bench) -> None:
    one = order()
    bench.fates = [("not_sent", "NO_LINK")]
    bench.send(one)
    bench.put([bench.command(one, attempt=2)])
    first, second = bench.asked(PlaceRequest)
    assert first.terms.order_ref == second.terms.order_ref
    assert second.order_id == first.order_id + 1
    assert names(bench.put(status("Submitted", second.order_id))) == ["OrderAccepted"]


def test_a_write_that_was_cut_is_unknown_and_never_sent_again(bench: Bench) -> None:
    bench.fates = [("unknown", "CUT")]
    [told] = bench.send(order())
    assert isinstance(told, OrderUnknown)
    assert told.request == "submit"
    assert bench.failures == []
    bench.wait(30)
    assert len(bench.asked(PlaceRequest)) == 1


def test_a_cut_write_that_tws_acknowledges_all_the_same_is_accepted(bench: Bench) -> None:
    one = order()
    bench.fates = [None]
    bench.send(one)
    assert names(bench.put(status("Submitted", 1))) == ["OrderAccepted"]
    assert bench.close() != []  # the job's word never comes
    assert not any(isinstance(seen, OrderUnknown) for seen in bench.oms.seen)


def test_jobs_without_a_word_when_the_connection_goes_are_unknown(bench: Bench) -> None:
    bench.fates = [None]
    bench.send(order())
    assert "OrderUnknown" in names(bench.close())


def test_jobs_without_a_word_for_too_long_are_unknown(bench: Bench) -> None:
    bench.fates = [None]
    bench.send(order())
    assert [type(one) for one in bench.wait(6)] == [OrderUnknown]


def test_silence_of_tws_is_unknown(bench: Bench) -> None:
    bench.send(order())
    assert bench.wait(4) == []
    [told] = bench.wait(3)
    assert isinstance(told, OrderUnknown)
    assert "not answered" in told.reason


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"symbol": "MSFT"}, "SYMBOL_NOT_CONFIGURED"), ({"post_only": True}, "NO_POST_ONLY"),
        ({"quantity": "1.5"}, "NO_FRACTIONS"), ({"tif": "GTD"}, "NO_EXPIRY"),
    ],
)  # fmt: skip
def test_what_ib_cannot_do_is_denied_here_and_never_leaves(bench: Bench, more: dict[str, Any], code: str) -> None:
    [told] = bench.send(order(**more))
    assert isinstance(told, OrderNotSent)
    assert told.reason_code == code
    assert not bench.asked(PlaceRequest)


def test_an_order_that_is_too_old_is_not_sent(bench: Bench) -> None:
    bench.send(order(created_ns=bench.clock.now_ns() - 3 * 10**9))
    assert bench.failures == [("not_sent", "DEADLINE_PASSED")]
    assert not bench.asked(PlaceRequest)


def test_nothing_new_is_sent_in_a_reset_window_but_cancels_are() -> None:
    bench = Bench(reset_windows=["00:00-23:59 UTC"])
    bench.clock.set_ns(int(datetime(2031, 1, 1, 23, 59, tzinfo=UTC).timestamp()) * 10**9)
    bench.start()
    one = bench.working()
    bench.clock.advance(120)
    [told] = bench.send(order())
    assert (type(told), told.reason_code) == (OrderNotSent, "RESET_WINDOW")  # type: ignore[attr-defined]
    [refused] = bench.replace(one, "20")
    assert (type(refused), refused.reason_code) == (ReplaceRejected, "RESET_WINDOW")  # type: ignore[attr-defined]
    bench.cancel(one)
    assert len(bench.asked(CancelRequest)) == 1


# ---------------------------------------------------------------- changes


def test_a_change_places_the_same_order_id_with_new_terms(bench: Bench) -> None:
    one = bench.working()
    assert bench.replace(one, "20", "151.00") == []
    changed = bench.asked(PlaceRequest)[-1]
    assert (changed.order_id, changed.is_new) == (1, False)
    assert (changed.terms.quantity, changed.terms.limit_price) == (20, D("151.00"))
    [told] = bench.put(open_order(one, 1, 901, terms={"quantity": D(20), "limit_price": D("151.00")}))
    assert isinstance(told, OrderReplaced)


def test_only_what_tws_has_acknowledged_can_be_changed_or_it_could_be_placed_twice(bench: Bench) -> None:
    one = order()
    bench.send(one)
    [told] = bench.replace(one, "20")
    assert (type(told), told.reason_code) == (ReplaceRejected, "NOT_ACKNOWLEDGED")  # type: ignore[attr-defined]
    assert len(bench.asked(PlaceRequest)) == 1


@pytest.mark.parametrize(
    ("state", "code"), [("done", "DONE"), ("stranger", "UNKNOWN_ORDER"), ("busy", "BUSY"), ("same", "NO_CHANGE")]
)
def test_a_change_that_cannot_be_is_refused_here(bench: Bench, state: str, code: str) -> None:
    one = order() if state == "stranger" else bench.working()
    if state == "done":
        bench.put(status("Cancelled", 1, 901))
    if state == "busy":
        bench.replace(one, "20")
    [told] = bench.replace(one, "10" if state == "same" else "30")
    assert (type(told), told.reason_code) == (ReplaceRejected, code)  # type: ignore[attr-defined]


def test_an_order_of_another_client_id_can_be_neither_changed_nor_cancelled(bench: Bench) -> None:
    one = order(client_order_id=own_id())
    bench.put(open_order(one, 5, 905, client_id=9))
    [told] = bench.replace(one, "20")
    [refused] = bench.cancel(one)
    assert (type(told), told.reason_code) == (ReplaceRejected, "OTHER_CLIENT")  # type: ignore[attr-defined]
    assert (type(refused), refused.reason_code) == (CancelRejected, "OTHER_CLIENT")  # type: ignore[attr-defined]


def test_a_change_that_was_cut_is_unknown(bench: Bench) -> None:
    one = bench.working()
    bench.fates = [("unknown", "CUT")]
    [told] = bench.replace(one, "20")
    assert (type(told), told.request) == (OrderUnknown, "replace")  # type: ignore[attr-defined]


def test_a_change_that_stayed_here_leaves_the_order_as_it_is(bench: Bench) -> None:
    one = bench.working()
    bench.fates = [("refused", "PACED_OUT")]
    [told] = bench.replace(one, "20")
    assert (type(told), told.reason_code) == (ReplaceRejected, "PACED_OUT")  # type: ignore[attr-defined]
    assert bench.replace(one, "20") == []  # it may be asked for again


def test_an_order_of_an_earlier_run_can_be_changed_and_cancelled() -> None:
    bench = Bench().start(up=False)
    one = order(client_order_id=own_id())
    bench.list_order(one, 5)
    bench.open()
    assert bench.replace(one, "20", "151.00") == []
    bench.cancel(one)
    assert [placed.order_id for placed in bench.asked(PlaceRequest)] == [5]
    assert bench.asked(CancelRequest) == [CancelRequest(5)]


# ---------------------------------------------------------------- ends


def test_a_cancel_goes_by_the_order_id_and_its_end_is_told_once(bench: Bench) -> None:
    one = bench.working()
    assert bench.cancel(one) == []
    assert bench.asked(CancelRequest) == [CancelRequest(1)]
    told = bench.put([status("PendingCancel", 1, 901), status("Cancelled", 1, 901), error(202, "Order Canceled", 1)])
    assert names(told) == ["OrderCanceled"]


def test_a_cancel_of_what_was_never_heard_of_is_asked_about(bench: Bench) -> None:
    [told] = bench.cancel(order())
    assert (type(told), told.kind) == (CancelRejected, "too_late")  # type: ignore[attr-defined]
    assert not bench.asked(CancelRequest)


def test_a_cancel_of_an_order_that_waited_takes_it_back(bench: Bench) -> None:
    bench.fates = [None]
    one = order()
    bench.send(one)
    bench.fates = [("not_sent", "NOT_PLACED")]
    assert bench.cancel(one) == []
    [job] = [job for job in bench.jobs if type(job.request) is PlaceRequest]
    [told] = bench.put(TwsWritten(job.number, job.epoch, "refused", "OVERTAKEN"))
    assert (type(told), told.reason_code) == (OrderNotSent, "WITHDRAWN")  # type: ignore[attr-defined]
    assert bench.failures == []


@pytest.mark.parametrize("fate", [("not_sent", "NO_LINK"), ("refused", "PACED_OUT")])
def test_a_cancel_that_stayed_here_is_a_failed_attempt(bench: Bench, fate: tuple[str, str]) -> None:
    one = bench.working()
    bench.fates = [fate]
    assert bench.cancel(one) == []
    assert bench.failures == [("not_sent", fate[1])]


def test_a_cancel_that_was_cut_is_unknown(bench: Bench) -> None:
    one = bench.working()
    bench.fates = [("unknown", "CUT")]
    [told] = bench.cancel(one)
    assert (type(told), told.request) == (OrderUnknown, "cancel")  # type: ignore[attr-defined]


def test_cancels_go_out_while_tws_has_lost_ib(bench: Bench) -> None:
    one = bench.working()
    bench.notice(1100)
    bench.cancel(one)
    assert len(bench.asked(CancelRequest)) == 1


def test_everything_is_cancelled_in_one_message(bench: Bench) -> None:
    bench.put(SendCancelAll("ibkr", ""))
    assert bench.asked(GlobalCancelRequest) == [GlobalCancelRequest()]
    [job] = [job for job in bench.jobs if type(job.request) is GlobalCancelRequest]
    assert job.write_class is WriteClass.CANCEL


@pytest.mark.parametrize("command", [SendCancelAll("ibkr", "AAPL"), SendCancelAll("binance", "")])
def test_ib_has_no_cancel_for_one_symbol(bench: Bench, command: SendCancelAll) -> None:
    bench.put(command)
    assert not bench.asked(GlobalCancelRequest)


def test_orders_of_the_logins_other_accounts_forbid_to_cancel_everything() -> None:
    bench = Bench().start(up=False)
    bench.tws.orders = [(open_order(order(), 9, 951, terms={"account": "DU7"}), None)]
    bench.open()
    bench.put(SendCancelAll("ibkr", ""))
    assert not bench.asked(GlobalCancelRequest)


# ---------------------------------------------------------------- the rest


def test_a_probe_asks_for_the_time_and_counts(bench: Bench) -> None:
    before = len(bench.asked(TimeRequest))
    bench.put(ProbeVenue("ibkr"))
    assert len(bench.asked(TimeRequest)) == before + 1


def test_what_is_open_is_counted(bench: Bench) -> None:
    assert bench.actor is not None
    bench.working()
    bench.working()
    assert bench.actor.count_open_orders() == 2
    bench.put(status("Cancelled", 1, 901))
    assert bench.actor.count_open_orders() == 1


def test_fills_of_a_stranger_are_told_and_have_the_books_read_soon(bench: Bench) -> None:
    told = bench.put(execution("f.01", order_id=0, perm_id=999, client_id=0, order_ref="by hand"))
    assert [(one.fill.client_order_id, one.fill.venue_order_id) for one in told] == [("", "999")]  # type: ignore[attr-defined]
    reads = len(bench.jobs)
    bench.wait(2)
    assert len(bench.jobs) > reads


def test_a_word_that_came_before_the_links_own_is_not_undone(bench: Bench) -> None:
    one = order()
    bench.fates = [None]
    bench.send(one)
    [told] = bench.put(error(201, "no", 1))
    assert isinstance(told, OrderRejected)
    job = bench.jobs[-1]
    assert bench.put(TwsWritten(job.number, job.epoch, "written", written_ns=5)) == []
    assert bench.wait(10) == []


def test_an_accepted_order_of_a_replaced_incarnation_is_not_counted_twice(bench: Bench) -> None:
    bench.working()
    bench.stop()
    bench.start(up=False)
    assert bench.actor is not None
    assert bench.actor.count_open_orders() == 1
    assert not [one for one in bench.oms.seen if isinstance(one, OrderAccepted) and one.held]
