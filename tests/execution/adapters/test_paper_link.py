from pathlib import Path
from typing import Any

import pytest
from paper_kit import D, Paper, buy, names, sell
from support import Probe

from autotrader.actors import ChildSpec, RestartPolicy, Runtime
from autotrader.actors.gate import Gate
from autotrader.execution.adapters.paper import PaperBrokerActor, paper_settings
from autotrader.messages import (
    GetStatus,
    LinkChanged,
    OrderFilled,
    ProbeVenue,
    QuoteUpdate,
    SendOrder,
    SnapshotTaken,
    VenueReady,
)
from autotrader.model import LinkState, Mode, Quote, WriteClass
from autotrader.risk.receipts import ReceiptBook
from autotrader.simulator.ledger_view import read_ledger


def test_a_start_hands_over_and_is_up_once_the_order_manager_is_content(tmp_path: Path) -> None:
    paper = Paper(tmp_path).start(ready=False, quote=False)
    link, account, listed, taken = paper.oms.seen
    assert (link.link, link.epoch, link.gap_from_ns) == (LinkState.SYNCING, 1, None)
    assert (account.info.account, account.info.mode, account.info.can_withdraw) == ("PAPER", Mode.PAPER, False)
    assert "BTCUSDT" in [instrument.symbol for instrument in listed.instruments]
    assert (taken.purpose, taken.snapshot.orders, taken.snapshot.trades) == ("handover", (), ())
    assert {balance.asset: balance.total for balance in taken.snapshot.balances} == {
        "BTC": D(100), "ETH": D(100), "USDT": D(1_000_000), "USD": D(1_000_000), "JPY": D(1_000_000),
    }  # fmt: skip
    [up] = paper.put(VenueReady("paper", True, "reconciled"))
    assert up.link is LinkState.UP  # type: ignore[attr-defined]
    assert paper.put(VenueReady("paper", True, "again")) == []
    assert paper.put(VenueReady("other", True, "not ours")) == []
    paper.stop()


@pytest.mark.parametrize("crash", [False, True])
def test_the_next_incarnation_hands_over_what_the_books_say(tmp_path: Path, crash: bool) -> None:
    paper = Paper(tmp_path).start()
    bought, resting = buy("0.5"), sell("1", "105.00")
    paper.send(bought, resting)
    paper.stop(crash=crash)
    paper.start(ready=False, quote=False)
    taken = paper.oms.of(SnapshotTaken)[-1].snapshot
    assert paper.oms.of(LinkChanged)[-1].epoch == 2
    assert [order.client_order_id for order in taken.orders] == [resting.client_order_id]
    assert [fill.client_order_id for fill in taken.trades] == [bought.client_order_id]
    assert names(paper.cancel(resting)) == ["OrderCanceled"]
    paper.stop()


def test_what_a_crash_interrupted_before_the_flush_never_happened(tmp_path: Path) -> None:
    paper = Paper(tmp_path).start()
    paper.actor.send_orders([paper.command(buy())])  # type: ignore[union-attr]
    paper.stop(crash=True)
    assert read_ledger(tmp_path / "books")["fills"] == []
    paper.start()
    paper.stop()


def test_an_outage_takes_the_link_and_the_hand_over_after_it_tells_what_was_missed(tmp_path: Path) -> None:
    paper = Paper(tmp_path, outages=[[10, 5]]).start()
    resting = buy("1", "99.00")
    paper.send(resting)
    before = paper.clock.now_ns()
    [down] = [m for m in paper.wait(10) if isinstance(m, LinkChanged)]
    assert down.link is LinkState.DOWN
    assert names(paper.send(buy())) == []
    assert names(paper.cancel(resting)) == []
    assert paper.failures == [("not_sent", "LINK_DOWN")] * 2
    assert paper.query(resting) == []
    assert paper.snapshot().snapshot is None
    assert names(paper.quote("98.00", "98.50")) == []
    told = paper.wait(5)
    assert names(told) == ["LinkChanged", "AccountConfirmed", "InstrumentsListed", "SnapshotTaken"]
    link, taken = told[0], told[3]
    assert (link.link, link.gap_from_ns) == (LinkState.SYNCING, before + 10_000_000_000)  # type: ignore[attr-defined]
    assert [fill.client_order_id for fill in taken.snapshot.trades] == [resting.client_order_id]  # type: ignore[attr-defined]
    [up] = paper.put(VenueReady("paper", True, "reconciled"))
    assert up.link is LinkState.UP  # type: ignore[attr-defined]
    assert "OrderFilled" in names(paper.send(buy()))
    paper.stop()


def test_an_outage_goes_on_over_a_restart_of_the_actor(tmp_path: Path) -> None:
    paper = Paper(tmp_path, outages=[[1, 10]]).start()
    paper.wait(2)
    paper.stop(crash=True)
    before = len(paper.oms.seen)
    paper.start(ready=False, quote=False)
    assert [m.link for m in paper.oms.seen[before:] if isinstance(m, LinkChanged)][-1] is LinkState.DOWN
    assert [m.link for m in paper.wait(9.1) if isinstance(m, LinkChanged)] == [LinkState.SYNCING]
    paper.stop()


def test_a_probe_fails_while_the_link_is_down(tmp_path: Path) -> None:
    paper = Paper(tmp_path, outages=[[1, 1]]).start()
    paper.put([ProbeVenue("paper")])
    assert paper.calls == (1, 0)
    paper.wait(1)
    paper.put([ProbeVenue("paper")])
    assert paper.calls == (1, 1)
    paper.stop()


def test_a_delayed_request_and_its_answer_take_their_time(tmp_path: Path) -> None:
    paper = Paper(tmp_path, latency_ms=200, reply_latency_ms=300, fill_delay_ms=250).start()
    order = buy()
    assert paper.send(order) == []
    assert paper.wait(0.15) == []
    assert read_ledger(tmp_path / "books")["orders"] == []
    assert paper.wait(0.1) == []
    assert len(read_ledger(tmp_path / "books")["fills"]) == 1
    assert names(paper.wait(0.3)) == ["OrderAccepted"]
    assert names(paper.wait(0.3)) == ["OrderFilled"]
    paper.stop()


def test_an_order_on_its_way_is_not_proved_absent(tmp_path: Path) -> None:
    late = {"on": "submit", "nth": 1, "do": [{"land_after_s": 3}, {"reply": "never"}]}
    paper = Paper(tmp_path, faults={"rules": [late]}).start()
    order = buy("1", "90.00")
    paper.send(order)
    [report] = paper.query(order)
    assert (report.state, report.proven) == (None, False)  # type: ignore[attr-defined]
    assert "OrderAccepted" in names(paper.wait(3))
    [report] = paper.query(order)
    assert report.proven  # type: ignore[attr-defined]
    paper.stop()


def test_what_is_on_its_way_when_the_link_goes_is_unknown_and_does_not_land(tmp_path: Path) -> None:
    paper = Paper(tmp_path, latency_ms=500, outages=[[1, 5]]).start()
    paper.wait(0.8)
    order = buy()
    paper.send(order)
    told = paper.wait(1)
    assert names(told) == ["LinkChanged", "OrderUnknown"]
    assert read_ledger(tmp_path / "books")["orders"] == []
    paper.stop()


def test_status_says_how_the_link_and_the_calls_are(tmp_path: Path) -> None:
    paper = Paper(tmp_path).start()
    paper.send(buy("1", "90.00"))
    status = paper.actor._table[GetStatus](GetStatus())  # type: ignore[union-attr]
    assert (status.link, status.ready, status.open_orders, status.calls_ok, status.epoch) == (LinkState.UP, True, 1, 1, 1)
    paper.stop()


def test_the_actor_runs_under_a_supervisor_and_comes_back_with_its_books(tmp_path: Path, eventually: Any) -> None:
    runtime, receipts = Runtime(seed=1), ReceiptBook()
    gate, oms, resiliency = Gate(receipts), Probe(), Probe()
    runtime.handle("oms").bind(oms)
    runtime.handle("resiliency.paper").bind(resiliency)
    settings = paper_settings({}, ledger=str(tmp_path / "books"), seed=1)
    broker = runtime.handle("broker.paper")

    def make(context: Any) -> PaperBrokerActor:
        return PaperBrokerActor(
            context, oms=runtime.handle("oms"), resiliency=runtime.handle("resiliency.paper"), gate=gate, settings=settings
        )

    policy = RestartPolicy(intensity=5, period_s=60, base_s=0.0, cap_s=0.0)
    runtime.start([ChildSpec("broker.paper", make, policy)], timeout_s=20)
    try:
        broker.tell(VenueReady("paper", True, "go"))
        broker.tell(QuoteUpdate(Quote("paper", "BTCUSDT", D("100.00"), D("100.01"), D(5), D(5), 1)))
        order = buy()
        oms.wait_for(LinkChanged, 2)
        broker.ask(GetStatus(), 5)
        broker.tell([SendOrder(order, receipts.issue("paper", order.client_order_id, WriteClass.RISK, 1))])
        oms.wait_for(OrderFilled)
        broker.tell([SendOrder(None, None)])  # type: ignore[arg-type]
        eventually(lambda: broker.epoch == 2 and broker.is_bound)
        taken = oms.wait_for(SnapshotTaken, 2)[-1].snapshot
        assert [fill.client_order_id for fill in taken.trades] == [order.client_order_id]
    finally:
        runtime.stop(10)
