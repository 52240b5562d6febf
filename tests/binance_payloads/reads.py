"""Answers to reads: trades, account, rights of the key, filters, exchangeInfo, and the small ones."""

from __future__ import annotations

from typing import Any

import msgspec
from binance_kit import filters

raw = msgspec.json.encode


def trade(**changes: Any) -> dict[str, Any]:
    row = {
        "symbol": "BNBBTC", "id": 28457, "orderId": 100234, "orderListId": -1, "price": "4.00000100", "qty": "12.00000000",
        "quoteQty": "48.000012", "commission": "10.10000000", "commissionAsset": "BNB", "time": 1499865549590, "isBuyer": True,
        "isMaker": False, "isBestMatch": True, **changes,
    }
    return {key: value for key, value in row.items() if value is not None}


TRADES: dict[str, bytes] = {
    # DOCS "Account trade list"
    "trades": raw([trade(), trade(id=28458, isBuyer=False, isMaker=True, commission="-0.00001")]),
    # OLD of 2018: neither quoteQty nor orderListId
    "trades of 2018": raw([trade(quoteQty=None, orderListId=None)]),
    "trades none": b"[]",
}


def account(**changes: Any) -> dict[str, Any]:
    answer = {
        "makerCommission": 15, "takerCommission": 15, "buyerCommission": 0, "sellerCommission": 0,
        "commissionRates": {"maker": "0.00150000", "taker": "0.00150000", "buyer": "0.00000000", "seller": "0.00000000"},
        "canTrade": True, "canWithdraw": True, "canDeposit": True, "brokered": False, "requireSelfTradePrevention": False,
        "preventSor": False, "updateTime": 123456789, "accountType": "SPOT",
        "balances": [
            {"asset": "BTC", "free": "4723846.89208129", "locked": "0.00000000"},
            {"asset": "LDBTC", "free": "0.00000000", "locked": "0.01000000"},
        ],
        "permissions": ["SPOT", "LEVERAGED", "TRD_GRP_004"], "uid": 354937868, **changes,
    }
    return {key: value for key, value in answer.items() if value is not None}


ACCOUNTS: dict[str, bytes] = {
    # DOCS "Account information"
    "account": raw(account()),
    # NT http_spot_wallet_account and OLD: no uid, no commissionRates, none of the flags of 2022
    "account of 2021": raw(account(
        uid=None, commissionRates=None, brokered=None, requireSelfTradePrevention=None, preventSor=None, permissions=["SPOT"],
    )),
    # omitZeroBalances on an empty account
    "account without balances": raw(account(balances=[])),
}

RIGHTS: dict[str, Any] = {
    "ipRestrict": False, "createTime": 1623840271000, "enableReading": True, "enableWithdrawals": False,
    "enableInternalTransfer": True, "enableMargin": False, "enableFutures": False, "permitsUniversalTransfer": True,
    "enableVanillaOptions": False, "enableFixApiTrade": False, "enableFixReadOnly": True, "enableSpotAndMarginTrading": False,
    "enablePortfolioMarginTrading": True,
}
KEY_RIGHTS: dict[str, bytes] = {
    # WALLET "Get API Key Permission", 2025 and 2026
    "rights": raw(RIGHTS),
    # WALLET of 2021: the trading right ends, and the rights that came later are missing
    "rights that end": raw({
        "ipRestrict": False, "createTime": 1623840271000, "enableWithdrawals": False, "enableInternalTransfer": False,
        "permitsUniversalTransfer": False, "enableVanillaOptions": False, "enableReading": True, "enableFutures": False,
        "enableMargin": False, "enableSpotAndMarginTrading": True, "tradingAuthorityExpirationTime": 1628985600000,
    }),
}

MY_FILTERS: dict[str, bytes] = {
    # DOCS "Query relevant filters" (2025-11)
    "my filters": raw({
        "exchangeFilters": [{"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": 1000}],
        "symbolFilters": [{"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20}],
        "assetFilters": [{"filterType": "MAX_ASSET", "asset": "JPY", "limit": "1000000.00000000"}],
    }),
    "my filters none": raw({"exchangeFilters": [], "symbolFilters": [], "assetFilters": []}),
}


def symbol(**changes: Any) -> dict[str, Any]:
    row = {
        "symbol": "ETHBTC", "status": "TRADING", "baseAsset": "ETH", "baseAssetPrecision": 8, "quoteAsset": "BTC",
        "quotePrecision": 8, "quoteAssetPrecision": 8, "baseCommissionPrecision": 8, "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": True, "ocoAllowed": True, "otoAllowed": True, "opoAllowed": True, "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False, "cancelReplaceAllowed": False, "amendAllowed": False, "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True, "isMarginTradingAllowed": True, "filters": filters(), "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]], "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"], **changes,
    }
    return {key: value for key, value in row.items() if value is not None}


LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
    {"rateLimitType": "CONNECTIONS", "interval": "FORTNIGHT", "intervalNum": 1, "limit": 1},
]
ODD_FILTERS: list[dict[str, Any]] = [
    {"filterType": "T_PLUS_SELL", "endTime": 1700000000000},
    {"filterType": "A_RULE_OF_NEXT_YEAR", "limit": {"deep": ["1"]}, "minQty": 5},
    # DOCS filters.md: both notional filters, as NT notional_both.json has them
    {"filterType": "MIN_NOTIONAL", "minNotional": "12.34567891", "applyToMarket": True, "avgPriceMins": 7},
]


def info(symbols: list[dict[str, Any]], **changes: Any) -> bytes:
    return raw({
        "timezone": "UTC", "serverTime": 1565246363776, "rateLimits": LIMITS, "exchangeFilters": [], "symbols": symbols,
        **changes,
    })


EXCHANGE_INFOS: dict[str, bytes] = {
    # DOCS "Exchange information", with sors and filters that nobody knows
    "info": info([symbol(filters=[*filters(), *ODD_FILTERS])], sors=[{"baseAsset": "BTC", "symbols": ["BTCUSDT", "BTCUSDC"]}]),
    # NT exchange_info_response: no filters at all
    "info without filters": info([symbol(filters=[])], rateLimits=[]),
    # OLD and XC of 2018: limits without intervalNum, MAX_NUM_ORDERS by "limit", no quoteAssetPrecision
    "info of 2018": info(
        [symbol(
            quoteAssetPrecision=None, permissionSets=None, allowedSelfTradePreventionModes=None, isSpotTradingAllowed=None,
            filters=[
                {"filterType": "PRICE_FILTER", "minPrice": "0.00000000", "maxPrice": "0.00000000", "tickSize": "0.00000100"},
                {"filterType": "MAX_NUM_ORDERS", "limit": 25},
                {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
            ],
        )],
        rateLimits=[
            {"rateLimitType": "REQUESTS", "interval": "MINUTE", "limit": 1200},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "limit": 10},
        ],
    ),
    # Live, 2025: the steps of symbols that count whole units, and a halted one; one symbol is broken, the rest is not
    "info big": info([
        *(symbol(symbol=f"A{number}USDT", baseAsset=f"A{number}") for number in range(300)),
        symbol(symbol="1000SATSUSDT", status="BREAK"), symbol(symbol="币安人生USDT", baseAsset="币安人生"),
        symbol(symbol="BROKEN", filters=[{"filterType": "LOT_SIZE", "minQty": "NaN", "maxQty": "1", "stepSize": "1"}]),
    ]),
}

OTHER_READS: dict[str, bytes] = {
    "read time": raw({"serverTime": 1499827319559}),
    "read counts": raw([
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50, "count": 0},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000, "count": 5},
    ]),
    "read commission": raw({
        "symbol": "BTCUSDT", "standardCommission": {"maker": "0.00000010", "taker": "0.00000020", "buyer": "0", "seller": "0"},
        "specialCommission": {"maker": "0.01", "taker": "0.02", "buyer": "0.03", "seller": "0.04"},
        "taxCommission": {"maker": "0.00000112", "taker": "0.00000114", "buyer": "0.00000118", "seller": "0.00000116"},
        "discount": {"enabledForAccount": True, "enabledForSymbol": True, "discountAsset": "BNB", "discount": "0.75000000"},
    }),
    "read top": raw({"symbol": "LTCBTC", "bidPrice": "4.0", "bidQty": "431.0", "askPrice": "4.00000200", "askQty": "9.000000"}),
}
