"""The link and the simulated TWS, which were written apart from the same tables: they understand each other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from simulator_kit import running
from tws_link_kit import CANCEL, RISK, LinkBench

from autotrader.execution.adapters.ibkr.contracts import contract_of, instrument_of, order_contract, pick, symbol_of
from autotrader.execution.adapters.ibkr.messages import (
    AccountSummaryRequest,
    AccountValueTold,
    CancelRequest,
    CommissionTold,
    CompletedOrdersRequest,
    Contract,
    ContractDetailsRequest,
    ContractTold,
    EndTold,
    ErrorKind,
    ErrorTold,
    ExecutionsRequest,
    ExecutionTold,
    FrameLost,
    MarketDataRequest,
    OpenOrdersRequest,
    OpenOrderTold,
    OrderStatusTold,
    OrderTerms,
    PlaceRequest,
    PositionsRequest,
    PositionTold,
    TickTold,
    TimeRequest,
    TimeTold,
)


class Desk:
    """A link to a simulator, and the contracts found there."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.account = ready["credentials"]["account"]
        self.symbols: list[str] = ready["symbols"]
        self.bench = LinkBench(ready["port"], host=ready["host"])
        self.next_id = self.bench.opened().next_id
        self.requests = 1_000_000

    def told_of(self, request: Any, kind: str, of: type) -> list[Any]:
        """Ask, wait for the list's end, and return what came of it."""
        before = len(self.bench.broker.seen)
        assert self.bench.ask(request).fate == "written"

        def ended() -> bool:
            return any(isinstance(one, EndTold) and one.kind == kind for one in self.bench.broker.seen[before:])

        self.bench.until(ended)
        return [one for one in self.bench.broker.seen[before:] if isinstance(one, of)]

    def resolve(self, symbol: str) -> ContractTold:
        self.requests += 1
        request = ContractDetailsRequest(self.requests, contract_of(symbol))
        return pick(symbol, self.told_of(request, "contract_details", ContractTold))

    def place(self, contract: Contract, kind: str = "MKT", quantity: str = "10", **terms: Any) -> int:
        order_id, self.next_id = self.next_id, self.next_id + 1
        wanted = OrderTerms(
            action="BUY", quantity=Decimal(quantity), order_type=kind, account=self.account, order_ref=f"ref-{order_id}",
            **terms,
        )  # fmt: skip
        assert self.bench.ask(PlaceRequest(order_id, order_contract(contract), wanted), RISK).fate == "written"
        return order_id

    def status(self, order_id: int, status: str) -> None:
        """Wait until an order has a status."""
        told = self.bench.broker
        self.bench.until(
            lambda: any((one.order_id, one.status) == (order_id, status) for one in told.of(OrderStatusTold))
        )


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    with running("ibkr") as simulator:
        yield simulator.ready


@pytest.fixture
def desk(ready: dict[str, Any]) -> Iterator[Desk]:
    desk = Desk(ready)
    yield desk
    assert not desk.bench.broker.of(FrameLost)
    desk.bench.close()


def test_every_listed_symbol_is_one_contract_and_comes_back_by_name(desk: Desk) -> None:
    for symbol in desk.symbols:
        found = desk.resolve(symbol)
        assert symbol_of(found.contract) == symbol
        instrument = instrument_of("ibkr", symbol, found.contract, found.details)
        assert instrument.quote == "USD"
        by_number = desk.resolve(f"conid:{found.contract.con_id}")
        assert by_number.contract.con_id == found.contract.con_id


def test_a_market_order_fills_by_executions(desk: Desk) -> None:
    stock = desk.resolve("AAPL").contract
    order_id = desk.place(stock)
    bench = desk.bench
    [fill] = bench.until(lambda: [one for one in bench.broker.of(ExecutionTold) if one.execution.order_id == order_id])
    assert fill.execution.order_ref == f"ref-{order_id}"
    assert fill.execution.quantity == 10
    assert fill.execution.price > 0
    assert fill.execution.side == "BUY"
    assert fill.execution.perm_id > 0
    assert fill.execution.time_ns is not None
    bench.until(lambda: [one for one in bench.broker.of(CommissionTold) if one.exec_id == fill.execution.exec_id])
    desk.status(order_id, "Filled")
    again = desk.told_of(ExecutionsRequest(9), "executions", ExecutionTold)
    assert fill.execution.exec_id in [one.execution.exec_id for one in again]
    positions = desk.told_of(PositionsRequest(), "positions", PositionTold)
    assert [one.quantity for one in positions if one.contract.con_id == stock.con_id]


def test_a_resting_order_is_listed_changed_and_cancelled(desk: Desk) -> None:
    stock = desk.resolve("MSFT").contract
    order_id = desk.place(stock, "LMT", limit_price=Decimal("1.25"), time_in_force="GTC")
    bench = desk.bench
    desk.status(order_id, "Submitted")
    listed = {one.order_id: one for one in desk.told_of(OpenOrdersRequest(), "open_orders", OpenOrderTold)}
    assert listed[order_id].terms.limit_price == Decimal("1.25")
    assert listed[order_id].terms.order_ref == f"ref-{order_id}"
    terms = OrderTerms(
        "BUY", Decimal(5), "LMT", Decimal("1.5"), time_in_force="GTC", account=desk.account, order_ref=f"ref-{order_id}"
    )
    assert bench.ask(PlaceRequest(order_id, order_contract(stock), terms, is_new=False), RISK).fate == "written"
    listed = {one.order_id: one for one in desk.told_of(OpenOrdersRequest(), "open_orders", OpenOrderTold)}
    assert (listed[order_id].terms.limit_price, listed[order_id].terms.quantity) == (Decimal("1.5"), 5)
    assert bench.ask(CancelRequest(order_id), CANCEL).fate == "written"
    desk.status(order_id, "Cancelled")
    [told] = bench.until(lambda: [one for one in bench.broker.of(ErrorTold) if one.id == order_id and one.code == 202])
    assert told.kind is ErrorKind.CANCELED
    assert order_id not in [one.order_id for one in desk.told_of(OpenOrdersRequest(), "open_orders", OpenOrderTold)]


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        ("STP", {"aux_price": Decimal(5_000)}),
        ("STP LMT", {"aux_price": Decimal(5_000), "limit_price": Decimal(5_001)}),
        ("TRAIL", {"aux_price": Decimal(50)}),
        ("LMT", {"limit_price": Decimal("1.25"), "time_in_force": "GTD", "good_till": "20991231-20:00:00"}),
    ],
)
def test_other_types_rest_as_they_were_sent(desk: Desk, kind: str, terms: dict[str, Any]) -> None:
    order_id = desk.place(desk.resolve("AAPL").contract, kind, "1", **({"time_in_force": "GTC"} | terms))
    listed = {one.order_id: one for one in desk.told_of(OpenOrdersRequest(), "open_orders", OpenOrderTold)}
    told = listed[order_id].terms
    assert (told.order_type, told.aux_price) == (kind, terms.get("aux_price"))
    assert desk.bench.ask(CancelRequest(order_id), CANCEL).fate == "written"


def test_books_are_lists_with_ends(desk: Desk) -> None:
    values = desk.told_of(AccountSummaryRequest(9, ("NetLiquidation", "TotalCashValue")), "account_summary", AccountValueTold)
    assert {one.key for one in values} >= {"NetLiquidation", "TotalCashValue"}
    desk.told_of(CompletedOrdersRequest(), "completed_orders", EndTold)
    assert desk.bench.ask(TimeRequest()).fate == "written"
    assert desk.bench.told(TimeTold)[0].epoch_s > 1_700_000_000


def test_quotes_come(desk: Desk) -> None:
    stock = desk.resolve("AAPL").contract
    assert desk.bench.ask(MarketDataRequest(77, order_contract(stock))).fate == "written"
    ticks = desk.bench.until(lambda: [one for one in desk.bench.broker.of(TickTold) if one.field in (1, 2) and one.price])
    assert ticks[0].req_id == 77


def test_what_cannot_be_is_an_error_of_its_class(desk: Desk) -> None:
    bench = desk.bench
    unknown = bench.ask(ContractDetailsRequest(99, contract_of("NOSUCH")))
    assert unknown.fate == "written"
    [told] = bench.until(lambda: [one for one in bench.broker.of(ErrorTold) if one.id == 99])
    assert (told.code, told.kind) == (200, ErrorKind.REJECT)
    assert bench.ask(CancelRequest(999_999), CANCEL).fate == "written"
    [told] = bench.until(lambda: [one for one in bench.broker.of(ErrorTold) if one.id == 999_999])
    assert told.kind is ErrorKind.CANCEL
