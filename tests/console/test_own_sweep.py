"""The sweep of ``autotrader kill``: by calls that block, on a clock of the test's own, against a venue made of a list."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest

from autotrader.console.own_sweep import OwnSweep, Swept, sweep_all
from autotrader.errors import ConfigError, NotSent, RateLimited
from autotrader.execution.adapters.outside import CancelFate, OpenOrders
from autotrader.messages import SendCancel
from autotrader.model import ClientOrderIds, OrderState, OrderType, OrderUpdate, Side, TimeInForce

NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
IDS = ClientOrderIds("binance", "acc", "engine", 7)
D = Decimal


def order(state: OrderState = OrderState.OPEN, *, symbol: str = "BTCUSDT", age_s: float = 60, **changes: Any) -> OrderUpdate:
    made = OrderUpdate(
        client_order_id=IDS.next(), venue_order_id=None if state is OrderState.SENT else "28", venue="binance", account="acc",
        symbol=symbol, side=Side.BUY, type=OrderType.LIMIT, time_in_force=TimeInForce.GTC, quantity=D(1), price=D(1),
        stop_price=None, state=state, filled_quantity=D(0), average_price=None, reason_code=None, reason=None, strategy="s",
        created_ns=NOW - round(age_s * SECOND), updated_ns=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def foreign(symbol: str = "BTCUSDT") -> OrderUpdate:
    return order(symbol=symbol, client_order_id="web_1234")


class Venue:
    """A venue with these open orders; every call takes 10 ms of the test's clock. ``trouble`` raises before a call counts."""

    venue, account, request_life_s = "binance", "acc", 15.0

    def __init__(self, *orders: OrderUpdate, bulk: bool = True) -> None:
        self.open = {one.client_order_id: one for one in orders}
        self.bulk = bulk
        self.bulk_scope: Any = "symbol"
        self.calls: list[tuple[str, str]] = []
        self.trouble: list[Exception | None] = []
        self.ns = 0
        self.closed = False
        self.deaf: set[str] = set()

    def _call(self, what: str, name: str = "") -> None:
        self.ns += 10_000_000
        self.calls.append((what, name))
        error = self.trouble.pop(0) if self.trouble else None
        if error is not None:
            raise error

    def list_open(self) -> OpenOrders:
        self._call("list")
        return OpenOrders(tuple(self.open.values()))

    def cancel(self, command: SendCancel) -> CancelFate:
        self._call("cancel", command.client_order_id)
        if command.client_order_id in self.deaf:
            return "failed"
        return "gone" if self.open.pop(command.client_order_id, None) is None else "taken"

    def cancel_all(self, symbol: str) -> CancelFate:
        self._call("cancel_all", symbol)
        self.open = {name: one for name, one in self.open.items() if symbol and one.symbol != symbol}
        return "taken"

    def is_open(self, one: OrderUpdate) -> bool | None:
        self._call("is_open", one.client_order_id)
        return True if one.client_order_id in self.open else None

    def close(self) -> None:
        self.closed = True

    def sleep(self, seconds: float) -> None:
        self.ns += round(seconds * SECOND)

    def of(self, what: str) -> list[str]:
        return [name for kind, name in self.calls if kind == what]


def sweep(venue: Venue, known: Iterable[OrderUpdate] = (), limit_s: float = 30.0) -> Swept:
    swept = OwnSweep(
        venue, known, limit_s, rng=Random(7), now_ns=lambda: NOW + venue.ns, wall_ns=lambda: venue.ns, wait=venue.sleep
    ).run()
    assert len(venue.calls) < 2_000
    return swept


def test_orders_of_one_symbol_go_in_one_call_and_clean_takes_two_empty_lists_two_seconds_apart() -> None:
    ours = [order() for _ in range(20)] + [order(symbol="ETHUSDT")]
    venue = Venue(*ours)
    found = sweep(venue, ours)
    assert (found.clean, found.canceled, found.remaining, found.foreign) == (True, 21, 0, 0)
    assert venue.calls[:3] == [("list", ""), ("cancel_all", "BTCUSDT"), ("cancel_all", "ETHUSDT")]
    assert (venue.of("cancel"), venue.open) == ([], {})
    assert len(venue.of("list")) >= 3
    assert 2 * SECOND <= venue.ns < 6 * SECOND


def test_where_others_have_orders_ours_go_one_by_one_and_theirs_stay() -> None:
    ours, theirs = [order(), order()], foreign()
    venue = Venue(*ours, theirs, order(symbol="ETHUSDT"))
    found = sweep(venue)
    assert (found.clean, found.canceled, found.foreign) == (True, 3, 1)
    assert venue.of("cancel_all") == ["ETHUSDT"]
    assert set(venue.of("cancel")) == {one.client_order_id for one in ours}
    assert list(venue.open) == [theirs.client_order_id]


def test_a_venue_that_can_only_cancel_everything_does_so_in_one_call() -> None:
    venue = Venue(order(), order(symbol="ETHUSDT"))
    venue.bulk_scope = "venue"
    assert sweep(venue).clean
    assert venue.of("cancel_all") == [""]
    assert not venue.of("cancel")


def test_somebody_elses_order_anywhere_forbids_to_cancel_everything() -> None:
    venue = Venue(order(), foreign("ETHUSDT"))
    venue.bulk_scope = "venue"
    assert sweep(venue).clean
    assert not venue.of("cancel_all")


def test_another_account_tag_is_not_ours() -> None:
    other = order(client_order_id=ClientOrderIds("binance", "other", "engine", 7).next())
    venue = Venue(other)
    assert sweep(venue).foreign == 1
    assert venue.open


def test_orders_that_the_journal_never_saw_are_found_by_their_tag() -> None:
    venue = Venue(order())
    assert sweep(venue, []).canceled == 1
    assert not venue.open


def test_an_order_of_the_journal_that_is_not_listed_any_more_costs_no_call() -> None:
    venue = Venue()
    found = sweep(venue, [order() for _ in range(50)])
    assert (found.clean, found.remaining) == (True, 0)
    assert venue.of("cancel") == []


@pytest.mark.parametrize("state", [OrderState.SENT, OrderState.UNKNOWN])
def test_an_order_in_doubt_is_cancelled_by_its_own_id_and_gone_once_it_cannot_arrive_any_more(state: OrderState) -> None:
    fresh = order(state, age_s=0, venue_order_id=None)
    venue = Venue()
    found = sweep(venue, [fresh])
    assert (found.clean, found.remaining) == (True, 0)
    assert set(venue.of("cancel")) == {fresh.client_order_id}
    assert venue.ns >= 15 * SECOND


def test_an_order_in_doubt_that_may_still_arrive_is_not_clean() -> None:
    found = sweep(Venue(), [order(OrderState.SENT, age_s=0)], limit_s=5.0)
    assert (found.clean, found.remaining) == (False, 1)
    assert "unknown outcome" in found.detail


def test_an_order_that_arrives_during_the_sweep_is_cancelled() -> None:
    late = order(OrderState.SENT, age_s=0)
    venue = Venue()

    def sleep(seconds: float) -> None:
        venue.ns += round(seconds * SECOND)
        if len(venue.of("list")) == 2 and not venue.of("cancel_all"):
            venue.open[late.client_order_id] = msgspec.structs.replace(late, venue_order_id="9", state=OrderState.OPEN)

    venue.sleep = sleep  # type: ignore[method-assign]
    found = sweep(venue, [late])
    assert (found.clean, venue.open) == (True, {})


def test_a_venue_out_of_reach_is_never_clean_and_says_why() -> None:
    venue = Venue(order())
    venue.trouble = [NotSent("no route", venue="binance")] * 10_000
    found = sweep(venue, limit_s=10.0)
    assert not found.clean
    assert "no route" in found.detail
    assert 10 <= len(venue.calls) <= 60


def test_a_venue_that_comes_back_is_swept() -> None:
    venue = Venue(order())
    venue.trouble = [NotSent("no route", venue="binance")] * 3
    assert sweep(venue).clean


def test_a_venue_that_asks_for_quiet_is_left_alone_for_so_long() -> None:
    venue = Venue(order())
    venue.trouble = [RateLimited("slow down", venue="binance", retry_after_s=7.0)]
    found = sweep(venue)
    assert found.clean
    assert venue.ns >= 9 * SECOND


def test_a_cancel_that_is_refused_is_tried_again_and_not_clean_meanwhile() -> None:
    stubborn = order()
    venue = Venue(stubborn, foreign())
    venue.deaf = {stubborn.client_order_id}
    found = sweep(venue, limit_s=12.0)
    assert (found.clean, found.remaining) == (False, 1)
    assert 3 <= len(venue.of("cancel")) <= 40


def test_venues_are_swept_side_by_side_and_one_that_cannot_be_begun_is_not_clean() -> None:
    venue = Venue()

    def make(name: str) -> Venue:
        if name == "okx":
            raise ConfigError("venues.okx.api_key is missing")
        return venue

    found = sweep_all(["okx", "binance"], make, [], 10.0)
    assert [(one.venue, one.clean) for one in found] == [("okx", False), ("binance", True)]
    assert "api_key is missing" in found[0].detail
    assert venue.closed
