"""What is traded: each symbol of the configuration as the one contract that TWS has for it (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.ibkr.config import VENUE
from autotrader.execution.adapters.ibkr.contracts import contract_of, instrument_of, order_contract, pick, symbol_of
from autotrader.execution.adapters.ibkr.messages import (
    Contract,
    ContractDetailsRequest,
    ContractTold,
    EndTold,
    ErrorKind,
    ErrorTold,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.order_ids import ReadIds
from autotrader.model import Instrument

__all__ = ["Listing", "Traded"]

NO_SUCH_CONTRACT = 200


class Traded(NamedTuple):
    """A symbol that is resolved: the contract that an order names, and the instrument."""

    contract: Contract
    instrument: Instrument

    @property
    def tick(self) -> Decimal:
        """Return the price increment."""
        return self.instrument.tick


class Listing:
    """Resolves the symbols once for a connection; what was resolved before stays known meanwhile.

    ``failure`` says why one could not be; ``lasting`` when asking again soon is of no use.
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        self.symbols = tuple(symbols)
        self.traded: dict[str, Traded] = {}
        self.failure = ""
        self.lasting = False
        self._spelled: dict[int, str] = {}
        self._asked: dict[int, str] = {}
        self._answers: dict[int, list[ContractTold]] = {}

    def symbol_of(self, contract: Contract) -> str:
        """Return how people spell a contract: as configured, else by its kind."""
        return self._spelled.get(contract.con_id) or symbol_of(contract)

    def begin(self, ids: ReadIds) -> list[ContractDetailsRequest]:
        """Return what to ask for all symbols."""
        self._asked, self._answers, self.failure, self.lasting = {}, {}, "", False
        requests = []
        for symbol in self.symbols:
            try:
                contract = contract_of(symbol)
            except InvalidOrder as error:
                self._fail(str(error))
                continue
            number = ids.take()
            self._asked[number], self._answers[number] = symbol, []
            requests.append(ContractDetailsRequest(number, contract))
        return requests

    def take(self, event: TwsEvent) -> bool:
        """Take an event; return whether it was an answer to this."""
        if isinstance(event, ContractTold) and event.req_id in self._asked:
            self._answers[event.req_id].append(event)
        elif isinstance(event, EndTold) and event.kind == "contract_details" and event.req_id in self._asked:
            self._resolve(self._asked.pop(event.req_id), self._answers.pop(event.req_id))
        elif isinstance(event, ErrorTold) and event.id in self._asked:
            self._on_error(event)
        else:
            return False
        return True

    @property
    def is_over(self) -> bool:
        """Say whether every question was answered, or one so that the rest do not matter."""
        return not self._asked or bool(self.failure)

    @property
    def missing(self) -> str:
        """Name the symbols that were not answered yet."""
        return ", ".join(self._asked.values())

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return the instruments in the order of the configuration."""
        return tuple(self.traded[symbol].instrument for symbol in self.symbols if symbol in self.traded)

    def _resolve(self, symbol: str, answers: list[ContractTold]) -> None:
        try:
            found = pick(symbol, answers)
            instrument = instrument_of(VENUE, symbol, found.contract, found.details)
        except InvalidOrder as error:
            self._fail(str(error))
            return
        self.traded[symbol] = Traded(order_contract(found.contract), instrument)
        self._spelled[found.contract.con_id] = symbol

    def _on_error(self, event: ErrorTold) -> None:
        if event.kind in (ErrorKind.INFO, ErrorKind.WARNING):
            return
        symbol = self._asked.pop(event.id)
        self._answers.pop(event.id)
        if event.code == NO_SUCH_CONTRACT:
            self._fail(f"{symbol}: TWS knows no such contract ({event.code} {event.text})")
        else:
            self.failure = f"TWS did not say what {symbol} is: {event.code} {event.text}"

    def _fail(self, reason: str) -> None:
        self.failure, self.lasting = f"{reason}; correct venues.ibkr.symbols", True
