"""Where the usual futures trade, which letters are currencies, and option roots that are not their underlying (tables)."""

from __future__ import annotations

from typing import Final

__all__ = ["CLASS_ROOTS", "CRYPTO", "CURRENCIES", "FUTURES_AT"]

_CURRENCIES: Final = (
    "AED AUD CAD CHF CNH CZK DKK EUR GBP HKD HUF ILS JPY KRW MXN NOK NZD PLN RON RUB SAR SEK SGD THB TRY TWD USD ZAR"
)
CURRENCIES: Final = frozenset(_CURRENCIES.split())
"""What IB has pairs of."""

CRYPTO: Final = frozenset({"AAVE", "ADA", "AVAX", "BCH", "BTC", "DOGE", "ETH", "LINK", "LTC", "MATIC", "SOL", "UNI", "XRP"})

CLASS_ROOTS: Final = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX", "XSPW": "XSP", "MRUT": "MRUT", "DJX": "DJX"}
"""Trading class of weeklies to the symbol of their underlying."""

_BY_EXCHANGE: Final = {
    "CME": "ES MES NQ MNQ RTY M2K 6A 6B 6C 6E 6J 6M 6N 6S M6A M6B M6E GE SR3 SR1 HE LE GF NKD BRR MBT MET EMD",
    "CBOT": "YM MYM ZB ZN ZF ZT UB TN ZC ZS ZW ZL ZM ZO ZR ZQ",
    "NYMEX": "CL MCL NG QM QG HO RB PL PA BZ",
    "COMEX": "GC MGC SI SIL HG MHG QO QI",
    "CFE": "VX VXM",
}

FUTURES_AT: Final = {root: exchange for exchange, roots in _BY_EXCHANGE.items() for root in roots.split()}
"""Root of the local symbol to the exchange; CME's, never GLOBEX's, since 2022 (ibkr.md section 5)."""
