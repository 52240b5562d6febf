"""Questions about what there is beside trading: symbols by their beginning, option chains, and lists that are empty here.

Source of the fields: the decoder of IB's own API. The loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from autotrader.simulator.ibkr.answers import Message, error
from autotrader.simulator.ibkr.contracts import CONTRACTS, ContractTerms
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.requests import ReqList, ReqMatchingSymbols, ReqOptionChain
from autotrader.simulator.ibkr.session import TwsSession

__all__ = ["ask_list", "matching_symbols", "option_chain"]

NAMED_FROM: Final = 176
"""The server version from which symbol samples carry a description and an issuer."""


def matching_symbols(_desk: Desk, session: TwsSession, asked: ReqMatchingSymbols) -> None:
    """Answer reqMatchingSymbols: stocks and currencies that begin with the pattern, or have it in their name."""
    wanted = asked.pattern.upper()
    found = [one for one in CONTRACTS if one.sec_type in ("STK", "CASH") and _is_meant(one, wanted)]
    session.say(_samples(asked.req_id, found if wanted else []))


def _is_meant(one: ContractTerms, wanted: str) -> bool:
    return one.ib_symbol.startswith(wanted) or wanted in one.long_name.upper()


def _samples(req_id: int, found: Sequence[ContractTerms]) -> Message:
    def fields(version: int) -> list[object]:
        rows: list[object] = []
        for one in found:
            derived = sorted({other.sec_type for other in CONTRACTS if other.under_con_id == one.con_id})
            primary = one.primary or one.exchanges[0]
            rows += [one.con_id, one.ib_symbol, one.sec_type, primary, one.currency, len(derived), *derived]
            rows += [one.long_name, ""] if version >= NAMED_FROM else []
        return [79, req_id, len(found), *rows]

    return fields


def option_chain(_desk: Desk, session: TwsSession, asked: ReqOptionChain) -> None:
    """Answer reqSecDefOptParams: expirations and strikes by exchange, then the end; error 200 for an unknown underlying."""
    if asked.con_id not in {one.con_id for one in CONTRACTS}:
        return session.say(error(asked.req_id, 200, "No security definition has been found for the request"))
    listed = [one for one in CONTRACTS if one.sec_type == "OPT" and one.under_con_id == asked.con_id]
    for exchange in sorted({place for one in listed for place in one.exchanges}):
        session.say(_chain(asked, exchange, [one for one in listed if exchange in one.exchanges]))
    return session.say(lambda _: (76, asked.req_id))


def _chain(asked: ReqOptionChain, exchange: str, listed: Sequence[ContractTerms]) -> Message:
    expirations, strikes = sorted({one.expiry for one in listed}), sorted({one.strike for one in listed if one.strike})
    head = (75, asked.req_id, exchange, asked.con_id, listed[0].trading_class, listed[0].multiplier_text)
    return lambda _: (*head, len(expirations), *expirations, len(strikes), *strikes)


_LISTS: Final[dict[str, Callable[[Desk, int], Sequence[object]]]] = {
    "scanner parameters": lambda _, __: (19, 1, "<ScanParameterResponse/>"),
    "soft dollar tiers": lambda _, req_id: (77, req_id, 0),
    "family codes": lambda desk, _: (78, 1, desk.venue.account, ""),
    "depth exchanges": lambda _, __: (80, 0),
    "smart components": lambda _, req_id: (82, req_id, 0),
    "news providers": lambda _, __: (85, 0),
    "user information": lambda _, req_id: (107, req_id, ""),
}


def ask_list(desk: Desk, session: TwsSession, asked: ReqList) -> None:
    """Answer a question whose answer is a list: those that have no request id would be waited for in vain if refused."""
    fields = _LISTS[asked.of](desk, asked.req_id)
    session.say(lambda _: fields)
