"""What Binance says of itself to the engine."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from binance_actor_kit import UID

from autotrader.config import Settings, load_settings
from autotrader.errors import ConfigError
from autotrader.execution.adapters import binance
from autotrader.execution.adapters.plan import plan_venue
from autotrader.execution.facades import BaseBrokerAdapter
from autotrader.model import Instrument


def settings(**keys: Any) -> Settings:
    own = {
        "enabled": True, "account": UID, "rest": "http://127.0.0.1:8000", "ws": "ws://127.0.0.1:8000/ws-api/v3",
        "stream": "ws://127.0.0.1:8000", "api_key": "a-key-for-tests", "api_secret": "a-secret-for-tests",
        "symbols": ["BTCUSDT"], **keys,
    }  # fmt: skip
    tree = {"mode": "SIMULATED", "venues": {"binance": {key: value for key, value in own.items() if value is not None}}}
    return load_settings(env={}, extra=[("a test", tree)])


def test_the_plan_names_account_place_connections_and_what_the_venue_can() -> None:
    plan = plan_venue("binance", settings(order_lanes=2, query_lanes=2), (), "")
    assert (plan.name, plan.account, plan.place) == ("binance", UID, "127.0.0.1:8000")
    assert [one.name for one in plan.connections] == ["order-1", "order-2", "cancel-1", "query-1", "query-2"]
    assert (plan.request_life_s, plan.bulk_cancel, plan.instruments) == (5.0, True, ())


def test_it_is_found_again_and_again() -> None:
    for _ in range(2):
        assert plan_venue("binance", settings(), (), "").name == "binance"


def test_without_symbols_what_the_market_quotes_of_the_venue_is_traded() -> None:
    quoted = (
        Instrument("binance", "ETHUSDT", Decimal("0.01"), Decimal("0.0001"), "USDT"),
        Instrument("okx", "SOL-USDT", Decimal("0.01"), Decimal("0.0001"), "USDT"),
    )
    assert plan_venue("binance", settings(symbols=None), quoted, "").name == "binance"
    with pytest.raises(ConfigError, match=r"venues.binance.symbols is missing"):
        plan_venue("binance", settings(symbols=None), quoted[1:], "")


def test_a_key_that_cannot_be_read_stops_the_start() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----"
    with pytest.raises(ConfigError, match="private key"):
        plan_venue("binance", settings(api_secret=None, private_key=pem), (), "")


def test_the_package_gives_the_public_adapter() -> None:
    assert issubclass(binance.BinanceAdapter, BaseBrokerAdapter)
    assert (binance.BinanceAdapter.venue, binance.BinanceAdapter.mode) == ("binance", "LIVE")
    with pytest.raises(AttributeError):
        binance.Nothing  # noqa: B018
