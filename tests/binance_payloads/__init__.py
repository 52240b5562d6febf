"""Payloads of Binance Spot in the shapes that were seen in the wild: field sets, types and odd values; the figures are ours.

Each is a pair of a name and the bytes. The comment before it names where its shape comes from:

- DOCS: github.com/binance/binance-spot-api-docs (rest-api.md, user-data-stream.md, web-socket-api.md, faqs/*), any edition.
- WALLET: developers.binance.com/docs/wallet. OLD: github.com/binance-exchange/binance-official-api-docs (2017 to 2019).
- NT: nautechsystems/nautilus_trader, test data of its Binance adapter. XC: knowm/XChange, xchange-binance test resources.
- PB: sammchardy/python-binance, docstrings and issues. BC: binance/binance-connector-go, tests. HB: hummingbot's tests.
"""

from binance_payloads.answers import AMENDMENTS, BOTH_HALVES, CANCELS, CANCELS_OF_ALL, ORDERS, PLACED
from binance_payloads.errors import CANCEL_REPLACE_ERRORS, ERRORS
from binance_payloads.events import OTHER_EVENTS, REPORTS
from binance_payloads.market import MARKET_FRAMES
from binance_payloads.reads import ACCOUNTS, EXCHANGE_INFOS, KEY_RIGHTS, MY_FILTERS, OTHER_READS, TRADES
from binance_payloads.socket_answers import SOCKET_ANSWERS

__all__ = [
    "ACCOUNTS", "AMENDMENTS", "BOTH_HALVES", "CANCELS", "CANCELS_OF_ALL", "CANCEL_REPLACE_ERRORS", "ERRORS", "EVERY_BODY",
    "EXCHANGE_INFOS", "KEY_RIGHTS", "MARKET_FRAMES", "MY_FILTERS", "ORDERS", "OTHER_EVENTS", "OTHER_READS", "PLACED", "REPORTS",
    "SOCKET_ANSWERS", "TRADES",
]

EVERY_BODY: dict[str, bytes] = {
    **PLACED, **CANCELS, **ORDERS, **AMENDMENTS, **BOTH_HALVES, **CANCELS_OF_ALL, **TRADES, **ACCOUNTS, **KEY_RIGHTS,
    **MY_FILTERS, **EXCHANGE_INFOS, **OTHER_READS, **REPORTS, **OTHER_EVENTS, **SOCKET_ANSWERS, **MARKET_FRAMES,
    **{name: body for name, (_, body) in {**ERRORS, **CANCEL_REPLACE_ERRORS}.items()},
}
"""All of them by name: what the fuzzers start from."""
