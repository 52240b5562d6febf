"""Our orders in TWS's words: every type and time in force it has, and a coded no for what it has not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.ibkr.contracts import contract_of
from autotrader.execution.adapters.ibkr.messages import OrderTerms
from autotrader.execution.adapters.ibkr.orders import meaning_of, new_terms, snap, terms_of
from autotrader.model import Order, OrderType, Side, TimeInForce

STOCK, PAIR = contract_of("AAPL"), contract_of("EUR.USD")
T, F = OrderType, TimeInForce
CENT = Decimal("0.01")


def order(kind: OrderType = T.LIMIT, tif: TimeInForce = F.DAY, **changes: Any) -> Order:
    prices: dict[OrderType, dict[str, Decimal]] = {
        T.MARKET: {}, T.LIMIT: {"price": Decimal("150.25")}, T.STOP: {"stop_price": Decimal(149)},
        T.STOP_LIMIT: {"price": Decimal(148), "stop_price": Decimal(149)}, T.TRAILING_STOP: {"trail": Decimal("1.5")},
    }  # fmt: skip
    usual: dict[str, Any] = {
        "client_order_id": "a" * 32, "venue": "ibkr", "account": "DU1", "symbol": "AAPL", "side": Side.BUY, "type": kind,
        "quantity": Decimal(100), "time_in_force": tif, **prices[kind],
    }  # fmt: skip
    return Order(**(usual | changes))


def words(terms: OrderTerms) -> tuple[Any, ...]:
    return terms.order_type, terms.time_in_force, terms.limit_price, terms.aux_price


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (order(T.MARKET), ("MKT", "DAY", None, None)),
        (order(T.MARKET, F.GTC), ("MKT", "GTC", None, None)),
        (order(T.MARKET, F.IOC), ("MKT", "IOC", None, None)),
        (order(T.LIMIT, F.GTC), ("LMT", "GTC", Decimal("150.25"), None)),
        (order(T.LIMIT, F.FOK), ("LMT", "FOK", Decimal("150.25"), None)),
        (order(T.STOP, F.GTC), ("STP", "GTC", None, Decimal(149))),
        (order(T.STOP_LIMIT), ("STP LMT", "DAY", Decimal(148), Decimal(149))),
        (order(T.TRAILING_STOP, F.GTC), ("TRAIL", "GTC", None, Decimal("1.5"))),
        (order(T.MARKET, F.DAY, tag="ibkr:MOC"), ("MOC", "DAY", None, None)),
        (order(T.LIMIT, F.DAY, tag="ibkr:LOC"), ("LOC", "DAY", Decimal("150.25"), None)),
        (order(T.MARKET, F.DAY, tag="ibkr:OPG"), ("MKT", "OPG", None, None)),
        (order(T.LIMIT, F.DAY, tag="ibkr:OPG"), ("LMT", "OPG", Decimal("150.25"), None)),
        (order(T.MARKET, F.DAY, cap_price=Decimal("151.239")), ("LMT", "IOC", Decimal("151.23"), None)),
        (order(T.MARKET, F.FOK, cap_price=Decimal("151.239")), ("LMT", "FOK", Decimal("151.23"), None)),
        (order(T.MARKET, F.DAY, cap_price=Decimal("151.23"), tag="ibkr:MOC"), ("LOC", "DAY", Decimal("151.23"), None)),
    ],
)
def test_types_and_times_in_force(given: Order, expected: tuple[Any, ...]) -> None:
    terms = terms_of(given, STOCK, tick=CENT)
    assert words(terms) == expected
    assert (terms.action, terms.quantity, terms.account, terms.order_ref) == ("BUY", 100, "DU1", "a" * 32)
    assert terms.transmit


def test_gtd_says_until_when_in_utc() -> None:
    terms = terms_of(order(T.LIMIT, F.GTD, expires_ns=1_744_760_311_999_999_999), STOCK)
    assert (terms.time_in_force, terms.good_till) == ("GTD", "20250415-23:38:31")


def test_only_gtd_says_until_when() -> None:
    assert terms_of(order(T.LIMIT, F.GTC, expires_ns=1_744_760_311_000_000_000), STOCK).good_till == ""


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (order(post_only=True), "NO_POST_ONLY"), (order(quantity=Decimal("0.5")), "NO_FRACTIONS"),
        (order(T.LIMIT, F.GTD), "NO_EXPIRY"), (order(T.STOP, F.IOC), "NO_IOC"), (order(T.STOP_LIMIT, F.FOK), "NO_FOK"),
        (order(T.TRAILING_STOP, F.IOC), "NO_IOC"), (order(T.MARKET, F.FOK), "NO_FOK"),
        (order(T.LIMIT, tag="ibkr:MOC"), "NO_MOC"), (order(T.MARKET, tag="ibkr:LOC"), "NO_LOC"),
        (order(T.MARKET, F.GTC, tag="ibkr:MOC"), "NO_MOC"), (order(T.STOP, tag="ibkr:OPG"), "NO_OPG"),
        (order(T.MARKET, tag="ibkr:MOC+OUTSIDE_RTH"), "NO_MOC"), (order(tag="ibkr:moc"), "INVALID_ORDER"),
        (order(tag="ibkr:MOC+OPG"), "INVALID_ORDER"), (order(tag="ibkr:REGULAR+OUTSIDE_RTH"), "INVALID_ORDER"),
        (order(client_order_id="ä" * 10), "INVALID_ORDER"), (order(client_order_id="a" * 41), "INVALID_ORDER"),
        (order(client_order_id=""), "INVALID_ORDER"), (order(client_order_id="a\0b"), "INVALID_ORDER"),
        (order(price=None), "INVALID_ORDER"), (order(price=Decimal("NaN")), "INVALID_ORDER"),
        (order(T.TRAILING_STOP, trail=None), "INVALID_ORDER"), (order(T.STOP, stop_price=None), "INVALID_ORDER"),
        (order(T.MARKET, cap_price=Decimal("0.001")), "NO_CAP_PRICE"),
    ],
)  # fmt: skip
def test_what_ib_has_not_is_refused(given: Order, code: str) -> None:
    with pytest.raises(InvalidOrder) as no:
        terms_of(given, STOCK, tick=CENT)
    assert no.value.code == code


def test_pairs_are_traded_in_fractions() -> None:
    assert terms_of(order(T.MARKET, quantity=Decimal("1000.5")), PAIR).quantity == Decimal("1000.5")


def test_reduce_only_is_ours_and_changes_nothing_on_the_wire() -> None:
    assert terms_of(order(reduce_only=True), STOCK) == terms_of(order(), STOCK)


def test_a_strategys_own_tag_asks_for_nothing() -> None:
    assert terms_of(order(tag="MOC"), STOCK) == terms_of(order(), STOCK)


@pytest.mark.parametrize(
    ("setting", "tag", "outside"),
    [(False, None, False), (True, None, True), (False, "ibkr:OUTSIDE_RTH", True), (True, "ibkr:REGULAR", False),
     (True, "ibkr:LOC", False), (True, "ibkr:OPG", False)],
)  # fmt: skip
def test_outside_hours(setting: bool, tag: str | None, outside: bool) -> None:
    assert terms_of(order(tag=tag), STOCK, outside_rth=setting).outside_rth is outside


@given(
    price=st.decimals(CENT, 10_000, places=6), tick=st.sampled_from([CENT, Decimal("0.25"), Decimal("0.00005")]),
    side=st.sampled_from(Side),
)  # fmt: skip
def test_a_price_on_the_tick_is_never_worse(price: Decimal, tick: Decimal, side: Side) -> None:
    snapped = snap(price, side, tick)
    assert snapped % tick == 0
    assert abs(snapped - price) < tick
    assert snapped <= price if side is Side.BUY else snapped >= price


@pytest.mark.parametrize("kind", list(T))
@pytest.mark.parametrize("tif", [F.DAY, F.GTC])
def test_terms_read_back_mean_the_same(kind: OrderType, tif: TimeInForce) -> None:
    given = order(kind, tif)
    meaning = meaning_of(terms_of(given, STOCK))
    assert (meaning.type, meaning.time_in_force, meaning.price, meaning.stop_price, meaning.trail, meaning.exact) == (
        kind, tif, given.price, given.stop_price, given.trail, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "kind"),
    [
        (OrderTerms("BUY", Decimal(1), "REL", Decimal(5), Decimal("0.01")), T.LIMIT),
        (OrderTerms("BUY", Decimal(1), "MOC"), T.MARKET),
        (OrderTerms("BUY", Decimal(1), "MKT", time_in_force="OPG"), T.MARKET),
        (OrderTerms("BUY", Decimal(1), "", time_in_force=""), T.MARKET),
    ],
)
def test_words_that_we_have_not_are_read_as_well_as_they_can_be(terms: OrderTerms, kind: OrderType) -> None:
    meaning = meaning_of(terms)
    assert (meaning.type, meaning.exact, meaning.stop_price) == (kind, False, None)


def test_a_modification_changes_price_and_size_only() -> None:
    terms = terms_of(order(T.STOP_LIMIT, F.GTC), STOCK, outside_rth=True)
    changed = new_terms(terms, Decimal(50), Decimal(147), Decimal(148))
    assert (changed.quantity, changed.limit_price, changed.aux_price) == (50, 147, 148)
    assert new_terms(changed, Decimal(100), Decimal(148), Decimal(149)) == terms
    assert new_terms(terms, Decimal(50)).limit_price == terms.limit_price


def test_a_trailing_stops_distance_stays_and_its_stop_moves() -> None:
    terms = terms_of(order(T.TRAILING_STOP), STOCK)
    changed = new_terms(terms, Decimal(100), None, Decimal(140))
    assert (changed.aux_price, changed.trail_stop_price) == (Decimal("1.5"), 140)
