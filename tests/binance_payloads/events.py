"""Events of the user stream, wrapped as the WebSocket API wraps them now, and in the older ways."""

from __future__ import annotations

from typing import Any

import msgspec

from binance_payloads.answers import OWN

raw = msgspec.json.encode


def wrapped(event: dict[str, Any], subscription: int = 0) -> bytes:
    return raw({"subscriptionId": subscription, "event": event})


def report(**changes: Any) -> dict[str, Any]:
    """A new LIMIT as DOCS has it in 2026; keys of value ... are left out."""
    event = {
        "e": "executionReport", "E": 1759347763167, "s": "ETHUSDT", "c": OWN, "S": "BUY", "o": "LIMIT", "f": "GTC",
        "q": "1.00000000", "p": "2500.00000000", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "NEW", "X": "NEW",
        "r": "NONE", "i": 1234567890, "l": "0.00000000", "z": "0.00000000", "L": "0.00000000", "n": "0", "N": None,
        "T": 1759347763166, "t": -1, "I": 4644480641, "w": True, "m": False, "M": False, "O": 1759347763100, "Z": "0.00000000",
        "Y": "0.00000000", "Q": "0.00000000", "W": 1759347763100, "V": "EXPIRE_MAKER", **changes,
    }
    return {key: value for key, value in event.items() if value is not ...}


TRADE: dict[str, Any] = {
    "x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.50000000", "z": "0.50000000", "L": "2499.50000000", "n": "0.00050000",
    "N": "ETH", "t": 98765432, "M": True, "Z": "1249.75000000", "Y": "1249.75000000",
}
GONE: dict[str, Any] = {"w": False, "W": 1759347763100}

REPORTS: dict[str, bytes] = {
    # DOCS "Order Update", the payload of 2026
    "report new": wrapped(report()),
    # NT ws_spot_execution_report_trade: no W and no V
    "report trade": wrapped(report(**TRADE, W=..., V=...)),
    # NT ws_spot_execution_report_binance_us: filled by one taker trade; a combined wrapper that names the event
    "report filled": raw({"stream": "executionReport", "data": report(
        **{**TRADE, "X": "FILLED", "l": "1.00000000", "z": "1.00000000", "Z": "2499.5", "Y": "2499.5"}, **GONE,
    )}),
    # DOCS: cancelled by a request, C is the order's id, c the cancel's
    "report canceled": wrapped(report(x="CANCELED", X="CANCELED", c="4d96324ff9d44481926157", C=OWN, **GONE)),
    # OLD user-data-stream.md of 2018: C is the text "null"; no Z, Y, Q, W, V
    "report of 2018": raw(report(C="null", Z=..., Y=..., Q=..., W=..., V=..., O=...)),
    # OLD of 2018: a trade of then
    "report trade of 2018": raw(report(**{**TRADE, "Z": ..., "Y": ...}, C="null", Q=..., W=..., V=..., O=..., I=...)),
    # NT execution_report_stop_loss: a stop, without F, g, I, M, Y, Q
    "report stop waits": wrapped(report(
        o="STOP_LOSS_LIMIT", P="2450.00000000", S="SELL", w=False, W=..., F=..., g=..., I=..., M=..., Y=..., Q=..., V=...,
    )),
    # DOCS trailing stop: d while waiting, D once it trails
    "report trailing stop": wrapped(report(o="STOP_LOSS", f="GTC", p="0.00000000", d=4, D=1668680518494, w=False, W=...)),
    # PB issue 285: an id of -1 beside a reject
    "report rejected without id": wrapped(report(x="REJECTED", X="REJECTED", r="DUPLICATE_ORDER", i=-1, I=-1, **GONE)),
    # NT ws_spot_execution_report_rejected: W is 0, r names the reason, f is a word of the futures
    "report rejected": wrapped(report(x="REJECTED", X="REJECTED", r="GTX_ORDER_REJECT", f="GTX", w=False, W=0)),
    # DOCS faqs/market_orders_faq.md
    "report dried up": wrapped(report(
        o="MARKET", p="0.00000000", q="6.00000000", x="EXPIRED", X="EXPIRED", z="4.00000000", Z="4.00000000", **GONE,
    )),
    # NT execution_report_expired (2026): eR
    "report expired": wrapped(report(x="EXPIRED", X="EXPIRED", f="IOC", eR="INSUFFICIENT_LIQUIDITY", w=False, W=..., V=...)),
    # NT ws_spot_execution_report_expired: f is GTD, which Spot does not have
    "report expired gtd": raw({"stream": "executionReport", "data": report(x="EXPIRED", X="EXPIRED", f="GTD", w=False, V=...)}),
    # DOCS "Conditional Fields": self-trade prevention that ends the order
    "report prevented": wrapped(report(
        x="TRADE_PREVENTION", X="EXPIRED_IN_MATCH", v=3, A="1.00000000", B="1.00000000", u=1, U=37, Cs="ETHUSDT",
        pl="1.00000000", pL="2500.00000000", pY="2500.00000000", **GONE,
    )),
    # DOCS faqs/stp_faq.md: the last word on a prevented order may come as EXPIRED
    "report expired in match": wrapped(report(x="EXPIRED", X="EXPIRED_IN_MATCH", A="1.00000000", v=3, **GONE)),
    # DOCS faqs/stp_faq.md DECREMENT: a part is taken off and the rest stays
    "report decremented": wrapped(report(
        x="TRADE_PREVENTION", X="NEW", A="0.40000000", B="0.40000000", v=4, u=1, U=38, pl="0.4", pL="2500.0", pY="1000.0",
    )),
    # DOCS faqs/order_amend_keep_priority.md: REPLACED, ours repeats its id
    "report amended": wrapped(report(x="REPLACED", X="NEW", q="0.60000000")),
    # DOCS: the pending leg of a list, amended by somebody else under a random id
    "report amended by another": wrapped(report(x="REPLACED", X="PENDING_NEW", c="xbxXh5SSwaHS7oUEOCI88B", C=OWN, w=False)),
    # DOCS order lists: a pending leg comes with X PENDING_NEW
    "report pending leg": wrapped(report(x="NEW", X="PENDING_NEW", g=12, w=False, W=...)),
    # DOCS "Conditional Fields": strategy, peg
    "report pegged": wrapped(report(j=1, J=1000000, gP="PRIMARY_PEG", gOT="PRICE_LEVEL", gOV=5, gp="2499.00000000", p="0.0")),
    # DOCS "Conditional Fields": an allocation of smart order routing has no trade id
    "report allocation": wrapped(report(**{**TRADE, "t": -1}, b="ONE_PARTY_TRADE_REPORT", a=1234, k="SOR", uS=True)),
    # DOCS iceberg and quoteOrderQty
    "report iceberg": wrapped(report(F="0.10000000", Q="0.00000000")),
    "report by quote": wrapped(report(o="MARKET", p="0.00000000", Q="2500.00000000", q="0.00000000")),
    # NT ws_spot_execution_report_empty_client_id
    "report empty id": wrapped(report(**TRADE, c="")),
    # NT ws_spot_execution_report_pending_cancel: unused by Spot, still a word of the enum
    "report pending cancel": wrapped(report(x="CANCELED", X="PENDING_CANCEL", z="0.10000000", Z="250.00000000")),
    # A rebate and a commission in a third asset (PB issues): n below zero
    "report rebate": wrapped(report(**{**TRADE, "n": "-0.00001000", "N": "BNB", "m": True})),
    # DOCS changelog 2025: symbols outside ASCII
    "report chinese symbol": wrapped(report(s="币安人生USDT", **TRADE)),
    # DOCS: timeUnit=MICROSECOND
    "report microseconds": wrapped(report(**{**TRADE, "E": 1759347763167123, "T": 1759347763166123}, O=1759347763100123)),
    # DOCS: two subscriptions on one connection
    "report second subscription": wrapped(report(), 1),
}

LIST: dict[str, Any] = {
    "e": "listStatus", "E": 1564035303637, "s": "ETHBTC", "g": 2, "c": "OCO", "l": "EXEC_STARTED", "L": "EXECUTING",
    "r": "NONE", "C": "F4QN4G8DlFATFlIUQ0cjdD", "T": 1564035303625,
    "O": [
        {"s": "ETHBTC", "i": 17, "c": "AJYsMjErWJesZvqlJCTUgL"}, {"s": "ETHBTC", "i": 18, "c": "bfYPSQdLoqAJeNrOr9adzq"},
    ],
}
POSITION: dict[str, Any] = {
    "e": "outboundAccountPosition", "E": 1564034571105, "u": 1564034571073,
    "B": [{"a": "ETH", "f": "10000.000000", "l": "0.000000"}, {"a": "BNB", "f": "996.11865670", "l": "0.00000000"}],
}
MOVED: dict[str, Any] = {"e": "balanceUpdate", "E": 1573200697110, "a": "BTC", "d": "-100.00000000", "T": 1573200697068}

OTHER_EVENTS: dict[str, bytes] = {
    # DOCS user-data-stream.md, one each
    "event position": wrapped(POSITION),
    "event position without balances": wrapped({**POSITION, "B": []}),
    "event moved": wrapped(MOVED),
    "event locked": wrapped({"e": "externalLockUpdate", "E": 1581557507324, "a": "NEO", "d": "10.000000", "T": 1581557507268}),
    "event list": wrapped(LIST),
    "event list updated": wrapped({**LIST, "c": "OTO", "l": "UPDATED", "g": 4}),
    "event terminated": raw({"event": {"e": "eventStreamTerminated", "E": 1728973001334}}),
    "event terminated by number": wrapped({"e": "eventStreamTerminated", "E": 1728973001334}, 3),
    "event shutdown": raw({"event": {"e": "serverShutdown", "E": 1770123456789}}),
    # DOCS until 2026: E as a text
    "event listen key expired": raw({"e": "listenKeyExpired", "E": "1699596037418", "listenKey": "OfYGbUzi3PraNagEkd"}),
    # OLD of 2018: the event before outboundAccountPosition
    "event account info": raw({
        "e": "outboundAccountInfo", "E": 1499405658849, "m": 0, "t": 0, "b": 0, "s": 0, "T": True, "W": True, "D": True,
        "u": 1499405658848, "B": [{"a": "LTC", "f": "17366.18538083", "l": "0.00000000"}], "P": ["SPOT"],
    }),
}
