"""Answers to order requests. ``OWN`` is the client id that our own requests would have carried."""

from __future__ import annotations

from typing import Any

import msgspec

OWN = "0123456789abcdef4123456789abcdef"
raw = msgspec.json.encode


def placed(**changes: Any) -> dict[str, Any]:
    """A LIMIT that rests; keys of value None are left out."""
    answer = {
        "symbol": "BTCUSDT", "orderId": 12510053279, "orderListId": -1, "clientOrderId": OWN, "transactTime": 1655716096498,
        "price": "23416.10000000", "origQty": "0.00847000", "executedQty": "0.00000000", "origQuoteOrderQty": "0.000000",
        "cummulativeQuoteQty": "0.00000000", "status": "NEW", "timeInForce": "GTC", "type": "LIMIT", "side": "BUY",
        "workingTime": 1655716096498, "fills": [], "selfTradePreventionMode": "NONE", **changes,
    }
    return {key: value for key, value in answer.items() if value is not None}


def fill(price: str, qty: str, trade: int | None, **more: Any) -> dict[str, Any]:
    row = {"price": price, "qty": qty, "commission": "0.00000500", "commissionAsset": "BNB", "tradeId": trade, **more}
    return {key: value for key, value in row.items() if value is not None}


MARKET_DONE: dict[str, Any] = {
    "price": "0.00000000", "origQty": "10.00000000", "executedQty": "10.00000000", "cummulativeQuoteQty": "39990.00000000",
    "status": "FILLED", "type": "MARKET",
}

PLACED: dict[str, bytes] = {
    # DOCS rest-api.md "Response ACK"
    "placed ack": raw({key: placed()[key] for key in ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")}),
    # DOCS "Response RESULT"; no fills
    "placed result": raw(placed(**MARKET_DONE, fills=None)),
    # DOCS "Response FULL": several trades
    "placed full": raw(placed(**MARKET_DONE, fills=[fill("4000.00000000", "1.00000000", 56), fill("3999.0", "9.0", 57)])),
    # OLD rest-api.md 2017 and PB docstring of create_order: fills without trade ids, no list id, no workingTime
    "placed full of 2017": raw(placed(
        **MARKET_DONE, orderListId=None, workingTime=None, selfTradePreventionMode=None, origQuoteOrderQty=None,
        fills=[fill("4000.00000000", "10.00000000", None)],
    )),
    # OLD of 2018: no cummulativeQuoteQty
    "placed result of 2018": raw(placed(
        cummulativeQuoteQty=None, orderListId=None, workingTime=None, origQuoteOrderQty=None, selfTradePreventionMode=None,
        fills=None,
    )),
    # DOCS faqs/market_orders_faq.md: the book ran dry, EXPIRED with fills and the order of keys of that page
    "placed market that dried up": raw(placed(
        price="0.00000000", origQty="6.00000000", executedQty="4.00000000", cummulativeQuoteQty="4.00000000", status="EXPIRED",
        type="MARKET", expiryReason="INSUFFICIENT_LIQUIDITY",
        fills=[fill("1.00000000", "2.00000000", 7), fill("1.00000000", "2.00000000", 8)],
    )),
    # DOCS: MARKET by quoteOrderQty
    "placed by quote quantity": raw(placed(
        price="0.00000000", origQty="0.00042000", executedQty="0.00042000", origQuoteOrderQty="10.00000000",
        cummulativeQuoteQty="9.98765400", status="FILLED", type="MARKET", fills=[fill("23780.13", "0.00042", 1)],
    )),
    # DOCS faqs/stp_faq.md scenario D and F: preventedMatches, tradeGroupId
    "placed and prevented": raw(placed(
        status="EXPIRED_IN_MATCH", tradeGroupId=1, preventedQuantity="0.00847000", preventedMatchId=0,
        selfTradePreventionMode="EXPIRE_BOTH",
        preventedMatches=[
            {
                "preventedMatchId": 0, "makerOrderId": 2, "price": "1.000000", "takerPreventedQuantity": "0.00847",
                "makerPreventedQuantity": "1.000000",
            }
        ],
    )),
    # DOCS faqs/pegged_orders.md: price zero, the real one in peggedPrice
    "placed pegged": raw(placed(
        price="0.00000000", pegPriceType="PRIMARY_PEG", pegOffsetType="PRICE_LEVEL", pegOffsetValue=5, peggedPrice="23416.00",
    )),
    # DOCS faqs/sor_faq.md: an allocation has no trade id
    "placed through sor": raw(placed(
        executedQty="0.00847000", cummulativeQuoteQty="198.33436700", status="FILLED", workingFloor="SOR", usedSor=True,
        fills=[fill("23416.10000000", "0.00847000", -1, matchType="ONE_PARTY_TRADE_REPORT", allocId=7)],
    )),
    # DOCS "Conditional fields": trailing stop that is not active yet, strategy labels, iceberg
    "placed trailing stop": raw(placed(
        type="STOP_LOSS_LIMIT", side="BUY", stopPrice="25000.00000000", trailingDelta=10, trailingTime=-1, workingTime=-1,
        strategyId=37463720, strategyType=1000000, icebergQty="0.00100000",
    )),
    # DOCS web-socket-api.md: microseconds by timeUnit
    "placed in microseconds": raw(placed(transactTime=1655716096498123, workingTime=1655716096498123)),
    # DOCS faqs/price_range_execution_rules.md (2026): the taker part beyond the range expires
    "placed beyond the range": raw(placed(
        executedQty="0.00400000", cummulativeQuoteQty="93.66440000", status="EXPIRED",
        expiryReason="EXECUTION_RULE_PRICE_RANGE_EXCEEDED", fills=[fill("23416.10", "0.00400000", 99)],
    )),
}


def canceled(**changes: Any) -> dict[str, Any]:
    return placed(**{
        "origClientOrderId": OWN, "clientOrderId": "4d96324ff9d44481926157", "status": "CANCELED", "workingTime": None,
        "fills": None, **changes,
    })


CANCELS: dict[str, bytes] = {
    # DOCS "Cancel order"
    "canceled": raw(canceled()),
    # DOCS: part of it was filled
    "canceled with fills": raw(canceled(executedQty="0.00400000", cummulativeQuoteQty="93.66440000")),
    # DOCS of 2022: neither transactTime nor origQuoteOrderQty
    "canceled of 2022": raw(canceled(transactTime=None, origQuoteOrderQty=None, selfTradePreventionMode=None)),
    # PB docstring of cancel_order and OLD of 2017: four keys
    "canceled of 2017": raw({
        "symbol": "BTCUSDT", "origClientOrderId": OWN, "orderId": 12510053279, "clientOrderId": "cancelMyOrder1",
    }),
    # DOCS: an iceberg stop of a list, with the conditional fields
    "canceled leg": raw(canceled(
        orderListId=1929, type="STOP_LOSS_LIMIT", stopPrice="23500.00000000", icebergQty="0.017083", strategyId=1,
        strategyType=1000000, preventedMatchId=0, preventedQuantity="0.00100000", trailingDelta=10, trailingTime=-1,
    )),
}


def queried(**changes: Any) -> dict[str, Any]:
    return placed(**{
        "transactTime": None, "fills": None, "stopPrice": "0.00000000", "icebergQty": "0.00000000", "time": 1499827319559,
        "updateTime": 1499827319559, "isWorking": True, "workingTime": 1499827319559, **changes,
    })


ORDERS: dict[str, bytes] = {
    # DOCS "Query order"
    "queried": raw(queried()),
    # XC filled-market-order.json (2019): no workingTime, no origQuoteOrderQty, no self-trade mode
    "queried of 2019": raw(queried(
        **MARKET_DONE, workingTime=None, origQuoteOrderQty=None, selfTradePreventionMode=None, side="SELL",
        clientOrderId="gzcLIkn86ag3FycOCEl6Vi",
    )),
    # DOCS: the amount is not there for some historical orders
    "queried without amount": raw(queried(executedQty="0.00100000", cummulativeQuoteQty="-1.00000000", status="CANCELED")),
    # DOCS faqs/stp_faq.md scenario B
    "queried prevented": raw(queried(
        status="EXPIRED_IN_MATCH", preventedMatchId=0, preventedQuantity="0.00847000", stopPrice="0.000000",
    )),
    # DOCS order lists: the pending leg of an OTO
    "queried pending leg": raw(queried(status="PENDING_NEW", isWorking=False, workingTime=-1, orderListId=1)),
    # Orders placed by hand: web_, ios_, electron_, and_ ids as seen in PB and ccxt issues; short fractions as OLD has them
    "queried by hand": raw(queried(
        clientOrderId="web_9a1ac1af2a5f4d7b8e4d2a5b4a0c", price="0.1", origQty="1.0", executedQty="0.0",
        cummulativeQuoteQty="0.0", stopPrice="0.0", icebergQty="0.0",
    )),
    # DOCS: expiryReason on expired orders, 2026
    "queried expired": raw(queried(status="EXPIRED", expiryReason="UNFILLED_IOC_QUANTITY_EXPIRED", timeInForce="IOC")),
    # DOCS faqs/pegged_orders.md
    "queried pegged": raw(queried(price="0.00000000", pegPriceType="MARKET_PEG", peggedPrice="0.00000000", stopPrice="1.0")),
}


def amended(**changes: Any) -> dict[str, Any]:
    order = {
        "symbol": "BTCUSDT", "orderId": 12510053279, "orderListId": -1, "origClientOrderId": OWN, "clientOrderId": OWN,
        "price": "23416.10000000", "qty": "0.00500000", "executedQty": "0.00100000", "preventedQty": "0.00000000",
        "quoteOrderQty": "0.00000000", "cumulativeQuoteQty": "23.41610000", "status": "PARTIALLY_FILLED", "timeInForce": "GTC",
        "type": "LIMIT", "side": "BUY", "workingTime": 1741926410242, "selfTradePreventionMode": "NONE", **changes,
    }
    return {key: value for key, value in order.items() if value is not None}


AMENDMENTS: dict[str, bytes] = {
    # DOCS "Order Amend Keep Priority", a single order
    "amended": raw({"transactTime": 1741926410255, "executionId": 75, "amendedOrder": amended()}),
    # DOCS, the pending leg of an OTO: PENDING_NEW, no workingTime, and a listStatus beside it
    "amended leg": raw({
        "transactTime": 1741669661670, "executionId": 22,
        "amendedOrder": amended(
            orderListId=1, status="PENDING_NEW", executedQty="0.00000000", cumulativeQuoteQty="0.00000000", workingTime=None,
        ),
        "listStatus": {
            "orderListId": 1, "contingencyType": "OTO", "listOrderStatus": "EXECUTING", "listClientOrderId": "AT7FTxZXylVS",
            "symbol": "BTCUSDT", "orders": [{"symbol": "BTCUSDT", "orderId": 12510053279, "clientOrderId": OWN}],
        },
    }),
    # BC: every conditional field at once
    "amended with all": raw({
        "transactTime": 1741924229819, "executionId": 60,
        "amendedOrder": amended(
            icebergQty="0.00000000", preventedMatchId=0, preventedQuantity="0.00050000", preventedQty="0.00050000",
            stopPrice="0.00000000", strategyId=1, strategyType=1000000, trailingDelta=10, trailingTime=-1, usedSor=True,
            workingFloor="SOR", pegPriceType="PRIMARY_PEG", pegOffsetType="PRICE_LEVEL", pegOffsetValue=5,
            peggedPrice="87523.83710000", expiryReason="INSUFFICIENT_LIQUIDITY",
        ),
    }),
}

BOTH_HALVES: dict[str, bytes] = {
    # DOCS "Cancel an Existing Order and Send a New Order", both done
    "cancelReplace done": raw({
        "cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": canceled(),
        "newOrderResponse": placed(orderId=12510053280, fills=[], clientOrderId=f"{OWN}-xyz"),
    }),
    # DOCS: the other types answer with ACK
    "cancelReplace ack": raw({
        "cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": canceled(transactTime=None),
        "newOrderResponse": {
            "symbol": "BTCUSDT", "orderId": 12510053281, "orderListId": -1, "clientOrderId": f"{OWN}-xyz",
            "transactTime": 1655716096505,
        },
    }),
}

CANCELS_OF_ALL: dict[str, bytes] = {
    # DOCS "Cancel All Open Orders on a Symbol": orders, and a list with its legs
    "canceled all": raw([
        canceled(), canceled(orderId=13, origClientOrderId="A3EF2HCwxgZPFMrfwbgrhv"),
        {
            "orderListId": 1929, "contingencyType": "OCO", "listStatusType": "ALL_DONE", "listOrderStatus": "ALL_DONE",
            "listClientOrderId": "2inzWQdDvZLHbbAmAozX2N", "transactionTime": 1585230948299, "symbol": "BTCUSDT",
            "orders": [
                {"symbol": "BTCUSDT", "orderId": 20, "clientOrderId": "CwOOIPHSmYywx6jZX77TdL"},
                {"symbol": "BTCUSDT", "orderId": 21, "clientOrderId": "461cPg51vQjV3zIMOXNz39"},
            ],
            "orderReports": [
                canceled(orderId=20, origClientOrderId="CwOOIPHSmYywx6jZX77TdL", orderListId=1929, type="STOP_LOSS_LIMIT"),
                canceled(orderId=21, origClientOrderId="461cPg51vQjV3zIMOXNz39", orderListId=1929, type="LIMIT_MAKER"),
            ],
        },
    ]),
}
