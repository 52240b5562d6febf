"""The public adapter against the simulated venue, in a process of its own: the real wire from end to end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from simulator_kit import RunningVenue, running
from support import eventually

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.binance import BinanceAdapter
from autotrader.messages import GetStatus
from autotrader.model import Fill, KillLevel, LinkState, OrderState, OrderUpdate

pytestmark = pytest.mark.timeout(120)
BID, ASK = "50000.00", "50000.10"


@pytest.fixture
def venue() -> Iterator[RunningVenue]:
    with running("binance") as made:
        made.market("BTCUSDT", BID, ASK)
        yield made


def adapter(venue: RunningVenue, folder: Path, **options: Any) -> BinanceAdapter:
    ready = venue.ready
    keys = {"api_key": venue.credentials["api_key"], "api_secret": venue.credentials["api_secret"]}
    return BinanceAdapter(
        mode="SIMULATED", rest=ready["rest"], ws=ready["ws"], stream=ready["stream"], symbols=["BTCUSDT"],
        journal={"path": str(folder / "journal.db")}, market={"source": "live"}, **{**keys, **options},
    )  # fmt: skip


@pytest.fixture
def binance(venue: RunningVenue, tmp_path: Path) -> Iterator[BinanceAdapter]:
    made = adapter(venue, tmp_path, emulate=["GTD"])
    made.connect(15)
    yield made
    made.disconnect()


def limit(binance: BinanceAdapter, price: str = "49000", quantity: str = "0.01", side: str = "BUY", **more: Any) -> OrderUpdate:
    return binance.submit_order(binance.new_order("BTCUSDT", side, quantity, "LIMIT", price=price, **more))


def state(binance: BinanceAdapter, order_id: str) -> OrderState | None:
    try:
        return binance.get_order_status(order_id).state
    except InvalidOrder:  # on its way to the order manager
        return None


def link(binance: BinanceAdapter) -> Any:
    return binance.engine.ask_actor("broker.binance", GetStatus())


def same_books(binance: BinanceAdapter, venue: RunningVenue) -> bool:
    """Say whether our orders, fills and balances are the venue's."""
    truth = venue.ledger()
    listed = {row["client_order_id"]: row["filled_quantity"] for row in truth["orders"]}
    ours = {one: binance.get_order_status(one).filled_quantity for one in listed}
    totals = {asset: amount for asset, amount in binance.get_account_balance().items() if amount}
    assert ours == {one: Decimal(filled) for one, filled in listed.items()}
    assert totals == {asset: Decimal(amount) for asset, amount in truth["balances"].items() if Decimal(amount)}
    return True


def test_place_amend_replace_cancel(binance: BinanceAdapter, venue: RunningVenue) -> None:
    placed = limit(binance, quantity="0.02")
    assert placed.state is OrderState.OPEN
    smaller = binance.modify_order(placed.client_order_id, quantity="0.01")
    assert (smaller.state, smaller.venue_order_id) == (OrderState.OPEN, placed.venue_order_id)
    moved = binance.modify_order(placed.client_order_id, price="49100")
    assert moved.venue_order_id != placed.venue_order_id
    larger = binance.modify_order(placed.client_order_id, quantity="0.03", price="49200")
    assert str(larger.quantity.normalize()) == "0.03"
    assert binance.cancel_order(placed.client_order_id).state is OrderState.CANCELED
    truth = venue.ledger()
    assert [row["status"] for row in truth["orders"]] == ["CANCELED"] * 3
    assert (truth["requests"]["submit"], truth["requests"]["cancel"], truth["requests"]["amend"]) == (1, 1, 3)


def test_a_market_order_and_a_resting_one_fill_to_the_last_digit(binance: BinanceAdapter, venue: RunningVenue) -> None:
    fills: list[Fill] = []
    binance.subscribe_fills(fills.append)
    bought = binance.submit_order(binance.new_order("BTCUSDT", "BUY", "0.01", "MARKET"))
    resting = limit(binance)
    venue.trade("BTCUSDT", "49000", "0.004")
    eventually(lambda: state(binance, resting.client_order_id) is OrderState.PARTIALLY_FILLED)
    venue.trade("BTCUSDT", "49000", "0.006")
    eventually(lambda: state(binance, resting.client_order_id) is OrderState.FILLED)
    assert eventually(lambda: state(binance, bought.client_order_id)) is OrderState.FILLED
    eventually(lambda: len(fills) == len(venue.ledger()["fills"]))
    assert {fill.trade_id for fill in fills} == {row["trade_id"] for row in venue.ledger()["fills"]}
    assert eventually(lambda: same_books(binance, venue))


def test_a_lost_reply_is_settled_by_asking_and_nothing_is_sent_again(binance: BinanceAdapter, venue: RunningVenue) -> None:
    venue.faults([{"on": "submit", "nth": 1, "do": [{"land": True}, {"reply": "reset"}]}])
    order = binance.new_order("BTCUSDT", "BUY", "0.01", "LIMIT", price="49000")
    binance.engine.submit_order(order)
    eventually(lambda: state(binance, order.client_order_id) is OrderState.OPEN)
    assert binance.cancel_order(order.client_order_id).state is OrderState.CANCELED
    assert venue.ledger()["requests"]["submit"] == 1


def test_a_lost_reply_to_a_replace_is_settled_by_following_the_order_to_its_successor(
    binance: BinanceAdapter, venue: RunningVenue
) -> None:
    placed = limit(binance)
    venue.faults([{"on": "amend", "nth": 1, "do": [{"land": True}, {"reply": "reset"}]}])
    moved = binance.modify_order(placed.client_order_id, price="49100", timeout_s=20)
    assert (moved.state, moved.price) == (OrderState.OPEN, Decimal(49100))
    assert moved.venue_order_id != placed.venue_order_id
    venue.trade("BTCUSDT", "49100", "0.01")
    eventually(lambda: state(binance, placed.client_order_id) is OrderState.FILLED)
    assert len(venue.ledger()["orders"]) == 2


def test_an_order_that_never_landed_is_dead_only_when_its_absence_is_proved(venue: RunningVenue, tmp_path: Path) -> None:
    binance = adapter(venue, tmp_path, request_life_s=1)
    binance.connect(15)
    try:
        venue.faults([{"on": "submit", "nth": 1, "do": [{"land": False}, {"reply": "reset"}]}])
        order = binance.new_order("BTCUSDT", "BUY", "0.01", "LIMIT", price="49000")
        binance.engine.submit_order(order)
        eventually(lambda: state(binance, order.client_order_id) is OrderState.UNKNOWN)
        assert limit(binance).reason_code == "BLOCKED"
        eventually(lambda: state(binance, order.client_order_id) is OrderState.REJECTED, 30)
        eventually(lambda: limit(binance).state is OrderState.OPEN, 15)  # once a reading of the books has lifted the block
        assert venue.ledger()["requests"]["submit"] == 2
    finally:
        binance.disconnect()


def test_a_reply_that_is_html_leaves_the_order_in_doubt_until_it_is_found(
    binance: BinanceAdapter, venue: RunningVenue
) -> None:
    answer = {"status": 502, "body": "<html>bad gateway</html>"}
    venue.faults([{"on": "submit", "nth": 1, "do": [{"land": True}, {"reply": answer}]}])
    order = binance.new_order("BTCUSDT", "BUY", "0.01", "LIMIT", price="49000")
    binance.engine.submit_order(order)
    eventually(lambda: state(binance, order.client_order_id) is OrderState.OPEN)
    assert venue.ledger()["requests"]["submit"] == 1


def test_a_cut_stream_is_closed_by_a_hand_over_and_what_was_missed_is_booked(
    binance: BinanceAdapter, venue: RunningVenue
) -> None:
    resting = limit(binance)
    connects = link(binance).since_ns
    venue.faults([
        {"on": "stream", "every": 1, "do": [{"drop": 1000}]}, {"on": "connect", "nth": 1, "do": [{"delay_s": 0.2}]},
    ])  # fmt: skip
    venue.trade("BTCUSDT", "49000", "0.01")
    venue.faults([{"on": "stream", "at_s": 0.0, "do": [{"cut": True}]}])
    eventually(lambda: link(binance).since_ns > connects and link(binance).link is LinkState.UP, 15)
    eventually(lambda: state(binance, resting.client_order_id) is OrderState.FILLED, 15)
    assert eventually(lambda: same_books(binance, venue), 15)


def test_a_gtd_order_ends_at_its_time(binance: BinanceAdapter) -> None:
    update = limit(binance, time_in_force="GTD", expires_ns=time.time_ns() + 1_000_000_000)
    assert update.state is OrderState.OPEN
    eventually(lambda: state(binance, update.client_order_id) is OrderState.EXPIRED, 10)


def test_what_a_filter_refuses_never_leaves(binance: BinanceAdapter, venue: RunningVenue) -> None:
    update = limit(binance, quantity="0.01", price="49000.001")
    assert update.state is OrderState.DENIED
    assert venue.ledger()["requests"]["submit"] == 0


def test_orders_survive_the_engine_and_are_known_at_the_next_start(venue: RunningVenue, tmp_path: Path) -> None:
    first = adapter(venue, tmp_path, stop={"policy": "leave"})
    first.connect(15)
    kept, filled = limit(first), limit(first, price="49500")
    first.disconnect()
    venue.trade("BTCUSDT", "49500", "0.01")
    second = adapter(venue, tmp_path)
    second.connect(15)
    try:
        assert state(second, kept.client_order_id) is OrderState.OPEN
        eventually(lambda: state(second, filled.client_order_id) is OrderState.FILLED)
        assert eventually(lambda: same_books(second, venue), 15)
        assert second.cancel_order(kept.client_order_id).state is OrderState.CANCELED
    finally:
        second.disconnect()


def test_a_kill_cancels_what_is_ours_in_one_call_where_the_list_says_so(
    binance: BinanceAdapter, venue: RunningVenue
) -> None:
    ours = [limit(binance, price=f"{49000 + number}") for number in range(8)]
    binance.engine.kill_switch.activate("a test", KillLevel.CANCEL)
    eventually(lambda: all(state(binance, one.client_order_id) is OrderState.CANCELED for one in ours), 20)
    assert {row["status"] for row in venue.ledger()["orders"]} == {"CANCELED"}
    assert limit(binance).state is OrderState.DENIED
