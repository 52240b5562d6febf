from pathlib import Path
from typing import Any

import pytest
from paper_kit import D, Paper, buy, names, sell

from autotrader.errors import Refused
from autotrader.messages import CallsFinished, OrderFilled, OrdersTimed
from autotrader.model import KillLevel, OrderState, WriteClass
from autotrader.simulator.ledger_view import read_ledger


@pytest.fixture
def paper(tmp_path: Path) -> Any:
    paper = Paper(tmp_path).start()
    yield paper
    paper.stop()


def test_a_batch_in_gives_one_batch_out_in_the_same_order(paper: Paper) -> None:
    orders = [buy() if k % 2 else sell() for k in range(64)]
    told = paper.send(*orders)
    assert len([tell for tell in paper.oms.tells if isinstance(tell, list) and tell and isinstance(tell[-1], OrdersTimed)]) == 1
    assert names(told) == ["OrderAccepted", "OrderFilled"] * 64
    filled = [message.client_order_id for message in told if isinstance(message, OrderFilled)]
    assert filled == [order.client_order_id for order in orders]
    assert paper.resiliency.of(CallsFinished)[-1].ok == 64


def test_times_are_told_of_every_order_of_a_batch(paper: Paper) -> None:
    orders = [buy(), buy()]
    timed = [message for message in paper.send(*orders) if isinstance(message, OrdersTimed)]
    assert [entry[0] for entry in timed[0].times] == [order.client_order_id for order in orders]


def test_the_fill_is_in_the_books_before_it_is_told(paper: Paper, tmp_path: Path) -> None:
    seen: list[int] = []

    class Peek:
        def put(self, message: Any, slip: Any = None) -> None:
            seen.append(len(read_ledger(tmp_path / "books")["fills"]))

    paper.runtime.handle("oms").bind(Peek())
    paper.runtime.handle("broker.paper").tell([paper.command(buy()), paper.command(buy())])
    paper.run()
    assert seen == [2]


def test_nothing_is_told_when_the_books_cannot_be_written(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    told = len(paper.oms.seen)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            paper.send(buy())
    assert len(paper.oms.seen) == told
    paper.actor.told.clear()  # type: ignore[union-attr]


@pytest.mark.parametrize(("order", "code"), [
    (buy("0"), "BAD_QUANTITY"), (buy("0.1", "50.001"), "TICK_SIZE"), (buy("99999"), "INSUFFICIENT_FUNDS"),
    (buy(symbol="NOPE"), "UNKNOWN_SYMBOL"),
])  # fmt: skip
def test_what_the_venue_cannot_take_is_rejected_by_code(paper: Paper, order: Any, code: str) -> None:
    [rejected] = [message for message in paper.send(order) if type(message).__name__ == "OrderRejected"]
    assert (rejected.reason_code, rejected.duplicate_id) == (code, False)  # type: ignore[attr-defined]


def test_a_second_order_of_an_open_id_is_a_duplicate(paper: Paper) -> None:
    first = buy("1", "90.00")
    paper.send(first)
    [rejected] = [m for m in paper.send(buy("1", "91.00", client_order_id=first.client_order_id)) if names([m])]
    assert rejected.duplicate_id  # type: ignore[attr-defined]


def test_cancel_and_replace_are_answered_and_come_too_late_for_a_done_order(paper: Paper) -> None:
    order = buy("1", "90.00")
    paper.send(order)
    [replaced] = paper.replace(order, "2", "91.00")
    assert (names([replaced]), replaced.quantity, replaced.price) == (["OrderReplaced"], D(2), D("91.00"))  # type: ignore[attr-defined]
    assert names(paper.cancel(order)) == ["OrderCanceled"]
    [late] = paper.cancel(order)
    assert (late.kind, late.reason_code) == ("too_late", "UNKNOWN_ORDER")  # type: ignore[attr-defined]
    assert names(paper.replace(order, "1", "91.00")) == ["ReplaceRejected"]


def test_the_market_fills_resting_orders_and_triggers_stops(paper: Paper) -> None:
    resting, stop = buy("1", "99.00"), sell("1", kind="STOP", stop_price=D("98.00"))
    told = paper.send(resting, stop)
    assert [m.held for m in told if type(m).__name__ == "OrderAccepted"] == [False, True]  # type: ignore[attr-defined]
    assert names(paper.quote("98.50", "99.00")) == ["OrderFilled"]
    told = paper.quote("97.90", "98.10")
    assert names(told) == ["OrderAccepted", "OrderFilled"]
    assert not told[0].held  # type: ignore[attr-defined]


def test_an_order_that_expires_is_told_at_its_time_without_a_quote(paper: Paper) -> None:
    order = buy("1", "90.00", tif="GTD", expires_ns=paper.clock.now_ns() + 2_000_000_000)
    paper.send(order)
    assert names(paper.wait(1.9)) == []
    assert names(paper.wait(0.2)) == ["OrderExpired"]


def test_a_query_tells_the_trades_then_the_state(paper: Paper) -> None:
    done, resting, never = buy("0.5"), buy("1", "90.00"), buy()
    paper.send(done, resting)
    told = paper.query(done)
    assert names(told) == ["OrderFilled", "OrderReported"]
    report: Any = told[-1]
    assert (report.state, report.filled_quantity, report.proven) == (OrderState.FILLED, D("0.5"), True)
    assert report.average_price == D("100.01")
    assert report.asked_ns == paper.clock.now_ns()
    [report] = paper.query(resting)
    assert (report.state, report.filled_quantity) == (OrderState.OPEN, 0)
    [report] = paper.query(never)
    assert (report.state, report.proven) == (None, True)


def test_an_order_that_was_declared_absent_is_never_taken_not_even_after_a_restart(paper: Paper) -> None:
    order = buy()
    paper.query(order)
    assert names(paper.send(order)) == []
    assert paper.failures == [("not_sent", "INVALID_ORDER")]
    paper.stop()
    paper.start()
    assert names(paper.send(order)) == []
    assert [m.state for m in paper.query(order) if type(m).__name__ == "OrderReported"] == [None]  # type: ignore[attr-defined]


def test_a_snapshot_holds_open_orders_trades_balances_and_margin_positions(paper: Paper) -> None:
    paper.quote("1.10000", "1.10001", "5000", "EUR_USD")
    paper.send(buy("0.5"), buy("1", "90.00"), buy("100", symbol="EUR_USD"))
    taken = paper.snapshot()
    snapshot = taken.snapshot
    assert (taken.purpose, snapshot.complete, snapshot.account) == ("sweep", True, "PAPER")
    assert [(order.quantity, order.state) for order in snapshot.orders] == [(D(1), OrderState.OPEN)]
    assert [fill.quantity for fill in snapshot.trades] == [D("0.5"), D(100)]
    assert snapshot.positions == (("EUR_USD", D(100)),)
    balances = {balance.asset: balance for balance in snapshot.balances}
    assert balances["BTC"].total == D("100.5")
    assert balances["USDT"].total - balances["USDT"].free == D("90.00") * D("1.0005")


def test_the_gate_is_asked_before_every_order_and_cancels_still_pass(paper: Paper) -> None:
    resting = buy("1", "90.00")
    paper.send(resting)
    paper.gate.close(KillLevel.HALT)
    assert names(paper.send(buy(), buy())) == []
    assert names(paper.replace(resting, "2", "90.00")) == []
    assert paper.failures == [("not_sent", "HALTED")] * 3
    assert names(paper.cancel(resting)) == ["OrderCanceled"]


def test_one_receipt_is_good_for_one_order_only(paper: Paper) -> None:
    command = paper.command(buy())
    assert names(paper.put([command, command])) == ["OrderAccepted", "OrderFilled"]
    assert paper.failures == [("not_sent", "RECEIPT_USED")]
    assert paper.gate.level("paper") is KillLevel.HALT


def test_a_replaced_incarnation_writes_nothing_more(paper: Paper) -> None:
    paper.gate.begin_epoch("paper", 99)
    assert names(paper.send(buy())) == []
    assert paper.failures == [("not_sent", "STALE_EPOCH")]
    with pytest.raises(Refused):
        paper.actor.door.enter(WriteClass.CANCEL)  # type: ignore[union-attr]


def test_requests_are_counted_where_they_arrived(paper: Paper, tmp_path: Path) -> None:
    order = buy("1", "90.00")
    paper.send(order, buy("0"))
    paper.replace(order, "2", "90.00")
    paper.query(order)
    paper.cancel(order)
    paper.snapshot()
    paper.send(buy())
    assert read_ledger(tmp_path / "books")["requests"] == {"submit": 3, "cancel": 1, "amend": 1, "query": 1, "other": 1}


def test_a_neighbour_that_is_gone_costs_nothing_but_a_count(paper: Paper) -> None:
    paper.runtime.handle("oms").unbind()
    paper.send(buy())
    assert paper.actor.lost == 3  # type: ignore[union-attr]
    paper.runtime.handle("oms").bind(paper.oms)
    assert names(paper.send(buy())) == ["OrderAccepted", "OrderFilled"]
