"""Inferred fills: booked after five seconds, replaced by the real ones, never beside them, and taken back with the count."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

from order_kit import PATHS, SECOND, T0, books, busted, fill, filled, order, reported

from autotrader.messages import OrderAdopted, OrderFilled
from autotrader.model import OrderState
from autotrader.oms.book import Books

D = Decimal
S = OrderState


def with_gap(*more: object, average: str | None = None) -> Books:
    """Make books whose order has 4 filled at 100 and a report that says 7."""
    price = None if average is None else D(average)
    made = books(*PATHS["PRT"], reported(S.PARTIALLY_FILLED, 20, 20, "7", average_price=price))
    for one in more:
        made.apply(one)  # type: ignore[arg-type]
    return made


def due(made: Books, at: int = 30) -> list[OrderFilled]:
    return made.inferred_due(T0 + at * SECOND)


def test_a_gap_is_inferred_after_five_seconds_and_not_before() -> None:
    made = with_gap()
    assert due(made, 24) == []
    (inferred,) = due(made, 25)
    assert inferred.fill.inferred
    assert (inferred.fill.quantity, inferred.fill.price) == (D(3), D(100))
    assert due(made, 40) == [inferred]


def test_the_price_makes_the_reported_average_true() -> None:
    made = with_gap(average="103")
    (inferred,) = due(made)
    made.apply(inferred)
    assert made.orders["c1"].filled == D(7)
    assert made.orders["c1"].notional == D(721)


def test_an_average_that_cannot_be_is_not_used() -> None:
    (inferred,) = due(with_gap(average="1"))
    assert inferred.fill.price == D(100)


def test_a_market_order_is_priced_by_its_newest_fill_or_its_cap() -> None:
    for terms, expected in (({"cap_price": D(107)}, D(107)), ({}, D(0))):
        made = Books()
        adopted = OrderAdopted(order("c1", price=None, **terms), "V1", S.OPEN, D(0), T0)
        made.apply(adopted)
        made.apply(reported(S.OPEN, 20, 20, "7"))
        assert due(made)[0].fill.price == expected
        made.apply(filled(fill("t1", "1", "99")))
        assert due(made)[0].fill.price == D(99)


def test_it_is_booked_once_and_closes_the_gap() -> None:
    made = with_gap()
    (inferred,) = due(made)
    applied = made.apply(inferred)
    assert (applied.event, applied.fills) == (12, (inferred.fill,))
    assert made.orders["c1"].filled == D(7)
    assert due(made, 99) == []
    assert made.apply(inferred).ignored


def test_the_real_trade_replaces_it() -> None:
    made = with_gap()
    (inferred,) = due(made)
    made.apply(inferred)
    real = fill("t2", "3", "101", fee="0.003", fee_asset="BTC")
    applied = made.apply(filled(real))
    assert (applied.event, applied.fills, applied.undone) == (27, (real,), (inferred.fill,))
    assert applied.alert is None
    assert applied.order is not None
    assert applied.order.average_price == D(703) / 7
    assert sorted(made.orders["c1"].fills) == ["t1", "t2"]
    assert made.position("binance", "BTCUSDT").quantity == D("6.997")
    assert made.apply(inferred).ignored


def test_a_part_of_the_real_trades_replaces_a_part() -> None:
    made = with_gap()
    (inferred,) = due(made)
    made.apply(inferred)
    applied = made.apply(filled(fill("t2", "1", "90")))
    assert [(one.trade_id, one.quantity) for one in applied.fills] == [("t2", D(1)), (inferred.fill.trade_id, D(2))]
    assert applied.undone == (inferred.fill,)
    assert made.orders["c1"].filled == D(7)
    made.apply(filled(fill("t3", "2", "91")))
    assert sorted(made.orders["c1"].fills) == ["t1", "t2", "t3"]
    assert made.orders["c1"].inferred is None


def test_more_real_trades_than_were_inferred_are_news() -> None:
    made = with_gap()
    made.apply(due(made)[0])
    applied = made.apply(filled(fill("t2", "6", "90")))
    assert (applied.event, made.orders["c1"].state, made.orders["c1"].filled) == (13, S.FILLED, D(10))


def test_a_wider_gap_takes_the_place_of_the_first() -> None:
    made = with_gap()
    (first,) = due(made)
    made.apply(first)
    made.apply(reported(S.PARTIALLY_FILLED, 40, 40, "9"))
    (second,) = due(made, 50)
    assert second.fill.quantity == D(5)
    applied = made.apply(second)
    assert applied.undone == (first.fill,)
    assert made.orders["c1"].filled == D(9)
    assert made.apply(first).ignored


def test_any_order_of_real_and_inferred_ends_the_same() -> None:
    (inferred,) = due(with_gap())
    events = [inferred, filled(fill("t2", "1", "90")), filled(fill("t3", "2", "91")), filled(fill("t2", "1", "90"))]
    for arrival in permutations(events):
        made = with_gap(*arrival)
        assert sorted(made.orders["c1"].fills) == ["t1", "t2", "t3"]
        assert made.orders["c1"].notional == D(672)
        assert made.position("binance", "BTCUSDT").quantity == D(7)


def test_a_lower_count_takes_it_back() -> None:
    made = with_gap()
    (inferred,) = due(made)
    made.apply(inferred)
    applied = made.apply(reported(S.PARTIALLY_FILLED, 40, 40, "5"))
    assert (applied.event, applied.undone, applied.alert) == (8, (inferred.fill,), None)
    assert [one.quantity for one in applied.fills] == [D(1)]
    assert made.orders["c1"].filled == D(5)
    made.apply(reported(S.CANCELED, 50, 50, "4"))
    assert made.orders["c1"].filled == D(4)
    assert made.orders["c1"].inferred is None
    assert made.position("binance", "BTCUSDT").quantity == D(4)


def test_an_order_whose_only_fill_was_inferred_is_open_again() -> None:
    made = books(*PATHS["OPN"], reported(S.PARTIALLY_FILLED, 20, 20, "3"))
    made.apply(due(made)[0])
    assert made.orders["c1"].state is S.PARTIALLY_FILLED
    assert made.apply(reported(S.OPEN, 40, 40, "0")).alert is None
    assert made.orders["c1"].state is S.OPEN


def test_an_order_that_was_filled_by_inference_ends_as_the_venue_says() -> None:
    made = books(*PATHS["OPN"], reported(S.PARTIALLY_FILLED, 20, 20, "10"))
    made.apply(due(made)[0])
    assert made.orders["c1"].state is S.FILLED
    made.apply(reported(S.CANCELED, 40, 40, "6"))
    assert (made.orders["c1"].state, made.orders["c1"].filled) == (S.CANCELED, D(6))


def test_a_gap_that_a_later_answer_does_not_see_is_closed() -> None:
    made = with_gap(reported(S.PARTIALLY_FILLED, 23, 22, "4"))
    assert due(made, 99) == []
    assert made.orders["c1"].gap is None


def test_a_bust_of_a_real_trade_keeps_the_inferred_part() -> None:
    made = with_gap()
    made.apply(due(made)[0])
    made.apply(busted("t1"))
    assert made.orders["c1"].filled == D(3)
    made.apply(filled(fill("t2", "3", "90")))
    assert sorted(made.orders["c1"].fills) == ["t2"]
    assert made.orders["c1"].filled == D(3)


def test_a_filled_order_without_its_trade_is_inferred_too() -> None:
    made = books(*PATHS["OPN"], reported(S.FILLED, 20, 20, "10"))
    applied = made.apply(due(made)[0])
    assert (applied.event, made.orders["c1"].filled, applied.block) == (13, D(10), "reconcile")
    assert made.orders["c1"].state is S.FILLED
