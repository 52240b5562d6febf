"""The trading day where hours bind, and what a restart forgets; on a clock of its own, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.model import Quote
from autotrader.simulator.fault_script import Restart
from autotrader.simulator.ibkr import TwsApp, TwsTerms
from autotrader.simulator.ibkr.contracts import TRADED
from autotrader.simulator.ibkr.fields import Fields
from autotrader.simulator.ibkr.hours import day_end_ns, hours_texts, next_open_ns, session_at
from autotrader.simulator.ibkr.hub import Outgoing
from autotrader.simulator.ibkr.order_fields import PlaceOrder
from autotrader.simulator.ibkr.placing import place
from autotrader.simulator.ibkr.requests import ContractAsked
from autotrader.simulator.ibkr.subscriptions import Subscriptions
from autotrader.simulator.ibkr.times import NEW_YORK, read_time
from autotrader.simulator.options import SimOptions

NS = 1_000_000_000
AAPL = ContractAsked(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
STOCK, FUTURE, OPTION = TRADED["AAPL"], TRADED["ESZ6"], TRADED["AAPL  261218C00250000"]


def at(text: str) -> int:
    """Return a moment in New York: ``2026-11-23 09:30`` is a Monday."""
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * NS


class Heard:
    """A client that writes down what it is told."""

    def __init__(self, client_id: int) -> None:
        self.client_id, self.version, self.topics = client_id, 178, Subscriptions()
        self.told: list[list[object]] = []

    def say(self, message: Any) -> None:
        self.told.append(list(message(self.version)))

    def send(self, outgoing: Outgoing) -> None:
        self.say(outgoing.message)

    def statuses(self, order_id: int) -> list[object]:
        return [one[2] for one in self.told if one[0] == 3 and one[1] == order_id]


class Day:
    """A venue whose clock is turned by hand."""

    def __init__(self, start: str, **terms: Any) -> None:
        self.now_ns = at(start)
        self.app = TwsApp(SimOptions("ibkr"), TwsTerms(**terms), clock=lambda: self.now_ns)
        self.client = Heard(1)
        self.app.hub.sessions[1] = self.client  # type: ignore[assignment]
        self.quote("250.00", "250.02")

    def quote(self, bid: str, ask: str) -> None:
        self.app.venue.show_quote(Quote("ibkr", "AAPL", Decimal(bid), Decimal(ask), Decimal(100), Decimal(100), self.now_ns))

    def until(self, text: str) -> None:
        self.now_ns = at(text)
        self.app.venue.tick()
        self.now_ns += NS
        self.app.venue.tick()

    def place(self, order_id: int, kind: str = "LMT", price: str | None = "249.00", **given: Any) -> None:
        limit = None if price is None else Decimal(price)
        asked = PlaceOrder(
            order_id=order_id, contract=AAPL, action="BUY", quantity=Decimal(10), type=kind, limit_price=limit,
            **{"tif": "DAY", **given},
        )  # fmt: skip
        place(self.app.desk, self.client, asked, None)  # type: ignore[arg-type]


@pytest.fixture
def night() -> Iterator[Day]:
    day = Day("2026-11-22 21:00", hours=1)
    yield day
    day.app.venue.close()


def test_an_order_at_night_is_held_and_said_when_it_will_work(night: Day) -> None:
    night.place(1, "MKT", None)
    assert night.client.statuses(1) == ["PreSubmitted"]
    warned = next(one for one in night.client.told if one[0] == 4)
    assert (warned[3], str(warned[4]).rsplit(" until ")[1]) == (399, "20261123 09:30:00 US/Eastern")
    night.until("2026-11-23 09:29")
    assert night.client.statuses(1) == ["PreSubmitted"]
    night.until("2026-11-23 09:30")
    assert night.client.statuses(1)[-1] == "Filled"


def test_an_order_for_outside_hours_works_in_them(night: Day) -> None:
    night.place(1, outside_rth=True, price="251.00")
    night.place(2, price="251.00")
    night.until("2026-11-23 04:00")
    assert night.client.statuses(1)[-1] == "Filled"
    assert night.client.statuses(2) == ["PreSubmitted"]


def test_what_rests_leaves_the_market_with_the_hours_and_comes_back(night: Day) -> None:
    night.until("2026-11-23 10:00")
    night.place(1, tif="GTC")
    assert night.client.statuses(1)[-1] == "Submitted"
    night.until("2026-11-23 18:00")
    night.quote("240.00", "240.02")
    assert night.client.statuses(1)[-1] == "Submitted"
    night.until("2026-11-24 09:30")
    assert night.client.statuses(1)[-1] == "Filled"


def test_an_order_for_the_day_ends_with_it(night: Day) -> None:
    night.place(1)
    night.place(2, outside_rth=True)
    night.until("2026-11-23 16:00")
    assert night.client.statuses(1)[-1] == "Cancelled"
    assert night.client.statuses(2)[-1] == "Submitted"
    night.until("2026-11-23 20:00")
    assert night.client.statuses(2)[-1] == "Cancelled"


def test_a_stop_sleeps_while_its_market_does(night: Day) -> None:
    night.place(1, "STP", None, aux_price=Decimal("255.00"), tif="GTC")
    night.quote("256.00", "256.02")
    assert night.client.statuses(1) == ["PreSubmitted"]
    night.until("2026-11-23 09:30")
    assert night.client.statuses(1)[-1] == "Filled"


def test_an_auction_comes_at_its_time_whether_hours_bind_or_not() -> None:
    day = Day("2026-11-23 15:00")
    day.place(1, "MOC", None)
    day.place(2, "LMT", "251.00", tif="OPG")
    day.until("2026-11-23 15:59")
    assert (day.client.statuses(1), day.client.statuses(2)) == (["PreSubmitted"], ["PreSubmitted"])
    day.until("2026-11-23 16:00")
    assert (day.client.statuses(1)[-1], day.client.statuses(2)) == ("Filled", ["PreSubmitted"])
    day.until("2026-11-24 09:30")
    assert day.client.statuses(2)[-1] == "Filled"


@pytest.mark.parametrize(("keeps", "next_id"), [(True, 3), (False, 2)])
def test_a_restart_may_give_an_order_id_again_that_came_to_nothing(keeps: bool, next_id: int) -> None:
    day = Day("2026-11-23 10:00")
    day.place(1)
    day.place(2, transmit=False)
    assert day.app.desk.next_id(1) == 3
    day.app.venue.restart(Restart(1.0, keep_session=keeps))
    assert day.app.desk.next_id(1) == next_id


@pytest.mark.parametrize(
    ("symbol", "when", "session"),
    [
        ("AAPL", "2026-11-23 09:30", "regular"), ("AAPL", "2026-11-23 16:00", "extended"),
        ("AAPL", "2026-11-23 20:00", "closed"),
        ("AAPL", "2026-11-22 12:00", "closed"), ("ESZ6", "2026-11-22 18:00", "regular"), ("ESZ6", "2026-11-23 17:30", "closed"),
        ("ESZ6", "2026-11-27 17:00", "closed"), ("EUR.USD", "2026-11-28 12:00", "closed"),
        ("AAPL  261218C00250000", "2026-11-23 17:00", "closed"),
    ],
)  # fmt: skip
def test_each_kind_has_its_hours(symbol: str, when: str, session: str) -> None:
    assert session_at(TRADED[symbol], at(when)) == session


def test_hours_are_written_for_the_days_to_come() -> None:
    trading, liquid = hours_texts(STOCK, at("2026-11-27 12:00"))
    assert trading.split(";")[:2] == ["20261127:0400-20261127:2000", "20261128:CLOSED"]
    assert liquid.split(";")[0] == "20261127:0930-20261127:1600"
    assert hours_texts(FUTURE, at("2026-11-23 12:00"))[0].split(";")[0] == "20261122:1800-20261123:1700"
    assert hours_texts(OPTION, at("2026-11-27 12:00"))[0] == liquid


def test_the_next_opening_skips_the_weekend() -> None:
    friday = at("2026-11-27 16:30")
    assert next_open_ns(STOCK, friday, outside=False) == at("2026-11-30 09:30")
    assert next_open_ns(STOCK, friday, outside=True) == at("2026-11-27 16:45")
    assert day_end_ns(STOCK, friday, outside=False) == at("2026-11-30 16:00")
    assert day_end_ns(FUTURE, at("2026-11-23 10:00"), outside=False) == at("2026-11-23 17:00")


@pytest.mark.parametrize(
    ("text", "moment", "has_zone"),
    [
        ("20261122 15:59:00 US/Eastern", "2026-11-22 15:59", True), ("20261122-20:59:00", "2026-11-22 15:59", True),
        ("20261122 15:59:00", "2026-11-22 15:59", False), ("20261122 14:59:00 US/Central", "2026-11-22 15:59", True),
        ("20261122", "2026-11-22 00:00", False),
    ],
)  # fmt: skip
def test_a_time_is_read_with_its_zone(text: str, moment: str, has_zone: bool) -> None:
    assert read_time(text) == (at(moment), has_zone)


@pytest.mark.parametrize("text", ["", "soon", "20261122 25:00:00", "20261122 15:59:00 Nowhere/Here", "20261122 15:59:00 ../x"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_time(text) is None


NASTY = st.sampled_from(
    ["", "0", "-1", "0.5", "1E-300", "1E+299", "-1E+299", "9" * 40, "0.01", "250", "1e12", "-0", "1.7976931348623157e+308"]
)
WORDS = st.sampled_from(["MKT", "LMT", "STP", "STP LMT", "TRAIL", "MOC", "LOC", "DAY", "GTC", "IOC", "GTD", "OPG", "", "x" * 9])


@given(st.lists(st.tuples(st.integers(1, 3), NASTY, NASTY, NASTY, NASTY, NASTY, WORDS, WORDS, st.booleans()), max_size=8))
def test_no_order_however_strange_is_more_than_refused(rows: list[tuple[Any, ...]]) -> None:
    day = Day("2026-11-23 10:00")
    for order_id, quantity, limit, aux, stop, percent, kind, tif, what_if in rows:
        numbers = Fields([quantity, limit, aux, stop, percent])
        names = ("quantity", "limit_price", "aux_price", "trail_stop_price", "trailing_percent")
        asked = PlaceOrder(
            order_id=order_id, contract=AAPL, action="BUY", type=kind, tif=tif, good_till="20301231-20:00:00",
            what_if=what_if, **{name: numbers.decimal() for name in names},
        )  # fmt: skip
        place(day.app.desk, day.client, asked, None)  # type: ignore[arg-type]
        assert day.client.told
    for live in day.app.venue.orders(open_only=False):
        assert 0 < live.quantity <= 10**12
