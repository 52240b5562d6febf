"""People's symbols and TWS's contracts, both ways, and what TWS's details say of an instrument (pure).

Symbols: ``AAPL`` (US stock; ``BRK.B``; ``SAP@IBIS/EUR`` with primary exchange and currency) · ``EUR.USD`` (currency pair;
``BTC.USD`` crypto) · ``ESZ6`` (future by local symbol) or ``ES 202612`` (by month or day), each with ``@CME`` where the root is
not a usual one · ``AAPL  261218C00250000`` (option, OCC) · ``conid:265598``, ``conid:265598@SMART``. Source: ibkr.md section 5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.ibkr.markets import CLASS_ROOTS, CRYPTO, CURRENCIES, FUTURES_AT
from autotrader.execution.adapters.ibkr.messages import Contract, ContractDetails, ContractTold
from autotrader.model import Instrument, InstrumentKind

__all__ = ["contract_of", "describe", "instrument_of", "order_contract", "pick", "symbol_of"]

_CONID: Final = re.compile(r"conid:([1-9]\d{0,9})(?:@([A-Z0-9.]{1,15}))?").fullmatch
_OCC: Final = re.compile(r"([A-Z0-9.]{1,6}) {0,5}(\d{6})([CP])(\d{8})").fullmatch
_PAIR: Final = re.compile(r"([A-Z]{3,5})\.([A-Z]{3})").fullmatch
_LOCAL: Final = re.compile(r"([A-Z0-9]{1,5}?)([FGHJKMNQUVXZ])(\d{1,2})(?:@([A-Z]{2,15}))?").fullmatch
_DATED: Final = re.compile(r"([A-Z0-9]{1,9}) (\d{6}|\d{8})(?:@([A-Z]{2,15}))?").fullmatch
_STOCK: Final = re.compile(r"([A-Z0-9](?:[A-Z0-9.\- ]{0,10}[A-Z0-9])?)(?:@([A-Z0-9.]{1,15}))?(?:/([A-Z]{3}))?").fullmatch
_KINDS: Final = {
    "STK": InstrumentKind.STOCK, "CASH": InstrumentKind.FX, "FUT": InstrumentKind.FUTURE, "OPT": InstrumentKind.OPTION,
    "CRYPTO": InstrumentKind.SPOT,
}  # fmt: skip
_OCC_LENGTH: Final = 21


def contract_of(symbol: str) -> Contract:
    """Return what to ask TWS's details for; raises InvalidOrder for a text that names nothing."""
    if found := _CONID(symbol):
        return Contract(con_id=int(found[1]), exchange=found[2] or "")
    if found := _OCC(symbol):
        return _option(*found.groups())
    if (found := _PAIR(symbol)) and found[2] in CURRENCIES and found[1] != found[2]:
        if found[1] in CURRENCIES:
            return Contract(symbol=found[1], sec_type="CASH", exchange="IDEALPRO", currency=found[2])
        if found[1] in CRYPTO:
            return Contract(symbol=found[1], sec_type="CRYPTO", exchange="PAXOS", currency=found[2])
    if found := _DATED(symbol):
        exchange = found[3] or FUTURES_AT.get(found[1], "")
        return Contract(symbol=found[1], sec_type="FUT", expiry=found[2], exchange=exchange)
    if found := _LOCAL(symbol):
        exchange = found[4] or FUTURES_AT.get(found[1], "")
        return Contract(sec_type="FUT", local_symbol=symbol.partition("@")[0], exchange=exchange)
    if found := _STOCK(symbol):
        ticker, primary, currency = found[1].replace(".", " "), found[2] or "", found[3] or "USD"
        return Contract(symbol=ticker, sec_type="STK", exchange="SMART", primary_exchange=primary, currency=currency)
    raise InvalidOrder(
        f"{symbol!r} is no symbol: write AAPL, EUR.USD, ESZ6, an OCC option such as 'AAPL  261218C00250000', or conid:265598",
        code="NO_SYMBOL",
    )


def _option(root: str, day: str, right: str, strike: str) -> Contract:
    return Contract(
        symbol=CLASS_ROOTS.get(root, root).replace(".", " "), sec_type="OPT", expiry=f"20{day}",
        strike=(Decimal(strike) / 1000).normalize() + 0, right=right, multiplier="100", exchange="SMART", currency="USD",
        trading_class=root if root in CLASS_ROOTS else "",
    )  # fmt: skip


def symbol_of(contract: Contract) -> str:
    """Return people's symbol of a contract that TWS told; ``conid:N`` for what has no spelling of its own."""
    spelled = _spell(contract)
    return spelled or f"conid:{contract.con_id}"


def _spell(contract: Contract) -> str:
    if contract.sec_type == "STK" and contract.symbol:
        ticker = contract.symbol.replace(" ", ".")
        return ticker if contract.currency in ("USD", "") else f"{ticker}/{contract.currency}"
    if contract.sec_type in ("CASH", "CRYPTO"):
        return f"{contract.symbol}.{contract.currency}"
    if contract.sec_type == "FUT":
        return contract.local_symbol if _LOCAL(contract.local_symbol) else ""
    if contract.sec_type == "OPT":
        return _occ(contract)
    return ""


def _occ(contract: Contract) -> str:
    if len(contract.local_symbol) == _OCC_LENGTH and _OCC(contract.local_symbol):
        return contract.local_symbol
    root = contract.trading_class if contract.trading_class in CLASS_ROOTS else contract.symbol
    if contract.strike is None or len(contract.expiry) != 8 or contract.right[:1] not in ("C", "P") or len(root) > 6:
        return ""
    mills = contract.strike * 1000
    if mills != mills.to_integral_value() or not 0 < mills < 10**8:
        return ""
    return f"{root:<6}{contract.expiry[2:]}{contract.right[:1]}{int(mills):08}"


def describe(contract: Contract) -> str:
    """Name a contract for a person, by what tells it from others."""
    name, place = contract.local_symbol or contract.symbol, contract.primary_exchange or contract.exchange
    parts = (name, contract.sec_type, contract.expiry, place, contract.currency)
    return f"conid:{contract.con_id} ({' '.join(part for part in parts if part)})"


def pick(symbol: str, answers: Sequence[ContractTold]) -> ContractTold:
    """Return the one contract that TWS's details named; InvalidOrder when there is none, or more than one, which it lists."""
    found = {one.contract.con_id: one for one in answers}
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise InvalidOrder(f"{symbol}: TWS knows no such contract", code="NO_SYMBOL")
    listed = ", ".join(describe(one.contract) for one in list(found.values())[:10])
    raise InvalidOrder(f"{symbol} is ambiguous, name one of {len(found)}: {listed}", code="AMBIGUOUS_SYMBOL")


def order_contract(contract: Contract) -> Contract:
    """Return what an order names of a resolved contract: strike and right only for options."""
    kept = msgspec.structs.replace(contract, primary_exchange="", trading_class="")
    return kept if contract.sec_type == "OPT" else msgspec.structs.replace(kept, strike=None, right="")


def instrument_of(venue: str, symbol: str, contract: Contract, details: ContractDetails) -> Instrument:
    """Return the instrument of a resolved contract; raises InvalidOrder for a kind that is not traded here, or without a tick.

    The multiplier takes the price magnifier in: a price in pence is worth a hundredth.
    """
    kind = _KINDS.get(contract.sec_type)
    if kind is None or not details.min_tick or details.min_tick <= 0:
        raise InvalidOrder(f"{symbol}: type {contract.sec_type}, tick {details.min_tick}: not traded here", code="NO_SYMBOL")
    pair, lot = contract.sec_type in ("CASH", "CRYPTO"), _lot(contract, details)
    return Instrument(
        venue, symbol, tick=details.min_tick, lot=lot, quote=contract.currency, base=contract.symbol if pair else "", kind=kind,
        min_quantity=max(details.min_size, lot) if details.min_size else None,
        multiplier=_multiplier(contract) / max(details.price_magnifier, 1), allows_short=contract.sec_type != "CRYPTO",
    )  # fmt: skip


def _lot(contract: Contract, details: ContractDetails) -> Decimal:
    """Return the size's step: whole units but for currencies and crypto, whatever is said (ibkr.md section 5)."""
    step = details.size_increment
    if contract.sec_type not in ("CASH", "CRYPTO"):
        return step if step and step > 1 and step == step.to_integral_value() else Decimal(1)
    return step if step and step > 0 else Decimal(1) if contract.sec_type == "CASH" else Decimal("0.00000001")


def _multiplier(contract: Contract) -> Decimal:
    try:
        given = Decimal(contract.multiplier or "1")
    except ArithmeticError:
        given = Decimal(0)
    if not given.is_finite() or given <= 0:
        raise InvalidOrder(f"{describe(contract)} has the multiplier {contract.multiplier!r}", code="NO_SYMBOL")
    return given
