"""Metrics and their histogram."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from order_kit import BTC, PATHS, PERP, books, fill

from autotrader.messages import FillBooked, OrdersTimed
from autotrader.model import Fill, Instrument
from autotrader.oms.histogram import Histogram
from autotrader.oms.metrics import Metrics

D = Decimal
ROW = books(*PATHS["OPN"]).orders["c1"].update()


def known(venue: str, symbol: str) -> Instrument | None:
    return {("binance", "BTCUSDT"): BTC, ("okx", "BTC-PERP"): PERP}.get((venue, symbol))


def booked(*fills: Fill, decided_ns: int = 0) -> list[FillBooked]:
    """Return what is told of an order's fills, one after the other."""
    told, filled = [], D(0)
    for one in fills:
        filled += one.quantity
        told.append(FillBooked(one, structs.replace(ROW, filled_quantity=filled), decided_ns))
    return told


def test_nothing_yet_has_no_latencies_and_no_rate() -> None:
    summary = Metrics(known, {}.get).summary()
    assert (summary["orders"], summary["fill_rate"], summary["filled_notional"], summary["fees"]) == (0, None, "0", {})
    assert summary["latency_us"]["decision_to_ack"] == {"mean": None, "p50": None, "p99": None}


def test_orders_fills_and_nos_are_counted() -> None:
    metrics = Metrics(known, {}.get)
    for _ in range(2):
        metrics.on_order()
    metrics.on_denied("MAX_NOTIONAL")
    metrics.on_rejected("OrderRejected", "-2010")
    metrics.on_rejected("CancelRejected", "-2011")
    metrics.on_unknown()
    metrics.on_fills(booked(fill("t1", "2", "100", fee="0.002", fee_asset="BTC"), fill("t2", "1", "100.5", fee="0.1")), 1)
    summary = metrics.summary()
    assert {key: summary[key] for key in ("orders", "fills", "denied", "rejected", "unknown", "fill_rate")} == {
        "orders": 2, "fills": 2, "denied": 1, "rejected": 1, "unknown": 1, "fill_rate": 0.5,
    }
    assert summary["filled_notional"] == "300.5"
    assert summary["fees"] == {"BTC": "0.002", "USDT": "0.1"}
    assert summary["rejects"] == {"CancelRejected:-2011": 1, "DENIED:MAX_NOTIONAL": 1, "OrderRejected:-2010": 1}


def test_what_is_undone_is_taken_back() -> None:
    metrics = Metrics(known, {}.get)
    metrics.on_fills(booked(fill("t1", "2", "100", fee="1")), 1)
    metrics.on_corrected(D(0), [], [fill("t1", "2", "100", fee="1")], [])
    assert (metrics.fills, metrics.orders_filled) == (0, 0)
    assert (metrics.notional, metrics.fees) == ({"USDT": D(0)}, {"USDT": D(0)})


def test_the_real_fill_in_the_place_of_an_inferred_one_fills_no_second_order() -> None:
    metrics = Metrics(known, {}.get)
    guess, real, rest = fill("i", "3", "100"), fill("t1", "2", "101"), fill("i2", "1", "100")
    metrics.on_fills(booked(guess), 1)
    metrics.on_corrected(D(3), [real, rest], [guess], [])
    assert (metrics.fills, metrics.orders_filled, metrics.notional) == (2, 1, {"USDT": D(302)})


def test_a_fee_that_was_not_known_is_all_that_is_added() -> None:
    metrics = Metrics(known, {}.get)
    metrics.on_fills(booked(fill("t1", "2", "100")), 1)
    metrics.on_corrected(D(2), [], [], [fill("t1", "2", "100", fee="1")])
    assert (metrics.fills, metrics.orders_filled) == (1, 1)
    assert (metrics.notional, metrics.fees) == ({"USDT": D(200)}, {"USDT": D(1)})


def test_the_notional_counts_multiplier_and_rates() -> None:
    metrics = Metrics(known, {}.get)
    metrics.on_fills(booked(fill("t1", "3", "50000", venue="okx", symbol="BTC-PERP"), fill("t2", "1", "7", venue="no")), 1)
    summary = metrics.summary()
    assert summary["filled_notional_by_currency"] == {"": "7", "USDT": "1500.00"}
    assert summary["filled_notional"] == "1500.00"
    assert metrics.summary({"": D(2), "USDT": D("0.5")})["filled_notional"] == "764.000"


def test_latencies_are_told_apart() -> None:
    metrics = Metrics(known, {"c1": 1_000_000, "nobody": 0}.__getitem__)
    metrics.on_times(OrdersTimed("binance", (("c1", 1_100_000, 1_500_000), ("nobody", 5, 10), ("c1", 0, 0))))
    first, second = booked(fill("t1"), fill("t2"), decided_ns=1_000_000)
    metrics.on_fills([first], now_ns=1_700_000)
    metrics.on_fills([second], now_ns=9_900_000)
    metrics.on_fills(booked(fill("t3", client_order_id="c2")), now_ns=9_900_000)
    latency = metrics.summary()["latency_us"]
    assert latency["decision_to_wire"]["mean"] == 100.0
    assert latency["wire_to_ack"]["p99"] == pytest.approx(400, rel=0.03)
    assert latency["decision_to_ack"]["mean"] == 500.0
    assert latency["decision_to_fill"]["mean"] == 700.0
    assert metrics.decision_to_fill.count == 1


@given(st.lists(st.integers(0, 2**40), min_size=1), st.sampled_from([0.0, 0.5, 0.9, 0.99, 1.0]))
def test_quantiles_are_within_three_per_cent(durations: list[int], share: float) -> None:
    histogram = Histogram()
    for one in durations:
        histogram.add(one)
    exact = sorted(durations)[max(1, -(-len(durations) * share // 1).__int__()) - 1]
    assert histogram.quantile_ns(share) == pytest.approx(exact, rel=0.032, abs=1)
    assert histogram.mean_ns == sum(durations) // len(durations)
    assert histogram.longest_ns == max(durations)


def test_what_cannot_be_is_not_counted() -> None:
    histogram = Histogram()
    for one in (-1, 1 << 63):
        histogram.add(one)
    assert (histogram.count, histogram.mean_ns, histogram.quantile_ns(0.5)) == (0, None, None)
    histogram.add((1 << 63) - 1)
    assert histogram.count == 1


def test_a_large_sample_has_its_percentiles() -> None:
    rng, histogram = random.Random(7), Histogram()
    sample = [int(rng.lognormvariate(11, 1)) for _ in range(20_000)]
    for one in sample:
        histogram.add(one)
    sample.sort()
    assert histogram.quantile_ns(0.99) == pytest.approx(sample[19_799], rel=0.032)


def test_many_durations_at_once_count_as_each_by_itself() -> None:
    sample, together, alone = [5, -1, 1 << 63, 1_000_003, 0, 77], Histogram(), Histogram()
    together.add_all(sample)
    for one in sample:
        alone.add(one)
    assert (together.count, together.mean_ns, together.longest_ns) == (4, 250_021, 1_000_003)
    for share in (0.1, 0.3, 0.5, 0.7, 1.0):
        assert together.quantile_ns(share) == alone.quantile_ns(share)
