"""contractData: one contract with its rules and hours (ibkr.md section 4.5). Pure."""

from __future__ import annotations

from typing import Final

from autotrader.simulator.ibkr.answers import Message
from autotrader.simulator.ibkr.contracts import ContractTerms

__all__ = ["MARKET_RULES", "contract_details"]

_ORDER_TYPES: Final = "ACTIVETIM,ALLOC,DAY,FOK,GTC,GTD,IOC,LMT,LOC,MKT,MOC,OPG,OUTSIDERTH,STP,STPLMT,TRAIL"
MARKET_RULES: Final = {"STK": "26", "CASH": "239", "FUT": "67", "OPT": "109"}


def contract_details(req_id: int, one: ContractTerms, exchange: str, hours: tuple[str, str]) -> Message:
    """Return one answer to reqContractDetails; ``hours`` are the trading and the liquid ones, written for people's days."""

    def fields(version: int) -> list[object]:
        told: list[object] = [10]
        if version < 164:
            told += [8]
        told += [req_id, one.ib_symbol, one.sec_type, _expiry(one), one.strike_text, one.right]
        told += [exchange or one.exchanges[0], one.currency, one.local_symbol, one.market_name, one.trading_class]
        told += [one.con_id, one.tick]
        if version < 164:
            told.append(1)
        told += [one.multiplier_text, _ORDER_TYPES, ",".join(one.exchanges), 1, one.under_con_id, one.long_name, one.primary]
        told += [one.expiry[:6], *_industry(one), one.time_zone, *hours, "", 0, 0, 1]
        told += [one.ib_symbol if one.under_con_id else "", _under_type(one), _rules(one), one.expiry]
        if version >= 152:
            told.append("COMMON" if one.sec_type == "STK" else "")
        if version >= 164:
            told += [1, 1, 100 if one.sec_type == "STK" else 1]
        elif version == 163:
            told.append(1)
        return told

    return fields


def _expiry(one: ContractTerms) -> str:
    return f"{one.expiry} 08:30 {one.time_zone}" if one.sec_type == "FUT" else one.expiry


def _industry(one: ContractTerms) -> tuple[str, str, str]:
    return ("Technology", "Computers", "Computers") if one.sec_type in ("STK", "OPT") else ("", "", "")


def _under_type(one: ContractTerms) -> str:
    return {"FUT": "IND", "OPT": "STK"}.get(one.sec_type, "")


def _rules(one: ContractTerms) -> str:
    return ",".join([MARKET_RULES[one.sec_type]] * len(one.exchanges))
