"""Our orders as parameters of POST order (binance.md section 3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from binance_kit import OWN, SETTINGS, D, an_order, rules
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import EncodeError, InvalidOrder
from autotrader.execution.adapters.binance.codec import CodecSettings, encode_order, wire_type
from autotrader.model import OrderType, Side, TimeInForce

TAIL = [("newClientOrderId", OWN), ("newOrderRespType", "FULL")]


def encoded(settings: CodecSettings = SETTINGS, reference: Decimal | None = None, **changes: Any) -> list[tuple[str, str]]:
    return list(encode_order(an_order(**changes), settings, reference=reference))


def test_limit_is_sent_with_all_its_terms_in_order() -> None:
    assert encoded() == [
        ("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"), ("quantity", "0.001"),
        ("price", "50000.10"), *TAIL,
    ]


@pytest.mark.parametrize("tif", [TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK])
def test_limit_takes_every_time_in_force_of_the_venue(tif: TimeInForce) -> None:
    assert ("timeInForce", tif.value) in encoded(time_in_force=tif)


def test_market_sends_neither_price_nor_time_in_force() -> None:
    assert encoded(type=OrderType.MARKET, price=None, side=Side.SELL) == [
        ("symbol", "BTCUSDT"), ("side", "SELL"), ("type", "MARKET"), ("quantity", "0.001"), *TAIL,
    ]


def test_market_takes_ioc_since_that_is_what_it_does() -> None:
    names = dict(encoded(type=OrderType.MARKET, price=None, time_in_force=TimeInForce.IOC))
    assert names["type"] == "MARKET"
    assert "timeInForce" not in names


def test_market_with_a_cap_is_a_limit_ioc_at_the_cap() -> None:
    assert encoded(type=OrderType.MARKET, price=None, cap_price=D("51000")) == [
        ("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "IOC"), ("quantity", "0.001"),
        ("price", "51000"), *TAIL,
    ]


def test_market_fok_is_refused_without_a_cap_and_sent_with_one() -> None:
    with pytest.raises(InvalidOrder, match="FOK") as refused:
        encoded(type=OrderType.MARKET, price=None, time_in_force=TimeInForce.FOK)
    assert refused.value.code == "NO_FOK"
    names = dict(encoded(type=OrderType.MARKET, price=None, time_in_force=TimeInForce.FOK, cap_price=D(51000)))
    assert names["timeInForce"] == "FOK"


@pytest.mark.parametrize(("side", "sent"), [(Side.BUY, "51000.12"), (Side.SELL, "51000.13")])
def test_a_cap_is_put_on_the_tick_and_never_made_worse(side: Side, sent: str) -> None:
    order = an_order(type=OrderType.MARKET, price=None, side=side, cap_price=D("51000.1234"))
    assert dict(encode_order(order, SETTINGS, rules()))["price"] == sent


def test_a_cap_below_one_tick_is_refused() -> None:
    order = an_order(type=OrderType.MARKET, price=None, cap_price=D("0.001"))
    with pytest.raises(InvalidOrder, match="below one tick"):
        encode_order(order, SETTINGS, rules())


def test_post_only_is_limit_maker_without_time_in_force() -> None:
    assert encoded(post_only=True) == [
        ("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "LIMIT_MAKER"), ("quantity", "0.001"), ("price", "50000.10"), *TAIL,
    ]


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_post_only_that_could_not_rest_is_refused(tif: TimeInForce) -> None:
    with pytest.raises(InvalidOrder, match="never rest"):
        encoded(post_only=True, time_in_force=tif)


@pytest.mark.parametrize("kind", [OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP])
def test_post_only_of_any_other_type_is_refused(kind: OrderType) -> None:
    with pytest.raises(InvalidOrder, match="LIMIT_MAKER"):
        encoded(type=kind, post_only=True, stop_price=D(1), trail=D(1))


def test_stop_is_stop_loss_with_its_trigger() -> None:
    assert encoded(type=OrderType.STOP, price=None, stop_price=D("51000.5")) == [
        ("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "STOP_LOSS"), ("quantity", "0.001"), ("stopPrice", "51000.5"), *TAIL,
    ]


def test_stop_limit_is_stop_loss_limit() -> None:
    assert encoded(type=OrderType.STOP_LIMIT, side=Side.SELL, stop_price=D(49000), price=D(48900)) == [
        ("symbol", "BTCUSDT"), ("side", "SELL"), ("type", "STOP_LOSS_LIMIT"), ("timeInForce", "GTC"), ("quantity", "0.001"),
        ("price", "48900"), ("stopPrice", "49000"), *TAIL,
    ]


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_a_stop_that_fires_a_market_order_takes_no_time_in_force(tif: TimeInForce) -> None:
    with pytest.raises(InvalidOrder) as refused:
        encoded(type=OrderType.STOP, stop_price=D(51000), time_in_force=tif)
    assert refused.value.code == f"NO_{tif}"
    with pytest.raises(InvalidOrder):
        encoded(type=OrderType.TRAILING_STOP, price=None, trail=D(100), stop_price=D(51000), time_in_force=tif)


@pytest.mark.parametrize(
    ("side", "stop", "sent"),
    [
        (Side.BUY, "51000", "STOP_LOSS"), (Side.BUY, "49000", "TAKE_PROFIT"), (Side.SELL, "49000", "STOP_LOSS"),
        (Side.SELL, "51000", "TAKE_PROFIT"), (Side.BUY, "50000", "STOP_LOSS"),
    ],
)
def test_touch_orders_pick_the_type_by_the_side_of_the_market(side: Side, stop: str, sent: str) -> None:
    touching = CodecSettings("acc", touch_orders=True)
    terms: dict[str, Any] = {"side": side, "stop_price": D(stop)}
    assert dict(encoded(touching, D(50000), type=OrderType.STOP, price=None, **terms))["type"] == sent
    assert dict(encoded(touching, D(50000), type=OrderType.STOP_LIMIT, **terms))["type"] == f"{sent}_LIMIT"


def test_without_touch_orders_a_stop_stays_a_stop_wherever_the_market_is() -> None:
    assert dict(encoded(reference=D(50000), type=OrderType.STOP, stop_price=D(49000)))["type"] == "STOP_LOSS"


def test_a_trailing_stop_sends_whole_basis_points_of_the_reference() -> None:
    assert encoded(reference=D(50000), type=OrderType.TRAILING_STOP, price=None, side=Side.SELL, trail=D(250)) == [
        ("symbol", "BTCUSDT"), ("side", "SELL"), ("type", "STOP_LOSS"), ("quantity", "0.001"), ("trailingDelta", "50"), *TAIL,
    ]


def test_a_trailing_stop_is_measured_at_its_activation_price_where_it_has_one() -> None:
    names = dict(encoded(reference=D(1), type=OrderType.TRAILING_STOP, price=None, trail=D(100), stop_price=D(40000)))
    assert (names["stopPrice"], names["trailingDelta"]) == ("40000", "25")


def test_a_trailing_stop_with_a_price_is_a_limit() -> None:
    names = dict(encoded(reference=D(50000), type=OrderType.TRAILING_STOP, price=D(48000), trail=D(500)))
    assert (names["type"], names["price"], names["timeInForce"]) == ("STOP_LOSS_LIMIT", "48000", "GTC")


def test_a_distance_of_less_than_a_basis_point_becomes_one() -> None:
    assert dict(encoded(reference=D(50000), type=OrderType.TRAILING_STOP, price=None, trail=D("0.01")))["trailingDelta"] == "1"


@pytest.mark.parametrize("reference", [None, D(0), D("NaN"), D("Infinity")])
def test_a_trailing_stop_without_a_price_to_measure_by_is_refused(reference: Decimal | None) -> None:
    with pytest.raises(InvalidOrder) as refused:
        encoded(reference=reference, type=OrderType.TRAILING_STOP, price=None, trail=D(1))
    assert refused.value.code == "NO_REFERENCE_PRICE"


@pytest.mark.parametrize("trail", [None, D(0), D(-1), D("NaN")])
def test_a_trailing_stop_without_a_distance_is_refused(trail: Decimal | None) -> None:
    with pytest.raises(InvalidOrder, match="needs its distance"):
        encoded(reference=D(1), type=OrderType.TRAILING_STOP, price=None, trail=trail)


@pytest.mark.parametrize("tif", [TimeInForce.DAY, TimeInForce.GTD])
@pytest.mark.parametrize("kind", list(OrderType))
def test_what_spot_lacks_is_refused_by_its_name(kind: OrderType, tif: TimeInForce) -> None:
    with pytest.raises(InvalidOrder, match=f"no time in force {tif}") as refused:
        encoded(type=kind, time_in_force=tif, stop_price=D(1), trail=D(1))
    assert refused.value.code == f"NO_{tif}"


@pytest.mark.parametrize("tif", [TimeInForce.DAY, TimeInForce.GTD])
def test_an_emulated_time_in_force_goes_out_as_gtc(tif: TimeInForce) -> None:
    emulating = CodecSettings("acc", emulated=frozenset({tif}))
    assert dict(encoded(emulating, time_in_force=tif))["timeInForce"] == "GTC"
    assert dict(encoded(emulating, time_in_force=tif, post_only=True))["type"] == "LIMIT_MAKER"


def test_the_self_trade_prevention_mode_is_sent_when_it_is_set() -> None:
    chosen = CodecSettings("acc", self_trade_prevention="EXPIRE_TAKER")
    assert encoded(chosen)[-1] == ("selfTradePreventionMode", "EXPIRE_TAKER")
    assert "selfTradePreventionMode" not in dict(encoded())


def test_a_mode_that_the_symbol_does_not_allow_is_refused() -> None:
    chosen = CodecSettings("acc", self_trade_prevention="TRANSFER")
    with pytest.raises(InvalidOrder, match="TRANSFER"):
        encode_order(an_order(), chosen, rules())


@pytest.mark.parametrize(
    ("kind", "word"),
    [(OrderType.MARKET, "MARKET"), (OrderType.LIMIT, "LIMIT"), (OrderType.STOP, "STOP_LOSS"),
        (OrderType.STOP_LIMIT, "STOP_LOSS_LIMIT")],
)
def test_a_type_that_the_symbol_does_not_take_is_refused(kind: OrderType, word: str) -> None:
    order = an_order(type=kind, stop_price=D(51000))
    assert wire_type(order, SETTINGS) == word
    others = [name for name in ("LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "LIMIT_MAKER") if name != word]
    with pytest.raises(InvalidOrder, match=f"takes no {word}") as refused:
        encode_order(order, SETTINGS, rules(orderTypes=others))
    assert refused.value.code == f"NO_{word}"


def test_a_symbol_without_trailing_stops_refuses_them() -> None:
    order = an_order(type=OrderType.TRAILING_STOP, price=None, trail=D(100))
    with pytest.raises(InvalidOrder, match="trailing"):
        encode_order(order, SETTINGS, rules(allowTrailingStop=False), D(50000))


@pytest.mark.parametrize("bad", ["", "a" * 37, "a.b", "ä", "a b", "a:b", "a/b"])
def test_an_id_that_the_venue_refuses_is_our_bug(bad: str) -> None:
    with pytest.raises(EncodeError, match="client order id"):
        encoded(client_order_id=bad)


@pytest.mark.parametrize("bad", [D(0), D(-1), D("NaN"), D("Infinity"), D("1E+30"), D("1E-30")])
def test_a_quantity_that_cannot_be_written_is_our_bug(bad: Decimal) -> None:
    with pytest.raises(EncodeError):
        encoded(quantity=bad)


@pytest.mark.parametrize("bad", [None, D(-1), D("NaN"), D("-Infinity"), D("1E+400"), D("sNaN")])
def test_a_price_that_cannot_be_written_is_our_bug(bad: Decimal | None) -> None:
    with pytest.raises(EncodeError):
        encoded(price=bad)
    with pytest.raises(EncodeError):
        encoded(type=OrderType.STOP_LIMIT, price=D(1), stop_price=bad)


def test_numbers_never_have_an_exponent() -> None:
    names = dict(encoded(quantity=D("1E-8"), price=D("5E+4")))
    assert (names["quantity"], names["price"]) == ("0.00000001", "50000")


def test_reduce_only_changes_nothing_since_spot_cannot_be_short() -> None:
    assert encoded(reduce_only=True) == encoded()


PLAIN = st.decimals(min_value="0.00000001", max_value="99999999", places=8)


@given(quantity=PLAIN, price=PLAIN)
def test_every_number_survives_the_way_out(quantity: Decimal, price: Decimal) -> None:
    names = dict(encoded(quantity=quantity, price=price))
    assert (D(names["quantity"]), D(names["price"])) == (quantity, price)
    assert "E" not in names["quantity"] + names["price"]


@given(
    kind=st.sampled_from(OrderType), tif=st.sampled_from(TimeInForce), post_only=st.booleans(), side=st.sampled_from(Side),
    price=st.none() | st.decimals(), stop=st.none() | st.decimals(), trail=st.none() | st.decimals(),
    quantity=st.decimals(), cap=st.none() | st.decimals(), reference=st.none() | PLAIN,
)
def test_any_order_is_encoded_or_refused_and_nothing_else(
    kind: OrderType, tif: TimeInForce, post_only: bool, side: Side, price: Decimal | None, stop: Decimal | None,
    trail: Decimal | None, quantity: Decimal, cap: Decimal | None, reference: Decimal | None,
) -> None:
    order = an_order(
        type=kind, time_in_force=tif, post_only=post_only, side=side, price=price, stop_price=stop, trail=trail,
        quantity=quantity, cap_price=cap,
    )
    try:
        params = encode_order(order, SETTINGS, rules(), reference)
    except (InvalidOrder, EncodeError):
        return
    names = dict(params)
    assert len(names) == len(params)
    assert all("E" not in names[name] for name in ("quantity", "price", "stopPrice") if name in names)
