"""Bodies of a size or a depth that no venue means, each in bounded time and memory."""

from __future__ import annotations

import gzip
import json

import pytest
from binance_kit import NOW, OWN, SETTINGS
from binance_payloads import PLACED, REPORTS
from fuzz.checks import check_everything

from autotrader.execution.adapters.binance import codec
from autotrader.messages import FrameUnreadable, OrderUnknown

DEEP = 100_000
NEGATIVE = {("n", "-0"), ("Z", "-0")}
"""A commission may be a rebate, and an amount that is not known is below zero."""
LONG = 4 << 20


@pytest.mark.parametrize(
    "opening", [b"[", b'{"a":', b'{"event":', b'{"data":[', b'{"symbols":[{"filters":[', b'{"error":{"data":[']
)
def test_nesting_of_a_hundred_thousand(opening: bytes) -> None:
    check_everything(opening * DEEP)


def test_nesting_that_is_closed_again() -> None:
    check_everything(b'{"event":{"e":"executionReport","x":' + b"[" * DEEP + b"]" * DEEP + b"}}")


@pytest.mark.parametrize("field", [b'"q":"1.00000000"', b'"c":"' + OWN.encode() + b'"', b'"E":1759347763167', b'"s":"ETHUSDT"'])
@pytest.mark.parametrize(
    "filling", [b'"%s"' % (b"9" * LONG), b"9" * LONG, b'"0.%s"' % (b"0" * LONG), b'"%s"' % (b"\\u0041" * 99_999)]
)
def test_a_field_of_megabytes(field: bytes, filling: bytes) -> None:
    name = field.split(b":")[0]
    body = REPORTS["report new"].replace(field, name + b":" + filling)
    assert len(body) > 100_000
    check_everything(body)


def test_an_unreadable_frame_of_megabytes_is_kept_in_part() -> None:
    body = b"[" + b"1," * LONG
    outcome = codec.outcome_of(codec.open_orders_call(), 200, {}, body, SETTINGS, NOW)
    assert outcome.ok  # a read: its own decoder judges the body
    with pytest.raises(codec.UnreadableFrame) as caught:
        codec.decode_user_frame(body, SETTINGS, NOW)
    kept = codec.frame_unreadable(caught.value, "binance", NOW)
    assert 1_000_000 < len(kept.raw) < 1_500_000


def test_a_body_that_was_never_unpacked_is_a_doubt() -> None:
    from fuzz.checks import CALLS

    outcome = codec.outcome_of(CALLS["submit"], 200, {}, gzip.compress(PLACED["placed full"]), SETTINGS, NOW)
    assert [type(one) for one in outcome.told] == [OrderUnknown, FrameUnreadable]


@pytest.mark.parametrize("key", ["q", "z", "l", "L", "t", "i", "X"])
def test_a_key_that_comes_twice_is_read_once(key: str) -> None:
    frame = json.loads(REPORTS["report trade"])
    text = json.dumps(frame["event"])
    value = json.dumps(frame["event"][key])
    for other in ('"NaN"', "1e400", '"-0"', value):
        check_everything(text.replace(f'"{key}": {value}', f'"{key}": {other}, "{key}": {value}').encode())
        check_everything(text.replace(f'"{key}": {value}', f'"{key}": {value}, "{key}": {other}').encode())


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400", "-0", "1E5", "0x10", "1_000"])
def test_numbers_that_are_none_never_become_money(word: str) -> None:
    for key in ("q", "z", "l", "L", "n", "Z", "p"):
        frame = json.loads(REPORTS["report trade"])
        frame["event"][key] = word
        for written in (json.dumps(frame), json.dumps(frame).replace(f'"{word}"', word)):
            check_everything(written.encode())
            if (key, word) not in NEGATIVE:
                with pytest.raises(codec.UnreadableFrame):
                    codec.decode_user_frame(written, SETTINGS, NOW)
