"""Market streams and what they are asked by: top of book, trades, bars (binance.md section 6). No key is needed.

Raw (``/ws/...``) and combined (``{"stream", "data"}``) frames are both read. bookTicker has neither an event type nor a time,
so its quotes carry the time of receipt, and ``update`` (``u``) orders them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from autotrader.errors import EncodeError
from autotrader.execution.adapters.binance.codec.errors_table import ErrorBody
from autotrader.execution.adapters.binance.codec.frames import BROKEN, UnreadableFrame, bytes_of
from autotrader.execution.adapters.binance.codec.numbers import Identity, Moment, ns_of, number
from autotrader.execution.adapters.binance.codec.stream import UnknownEvent, VenueClosing
from autotrader.model import Bar, MarketTrade, Quote, Side

__all__ = [
    "Bar", "MarketFrame", "MarketTrade", "Subscribed", "TopTold", "decode_market_frame", "stream_names", "subscribe_request",
]


class TopTold(msgspec.Struct, frozen=True, gc=False):
    """The newest top of book; one whose ``update`` is not above the last one's is old."""

    quote: Quote
    update: int


class Subscribed(msgspec.Struct, frozen=True):
    """The answer to a subscription: ``error`` None when it was taken."""

    id: int | str | None
    error: ErrorBody | None = None


MarketFrame = TopTold | MarketTrade | Bar | Subscribed | VenueClosing | UnknownEvent


class _Top(msgspec.Struct):
    u: Identity
    s: str
    b: str
    size_bid: str = msgspec.field(name="B")
    a: str = msgspec.field(name="a")
    size_ask: str = msgspec.field(name="A")


class _Trade(msgspec.Struct):
    s: str
    t: Identity
    p: str
    q: str
    traded: Moment = msgspec.field(name="T")
    m: bool = msgspec.field(name="m")


class _Candle(msgspec.Struct):
    t: Moment
    closes: Moment = msgspec.field(name="T")
    i: str
    o: str
    c: str
    h: str
    low: str = msgspec.field(name="l")
    v: str = msgspec.field(name="v")
    n: Identity = msgspec.field(name="n")
    x: bool = msgspec.field(name="x")
    q: str = msgspec.field(name="q")


class _Kline(msgspec.Struct):
    s: str
    k: _Candle


class _Shutdown(msgspec.Struct):
    told: Moment = msgspec.field(name="E", default=0)


class _Loose(msgspec.Struct):
    stream: str | msgspec.UnsetType = msgspec.UNSET
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    e: str | msgspec.UnsetType = msgspec.UNSET
    u: Any = msgspec.UNSET
    result: Any = msgspec.UNSET
    id: int | str | None = None
    error: ErrorBody | None = None
    code: int | msgspec.UnsetType = msgspec.UNSET
    msg: str = ""


_LOOSE = msgspec.json.Decoder(_Loose)
_TOP = msgspec.json.Decoder(_Top)
_TRADE = msgspec.json.Decoder(_Trade)
_KLINE = msgspec.json.Decoder(_Kline)
_SHUTDOWN = msgspec.json.Decoder(_Shutdown)
MOST_STREAMS: Final = 1024


def stream_names(symbols: Iterable[str], *, trades: bool = False, interval: str | None = None) -> tuple[str, ...]:
    """Return the streams of some symbols: top of book, and trades or bars where wanted. Names are lower case."""
    suffixes = ["bookTicker", *(["trade"] if trades else []), *([f"kline_{interval}"] if interval else [])]
    names = tuple(f"{symbol.lower()}@{suffix}" for symbol in symbols for suffix in suffixes)
    if len(names) > MOST_STREAMS:
        raise EncodeError(f"{len(names)} streams are more than the {MOST_STREAMS} that one connection takes")
    return names


def subscribe_request(request_id: int, names: Iterable[str], *, leave: bool = False) -> str:
    """Return the frame that joins (or leaves) streams; at most five frames a second may be sent on a connection."""
    method = "UNSUBSCRIBE" if leave else "SUBSCRIBE"
    return msgspec.json.encode({"method": method, "params": list(names), "id": request_id}).decode()


def decode_market_frame(raw: bytes | str, venue: str, recv_ns: int) -> MarketFrame:
    """Read one frame; raises UnreadableFrame. ``recv_ns`` is engine time at receipt."""
    data = bytes_of(raw)
    try:
        if not data.isascii():
            data.decode()
        frame = _LOOSE.decode(data)
        if isinstance(frame.data, msgspec.UnsetType):
            return _event(frame, data, data, venue, recv_ns)
        part = bytes(frame.data)
        if part.lstrip().startswith(b"["):
            return UnknownEvent("" if isinstance(frame.stream, msgspec.UnsetType) else frame.stream, data)
        return _event(_LOOSE.decode(part), part, data, venue, recv_ns)
    except BROKEN as error:
        raise UnreadableFrame("a frame of the market stream", str(error)[:300], data) from error


def _event(frame: _Loose, part: bytes, data: bytes, venue: str, recv_ns: int) -> MarketFrame:
    if frame.e == "trade":
        return _trade(_TRADE.decode(part), venue)
    if frame.e == "kline":
        return _bar(_KLINE.decode(part), venue)
    if frame.e == "serverShutdown":
        return VenueClosing(ns_of(_SHUTDOWN.decode(part).told))
    if frame.e == "bookTicker" or (isinstance(frame.e, msgspec.UnsetType) and frame.u is not msgspec.UNSET):
        return _top(_TOP.decode(part), venue, recv_ns)
    if not isinstance(frame.e, msgspec.UnsetType):
        return UnknownEvent(frame.e, data)
    return _answer(frame, data)


def _answer(frame: _Loose, data: bytes) -> MarketFrame:
    if frame.error is not None:
        return Subscribed(frame.id, frame.error)
    if not isinstance(frame.code, msgspec.UnsetType):
        return Subscribed(frame.id, ErrorBody(frame.code, frame.msg))
    return Subscribed(frame.id) if frame.result is not msgspec.UNSET else UnknownEvent("", data)


def _top(top: _Top, venue: str, recv_ns: int) -> TopTold:
    quote = Quote(venue, top.s, number(top.b), number(top.a), number(top.size_bid), number(top.size_ask), recv_ns)
    return TopTold(quote, top.u)


def _trade(trade: _Trade, venue: str) -> MarketTrade:
    taker = Side.SELL if trade.m else Side.BUY
    return MarketTrade(venue, trade.s, str(trade.t), number(trade.p), number(trade.q), taker, ns_of(trade.traded))


def _bar(told: _Kline, venue: str) -> Bar:
    k = told.k
    return Bar(
        venue, told.s, k.i, ns_of(k.t), ns_of(k.closes), number(k.o), number(k.h), number(k.low), number(k.c), number(k.v),
        number(k.q), k.n, k.x,
    )
