"""Orders at the raw wire: what each kind is answered, what is refused with which code, and who hears of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulator_kit import RunningVenue, running
from support import eventually

sys.path.insert(0, str(Path(__file__).parent))

from tws_wire import Tws, contract, order_fields, read_until, tws  # noqa: E402

FUTURE = contract(symbol="ES", sec_type="FUT", expiry="202612", exchange="CME")
HERE = "20301231-20:00:00"


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running("ibkr", limit="messages_per_s=100000") as one:
        yield one


@pytest.fixture
def one(venue: RunningVenue) -> Iterator[Tws]:
    venue.market("AAPL", "250.00", "250.02", "1000", "1000")
    with tws(venue) as client:
        yield client
        client.send(58, 1)
        client.quiet()
    venue.faults([])


def limit(client: Tws, price: str = "249.00", **given: Any) -> int:
    order_id = client.place(client.next_id, type="LMT", limit=price, **given)
    client.next_id += 1
    return order_id


def words(client: Tws, order_id: int) -> list[str]:
    """Return what has been told of an order, without repeats: statuses, and the kinds of the rest."""
    told = []
    for message in client.seen:
        if message[0] == "3" and message[1] == str(order_id):
            told.append(message[2])
        elif message[0] == "5" and message[1] == str(order_id):
            told.append("open")
        elif message[0] == "11" and message[2] == str(order_id):
            told.append("trade")
        elif message[0] == "59":
            told.append("cost")
    return told


def test_an_order_has_as_many_fields_as_the_tables_say() -> None:
    assert len(order_fields(1, 157)) == 110
    assert len(order_fields(1, 178)) == 114


@pytest.mark.parametrize(("versions", "count"), [("v100..157", 128), ("v100..173", 136), ("v100..178", 135)])
def test_an_open_order_has_as_many_fields_as_the_tables_say(venue: RunningVenue, versions: str, count: int) -> None:
    with tws(venue, 2, versions) as client:
        order_id = client.place(client.next_id, type="LMT", limit="1.00")
        assert len(client.until(5)) == count
        client.cancel(order_id)
        client.status(order_id, "Cancelled")


def test_a_market_order_is_told_as_at_the_venue(one: Tws) -> None:
    order_id = one.place(one.next_id, ref="mine")
    one.until(59)
    assert words(one, order_id) == ["open", "PreSubmitted", "trade", "open", "Filled", "cost"]
    trade = next(message for message in one.seen if message[0] == "11")
    assert (trade[1], trade[3], trade[16], trade[18], trade[19]) == ("-1", "265598", "DU1234567", "BOT", "10")
    assert trade[10] == trade[17] == "IEX"
    assert (trade[20], trade[26]) == ("250.02", "mine")


def test_a_limit_order_rests_and_fills_in_parts(one: Tws, venue: RunningVenue) -> None:
    order_id = limit(one)
    one.status(order_id, "Submitted")
    venue.trade("AAPL", "249.00", "4", "SELL")
    part = one.until(3, lambda message: message[3] == "4")
    assert part[2:5] == ["Submitted", "4", "6"]
    venue.trade("AAPL", "249.00", "6", "SELL")
    assert one.status(order_id, "Filled")[3:5] == ["10", "0"]


def test_a_change_keeps_the_permanent_id(one: Tws) -> None:
    order_id = limit(one)
    before = one.status(order_id, "Submitted")
    one.place(order_id, type="LMT", limit="248.50", quantity="12", tif="GTC")
    changed = one.until(5, lambda message: message[16] == "248.50")
    assert (changed[14], changed[18]) == ("12", "GTC")
    assert one.status(order_id, "Submitted")[6] == before[6]


def test_a_refused_change_leaves_the_order_as_it_was(one: Tws) -> None:
    order_id = limit(one)
    one.status(order_id, "Submitted")
    changes: dict[int, dict[str, Any]] = {
        110: {"type": "LMT", "limit": "248.001"}, 329: {"type": "MKT"},
        105: {"type": "LMT", "limit": "249.00", "action": "SELL"},
    }  # fmt: skip
    for code, change in changes.items():
        one.place(order_id, **change)
        one.error(order_id, code)
    one.send(5, 1)
    assert [message[16] for message in read_until(one, 5, 53)] == ["249.00"]
    one.place(order_id, type="LMT", limit="260.00")
    one.status(order_id, "Filled")
    one.place(order_id, type="LMT", limit="249.00")
    one.error(order_id, 104)


def test_a_cancel_is_confirmed_and_a_second_one_is_refused(one: Tws) -> None:
    order_id = limit(one)
    one.status(order_id, "Submitted")
    one.cancel(order_id)
    one.status(order_id, "PendingCancel")
    one.status(order_id, "Cancelled")
    one.error(order_id, 202)
    one.cancel(order_id)
    assert "Cancelled" in one.error(order_id, 10148)[4]
    one.cancel(999_999)
    one.error(999_999, 10147)


REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "no size": (434, {"quantity": "0"}), "a fraction": (321, {"quantity": "1.5"}),
    "off the tick": (110, {"type": "LMT", "limit": "249.001"}), "no price": (463, {"type": "LMT"}),
    "no trigger": (463, {"type": "STP"}), "an unknown type": (387, {"type": "REL"}),
    "an unknown time in force": (111, {"tif": "XYZ"}), "no end": (391, {"type": "LMT", "limit": "249.00", "tif": "GTD"}),
    "a bad end": (391, {"type": "LMT", "limit": "249.00", "tif": "GTD", "till": "tomorrow"}),
    "an old attribute": (10268, {"etrade": 1}), "another old attribute": (10269, {"firm": 1}),
    "an algorithm": (387, {"algo": "Adaptive"}), "money": (10293, {"cash": "1000"}),
    "another account": (321, {"account": "DU999"}), "a strange side": (321, {"action": "SSHORT"}),
    "no parent": (10006, {"parent": 123_456}), "too dear": (201, {"quantity": "1000000"}),
    "an auction for good": (111, {"type": "MOC", "tif": "GTC"}),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_order_that_cannot_be_is_refused_by_code(one: Tws, name: str) -> None:
    code, given = REFUSED[name]
    order_id = one.place(one.next_id, **given)
    one.error(order_id, code)
    one.send(16, 1)
    assert [message for message in read_until(one, 5, 53) if "Inactive" not in message] == []


WRONG: dict[str, tuple[int, list[Any]]] = {
    "nothing like it": (200, contract(symbol="NOPE", sec_type="STK")),
    "two of them": (200, contract(symbol="AAPL", sec_type="STK", currency="")),
    "no expiry": (200, contract(symbol="ES", sec_type="FUT", exchange="CME")),
    "an exchange of old": (200, contract(symbol="ES", sec_type="FUT", expiry="202612", exchange="GLOBEX")),
    "no exchange": (321, contract(symbol="AAPL", sec_type="STK", exchange="")),
    "no permission": (460, contract(symbol="AAPL", sec_type="STK", currency="MXN")),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_contract_that_is_not_clear_is_refused(one: Tws, name: str) -> None:
    code, what = WRONG[name]
    one.place(one.next_id, what)
    one.error(one.next_id, code)


def test_an_order_id_is_used_once_and_in_order(one: Tws, venue: RunningVenue) -> None:
    order_id = limit(one)
    one.status(order_id, "Submitted")
    one.cancel(order_id)
    one.error(order_id, 202)
    one.place(order_id)
    one.error(order_id, 103)
    with tws(venue, 77) as other:
        other.place(10, type="LMT", limit="1.00")
        other.status(10, "Submitted")
        other.place(9, type="LMT", limit="1.00")
        other.error(9, 103)
    one.place(2_147_483_648)
    one.error(2_147_483_648, 320)


def test_a_time_in_force_that_is_not_given_is_set_and_said(one: Tws) -> None:
    order_id = limit(one, tif="")
    one.error(order_id, 10349)
    assert one.until(5)[18] == "DAY"


def test_a_good_till_date_without_a_zone_is_warned_of(one: Tws) -> None:
    order_id = limit(one, tif="GTD", till="20301231 15:59:00")
    one.error(order_id, 2174)
    one.status(order_id, "Submitted")
    clear = limit(one, tif="GTD", till=HERE)
    one.status(clear, "Submitted")
    assert not [message for message in one.quiet() if message[0] == "4"]


def test_a_stop_waits_and_triggers(one: Tws, venue: RunningVenue) -> None:
    order_id = one.place(one.next_id, type="STP", aux="251.00")
    one.status(order_id, "PreSubmitted")
    venue.market("AAPL", "251.00", "251.02")
    one.status(order_id, "Filled")
    limited = one.place(order_id + 1, type="STP LMT", aux="252.00", limit="251.50")
    one.status(limited, "PreSubmitted")
    venue.market("AAPL", "252.00", "252.02")
    one.status(limited, "Submitted")


def test_a_trailing_stop_follows_by_an_amount_or_a_share(one: Tws, venue: RunningVenue) -> None:
    amount = one.place(one.next_id, type="TRAIL", aux="1.00", action="SELL", tif="GTC")
    told = one.until(5)
    assert (told[17], told[18]) == ("1.00", "GTC")
    share = one.place(amount + 1, type="TRAIL", percent="1", action="SELL", tif="GTC")
    one.status(share, "PreSubmitted")
    venue.market("AAPL", "260.00", "260.02", "1000", "1000")
    venue.market("AAPL", "258.90", "258.92", "1000", "1000")
    one.status(amount, "Filled")
    venue.market("AAPL", "257.00", "257.02", "1000", "1000")
    one.status(share, "Filled")


def test_what_cannot_be_had_at_once_is_cancelled(one: Tws) -> None:
    for tif in ("IOC", "FOK"):
        order_id = limit(one, tif=tif)
        one.status(order_id, "Cancelled")
        one.error(order_id, 202)
    some = limit(one, price="250.02", tif="IOC", quantity="1500")
    assert one.status(some, "Cancelled")[3:5] == ["1000", "500"]


def test_orders_for_an_auction_wait_for_it() -> None:
    with running("ibkr", limit="close_s=3") as venue:
        venue.market("AAPL", "250.00", "250.02", "1000", "1000")
        with tws(venue) as client:
            close = client.place(1, type="MOC")
            client.place(2, type="LOC", limit="249.00")
            client.place(3, tif="OPG")
            for order_id in (1, 2, 3):
                client.status(order_id, "PreSubmitted")
            assert len(venue.ledger()["orders"]) == 3
            client.status(3, "Filled")
            client.status(close, "Filled")
            client.status(2, "Cancelled")


def test_what_an_order_waits_for_is_named(one: Tws) -> None:
    """As recorded: ``child`` until the parent is filled, ``trigger`` until a stop is; nothing for what works."""
    parent = limit(one)
    assert one.status(parent, "Submitted")[10] == ""
    target = one.place(parent + 1, type="LMT", limit="255.00", action="SELL", parent=parent)
    assert one.status(target, "PreSubmitted")[10] == "child"
    stop = one.place(parent + 2, type="STP", aux="240.00", action="SELL", parent=parent)
    assert one.status(stop, "PreSubmitted")[10] == "child,trigger"
    alone = one.place(parent + 3, type="STP", aux="240.00", action="SELL")
    assert one.status(alone, "PreSubmitted")[10] == "trigger"
    one.cancel(parent)
    assert one.status(stop, "Cancelled")[10] == ""


def test_a_bracket_is_sent_as_one_and_its_children_end_each_other(one: Tws, venue: RunningVenue) -> None:
    parent = one.next_id
    one.place(parent, type="LMT", limit="249.00", transmit=0)
    one.place(parent + 1, type="LMT", limit="255.00", action="SELL", parent=parent, transmit=0)
    assert one.quiet() == []
    one.place(parent + 2, type="STP", aux="240.00", action="SELL", parent=parent)
    one.status(parent, "Submitted")
    assert one.status(parent + 2, "PreSubmitted")[7] == str(parent)
    venue.market("AAPL", "248.00", "249.00", "1000", "1000")
    one.status(parent, "Filled")
    one.status(parent + 1, "Submitted")
    venue.market("AAPL", "255.00", "255.02", "1000", "1000")
    one.status(parent + 1, "Filled")
    one.status(parent + 2, "Cancelled")


def test_a_cancelled_parent_takes_its_children_along(one: Tws) -> None:
    parent = limit(one)
    one.place(parent + 1, type="LMT", limit="255.00", action="SELL", parent=parent)
    one.status(parent + 1, "PreSubmitted")
    one.cancel(parent)
    one.status(parent + 1, "Cancelled")


def test_orders_of_one_group_end_each_other(one: Tws, venue: RunningVenue) -> None:
    first = limit(one, oca="g1", oca_type=1)
    second = limit(one, "248.00", oca="g1", oca_type=1)
    one.status(second, "Submitted")
    venue.trade("AAPL", "249.00", "1", "SELL")
    one.status(second, "Cancelled")
    limit(one, oca="g2", oca_type=3)
    other = limit(one, "248.00", oca="g2", oca_type=3)
    one.status(other, "Submitted")
    one.cancel(first)
    one.status(first, "Cancelled")
    venue.trade("AAPL", "249.00", "4", "SELL")
    assert one.until(3, lambda message: message[1] == str(other) and message[4] == "6")


def test_a_what_if_order_is_priced_and_not_placed(one: Tws, venue: RunningVenue) -> None:
    before = len(venue.ledger()["orders"])
    one.place(one.next_id, what_if=1)
    assert "625.02" in one.until(5)
    assert len(venue.ledger()["orders"]) == before


def test_one_reference_may_be_on_several_orders(one: Tws, venue: RunningVenue) -> None:
    first, second = limit(one, ref="same"), limit(one, ref="same")
    one.status(first, "Submitted")
    one.status(second, "Submitted")
    standing = [order for order in venue.ledger()["orders"] if order["client_order_id"] == "same"]
    assert [order["status"] for order in standing] == ["OPEN", "OPEN"]
    one.cancel(first)
    one.status(first, "Cancelled")
    one.send(5, 1)
    assert [message[1] for message in read_until(one, 5, 53)] == [str(second)]


def test_an_order_whose_change_the_exchange_refuses_is_not_shown_otherwise(one: Tws, venue: RunningVenue) -> None:
    order_id = one.place(one.next_id, type="LMT", limit="249.00", ref="kept")
    one.status(order_id, "Submitted")
    venue.faults([{"name": "halt", "on": "venue", "at_s": 0, "do": [{"market_halt_s": 1.0}]}])
    eventually(lambda: venue.fired().get("halt"))
    one.place(order_id, type="LMT", limit="249.00", quantity="20", ref="kept")
    one.error(order_id, 201)
    assert [message for message in one.quiet() if message[0] in ("3", "5")] == []
    assert [order["quantity"] for order in venue.ledger()["orders"] if order["client_order_id"] == "kept"] == ["10"]


def test_twenty_orders_a_side_are_the_most(venue: RunningVenue) -> None:
    what = contract(symbol="MSFT", sec_type="STK")
    with tws(venue, 9) as client:
        start = client.next_id
        for number in range(21):
            client.place(start + number, what, type="LMT", limit="1.00")
        client.error(start + 20, 201)
        client.status(start + 20, "Inactive")
        client.place(start + 21, what, type="LMT", limit="9000.00", action="SELL")
        client.status(start + 21, "Submitted")
        client.send(58, 1)
        client.status(start + 21, "Cancelled")


def test_futures_currencies_and_options_trade_by_their_rules(one: Tws, venue: RunningVenue) -> None:
    venue.market("ESZ6", "6800.00", "6800.25", "100", "100")
    venue.market("EUR.USD", "1.08000", "1.08005", "1000000", "1000000")
    venue.market("AAPL  261218C00250000", "12.00", "12.10", "50", "50")
    option = contract(symbol="AAPL", sec_type="OPT", expiry="20261218", strike="250", right="C", multiplier="100")
    pair = contract(symbol="EUR", sec_type="CASH", exchange="IDEALPRO")
    for number, (what, quantity) in enumerate([(FUTURE, "1"), (pair, "20000"), (option, "2")]):
        one.place(one.next_id + number, what, quantity=quantity)
        one.status(one.next_id + number, "Filled")
    held = venue.ledger()["positions"]
    assert (held["ESZ6"], held["EUR.USD"], held["AAPL  261218C00250000"]) == ("1", "20000", "2")


def test_the_truth_is_in_the_ledger(one: Tws, venue: RunningVenue) -> None:
    before = venue.ledger()["requests"]
    order_id = limit(one, ref="ledgered")
    one.status(order_id, "Submitted")
    one.place(order_id, type="LMT", limit="248.00", ref="ledgered")
    one.until(5, lambda message: message[16] == "248.00")
    one.cancel(order_id)
    perm_id = one.status(order_id, "Cancelled")[6]
    after = venue.ledger()
    assert {name: after["requests"][name] - before[name] for name in ("submit", "amend", "cancel")} == {
        "submit": 1, "amend": 1, "cancel": 1,
    }  # fmt: skip
    row = after["orders"][-1]
    assert (row["venue_order_id"], row["client_order_id"], row["status"]) == (perm_id, "ledgered", "CANCELED")
