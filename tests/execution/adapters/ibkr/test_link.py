"""The link connects, passes the gate round each write, answers each job once, and connects again."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from loguru import logger
from support import Probe
from tws_kit import Caller, TwsServer, frame, tws_server
from tws_link_kit import CANCEL, NAME, RISK, LinkBench, place
from tws_payloads import open_order, order_status

from autotrader.actors import ChildSpec, RestartPolicy
from autotrader.errors import Unavailable
from autotrader.execution.adapters.ibkr.library import load
from autotrader.execution.adapters.ibkr.messages import (
    AccountSummaryRequest,
    AccountUpdatesRequest,
    CancelRequest,
    CompletedOrdersRequest,
    Contract,
    ContractDetailsRequest,
    DropLink,
    EndTold,
    ErrorKind,
    ErrorTold,
    ExecutionsRequest,
    GlobalCancelRequest,
    IdsRequest,
    LinkClosed,
    LinkOpened,
    MarketDataCancel,
    MarketDataRequest,
    MarketDataTypeRequest,
    NextIdTold,
    OpenOrdersRequest,
    OpenOrderTold,
    OrderStatusTold,
    PositionsCancel,
    PositionsRequest,
    TimeRequest,
    TimeTold,
    TwsEvent,
    TwsJob,
    TwsWritten,
)
from autotrader.execution.adapters.wire import CallRoll, ConnectionReady
from autotrader.model import KillLevel, WriteClass

OLD_CLIENT = load().versions[1] < 178
ORDER_FIELDS = 110 if OLD_CLIENT else 114
"""Of a plain stock order at 157 and at 178, the id included (ibkr.md section 4.4)."""

E_TRADE_ONLY, NO = (53, ["0", "0"]) if OLD_CLIENT else (52, ["0", "0"])
"""Where eTradeOnly and firmQuoteOnly stand; newer clients have no such attributes, and write what stands for no."""

@pytest.fixture
def server() -> Iterator[TwsServer]:
    with tws_server() as server:
        yield server

@pytest.fixture
def bench(server: TwsServer) -> Iterator[LinkBench]:
    bench = LinkBench(server.port)
    yield bench
    bench.close()

def events(bench: LinkBench) -> list[TwsEvent]:
    return [one for one in bench.broker.seen if isinstance(one, TwsEvent)]

# ---------------------------------------------------------------- opening

def test_what_the_log_on_says_comes_after_the_connection_is_open(bench: LinkBench, server: TwsServer) -> None:
    server.next_id = 42
    opened = bench.opened()
    assert (opened.number, opened.accounts, opened.next_id) == (1, ("DU1234567",), 42)
    assert opened.server_version == (157 if OLD_CLIENT else 178)
    assert opened.connection_time == "20250415 19:38:30 US/Eastern"
    assert "ibapi" in opened.client
    [error] = bench.told(ErrorTold)
    assert (error.id, error.code, error.kind) == (-1, 2104, ErrorKind.INFO)
    assert type(events(bench)[0]) is LinkOpened
    assert error.recv_ns > 0

def test_open_orders_before_the_log_on_are_told_and_their_end_ends_nothing(server: TwsServer) -> None:
    """As recorded of Gateway in 2026: openOrder, orderStatus, openOrderEnd, and only then accounts and next id."""
    def log_on(caller: Caller, fields: list[str]) -> None:
        if fields[0] == "71":
            caller.raw(open_order(caller.version) + order_status() + frame(53, 1))
        server.answer(caller, fields)

    server.on_message = log_on
    bench = LinkBench(server.port)
    bench.opened()
    bench.job(TimeRequest())
    bench.told(TimeTold)
    kinds = [type(one) for one in events(bench)]
    assert kinds.index(LinkOpened) < kinds.index(OpenOrderTold) < kinds.index(OrderStatusTold)
    assert EndTold not in kinds
    server.callers[0].send(53, 1)
    assert bench.told(EndTold)[0].kind == "open_orders"
    bench.close()


def test_it_says_that_it_is_there_before_anything_else(bench: LinkBench) -> None:
    first = bench.broker.seen[0]
    assert isinstance(first, ConnectionReady)
    assert (first.connection, first.role, first.epoch) == (NAME, "tws", 1)

def test_the_client_offers_text_only_and_its_own_id(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    caller = server.caller()
    assert int(caller.offer.partition("..")[2]) <= 200
    assert caller.wait_for(71) == [["71", "2", "7", ""]]

def test_a_list_of_accounts_may_end_with_a_comma() -> None:
    with tws_server(accounts="DU1,DU2,") as server:
        bench = LinkBench(server.port)
        assert bench.opened().accounts == ("DU1", "DU2")
        bench.close()

def test_a_server_without_next_id_is_given_up_in_time(server: TwsServer) -> None:
    server.on_message = lambda caller, fields: caller.send(15, 1, "DU1") if fields[0] == "71" else None
    bench = LinkBench(server.port, connect_s=0.5, retry_s=60)
    closed = bench.closed()
    assert "no accounts or no next order id" in closed.reason
    assert not bench.broker.of(LinkOpened)
    bench.close()

@pytest.mark.parametrize("version", [157, 164, 176, 187, 200])
def test_every_version_up_to_the_last_of_text_is_spoken(version: int) -> None:
    with tws_server(version) as server:
        bench = LinkBench(server.port)
        opened = bench.opened()
        assert opened.server_version == min(version, load().versions[1])
        assert bench.told(ErrorTold)[0].code == 2104
        assert bench.ask(place(5), RISK).fate == "written"
        assert bench.ask(CancelRequest(5), CANCEL).fate == "written"
        assert bench.ask(GlobalCancelRequest(), CANCEL).fate == "written"
        caller = server.caller()
        assert caller.wait_for(3)[0][1:4] == ["5", "265598", "AAPL"]
        assert "5" in caller.wait_for(4)[0]
        caller.wait_for(58)
        bench.close()

# ---------------------------------------------------------------- jobs

def test_an_order_is_written_through_the_gate_once(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    receipt = bench.receipt()
    done = bench.ask(place(5), RISK, receipt=receipt)
    assert (done.fate, done.code) == ("written", "")
    assert done.written_ns > 0
    again = bench.ask(place(6), RISK, receipt=receipt)
    assert (again.fate, again.written_ns) == ("refused", 0)
    [order] = server.caller().wait_for(3)
    assert len(order) == ORDER_FIELDS
    assert order[1:4] == ["5", "265598", "AAPL"]
    assert order[16:20] == ["BUY", "100", "LMT", "150.25"]
    assert (order[21], order[23], order[26]) == ("DAY", "DU1234567", "a" * 32)
    assert bench.gate.written("ibkr") == 1

def test_no_order_passes_a_closed_gate_and_cancels_do(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    bench.gate.close(KillLevel.HALT)
    no = bench.ask(place(5), RISK)
    assert (no.fate, no.code) == ("refused", "HALTED")
    assert bench.ask(CancelRequest(4), CANCEL).fate == "written"
    server.caller().wait_for(4)
    assert not [one for one in server.caller().said if one[0] == "3"]

def test_orders_are_sent_without_the_attributes_that_tws_refuses(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    assert bench.ask(place(5), RISK).fate == "written"
    [order] = server.caller().wait_for(3)
    assert order[E_TRADE_ONLY : E_TRADE_ONLY + 2] == NO

def test_every_request_of_ours_is_one_message(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    contract = Contract(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
    option = Contract(symbol="AAPL", sec_type="OPT", expiry="20261218", strike=Decimal("250"), right="C", multiplier="100")
    wanted = [
        (OpenOrdersRequest(), "16"), (OpenOrdersRequest(own_only=True), "5"), (CompletedOrdersRequest(), "99"),
        (ExecutionsRequest(9, since="20261122-00:00:00"), "7"), (PositionsRequest(), "61"), (PositionsCancel(), "64"),
        (AccountSummaryRequest(9, ("NetLiquidation", "TotalCashValue")), "62"), (AccountUpdatesRequest("DU1234567"), "6"),
        (ContractDetailsRequest(9, contract), "9"), (ContractDetailsRequest(10, option), "9"), (IdsRequest(), "8"),
        (MarketDataRequest(11, contract), "1"), (MarketDataCancel(11), "2"), (MarketDataTypeRequest(3), "59"),
        (TimeRequest(), "49"), (GlobalCancelRequest(), "58"), (CancelRequest(4), "4"),
    ]  # fmt: skip
    for request, number in wanted:
        assert bench.ask(request, CANCEL).fate == "written", request
        server.caller().wait_for(number)
    details = server.caller().wait_for(9, 2)
    assert details[1][4:11] == ["AAPL", "OPT", "20261218", "250", "C", "100", ""]
    assert server.caller().wait_for(62)[0][3:] == ["All", "NetLiquidation,TotalCashValue"]
    assert server.caller().wait_for(7)[0][5] == "20261122-00:00:00"

@pytest.mark.parametrize("order_id", [-1, 2**31 - 1, 2**31, 2**63])
def test_an_id_that_tws_does_not_read_is_refused(bench: LinkBench, order_id: int) -> None:
    bench.opened()
    done = bench.ask(place(order_id), RISK)
    assert (done.fate, done.code) == ("refused", "ENCODE")

def test_text_that_is_not_ascii_is_refused_and_not_silently_unsent(bench: LinkBench, server: TwsServer) -> None:
    """Fact (ibkr.md section 3, row 13): ibapi answers it by an error callback in the caller's thread and sends nothing."""
    bench.opened()
    done = bench.ask(ContractDetailsRequest(1, Contract(symbol="ÄÖ", sec_type="STK")))
    assert (done.fate, done.code) == ("refused", "ENCODE")
    assert not bench.broker.of(LinkClosed)
    assert bench.ask(TimeRequest()).fate == "written"
    assert not [one for one in server.caller().said if one[0] == "9"]

def test_a_job_without_a_connection_is_not_sent_at_once() -> None:
    with tws_server() as server:
        server.on_hello = lambda caller: None
        bench = LinkBench(server.port)
        bench.run()
        done = bench.ask(place(1), RISK)
        assert (done.fate, done.code) == ("not_sent", "NO_LINK")
        assert bench.gate.written("ibkr") == 0
        bench.close()

def test_a_job_of_a_replaced_broker_is_refused(bench: LinkBench) -> None:
    bench.opened()
    assert bench.ask(TimeRequest(), epoch=2).fate == "written"
    done = bench.ask(TimeRequest(), epoch=1)
    assert (done.fate, done.code) == ("refused", "STALE_EPOCH")

def test_a_job_that_is_too_old_is_refused(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    done = bench.ask(place(3), RISK, until_ns=1)
    assert (done.fate, done.code) == ("refused", "PACED_OUT")
    assert bench.ask(TimeRequest()).fate == "written"
    assert not [one for one in server.caller().said if one[0] == "3"]

def test_a_write_class_without_its_receipt_is_refused_by_the_gate(bench: LinkBench) -> None:
    bench.opened()
    job = bench.job(place(1), CANCEL)
    bench.give(type(job)(job.number, 1, place(1), WriteClass.RISK))
    assert bench.answer(job).code == "RECEIPT_FORGED"

def test_prices_are_written_without_an_exponent(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    assert bench.ask(place(1, price="0.00000001"), RISK).fate == "written"
    assert bench.ask(place(2, price="1E+3"), RISK).fate == "written"
    first, second = server.caller().wait_for(3, 2)
    assert "0.00000001" in first
    assert "1000" in second

# ---------------------------------------------------------------- losing and coming back

def test_a_loss_is_told_once_and_the_link_comes_back_with_a_new_client(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    server.caller().cut()
    closed = bench.closed()
    assert (closed.number, closed.reason) == (1, "TWS closed the connection")
    assert bench.opened(2).number == 2
    assert len(bench.broker.of(LinkClosed)) == 1
    kinds = [type(one) for one in events(bench) if isinstance(one, LinkOpened | LinkClosed)]
    assert kinds == [LinkOpened, LinkClosed, LinkOpened]
    assert bench.status().reconnects == 1
    assert bench.ask(TimeRequest()).fate == "written"
    assert bench.told(TimeTold)[0].epoch_s == 1_700_000_000

def test_a_client_id_in_use_is_named_and_tried_again(server: TwsServer) -> None:
    usual = server.on_message

    def in_use(caller, fields):  # type: ignore[no-untyped-def]
        if len(server.callers) > 1:
            return usual(caller, fields)
        caller.raw(server.error(caller, -1, 326, "Unable to connect as the client id is already in use."))
        return caller.cut()

    server.on_message = in_use
    bench = LinkBench(server.port)
    closed = bench.closed()
    assert (closed.number, closed.code) == (1, 326)
    assert "already in use" in closed.reason
    assert bench.opened().number == 2
    assert server.caller(1).wait_for(71)[0][2] == "7"
    bench.close()

def test_a_trouble_that_is_over_is_no_reason_of_a_later_loss(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    caller = server.caller()
    caller.raw(server.error(caller, -1, 1100, "lost") + server.error(caller, -1, 1102, "restored"))
    bench.told(ErrorTold, 3)
    caller.cut()
    closed = bench.closed()
    assert (closed.code, closed.reason) == (0, "TWS closed the connection")

def test_what_ibapi_logs_goes_to_our_log_and_nowhere_else(bench: LinkBench) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    theirs = logging.getLogger("ibapi.decoder")
    theirs.info("every message of an account")
    theirs.error("diff len {} %d", 5)
    logger.remove(sink)
    assert lines == ["WARNING diff len {} 5\n"]
    assert not logging.getLogger("ibapi").propagate

def test_pauses_between_attempts_grow(server: TwsServer) -> None:
    server.on_hello = lambda caller: caller.cut()
    bench = LinkBench(server.port, retry_s=0.01, longest_retry_s=0.05)
    bench.closed(4)
    numbers = [one.number for one in bench.broker.of(LinkClosed)]
    assert numbers[:4] == [1, 2, 3, 4]
    assert bench.actor._backoff.failures >= 4
    bench.close()

def test_while_orders_are_to_be_cancelled_no_pause_is_longer_than_a_beat(server: TwsServer) -> None:
    bench = LinkBench(server.port, retry_s=600.0, longest_retry_s=600.0, heartbeat_s=0.05)
    bench.opened()
    server.caller().cut()
    bench.closed()
    time.sleep(0.3)
    assert len(bench.broker.of(LinkOpened)) == 1
    bench.gate.close(KillLevel.CANCEL)
    bench.opened(2)
    bench.close()


def test_the_broker_can_have_the_connection_dropped(bench: LinkBench) -> None:
    bench.opened()
    bench.actor.inbox.put(DropLink("the books do not fit"))
    assert bench.closed().reason == "the books do not fit"
    bench.opened(2)
    assert len(bench.broker.of(LinkClosed)) == 1

def test_a_new_broker_that_calls_the_roll_is_told_what_is_open(bench: LinkBench) -> None:
    bench.opened()
    before = len(bench.broker.of(ConnectionReady))
    bench.actor.inbox.put(CallRoll(3))
    bench.run()
    assert len(bench.broker.of(ConnectionReady)) == before + 1
    first, second = bench.broker.of(LinkOpened)
    assert first == second

def test_a_broker_that_is_down_costs_events_and_nothing_else(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    handle = bench.runtime.handle("broker.ibkr")

    class Down:
        def put(self, message, slip=None):  # type: ignore[no-untyped-def]
            raise Unavailable("down")

    handle.bind(Down())
    server.caller().send(9, 1, 77)
    bench.until(lambda: bench.actor._client.outlet.lost >= 1)
    probe = Probe()
    handle.bind(probe)
    server.caller().send(9, 1, 78)
    bench.until(lambda: probe.of(NextIdTold))
    assert probe.of(NextIdTold)[0].order_id == 78

def test_a_silent_connection_is_dropped_after_two_questions(server: TwsServer) -> None:
    """Fact (row 15): the protocol has no keep-alive; a half-open socket is never noticed."""
    usual = server.on_message
    server.on_message = lambda caller, fields: usual(caller, fields) if fields[0] != "49" else None
    bench = LinkBench(server.port, heartbeat_s=0.05)
    bench.opened()
    bench.actor.inbox.put(CallRoll(1))
    closed = bench.closed()
    assert "2 heartbeats" in closed.reason
    assert len(server.caller().wait_for(49)) >= 2
    bench.close()

def test_a_connection_that_answers_its_heartbeats_stays(server: TwsServer) -> None:
    bench = LinkBench(server.port, heartbeat_s=0.05)
    bench.opened()
    bench.actor.inbox.put(CallRoll(1))
    bench.told(TimeTold, 5)
    assert not bench.broker.of(LinkClosed)
    bench.close()

def test_a_stopped_link_says_that_it_is_closed_and_nothing_after(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    client = bench.actor._client
    bench.actor.on_stop()
    assert bench.closed().reason == "the link stopped"
    server.caller().send(9, 1, 99)
    bench.until(lambda: client.is_ended)
    assert type(bench.broker.seen[-1]) is LinkClosed

def test_a_replaced_incarnation_tells_nothing_and_lets_go_of_its_socket(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    client = bench.actor._client
    bench.actor.context.superseded = True
    seen = len(events(bench))
    server.caller().send(9, 1, 99)
    bench.until(lambda: client.is_ended)
    assert len(events(bench)) == seen

def test_a_job_at_hand_in_a_crash_is_answered(bench: LinkBench) -> None:
    bench.opened()

    def boom(request):  # type: ignore[no-untyped-def]
        raise MemoryError

    bench.actor._client.frame_of = boom
    job = bench.job(TimeRequest())
    with pytest.raises(MemoryError):
        bench.actor._on_job(job)
    bench.actor.on_stop()
    [done] = bench.broker.of(TwsWritten)
    assert (done.number, done.fate, done.code) == (job.number, "not_sent", "CRASHED")

# ---------------------------------------------------------------- in the tree

def test_a_crashed_link_comes_back_with_a_connection_of_its_own(server: TwsServer) -> None:
    bench = LinkBench(server.port)
    bench.opened()
    bench.actor.on_stop()
    policy = RestartPolicy(intensity=5, period_s=60, base_s=0, cap_s=0)
    with bench.runtime as runtime:
        runtime.start([ChildSpec(NAME, bench.make, policy)])
        bench.broker.wait_for(LinkOpened, 2)
        first = bench.broker.of(ConnectionReady)[-1].epoch
        runtime.handle(NAME).tell(TwsJob(77, 1, "no request", WriteClass.QUERY))  # type: ignore[arg-type]
        bench.broker.wait_for(TwsWritten)
        assert bench.broker.of(TwsWritten)[0].fate == "refused"
        runtime.handle(NAME).tell(TimeTold(1, 1))  # nothing handles it: the actor crashes
        bench.broker.wait_for(LinkOpened, 3)
        assert bench.broker.of(ConnectionReady)[-1].epoch == first + 1
        assert len(bench.broker.of(LinkClosed)) == 1  # the first bench's; of a crash, the successor's first word tells
        runtime.handle(NAME).tell(TwsJob(78, 1, TimeRequest(), WriteClass.QUERY))
        assert bench.broker.wait_for(TwsWritten, 2)[-1].fate == "written"
        bench.broker.wait_for(TimeTold)
