"""What the tests of Interactive Brokers' broker share."""

from __future__ import annotations

from typing import Any

from autotrader.config import load_settings
from autotrader.execution.adapters.ibkr.config import IbkrSettings, ibkr_settings
from autotrader.model import Mode

ACCOUNTS = {Mode.LIVE: "U7654321", Mode.TESTNET: "DU1234567", Mode.SIMULATED: "DU1234567", Mode.PAPER: "DU1234567"}


def settings_of(mode: Mode = Mode.TESTNET, **keys: Any) -> IbkrSettings:
    """Return settings as a configuration makes them; a key that is None is left out."""
    own = {"enabled": True, "account": ACCOUNTS[mode], "symbols": ["AAPL"], **keys}
    if mode is Mode.SIMULATED:
        own = {"port": 12345, **own}
    tree = {"mode": mode.value, "venues": {"ibkr": {key: value for key, value in own.items() if value is not None}}}
    return ibkr_settings(load_settings(env={}, extra=[("a test", tree)]).venues["ibkr"], mode)
