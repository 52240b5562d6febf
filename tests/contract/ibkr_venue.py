"""Interactive Brokers under test: the real adapter, over ibapi's socket, against ``autotrader simulate ibkr`` in a process."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contract.kit import Capabilities, Json, Terms
from contract.simulated_venue import SimulatedKit
from contract.truth import is_live

from autotrader.execution.adapters.ibkr import IBKRAdapter

__all__ = ["IbkrKit"]

D = Decimal
SYMBOL = "AAPL"
OWN: Json = {"deadline_s": 2, "read_timeout_s": 2, "heartbeat_s": 1, "books_every_s": 1}
"""Waits that are right for a venue far away, cut to what one in the same room needs."""


class IbkrKit(SimulatedKit):
    """A simulated TWS as the contract uses it: whole shares of one stock on a margin account."""

    name = "ibkr"
    terms = Terms(
        SYMBOL, SYMBOL, "USD", D("0.01"), D(1), D(20), D("0.50"), D("250.00"), D("250.10"), D(2000), D(0), D("0.00005"),
        D("0.00005"), "USD", "USD", leverage=D(4),
    )  # fmt: skip
    capabilities = Capabilities(
        missing={
            "http": "an answer is a message on the socket, without a status or a body",
            "least worth": "a stock order has no least worth",
            "post only": "no order can be post-only",
        },
        reject_code="201",
    )  # fmt: skip

    def make_adapter(self, **options: Any) -> IBKRAdapter:
        ready = self._venue.ready
        own = {"host": ready["host"], "port": ready["port"], "account": ready["credentials"]["account"], "symbols": [SYMBOL]}
        self._adapter = IBKRAdapter({"venues": {"ibkr": {**own, **OWN}}}, mode="SIMULATED", **options)
        return self._adapter

    def cancel_by_hand(self, client_order_id: str) -> None:
        self._venue.cancel(client_order_id)

    def clear(self) -> None:
        for row in self.ledger()["orders"]:
            if is_live(row):
                self.cancel_by_hand(row["client_order_id"])
        held = D(self.ledger()["positions"].get(SYMBOL, 0))
        if held:
            self.place_by_hand("SELL" if held > 0 else "BUY", abs(held))
