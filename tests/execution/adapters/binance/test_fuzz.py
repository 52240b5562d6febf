"""Whatever bytes come: no error but UnreadableFrame, and nothing past the codec that is not finite."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from binance_kit import (
    NOW,
    SETTINGS,
    D,
    a_cancel,
    a_query,
    a_replace,
    a_send,
    amend_answer,
    cancel_answer,
    error,
    exchange_info,
    full_answer,
    query_answer,
    raw,
    report,
    rules,
    trade_report,
    wrapped,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrader.execution.adapters.binance import codec
from autotrader.execution.adapters.binance.codec import Call, Standing, UnreadableFrame
from autotrader.messages import (
    AttemptFailed,
    CancelRejected,
    Message,
    OrderAccepted,
    OrderRejected,
    OrderReported,
    OrderUnknown,
)

OLD = Standing(D("0.001"), D("50000.10"), None)
CALLS: list[Call] = [
    codec.submit_call(a_send(), SETTINGS), codec.cancel_call(a_cancel()), codec.query_call(a_query()),
    codec.cancel_all_call("BTCUSDT"), codec.replace_call(a_replace("0.0005"), OLD, SETTINGS, rules()),
    codec.replace_call(a_replace("0.002"), OLD, SETTINGS, rules()), codec.open_orders_call(),
]
HALVES = {
    "cancelResult": "SUCCESS", "newOrderResult": "FAILURE", "cancelResponse": cancel_answer(),
    "newOrderResponse": {"code": -2010, "msg": "x"},
}
SEEDS: list[bytes] = [
    wrapped(report()), wrapped(trade_report()), raw(report(x="CANCELED", X="CANCELED", C="y")),
    wrapped({"e": "outboundAccountPosition", "u": 1, "B": [{"a": "X", "f": "1", "l": "0"}]}),
    wrapped({"e": "balanceUpdate", "a": "X", "d": "-1", "T": 1}), raw({"id": 1, "status": 200, "result": {}, "rateLimits": []}),
    raw(full_answer()), raw(cancel_answer()), raw(query_answer()), raw([cancel_answer()]), raw(amend_answer()),
    error(-2021, "x", data=HALVES), error(-1121, "Invalid symbol."), raw(exchange_info()),
    raw({"u": 1, "s": "X", "b": "1", "B": "1", "a": "2", "A": "1"}),
]
POISON = [
    "NaN", "Infinity", "-Infinity", "1e400", "-1", "", "0", "1e-400", "9" * 60, "\u0000", "１", None, True, False, 0, -1, 1.5,
    1e308,
    2**63, 2**70, [], {}, [[]], {"e": "executionReport"}, "executionReport", "TRADE", "FILLED", "EXPIRED_IN_MATCH",
]

READERS: list[Callable[[bytes], Any]] = [
    lambda body: codec.decode_user_frame(body, SETTINGS, NOW), lambda body: codec.decode_market_frame(body, "binance", NOW),
    lambda body: codec.decode_open_orders(body, SETTINGS), lambda body: codec.decode_order_facts(body, SETTINGS),
    lambda body: codec.decode_trades(body, SETTINGS), codec.decode_account, codec.decode_api_restrictions,
    codec.decode_commission, codec.decode_server_time, lambda body: codec.decode_unfilled_counts(body, "binance"),
    lambda body: codec.decode_quote(body, "binance", NOW), codec.decode_exchange_info, codec.decode_max_assets,
]


def numbers_in(value: Any) -> list[Decimal | float]:
    """Return every decimal and float inside a value, however deep."""
    if isinstance(value, Decimal | float):
        return [value]
    if isinstance(value, msgspec.Struct):
        return [number for name in value.__struct_fields__ for number in numbers_in(getattr(value, name))]
    if isinstance(value, dict):
        return [number for pair in value.items() for part in pair for number in numbers_in(part)]
    if isinstance(value, tuple | list | set | frozenset):
        return [number for part in value for number in numbers_in(part)]
    return []


def all_finite(value: Any) -> bool:
    return all(Decimal(number).is_finite() and abs(Decimal(number)) < Decimal("1E+45") for number in numbers_in(value))


def feed(body: bytes) -> None:
    """Give a body to everything that reads bytes."""
    for reader in READERS:
        try:
            told = reader(body)
        except UnreadableFrame as unreadable:
            kept = unreadable.raw
        else:
            kept = body
            assert all_finite(told)
        assert kept == body
    for call in CALLS:
        for status in (200, 400, 409, 429, 503):
            judged(call, status, body)


def judged(call: Call, status: int, body: bytes) -> None:
    outcome = codec.outcome_of(call, status, {}, body, SETTINGS, NOW)
    assert all_finite(outcome.told)
    assert all_finite(outcome.retry_after_s)
    if call.command is CALLS[0].command:
        assert len(outcomes(outcome.told, outcome.failures)) == 1


def outcomes(told: tuple[Message, ...], failures: tuple[AttemptFailed, ...]) -> set[str]:
    """Return which of the outcomes a submit came to."""
    kinds = {OrderAccepted: "accepted", OrderRejected: "rejected", OrderUnknown: "unknown"}
    found = {kinds[type(one)] for one in told if type(one) in kinds}
    return found | ({"not sent"} if failures else set())


@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_cut_and_flipped_bytes(seed: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(seed)))
    body = bytearray(seed[:cut] if data.draw(st.booleans()) else seed)
    for _ in range(data.draw(st.integers(0, 4))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    feed(bytes(body))


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(spot for key, part in inner for spot in spots(part, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], poison: Any) -> Any:
    if not path:
        return poison
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], poison)
    return copy


@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_poison_in_any_field(seed: bytes, data: st.DataObject) -> None:
    document = json.loads(seed)
    path = data.draw(st.sampled_from(spots(document)))
    feed(json.dumps(put(document, path, data.draw(st.sampled_from(POISON))), allow_nan=True).encode())


@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_field_that_is_missing(seed: bytes, data: st.DataObject) -> None:
    document = json.loads(seed)
    paths = [path for path in spots(document) if path and isinstance(path[-1], str)]
    path = data.draw(st.sampled_from(paths))
    holder: Any = document
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    feed(json.dumps(document).encode())


@pytest.mark.parametrize("seed", SEEDS)
def test_keys_that_come_twice(seed: bytes) -> None:
    text = seed.decode()
    if text.startswith("{"):
        feed(("{" + text[1:-1] + "," + text[1:]).encode())
        feed(text.replace('"z":"0.40000000"', '"z":"0.40000000","z":"NaN"').encode())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\\ud800"])
def test_bad_text_in_a_field_that_nobody_reads(seed: bytes, bad: bytes) -> None:
    if seed.startswith(b"{"):
        feed(b'{"nobody":"' + bad + b'",' + seed[1:])


def test_bad_utf8_is_refused_even_where_nobody_reads_it() -> None:
    body = b'{"nobody":"\xff",' + wrapped(report())[1:]
    with pytest.raises(UnreadableFrame):
        codec.decode_user_frame(body, SETTINGS, NOW)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"event":{"e":"executionReport","B":[', b'{"data":['])
def test_nesting_without_end(opening: bytes) -> None:
    feed(opening * 50_000)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    feed(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["e", "id", "NaN", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["e", "event", "data", "id", "status", "code", "msg", "u", "s", "symbol", "orderId", "result"]),
        inner, max_size=5
    ),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_any_json(document: Any) -> None:
    feed(json.dumps(document).encode())


@settings(max_examples=100, deadline=None)
@given(status=st.integers(0, 999), code=st.integers(-3000, 10), text=st.text(max_size=30), call=st.sampled_from(CALLS))
def test_any_error_has_an_outcome(status: int, code: int, text: str, call: Call) -> None:
    outcome = codec.outcome_of(call, status, {}, error(code, text), SETTINGS, NOW)
    for one in outcome.told:
        if isinstance(one, CancelRejected):
            assert one.kind in ("too_late", "final")
        if isinstance(one, OrderReported):
            assert not one.proven
    assert {failed.kind for failed in outcome.failures} <= {"rate_limited", "busy", "clock", "auth"}
    if outcome.failures:
        assert outcome.told == ()
