from pathlib import Path
from typing import Any

import pytest
from paper_kit import Paper, buy
from support import Probe

from autotrader.actors import Runtime
from autotrader.actors.gate import Gate
from autotrader.clock import ManualClock
from autotrader.errors import Refused
from autotrader.execution.adapters.base import BrokerActor, Calls
from autotrader.messages import (
    AttemptFailed,
    CallsFinished,
    GetStatus,
    LinkChanged,
    OrderCanceled,
    OrdersTimed,
    ProbeVenue,
    QueryOrder,
    SendCancel,
    SendOrder,
    SendReplace,
    TakeSnapshot,
    VenueReady,
)
from autotrader.model import AccountInfo, LinkState, Mode, VenueSnapshot, WriteClass
from autotrader.risk.receipts import ReceiptBook


class Broker(BrokerActor):
    """Keeps what it was asked, and tells what a test wants."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked: list[Any] = []

    def send_orders(self, commands: list[SendOrder]) -> None:
        self.asked.append(list(commands))

    def send_replace(self, command: SendReplace) -> None:
        self.asked.append(command)

    def send_cancel(self, command: SendCancel) -> None:
        self.told.append(OrderCanceled(command.client_order_id, "v", 1))
        self.calls.note(ok=1, took_ns=5)

    def query_order(self, query: QueryOrder) -> None:
        self.calls.note(failed=1, took_ns=7, code="TIMEOUT")

    def take_snapshot(self, request: TakeSnapshot) -> None:
        self.asked.append(request)

    def probe(self, request: ProbeVenue) -> None:
        self.calls.note(ok=1, retry_after_s=3.0)


class Bench:
    def __init__(self) -> None:
        self.runtime = Runtime(ManualClock(), ManualClock(), seed=1)
        self.gate = Gate(ReceiptBook())
        self.oms, self.resiliency = Probe(), Probe()
        self.runtime.handle("oms").bind(self.oms)
        self.runtime.handle("resiliency.v").bind(self.resiliency)
        self.broker = Broker(
            self.runtime.context("broker.v"), venue="v", account="a", oms=self.runtime.handle("oms"),
            resiliency=self.runtime.handle("resiliency.v"), gate=self.gate,
        )  # fmt: skip
        self.broker.on_start()

    def put(self, message: Any) -> None:
        self.runtime.handle("broker.v").tell(message)
        self.broker.run_pending()


@pytest.fixture
def bench() -> Any:
    bench = Bench()
    yield bench
    bench.broker.on_stop()


def hand_over(bench: Bench, gap_from_ns: int | None = None) -> None:
    snapshot = VenueSnapshot("v", "a", 1, (), (), (), (), 0)
    bench.broker.hand_over(AccountInfo("v", "a", Mode.SIMULATED), (), snapshot, reason="connected", gap_from_ns=gap_from_ns)
    bench.broker.on_flush()


def test_a_broker_without_all_requests_cannot_be_made() -> None:
    class Half(BrokerActor):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Half(None, venue="v", account="a", oms=None, resiliency=None, gate=None)  # type: ignore[abstract, arg-type]


def test_what_happened_is_told_as_one_list_and_calls_as_another(bench: Bench) -> None:
    bench.broker.timed.append(("c1", 1, 2))
    bench.put([SendCancel("c1", None, "S"), SendCancel("c2", None, "S"), QueryOrder("c3", None, "S", 1)])
    [told] = bench.oms.tells
    assert [type(one) for one in told] == [OrderCanceled, OrderCanceled, OrdersTimed]
    assert bench.resiliency.tells == [[CallsFinished("v", 2, 1, 7, "TIMEOUT")]]
    bench.put([ProbeVenue("v")])
    assert bench.resiliency.seen[-1] == CallsFinished("v", 1, 0, 0, "", 3.0)


def test_orders_come_as_lists_in_their_order(bench: Bench) -> None:
    commands = [SendOrder(buy(), None) for _ in range(3)]  # type: ignore[arg-type]
    bench.put(commands)
    assert bench.broker.asked == [commands]


def test_an_attempt_that_failed_travels_with_the_calls(bench: Bench) -> None:
    command = SendOrder(buy(), None)  # type: ignore[arg-type]
    bench.broker.attempt_failed(command, "rate_limited", "429", "slow down", 2.0)
    bench.broker.on_flush()
    assert bench.resiliency.seen == [AttemptFailed(command, "rate_limited", "429", "slow down", 2.0)]


def test_the_link_is_up_only_after_a_hand_over_and_the_order_managers_word(bench: Bench) -> None:
    bench.put(VenueReady("v", True, "too early"))
    assert bench.oms.seen == []
    hand_over(bench, 7)
    names = [type(one).__name__ for one in bench.oms.seen]
    assert names == ["LinkChanged", "AccountConfirmed", "InstrumentsListed", "SnapshotTaken"]
    first = bench.oms.seen[0]
    assert (first.link, first.gap_from_ns, first.epoch) == (LinkState.SYNCING, 7, 1)
    bench.put(VenueReady("v", False, "not yet"))
    assert bench.broker.link is LinkState.SYNCING
    bench.put(VenueReady("v", True, "go"))
    assert [one.link for one in bench.oms.of(LinkChanged)] == [LinkState.SYNCING, LinkState.UP]
    assert bench.broker.is_ready
    bench.broker.set_link(LinkState.DOWN, "cut")
    assert not bench.broker.is_ready


def test_status_shows_link_and_calls(bench: Bench) -> None:
    hand_over(bench)
    bench.put([SendCancel("c1", None, "S")])
    bench.broker.calls.note(failed=2)
    status = bench.broker._table[GetStatus](GetStatus())
    assert (status.venue, status.link, status.open_orders) == ("v", LinkState.SYNCING, 0)
    assert (status.calls_ok, status.calls_failed) == (1, 2)


def test_a_new_incarnation_shuts_out_the_one_before(bench: Bench) -> None:
    bench.broker.door.enter(WriteClass.CANCEL)
    bench.broker.door.leave()
    bench.gate.begin_epoch("v", 2)
    with pytest.raises(Refused, match="replaced"):
        bench.broker.door.enter(WriteClass.CANCEL)


def test_calls_without_any_are_not_told_and_totals_go_on() -> None:
    calls = Calls()
    assert calls.take("v") is None
    calls.note(ok=2, took_ns=4)
    calls.note(failed=1, took_ns=3, code="X")
    assert calls.take("v") == CallsFinished("v", 2, 1, 4, "X")
    assert calls.take("v") is None
    assert (calls.ok_in_all, calls.failed_in_all) == (2, 1)


def test_the_paper_venue_keeps_the_contract_of_five_outcomes(tmp_path: Path) -> None:
    rules = [{"on": "submit", "nth": 2, "do": [{"reply": "reset"}]}, {"on": "submit", "nth": 3, "do": [{"reject": "NO"}]}]
    paper = Paper(tmp_path, faults={"rules": rules}).start()
    told = [[type(one).__name__ for one in paper.send(buy()) if not isinstance(one, OrdersTimed)] for _ in range(3)]
    assert told == [["OrderAccepted", "OrderFilled"], ["OrderUnknown"], ["OrderRejected"]]
    paper.gate.begin_epoch("paper", 9)
    paper.send(buy())
    assert [kind for kind, _ in paper.failures] == ["not_sent"]
    paper.stop()
