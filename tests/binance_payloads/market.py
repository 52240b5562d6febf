"""Market streams (DOCS web-socket-streams.md), raw and combined, with what the feed asks for and what it does not."""

from __future__ import annotations

from typing import Any

import msgspec

raw = msgspec.json.encode


def combined(stream: str, data: Any) -> bytes:
    return raw({"stream": stream, "data": data})


TRADE = {
    "e": "trade", "E": 1672515782136, "s": "BNBBTC", "t": 12345, "p": "0.00100000", "q": "100.00000000", "T": 1672515782136,
    "m": True, "M": True,
}
TOP = {"u": 400900217, "s": "BNBUSDT", "b": "25.35190000", "B": "31.21000000", "a": "25.36520000", "A": "40.66000000"}
BAR = {
    "t": 1672515780000, "T": 1672515839999, "s": "BNBBTC", "i": "1m", "f": 100, "L": 200, "o": "0.00100000", "c": "0.00200000",
    "h": "0.00250000", "l": "0.00150000", "v": "1000.00000000", "n": 100, "x": False, "q": "1.00000000", "V": "500.00000000",
    "Q": "0.50000000", "B": "123456",
}
KLINE = {"e": "kline", "E": 1672515782136, "s": "BNBBTC", "k": BAR}

MARKET_FRAMES: dict[str, bytes] = {
    "market trade": raw(TRADE),
    "market trade combined": combined("bnbbtc@trade", TRADE),
    # DOCS until 2023: the orders' ids b and a
    "market trade of 2022": raw({**TRADE, "b": 88, "a": 50}),
    "market top": raw(TOP),
    "market top combined": combined("bnbusdt@bookTicker", TOP),
    # testnet books are empty at times: zeros
    "market empty book": raw({**TOP, "b": "0.00000000", "B": "0.00000000", "a": "0.00000000", "A": "0.00000000"}),
    "market kline": raw(KLINE),
    "market kline final": combined("bnbbtc@kline_1m", {**KLINE, "k": {**BAR, "x": True}}),
    # a bar without trades: first and last id -1
    "market kline empty": raw({**KLINE, "k": {**BAR, "f": -1, "L": -1, "n": 0, "v": "0.00000000", "q": "0.00000000"}}),
    "market chinese symbol": combined("币安人生usdt@trade", {**TRADE, "s": "币安人生USDT"}),
    "market aggTrade": raw({
        "e": "aggTrade", "E": 1672515782136, "s": "BNBBTC", "a": 12345, "p": "0.001", "q": "100", "f": 100, "l": 105,
        "T": 1672515782136, "m": True, "M": True,
    }),
    "market depth": combined("bnbbtc@depth5", {"lastUpdateId": 160, "bids": [["0.0024", "10"]], "asks": [["0.0026", "100"]]}),
    "market depth update": raw({
        "e": "depthUpdate", "E": 1672515782136, "s": "BNBBTC", "U": 157, "u": 160, "b": [["0.1", "1"]], "a": [],
    }),
    "market mini tickers": combined("!miniTicker@arr", [{"e": "24hrMiniTicker", "E": 1672515782136, "s": "BNBBTC"}]),
    "market average": raw({"e": "avgPrice", "E": 1693907033000, "s": "BTCUSDT", "i": "5m", "w": "25.86", "T": 1693907032213}),
    "market subscribed": raw({"result": None, "id": 1}),
    "market listed": raw({"result": ["btcusdt@aggTrade"], "id": 3}),
    "market refused": raw({"code": 2, "msg": "Invalid request: unknown variant SUBSCRIB", "id": "a"}),
    "market refused now": raw({"error": {"code": 2, "msg": "Invalid request: property name must be a string"}, "id": None}),
    "market shutdown": raw({"e": "serverShutdown", "E": 1770123456789}),
    "market shutdown combined": combined("!serverShutdown", {"e": "serverShutdown", "E": 1770123456789}),
}
