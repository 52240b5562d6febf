"""How the venue says no: a code and a sentence (ibkr.md section 9)."""

from __future__ import annotations

from typing import Final

from autotrader.simulator.ibkr.contracts import ContractTerms, find_contracts
from autotrader.simulator.ibkr.requests import ContractAsked

__all__ = ["Refusal", "one_contract", "rejected"]

_CODES: Final = {
    "TICK_SIZE": (110, "The price does not conform to the minimum price variation for this contract."),
    "BAD_PRICE": (463, "You must enter a valid price."),
    "BAD_EXPIRY": (391, "The date, time, or time-zone entered is invalid. The time to come must be in the future."),
    "DUPLICATE_ORDER_ID": (103, "Duplicate order id"),
}


class Refusal(Exception):
    """A request is refused. ``is_shown``: the order stands as Inactive from then on."""

    def __init__(self, code: int, text: str, *, is_shown: bool = False) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.is_shown = code, text, is_shown


def rejected(code: str, reason: str) -> Refusal:
    """Return what the exchange's no is called here; most of them are a 201 with the reason."""
    known = _CODES.get(code)
    if known is not None:
        return Refusal(*known)
    return Refusal(201, f"Order rejected - reason:{reason}", is_shown=True)


def one_contract(asked: ContractAsked) -> ContractTerms:
    """Return the one contract that is meant. Raises Refusal."""
    if asked.sec_type == "BAG":
        raise Refusal(387, "Unsupported order type for this exchange and security type: combinations are not traded here.")
    if not asked.exchange:
        raise Refusal(321, "Error validating request.-'bW' : cause - Missing order exchange")
    found = find_contracts(asked)
    if not found:
        raise Refusal(200, "No security definition has been found for the request")
    if len(found) > 1:
        raise Refusal(200, f"The contract description specified for {asked.symbol or asked.local_symbol} is ambiguous.")
    if not found[0].traded:
        raise Refusal(460, "No trading permissions.")
    return found[0]
