"""Each message of TWS becomes the same event, whichever ibapi reads it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from tws_kit import MAX, Caller, TwsServer, frame, tws_server
from tws_link_kit import LinkBench
from tws_payloads import completed_order, contract_data, execution, open_order, order_status, position

from autotrader.execution.adapters.ibkr.messages import (
    AccountValueTold,
    CommissionTold,
    CompletedOrderTold,
    ContractTold,
    EndTold,
    ErrorKind,
    ErrorTold,
    ExecutionTold,
    FrameLost,
    LinkClosed,
    MarketDataTypeTold,
    OpenOrderTold,
    OrderBoundTold,
    OrderStatusTold,
    PositionTold,
    TickTold,
    TwsEvent,
)


@pytest.fixture(params=[157, 178])
def server(request: pytest.FixtureRequest) -> Iterator[TwsServer]:
    with tws_server(request.param) as server:
        yield server


@pytest.fixture
def bench(server: TwsServer) -> Iterator[LinkBench]:
    bench = LinkBench(server.port)
    bench.opened()
    yield bench
    assert not bench.broker.of(FrameLost)
    assert not bench.broker.of(LinkClosed)
    bench.close()


@pytest.fixture
def caller(bench: LinkBench, server: TwsServer) -> Caller:
    return server.caller()


def only(bench: LinkBench, kind: type) -> Any:
    [event] = bench.told(kind)
    assert event.recv_ns > 0
    return event


def test_open_order(bench: LinkBench, caller: Caller) -> None:
    caller.raw(open_order(caller.version, warning="odd lot"))
    told = only(bench, OpenOrderTold)
    assert (told.order_id, told.client_id, told.perm_id, told.status, told.text) == (5, 7, 987654, "Submitted", "odd lot")
    terms = told.terms
    assert (terms.action, terms.quantity, terms.order_type, terms.limit_price) == ("BUY", 100, "LMT", Decimal("150.25"))
    assert (terms.aux_price, terms.trail_stop_price, terms.trailing_percent, terms.time_in_force) == (None, None, None, "DAY")
    assert (terms.account, terms.order_ref) == ("DU1234567", "a" * 32)
    contract = told.contract
    assert (contract.con_id, contract.sec_type, contract.strike, contract.right) == (265598, "STK", None, "")


def test_open_order_of_an_option_keeps_strike_and_right(bench: LinkBench, caller: Caller) -> None:
    option = (7, "AAPL", "OPT", "20261218", "250", "C", "100", "SMART", "USD", "AAPL  261218C00250000", "AAPL")
    caller.raw(open_order(caller.version, contract=option, kind="MKT", limit="0.0"))
    told = only(bench, OpenOrderTold)
    assert (told.contract.strike, told.contract.right, told.contract.multiplier) == (250, "C", "100")
    assert told.terms.limit_price is None


def test_open_order_of_a_stop(bench: LinkBench, caller: Caller) -> None:
    caller.raw(open_order(caller.version, kind="STP LMT", limit="149", aux="148.5", status="PreSubmitted"))
    told = only(bench, OpenOrderTold)
    assert (told.terms.limit_price, told.terms.aux_price) == (149, Decimal("148.5"))


@pytest.mark.parametrize(("kind", "limit"), [("MKT", None), ("STP", None), ("LMT", Decimal("96.79"))])
def test_prices_that_a_type_does_not_have_are_none_whatever_stands_there(
    bench: LinkBench, caller: Caller, kind: str, limit: Decimal | None
) -> None:
    """As recorded of TWS: a market order with a limit, and a trailing stop price in orders that trail nothing."""
    caller.raw(open_order(caller.version, kind=kind, limit="96.79", trail_stop="97.79"))
    terms = only(bench, OpenOrderTold).terms
    assert (terms.limit_price, terms.trail_stop_price) == (limit, None)


def test_a_trailing_stop_keeps_its_stop_price(bench: LinkBench, caller: Caller) -> None:
    caller.raw(open_order(caller.version, kind="TRAIL", limit="95.0", aux="1.5", trail_stop="97.79"))
    terms = only(bench, OpenOrderTold).terms
    assert (terms.limit_price, terms.aux_price, terms.trail_stop_price) == (None, Decimal("1.5"), Decimal("97.79"))


def test_a_manual_order_has_no_id_of_ours(bench: LinkBench, caller: Caller) -> None:
    caller.raw(open_order(caller.version, order_id=-3))
    assert only(bench, OpenOrderTold).order_id == -3


def test_completed_order(bench: LinkBench, caller: Caller) -> None:
    caller.raw(completed_order(caller.version))
    told = only(bench, CompletedOrderTold)
    assert (told.perm_id, told.status, told.filled_quantity, told.terms.quantity) == (987654, "Filled", 100, 0)
    assert told.completed_status == "Filled Size: 100"
    assert told.completed_time.startswith("20230306 12:28:30")
    assert told.terms.order_ref == "a" * 32


def test_order_status(bench: LinkBench, caller: Caller) -> None:
    caller.raw(order_status("Submitted", "40", "60", "150.2"))
    told = only(bench, OrderStatusTold)
    assert (told.order_id, told.client_id, told.perm_id, told.status) == (5, 7, 987654, "Submitted")
    assert (told.filled, told.remaining, told.average_price) == (40, 60, Decimal("150.2"))


def test_execution(bench: LinkBench, caller: Caller) -> None:
    caller.raw(execution(caller.version, req_id=9))
    told = only(bench, ExecutionTold)
    assert (told.req_id, told.execution.exec_id, told.execution.exchange) == (9, "0000e0d5.67fe667b.01.01", "IEX")
    assert (told.execution.cumulative_quantity, told.execution.average_price) == (100, Decimal("150.25"))


@pytest.mark.parametrize(("said", "amount"), [("1.05", Decimal("1.05")), ("-1", None), ("-0.2", Decimal("-0.2")), (MAX, None)])
def test_commission(bench: LinkBench, caller: Caller, said: str, amount: Decimal | None) -> None:
    caller.send(59, 1, "0000e0d5.67fe667b.01.01", said, "USD", MAX, MAX, "")
    told = only(bench, CommissionTold)
    assert (told.exec_id, told.commission, told.currency) == ("0000e0d5.67fe667b.01.01", amount, "USD")
    assert told.realized_pnl is None


def test_ends_of_lists(bench: LinkBench, caller: Caller) -> None:
    for fields in [(53, 1), (55, 1, 9), (102,), (62, 1), (64, 1, 9), (54, 1, "DU1"), (52, 1, 9), (57, 1, 9)]:
        caller.raw(frame(*fields))
    ends = [(one.kind, one.req_id) for one in bench.told(EndTold, 8)]
    assert ends == [
        ("open_orders", -1), ("executions", 9), ("completed_orders", -1), ("positions", -1), ("account_summary", 9),
        ("account_updates", -1), ("contract_details", 9), ("snapshot", 9),
    ]  # fmt: skip


def test_position(bench: LinkBench, caller: Caller) -> None:
    caller.raw(position("-12.5"))
    told = only(bench, PositionTold)
    assert (told.account, told.contract.con_id, told.quantity) == ("DU1234567", 265598, Decimal("-12.5"))
    assert told.average_cost == Decimal("150.2500001")


def test_account_values(bench: LinkBench, caller: Caller) -> None:
    caller.raw(frame(63, 1, 9, "DU1", "NetLiquidation", "1000000.5", "USD"))
    caller.raw(frame(6, 2, "$LEDGER-CashBalance", "5", "EUR", "DU1"))
    first, second = bench.told(AccountValueTold, 2)
    assert (first.req_id, first.account, first.key) == (9, "DU1", "NetLiquidation")
    assert (first.value, first.currency) == ("1000000.5", "USD")
    assert (second.req_id, second.account, second.key, second.value) == (-1, "DU1", "CashBalance", "5")


def test_contract_details(bench: LinkBench, caller: Caller) -> None:
    caller.raw(contract_data(caller.version, 9, 265598))
    told = only(bench, ContractTold)
    assert (told.req_id, told.contract.con_id, told.contract.primary_exchange) == (9, 265598, "NASDAQ")
    assert (told.details.min_tick, told.details.order_types, told.details.exchanges) == (
        Decimal("0.01"), ("LMT", "MKT", "STP"), ("SMART", "IEX"),
    )  # fmt: skip
    assert told.details.long_name == "APPLE INC"
    assert told.details.time_zone == "US/Eastern"
    assert told.details.stock_type == "COMMON"
    assert told.details.min_size == (1 if caller.version >= 164 else None)


def test_ticks(bench: LinkBench, caller: Caller) -> None:
    caller.raw(frame(1, 6, 11, 1, "150.25", 3, 0) + frame(1, 6, 11, 2, "-1", 0, 0) + frame(2, 6, 11, 0, 300))
    bid, bid_size, ask, ask_size, size = bench.told(TickTold, 5)
    assert (bid.req_id, bid.field, bid.price, bid.size) == (11, 1, Decimal("150.25"), None)
    assert (bid_size.field, bid_size.size) == (0, 3)
    assert (ask.field, ask.price) == (2, None)
    assert (ask_size.field, ask_size.size) == (3, 0)
    assert (size.field, size.size) == (0, 300)


def test_market_data_type_and_bound_orders(bench: LinkBench, caller: Caller) -> None:
    caller.raw(frame(58, 1, 11, 3) + frame(100, 987654, 7, 5) + frame(81, 11, "0.01", "9c0001", 3))
    assert (only(bench, MarketDataTypeTold).req_id, only(bench, MarketDataTypeTold).kind) == (11, 3)
    bound = only(bench, OrderBoundTold)
    assert (bound.perm_id, bound.client_id, bound.order_id) == (987654, 7, 5)


@pytest.mark.parametrize(("code", "kind"), [(201, ErrorKind.REJECT), (202, ErrorKind.CANCELED), (99999, ErrorKind.UNKNOWN)])
def test_errors_carry_their_class(bench: LinkBench, server: TwsServer, caller: Caller, code: int, kind: ErrorKind) -> None:
    caller.raw(server.error(caller, 5, code, "Order rejected - reason:no"))
    told = bench.told(ErrorTold, 2)[-1]
    assert (told.id, told.code, told.kind, told.text) == (5, code, kind, "Order rejected - reason:no")


def test_a_code_can_be_given_another_class(server: TwsServer) -> None:
    bench = LinkBench(server.port, codes={202: ErrorKind.WARNING})
    bench.opened()
    caller = server.callers[-1]
    caller.raw(server.error(caller, 5, 202, "cancelled"))
    assert bench.told(ErrorTold, 2)[-1].kind is ErrorKind.WARNING
    bench.close()


def test_escaped_text_is_read(bench: LinkBench, server: TwsServer, caller: Caller) -> None:
    caller.raw(server.error(caller, 5, 399, "pr\\u00fcfen"))
    assert bench.told(ErrorTold, 2)[-1].text == "prüfen"


def test_events_come_in_the_order_in_which_they_were_sent(bench: LinkBench, caller: Caller) -> None:
    version = caller.version
    caller.raw(
        open_order(version, status="PreSubmitted") + order_status("PreSubmitted") + execution(version)
        + open_order(version, status="Filled") + order_status("Filled", "100", "0")
        + frame(59, 1, "x.01", "1", "USD", MAX, MAX, "")
    )  # fmt: skip
    bench.told(CommissionTold)
    kinds = [type(one) for one in bench.broker.seen if isinstance(one, TwsEvent)][-6:]
    assert kinds == [OpenOrderTold, OrderStatusTold, ExecutionTold, OpenOrderTold, OrderStatusTold, CommissionTold]


def test_a_burst_is_told_in_lists(bench: LinkBench, caller: Caller) -> None:
    caller.raw(b"".join(order_status() for _ in range(300)))
    bench.told(OrderStatusTold, 300)
    lists = [len(one) for one in bench.broker.tells if isinstance(one, list) and isinstance(one[0], OrderStatusTold)]
    assert sum(lists) == 300
    assert max(lists) <= 64
    assert len(lists) < 300
