"""What goes out and what comes beside a body: no exponent on the wire, no header that silences the venue for ever."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from binance_kit import SETTINGS, D, an_order, rules
from binance_payloads import ERRORS
from fuzz.checks import LONGEST_WAIT_S, check_decimal, check_words
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrader.errors import EncodeError, InvalidOrder
from autotrader.execution.adapters.binance import codec
from autotrader.execution.adapters.binance.codec import ErrorClass
from autotrader.model import OrderType, Side

bounded = settings(max_examples=500, deadline=None, derandomize=True, database=None)
PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?").fullmatch
FIGURES = {"quantity", "price", "stopPrice", "icebergQty", "newQty", "quoteOrderQty"}
kinds, sides = st.sampled_from(list(OrderType)), st.sampled_from(list(Side))
anything = st.decimals(allow_nan=True, allow_infinity=True) | st.decimals("0", "1e20", places=8) | st.sampled_from(
    [D("1E-8"), D("1E+8"), D("-0"), D("0E-20"), D("1E-400"), D("1E+400"), D("123456789012345678901"), D("0.000000001")]
)


@bounded
@given(quantity=anything, price=anything, stop=anything, kind=kinds, side=sides)
def test_no_order_goes_out_with_an_exponent(
    quantity: Decimal, price: Decimal, stop: Decimal, kind: OrderType, side: Side,
) -> None:
    order = an_order(quantity=quantity, price=price, stop_price=stop, trail=stop, type=kind, side=side)
    try:
        params = dict(codec.encode_order(order, SETTINGS, rules(), D(50000)))
    except (EncodeError, InvalidOrder):
        return
    for name in FIGURES & params.keys():
        assert PLAIN(params[name]) is not None, (name, params[name])
    assert Decimal(params["quantity"]) == quantity
    assert int(params.get("trailingDelta", 1)) >= 1


@bounded
@given(value=st.decimals("0", "1e12", places=8), step=st.decimals("0.00000001", "100000", places=8))
def test_steps_are_written_out(value: Decimal, step: Decimal) -> None:
    from autotrader.execution.adapters.binance.codec.steps import ceil_to, floor_to

    for stepped in (floor_to(value, step), ceil_to(value, step)):
        check_decimal(stepped)
        assert "E+" not in str(stepped)


def test_a_step_of_tens_is_written_out() -> None:
    from autotrader.execution.adapters.binance.codec.steps import floor_to

    assert str(floor_to(D("123.4"), D("10.00000000"))) == "120"


@bounded
@given(words=st.dictionaries(
    st.sampled_from(["Retry-After", "X-MBX-USED-WEIGHT-1M", "x-mbx-order-count-10s", "X-MBX-ORDER-COUNT-", "Date"]),
    st.text(max_size=40) | st.from_regex(r"[0-9]{1,30}(\.[0-9]+)?", fullmatch=True) | st.sampled_from(
        ["NaN", "inf", "-1", "1e9", "Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 99 Oct 9999 99:99:99 +9999", "９"]
    ),
))
def test_any_header(words: dict[str, str]) -> None:
    check_words(words, ERRORS["error -1003 banned"][1])


@pytest.mark.parametrize("until", ["9999999999999", "0000000000000", "１６２９３８４９５７０００"])
def test_a_ban_without_end_is_cut(until: str) -> None:
    error = codec.ErrorBody(-1003, f"IP banned until {until}")
    assert 0.0 <= codec.retry_after_s({}, error, ErrorClass.BANNED, SETTINGS, 0) <= LONGEST_WAIT_S


@bounded
@given(key=st.text(max_size=30), symbol=st.text(max_size=12), window=st.none() | st.integers(1, 60_000))
def test_any_text_is_signed_as_it_is_sent(key: str, symbol: str, window: int | None) -> None:
    signer = codec.HmacSigner("secret")
    try:
        frame = json.loads(codec.subscribe_user_data("1", key, signer, 1, window))
        query = codec.signed_query((("symbol", symbol), ("timestamp", "1")), signer)
    except UnicodeEncodeError:
        assert any("\ud800" <= letter <= "\udfff" for letter in key + symbol)
        return
    assert frame["params"]["apiKey"] == key
    payload, _, signature = query.rpartition("&signature=")
    assert payload.isascii()
    assert signature == signer.sign(payload.encode())


@bounded
@given(trade_id=st.text(max_size=25))
def test_only_digits_are_a_trade_number(trade_id: str) -> None:
    number = codec.trade_number(trade_id)
    assert number is None or str(number) == (trade_id.lstrip("0") or "0")
