"""Market streams: top of book, trades, bars (binance.md section 6)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from binance_kit import NOW, D, raw

from autotrader.errors import EncodeError
from autotrader.execution.adapters.binance.codec import (
    Bar,
    MarketFrame,
    MarketTrade,
    Subscribed,
    TopTold,
    UnknownEvent,
    UnreadableFrame,
    VenueClosing,
    decode_market_frame,
    stream_names,
    subscribe_request,
)
from autotrader.model import Quote, Side

TOP = {"u": 400900217, "s": "BNBUSDT", "b": "25.35190000", "B": "31.21000000", "a": "25.36520000", "A": "40.66000000"}
TRADE = {"e": "trade", "E": 1672515782136, "s": "BNBBTC", "t": 12345, "p": "0.001", "q": "100", "T": 1672515782136, "m": True}
KLINE = {
    "e": "kline", "E": 1672515782136, "s": "BNBBTC",
    "k": {
        "t": 1672515780000, "T": 1672515839999, "s": "BNBBTC", "i": "1m", "f": 100, "L": 200, "o": "0.0010", "c": "0.0020",
        "h": "0.0025", "l": "0.0015", "v": "1000", "n": 100, "x": False, "q": "1.0000", "V": "500", "Q": "0.500", "B": "123456",
    },
}


def read(frame: bytes | str) -> MarketFrame:
    return decode_market_frame(frame, "binance", NOW)


def test_the_top_of_the_book_is_a_quote_stamped_at_receipt() -> None:
    quote = Quote("binance", "BNBUSDT", D("25.3519"), D("25.3652"), D("31.21"), D("40.66"), NOW)
    assert read(raw(TOP)) == TopTold(quote, 400900217)


def test_a_buyer_who_was_the_maker_means_that_a_sale_hit_the_bid() -> None:
    assert read(raw(TRADE)) == MarketTrade(
        "binance", "BNBBTC", "12345", D("0.001"), D(100), Side.SELL, 1_672_515_782_136_000_000
    )
    bought = read(raw({**TRADE, "m": False}))
    assert isinstance(bought, MarketTrade)
    assert bought.taker is Side.BUY


def test_a_bar_is_final_only_when_it_says_so() -> None:
    bar = read(raw(KLINE))
    assert bar == Bar(
        "binance", "BNBBTC", "1m", 1_672_515_780_000_000_000, 1_672_515_839_999_000_000, D("0.001"), D("0.0025"), D("0.0015"),
        D("0.002"), D(1000), D(1), 100, False,
    )
    closed = read(raw({**KLINE, "k": {**KLINE["k"], "x": True}}))  # type: ignore[dict-item]
    assert isinstance(closed, Bar)
    assert closed.is_final


@pytest.mark.parametrize("event", [TOP, TRADE, KLINE])
def test_combined_frames_say_the_same(event: dict[str, Any]) -> None:
    assert read(raw({"stream": "x@y", "data": event})) == read(raw(event)) == read(raw(event).decode())


def test_a_top_that_names_its_type_is_read_too() -> None:
    assert read(raw({"e": "bookTicker", **TOP})) == read(raw(TOP))


def test_a_shutdown_is_told_raw_and_combined() -> None:
    event = {"e": "serverShutdown", "E": 1770123456789}
    assert read(raw(event)) == VenueClosing(1_770_123_456_789_000_000)
    assert read(raw({"stream": "!serverShutdown", "data": event})) == VenueClosing(1_770_123_456_789_000_000)


def test_answers_to_subscriptions() -> None:
    assert read(b'{"result":null,"id":1}') == Subscribed(1)
    refused = read(b'{"error":{"code":2,"msg":"Invalid request"},"id":1}')
    assert isinstance(refused, Subscribed)
    assert refused.error is not None
    assert (refused.id, refused.error.code) == (1, 2)
    bare = read(b'{"code":0,"msg":"Unknown property"}')
    assert isinstance(bare, Subscribed)
    assert bare.error is not None


@pytest.mark.parametrize("event", [{"e": "24hrMiniTicker", "s": "X"}, {"lastUpdateId": 7, "bids": [], "asks": []}])
def test_what_is_not_known_is_told_whole(event: dict[str, Any]) -> None:
    assert read(raw(event)) == UnknownEvent(event.get("e", ""), raw(event))


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"[]", b"\xff", raw({**TOP, "b": "NaN"}), raw({**TOP, "b": 25.0}), raw({**TOP, "u": "x"}),
        raw({**TRADE, "q": "1e400"}),
        raw({**TRADE, "m": 1}), raw({**KLINE, "k": None}), raw({"stream": "x", "data": 7}), raw({"e": "trade"}), raw({"u": 1}),
        b'{"stream":"x","data":' + b"[" * 100_000, raw({**TOP, "a": "-1"}),
    ],
)
def test_what_cannot_be_read_is_told_with_its_bytes(bad: bytes) -> None:
    with pytest.raises(UnreadableFrame, match="market stream") as error:
        read(bad)
    assert error.value.raw == bad


def test_streams_are_named_in_lower_case() -> None:
    assert stream_names(["BTCUSDT", "BNBBTC"]) == ("btcusdt@bookTicker", "bnbbtc@bookTicker")
    assert stream_names(["BTCUSDT"], trades=True, interval="1m") == (
        "btcusdt@bookTicker", "btcusdt@trade", "btcusdt@kline_1m",
    )


def test_no_more_streams_than_a_connection_takes() -> None:
    assert len(stream_names([str(number) for number in range(1024)])) == 1024
    with pytest.raises(EncodeError, match="1024"):
        stream_names([str(number) for number in range(1025)])


def test_the_request_to_join_and_to_leave() -> None:
    assert msgspec.json.decode(subscribe_request(1, ["btcusdt@trade"])) == {
        "method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1,
    }
    assert msgspec.json.decode(subscribe_request(2, ["x"], leave=True))["method"] == "UNSUBSCRIBE"
