"""Payloads of Binance as its documents show them, for the tests of the codec and what is built on it.

Sources: binance.md sections 3, 5, 6 and 9, which cite DOCS (binance-spot-api-docs); each builder names its section.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from autotrader.execution.adapters.binance.codec import CodecSettings, SymbolRules, decode_exchange_info
from autotrader.messages import QueryOrder, Receipt, SendCancel, SendOrder, SendReplace
from autotrader.model import Order, OrderType, Side, WriteClass

D = Decimal
OWN = "0123456789abcdef4123456789abcdef"
OTHER = "fedcba98765432104fedcba987654321"
NOW = 1_700_000_000_000_000_000
SETTINGS = CodecSettings("acc")


def raw(value: Any) -> bytes:
    """Write JSON as the venue sends it."""
    return msgspec.json.encode(value)


def an_order(**changes: Any) -> Order:
    """Return a LIMIT BUY of 0.001 BTCUSDT at 50000.10."""
    terms: dict[str, Any] = {
        "client_order_id": OWN, "venue": "binance", "account": "acc", "symbol": "BTCUSDT", "side": Side.BUY,
        "type": OrderType.LIMIT, "quantity": D("0.001"), "price": D("50000.10"),
    }
    return Order(**{**terms, **changes})


def receipt(number: int = 1) -> Receipt:
    return Receipt(number, OWN, WriteClass.RISK, NOW)


def a_send(**changes: Any) -> SendOrder:
    return SendOrder(an_order(**changes), receipt())


def a_cancel(venue_order_id: str | None = "28") -> SendCancel:
    return SendCancel(OWN, venue_order_id, "BTCUSDT")


def a_query(venue_order_id: str | None = "28") -> QueryOrder:
    return QueryOrder(OWN, venue_order_id, "BTCUSDT", NOW - 5)


def a_replace(quantity: str = "0.0005", price: str | None = "50000.10", **changes: Any) -> SendReplace:
    terms: dict[str, Any] = {"stop_price": None, "venue_order_id": "28", "order": an_order(), **changes}
    return SendReplace(
        order=terms["order"], venue_order_id=terms["venue_order_id"], quantity=D(quantity),
        price=None if price is None else D(price), stop_price=terms["stop_price"], receipt=receipt(),
    )


def full_answer(**changes: Any) -> dict[str, Any]:
    """Section 3, "Example": a crossing LIMIT answered with FULL."""
    return {
        "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": OWN, "transactTime": 1507725176595,
        "price": "50000.10000000", "origQty": "0.00100000", "executedQty": "0.00100000", "origQuoteOrderQty": "0.000000",
        "cummulativeQuoteQty": "49.90000000", "status": "FILLED", "timeInForce": "GTC", "type": "LIMIT", "side": "BUY",
        "workingTime": 1507725176595, "selfTradePreventionMode": "NONE",
        "fills": [
            {
                "price": "49900.00000000", "qty": "0.00100000", "commission": "0.00000100", "commissionAsset": "BTC",
                "tradeId": 56,
            }
        ],
        **changes,
    }


def resting_answer(**changes: Any) -> dict[str, Any]:
    return full_answer(
        **{"executedQty": "0.00000000", "cummulativeQuoteQty": "0.00000000", "status": "NEW", "fills": [], **changes}
    )


def ack_answer(**changes: Any) -> dict[str, Any]:
    """Section 3: ACK has only these."""
    return {
        "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": OWN, "transactTime": 1507725176595, **changes,
    }


def cancel_answer(**changes: Any) -> dict[str, Any]:
    """Section 3, Cancel: ``origClientOrderId`` is the order's, ``clientOrderId`` the cancel's."""
    return resting_answer(
        **{"origClientOrderId": OWN, "clientOrderId": "cancelMyOrder1", "status": "CANCELED", "fills": [], **changes}
    )


def query_answer(**changes: Any) -> dict[str, Any]:
    """Section 3, Query: adds time, updateTime, isWorking, stopPrice, icebergQty; no fills."""
    answer = resting_answer(
        **{
            "time": 1499827319559, "updateTime": 1499827319560, "isWorking": True, "stopPrice": "0.00000000",
            "icebergQty": "0.00000000", **changes,
        }
    )
    del answer["fills"], answer["transactTime"]
    return answer


def amend_answer(**changes: Any) -> dict[str, Any]:
    """Section 3, Amend: qty, preventedQty and cumulativeQuoteQty are spelled so here."""
    amended = {
        "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "origClientOrderId": OWN, "clientOrderId": OWN,
        "price": "50000.10000000", "qty": "0.00050000", "executedQty": "0.00000000", "preventedQty": "0.00000000",
        "quoteOrderQty": "0.00000000", "cumulativeQuoteQty": "0.00000000", "status": "NEW", "timeInForce": "GTC",
        "type": "LIMIT", "side": "BUY", "workingTime": 1741926410242, "selfTradePreventionMode": "NONE", **changes,
    }
    return {"transactTime": 1741926410255, "executionId": 75, "amendedOrder": amended}


def error(code: int, msg: str, **more: Any) -> bytes:
    """Section 8: the body of an error."""
    return raw({"code": code, "msg": msg, **more})


def report(**changes: Any) -> dict[str, Any]:
    """Section 5: an executionReport of a new LIMIT order, with every field of the table that is always there."""
    return {
        "e": "executionReport", "E": 1499405658658, "s": "BTCUSDT", "c": OWN, "S": "BUY", "o": "LIMIT", "f": "GTC",
        "q": "1.00000000", "p": "0.10264410", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "NEW", "X": "NEW",
        "r": "NONE", "i": 4293153, "l": "0.00000000", "z": "0.00000000", "L": "0.00000000", "n": "0", "N": None,
        "T": 1499405658657, "t": -1, "I": 8641984, "w": True, "m": False, "M": False, "O": 1499405658657, "Z": "0.00000000",
        "Y": "0.00000000", "Q": "0.00000000", "W": 1499405658657, "V": "NONE", **changes,
    }


def trade_report(**changes: Any) -> dict[str, Any]:
    """Section 5: one trade of 0.4 out of 1.0, as a maker, with a fee in BNB."""
    return report(
        **{
            "x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.40000000", "z": "0.40000000", "L": "0.10264410", "t": 77, "m": True,
            "n": "0.00001000", "N": "BNB", "Z": "0.04105764", "Y": "0.04105764", **changes,
        }
    )


def wrapped(event: dict[str, Any], subscription: int = 0) -> bytes:
    """Section 5: events come wrapped on the WebSocket API."""
    return raw({"subscriptionId": subscription, "event": event})


def symbol_info(**changes: Any) -> dict[str, Any]:
    """Section 9: a symbol of exchangeInfo with every filter that the sheet lists."""
    return {
        "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "baseAssetPrecision": 8, "quoteAsset": "USDT",
        "quotePrecision": 8, "quoteAssetPrecision": 8,
        "orderTypes": [
            "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": True, "ocoAllowed": True, "otoAllowed": True, "opoAllowed": True, "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True, "cancelReplaceAllowed": True, "amendAllowed": True, "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True, "isMarginTradingAllowed": True, "permissionSets": [["SPOT", "MARGIN"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
        "filters": filters(), **changes,
    }


def filters() -> list[dict[str, Any]]:
    """DOCS filters.md, the format of each under /exchangeInfo, with figures that fit together."""
    return [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00000000", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "76.79251871", "stepSize": "0.00000000"},
        {
            "filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 10, "maxTrailingBelowDelta": 2000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2", "askMultiplierUp": "5",
            "askMultiplierDown": "0.2", "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False, "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": 5},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
        {"filterType": "MAX_POSITION", "maxPosition": "10.00000000"},
    ]


def exchange_info(*symbols: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Section 7 and 9: exchangeInfo with the docs' limits."""
    return {
        "timezone": "UTC", "serverTime": 1565246363776,
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
            {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000},
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
        ],
        "exchangeFilters": [
            {"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": 1000},
            {"filterType": "EXCHANGE_MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 200},
        ],
        "symbols": list(symbols) or [symbol_info()], **changes,
    }


def rules(**changes: Any) -> SymbolRules:
    """Return the rules of BTCUSDT, read from exchangeInfo."""
    return decode_exchange_info(raw(exchange_info(symbol_info(**changes)))).symbols["BTCUSDT"]
