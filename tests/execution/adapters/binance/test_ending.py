"""Times in force that the venue lacks, and the budgets of its limits."""

from __future__ import annotations

import pytest
from binance_actor_kit import order

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.binance.budgets import budgets_of
from autotrader.execution.adapters.binance.codec import RateRule
from autotrader.execution.adapters.binance.ending import end_of
from autotrader.model import TimeInForce

DAY = 86_400 * 1_000_000_000
BOTH = {TimeInForce.DAY, TimeInForce.GTD}


@pytest.mark.parametrize(("now_ns", "ends_ns"), [(0, DAY), (1, DAY), (DAY - 1, DAY), (DAY, 2 * DAY)])
def test_a_day_is_the_venues(now_ns: int, ends_ns: int) -> None:
    assert end_of(order(tif="DAY"), BOTH, now_ns) == ends_ns


def test_a_date_is_the_orders_own() -> None:
    assert end_of(order(tif="GTD", expires_ns=9), BOTH, 8) == 9


@pytest.mark.parametrize("tif", ["GTC", "IOC", "FOK"])
def test_what_the_venue_has_is_not_ended_here(tif: str) -> None:
    assert end_of(order(tif=tif, expires_ns=5), BOTH, 1) is None


def test_what_is_not_emulated_is_not_ended_here() -> None:
    assert end_of(order(tif="DAY"), {TimeInForce.GTD}, 1) is None


@pytest.mark.parametrize(("expires_ns", "code"), [(None, "NO_EXPIRY"), (7, "EXPIRED_BEFORE_SENT"), (8, "EXPIRED_BEFORE_SENT")])
def test_a_date_must_be_one_in_the_future(expires_ns: int | None, code: str) -> None:
    with pytest.raises(InvalidOrder) as caught:
        end_of(order(tif="GTD", expires_ns=expires_ns), BOTH, 8)
    assert caught.value.code == code


def test_each_limit_becomes_a_budget_by_what_a_request_weighs_in_it() -> None:
    rules = [
        RateRule("REQUEST_WEIGHT_1M", 6000, 60), RateRule("ORDERS_10S", 50, 10), RateRule("RAW_REQUESTS_5M", 300_000, 300),
        RateRule("NOTHING_1M", 0, 60),
    ]  # fmt: skip
    weight, orders, raw = budgets_of(rules, 2)
    assert (weight.name, weight.limit, weight.interval_s) == ("REQUEST_WEIGHT_1M", 6000, 60.0)
    assert (weight.order, weight.cancel, weight.replace, weight.query, weight.snapshot) == (0, 0, 4, 9, 32)
    assert (orders.order, orders.replace, orders.cancel, orders.query, orders.snapshot) == (1, 1, 0, 0, 0)
    assert (raw.order, raw.replace, raw.cancel, raw.query, raw.snapshot) == (1, 1, 1, 2, 3)


def test_a_list_of_all_symbols_is_the_most_that_a_reading_costs() -> None:
    [weight] = budgets_of([RateRule("REQUEST_WEIGHT_1M", 6000, 60)], 100)
    assert weight.snapshot == 100
