"""Which market an engine opens: by source, mode and venue; and what a live one on paper asks the venue for."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from binance_kit import exchange_info, raw, symbol_info
from wire_kit import RawServer, answering, no_listener, raw_server

from autotrader.config import Settings, load_settings
from autotrader.errors import ConfigError, DecodeError, StartError
from autotrader.execution.adapters.binance.feed import BinanceLive, live_plan
from autotrader.execution.adapters.binance.hosts import PUBLIC, Hosts
from autotrader.execution.market import open_market
from autotrader.market import SyntheticMarket
from autotrader.market.live import LineClosing, TopSeen
from autotrader.model import MarketTrade, Quote, Side

D = Decimal
NOW = 1_700_000_000_000_000_000
KEYS = ("venues.binance.enabled=true",)
KNOWN = {"BTCUSDT", "ETHUSDT"}


def settings_of(*sets: str, **own: str) -> Settings:
    extra = [("test", {"venues": {"binance": own}})] if own else []
    return load_settings((), {}, sets, extra=extra)


@contextmanager
def venue() -> Iterator[RawServer]:
    """A venue that lists BTCUSDT and ETHUSDT, and refuses a question that names another."""

    def serve(sock: socket.socket, request: bytes) -> bool:
        parts = urlsplit(request.split(b" ", 2)[1].decode())
        asked = parse_qs(parts.query)
        if parts.path == "/api/v3/ticker/bookTicker":
            top = {"symbol": asked["symbol"][0], "bidPrice": "99.5", "bidQty": "1", "askPrice": "100.5", "askQty": "2"}
            sock.sendall(answering(raw(top)))
            return True
        symbols = asked["symbols"][0].strip("[]").replace('"', "").split(",")
        if set(symbols) <= KNOWN:
            sock.sendall(answering(raw(exchange_info(*(symbol_info(symbol=one) for one in symbols)))))
        else:
            sock.sendall(answering(raw({"code": -1121, "msg": "Invalid symbol."}), "400 Bad Request"))
        return True

    with raw_server(serve) as server:
        yield server


def on_paper(server: RawServer, *sets: str) -> Settings:
    stream = server.url.replace("http", "ws")
    return settings_of("market.source=live", "market.venue=binance", *sets, rest=server.url, stream=stream)


def test_paper_lists_what_the_venue_lists_of_the_symbols_wanted() -> None:
    with venue() as server:
        market = open_market(on_paper(server, 'market.symbols=["ETHUSDT", "BTCUSDT"]'))
        defaults = open_market(on_paper(server))
    assert market.is_live
    assert [(one.venue, one.symbol) for one in market.instruments] == [("paper", "ETHUSDT"), ("paper", "BTCUSDT")]
    assert market.quoted == (("paper", "ETHUSDT"), ("paper", "BTCUSDT"))
    assert defaults.quoted == (("paper", "BTCUSDT"), ("paper", "ETHUSDT")), "SOLUSDT, of the defaults, is not listed here"


def test_a_symbol_that_is_named_and_not_listed_is_refused() -> None:
    with venue() as server, pytest.raises(ConfigError, match="lists no XYZUSDT"):
        open_market(on_paper(server, 'market.symbols=["BTCUSDT", "XYZUSDT"]'))
    with venue() as server, pytest.raises(ConfigError, match="lists no XYZUSDT"):
        open_market(on_paper(server, "market.symbol=XYZUSDT"))


def test_a_venue_that_cannot_be_asked_is_no_usage_error() -> None:
    with no_listener() as port:
        settings = settings_of(
            "market.source=live", "market.venue=binance", rest=f"http://127.0.0.1:{port}", stream=f"ws://127.0.0.1:{port}"
        )
        with pytest.raises(StartError, match="the instruments of binance cannot be read"):
            open_market(settings)
    with raw_server(answering(b"<html>", "503 Service Unavailable")) as server, pytest.raises(StartError, match="503"):
        open_market(on_paper(server))


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (("market.source=live",), "needs market.venue"),
        (("market.source=live", "market.venue=okx"), "okx has no live quotes"),
        (("market.source=live", "market.venue=nowhere"), "nowhere has no live quotes"),
        (("mode=TESTNET", "venues.okx.enabled=true"), "okx has no live quotes"),
        (("market.trades=true",), "market.trades and market.bars are a live market's"),
        (("market.bars=1m",), "market.trades and market.bars are a live market's"),
        (("market.source=live", "market.venue=binance", "market.bars=7m"), "binance has no bars of 7m"),
        (("mode=SIMULATED", *KEYS, "market.venue=okx"), "market.venue = okx is not traded on in mode SIMULATED"),
    ],
)
def test_a_market_that_cannot_be_is_refused_in_words(sets: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_market(settings_of(*sets))


def test_an_adapter_of_ones_own_rehearses_on_a_synthetic_market() -> None:
    settings = settings_of("mode=SIMULATED", "venues.mine.adapter=my.module:plan", "venues.mine.enabled=true")
    market = open_market(settings)
    assert isinstance(market.source, SyntheticMarket)
    assert (market.is_live, market.feeds) == (False, ("feed.market",))


def test_trading_at_the_venue_takes_its_symbols_and_asks_nothing() -> None:
    own = {"rest": "http://127.0.0.1:1", "ws": "ws://127.0.0.1:1/ws-api/v3", "stream": "ws://127.0.0.1:1"}
    keys = {"api_key": "the-key", "api_secret": "the-secret"}
    market = open_market(settings_of("mode=SIMULATED", *KEYS, 'venues.binance.symbols=["BTCUSDT"]', **own, **keys))
    assert (market.instruments, market.quoted, market.feeds) == ((), (("binance", "BTCUSDT"),), ("feed.binance",))
    with pytest.raises(ConfigError, match="symbols is empty"):
        open_market(settings_of("mode=SIMULATED", *KEYS, **own, **keys))


def test_every_venue_that_is_traded_on_is_quoted_unless_one_is_named() -> None:
    own = {"rest": "http://127.0.0.1:1", "ws": "ws://127.0.0.1:1/ws-api/v3", "stream": "ws://127.0.0.1:1"}
    keys = {"api_key": "the-key", "api_secret": "the-secret"}
    both = ("mode=SIMULATED", *KEYS, 'venues.binance.symbols=["BTCUSDT"]', "venues.ibkr.enabled=true",
            'venues.ibkr.symbols=["AAPL", "MSFT"]', "venues.ibkr.account=DU1234567", "venues.ibkr.port=1")  # fmt: skip
    market = open_market(settings_of(*both, **own, **keys))
    assert market.quoted == (("binance", "BTCUSDT"), ("ibkr", "AAPL"), ("ibkr", "MSFT"))
    assert market.feeds == ("feed.binance", "feed.ibkr")
    assert open_market(settings_of(*both, "market.venue=ibkr", **own, **keys)).feeds == ("feed.ibkr",)


def test_public_hosts_are_read_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Hosts] = []
    monkeypatch.setattr("autotrader.execution.adapters.binance.feed._listed", lambda hosts, _: seen.append(hosts) or ())
    for sets in ((), ("venues.binance.environment=testnet",)):
        live_plan(settings_of("market.source=live", "market.venue=binance", *sets))
    assert [(one.rest, one.stream) for one in seen] == [
        (PUBLIC.rest, PUBLIC.stream), ("https://testnet.binance.vision", "wss://stream.testnet.binance.vision"),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="not encrypted"):
        live_plan(settings_of("market.source=live", "market.venue=binance", "venues.binance.rest=http://example.com"))


# ---------------------------------------------------------------- the source


def source(*symbols: str, rest: str = "https://x") -> BinanceLive:
    return BinanceLive(Hosts(rest, "", "wss://stream.test"), "paper", symbols)


def test_connections_carry_two_hundred_symbols_each() -> None:
    many = [f"S{number}USDT" for number in range(401)]
    lines = source(*many).lines()
    assert [len(line.symbols) for line in lines] == [200, 200, 1]
    assert lines[2].url == "wss://stream.test/stream?streams=s400usdt@bookTicker"
    assert source("BTCUSDT", "ETHUSDT").lines()[0].url.endswith("streams=btcusdt@bookTicker/ethusdt@bookTicker")


def test_trades_and_bars_are_streams_beside_the_quotes() -> None:
    many = [f"S{number}USDT" for number in range(100)]
    lines = BinanceLive(Hosts("https://x", "", "wss://s"), "paper", many, trades=True, bars="1m").lines()
    assert [len(line.symbols) for line in lines] == [66, 34]
    assert lines[0].url.startswith("wss://s/stream?streams=s0usdt@bookTicker/s0usdt@trade/s0usdt@kline_1m/s1usdt@bookTicker/")
    trade = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": 7, "p": "1.5", "q": "2", "T": 3, "m": True}
    found = source("BTCUSDT").read(raw({"stream": "btcusdt@trade", "data": trade}), NOW)
    assert found == MarketTrade("paper", "BTCUSDT", "7", D("1.5"), D(2), Side.SELL, 3_000_000)


def test_book_tickers_are_news_and_other_frames_are_not() -> None:
    top = {"u": 7, "s": "BTCUSDT", "b": "1.5", "B": "2", "a": "1.6", "A": "3"}
    found = source("BTCUSDT").read(raw({"stream": "btcusdt@bookTicker", "data": top}), NOW)
    assert found == TopSeen(Quote("paper", "BTCUSDT", D("1.5"), D("1.6"), D(2), D(3), NOW), 7)
    assert source().read(raw({"result": None, "id": 1}), NOW) is None
    assert isinstance(source().read(raw({"e": "serverShutdown", "E": 1}), NOW), LineClosing)
    with pytest.raises(DecodeError):
        source().read(b"<html>", NOW)


def test_silent_symbols_are_asked_for_over_one_connection() -> None:
    with venue() as server:
        asking = source("BTCUSDT", "ETHUSDT", rest=server.url)
        found = asking.ask(["BTCUSDT", "ETHUSDT"], NOW)
        asking.close()
    assert [(one.venue, one.symbol, one.bid, one.ts_ns) for one in found] == [
        ("paper", "BTCUSDT", D("99.5"), NOW), ("paper", "ETHUSDT", D("99.5"), NOW),
    ]  # fmt: skip
    assert server.accepted == 1
