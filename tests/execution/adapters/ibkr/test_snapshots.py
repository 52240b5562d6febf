"""What a list of TWS says of orders that are done."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ibkr_actor_kit import AAPL, START_NS, order
from msgspec.structs import replace

from autotrader.execution.adapters.ibkr.messages import CompletedOrderTold
from autotrader.execution.adapters.ibkr.orders import terms_of
from autotrader.execution.adapters.ibkr.snapshots import completed_state


@pytest.mark.parametrize(
    ("status", "why", "tif", "state"),
    [
        ("Filled", "Filled Size: 10", "GTC", "FILLED"),
        ("Cancelled", "Cancelled by Trader", "GTC", "CANCELED"),
        ("Cancelled", "Filled Size: 10", "IOC", "FILLED"),
        ("Cancelled", "Cancelled", "IOC", "EXPIRED"),
        ("Cancelled", "Cancelled", "FOK", "EXPIRED"),
        ("Inactive", "", "IOC", "REJECTED"),
    ],
)
def test_a_completed_order_ended_as_its_status_and_its_time_in_force_say(status: str, why: str, tif: str, state: str) -> None:
    terms = replace(terms_of(order(), AAPL), time_in_force=tif)
    told = CompletedOrderTold(START_NS, 900, AAPL, terms, status, Decimal(0), completed_status=why)
    assert completed_state(told) == state


@pytest.mark.parametrize(("ended", "state"), [
    ("20261122 20:58:59 UTC", "CANCELED"), ("20261122 15:59:00 US/Eastern", "EXPIRED"), ("20261122 20:59:00 UTC", "EXPIRED"),
    ("20261123 02:00:00 UTC", "EXPIRED"), ("20261122 20:59:00 Nowhere", "CANCELED"), ("", "CANCELED"),
])
def test_a_completed_order_has_expired_where_it_ended_no_earlier_than_it_was_good(ended: str, state: str) -> None:
    terms = replace(terms_of(order(), AAPL), time_in_force="GTD", good_till="20261122-20:59:00")
    told = CompletedOrderTold(START_NS, 900, AAPL, terms, "Cancelled", Decimal(0), completed_time=ended)
    assert completed_state(told) == state
