"""The venue behind the simulated TWS: its books, and the fault scripts that a socket cannot carry out."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from autotrader.errors import ConfigError
from autotrader.simulator.books import Listing
from autotrader.simulator.events import BookOrder, Event
from autotrader.simulator.fault_script import FaultScript, Reply
from autotrader.simulator.ibkr.contracts import TRADED, instrument_of
from autotrader.simulator.ibkr.exchange import TwsExchange
from autotrader.simulator.options import SimOptions
from autotrader.simulator.world import SimVenue

__all__ = ["ACCOUNT", "CURRENCY", "TwsVenue", "tws_venue"]

ACCOUNT: Final = "DU1234567"
CURRENCY: Final = "USD"
OPENING: Final = Decimal(1_000_000)
FEE_STEP: Final = Decimal("0.0001")
_FEES: Final = {"STK": "0.00005", "CASH": "0.00002", "FUT": "0.00001", "OPT": "0.0005"}
_MARGINS: Final = {"STK": "0.25", "CASH": "0.03", "FUT": "0.06", "OPT": "0.2"}


class TwsVenue(SimVenue):
    """A ``SimVenue`` whose requests come over the TWS socket."""

    @property
    def tws(self) -> TwsExchange:
        """Return the exchange under its own type."""
        assert isinstance(self.exchange, TwsExchange)
        return self.exchange

    def release(self, live: BookOrder) -> list[Event]:
        """Let an order work that has waited."""
        return self._happened(self.tws.release(live, self.now_ns()))

    def wake(self, live: BookOrder) -> list[Event]:
        """Let an order work whose hours have come."""
        return self._happened(self.tws.wake(live, self.now_ns()))

    def set_faults(self, script: FaultScript) -> None:
        """Put a script in force. Raises ConfigError for a reply with a status, which a socket message does not have."""
        for rule in script.rules:
            if isinstance(rule.do.reply, Reply):
                raise ConfigError(
                    f"rule {rule.name}: do: reply: an answer on the TWS socket has no status; there are normal, never, reset, "
                    "cut, empty and slow, or reject with a code"
                )
        super().set_faults(script)


def tws_venue(options: SimOptions, clock: Callable[[], int] = time.time_ns) -> TwsVenue:
    """Return the venue with its one paper account. Raises LedgerError."""
    listings = [
        Listing(
            instrument_of(one, "ibkr"), Decimal(_FEES[one.sec_type]), Decimal(_FEES[one.sec_type]),
            margin_rate=Decimal(_MARGINS[one.sec_type]), fee_step=FEE_STEP,
        )
        for one in TRADED.values()
    ]  # fmt: skip
    return TwsVenue(
        "ibkr", listings, account=ACCOUNT, seed=options.seed, ledger=options.ledger, opening={CURRENCY: OPENING},
        exchange=TwsExchange, clock=clock,
    )  # fmt: skip
