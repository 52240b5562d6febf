"""Settings that agree with each other, and what is refused of those that do not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ibkr_actor_kit import settings_of

from autotrader.errors import ConfigError
from autotrader.execution.adapters.ibkr.messages import ErrorKind
from autotrader.execution.adapters.ibkr.windows import parse_window
from autotrader.model import Mode


def test_the_defaults_are_those_of_the_sheet() -> None:
    found = settings_of()
    assert (found.host, found.port, found.place) == ("127.0.0.1", 7497, "127.0.0.1:7497")
    assert (found.client_id, found.feed_client_id, found.hand_client_id) == (1, 2, 3)
    assert (found.messages_per_s, found.reserve, found.connect_timeout_s) == (50, 10, 10.0)
    assert (found.market_data, found.outside_rth, found.reset_windows) == ("live", False, ())


@pytest.mark.parametrize(
    ("mode", "port", "environment"),
    [(Mode.LIVE, 7496, "live"), (Mode.TESTNET, 7497, "paper"), (Mode.SIMULATED, 12345, "custom")],
)
def test_each_mode_has_its_environment_and_port(mode: Mode, port: int, environment: str) -> None:
    found = settings_of(mode)
    assert (found.port, found.environment) == (port, environment)


@pytest.mark.parametrize(
    ("mode", "keys", "names"),
    [
        (Mode.LIVE, {"port": 7497}, "venues.ibkr.port"),
        (Mode.LIVE, {"port": 4002}, "venues.ibkr.port"),
        (Mode.TESTNET, {"port": 7496}, "venues.ibkr.port"),
        (Mode.TESTNET, {"port": 4001}, "venues.ibkr.port"),
        (Mode.SIMULATED, {"port": 7496}, "venues.ibkr.port"),
        (Mode.SIMULATED, {"port": None}, "venues.ibkr.port"),
        (Mode.SIMULATED, {"host": "10.0.0.7"}, "venues.ibkr.host"),
        (Mode.LIVE, {"account": "DU1234567"}, "venues.ibkr.account"),
        (Mode.LIVE, {"account": ""}, "venues.ibkr.account"),
        (Mode.TESTNET, {"account": "U7654321"}, "venues.ibkr.account"),
        (Mode.SIMULATED, {"account": "U7654321"}, "venues.ibkr.account"),
        (Mode.LIVE, {"environment": "paper"}, "venues.ibkr.environment"),
        (Mode.TESTNET, {"environment": "live"}, "venues.ibkr.environment"),
        (Mode.TESTNET, {"client_id": 2, "feed_client_id": 2}, "three different numbers"),
        (Mode.TESTNET, {"reserve": 50}, "venues.ibkr.reserve"),
        (Mode.TESTNET, {"codes": {"434": "SHRUG"}}, "venues.ibkr.codes"),
        (Mode.TESTNET, {"codes": {"many": "WARNING"}}, "venues.ibkr.codes"),
        (Mode.TESTNET, {"reset_windows": ["midnight"]}, "venues.ibkr.reset_windows"),
        (Mode.TESTNET, {"reset_windows": ["23:45-24:45 America/New_York"]}, "venues.ibkr.reset_windows"),
        (Mode.TESTNET, {"reset_windows": ["23:45-00:45 Nowhere/Land"]}, "venues.ibkr.reset_windows"),
        (Mode.TESTNET, {"market_data": "free"}, "venues.ibkr.market_data"),
        (Mode.TESTNET, {"rest": "https://a"}, "venues.ibkr"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_refused_and_named(mode: Mode, keys: dict[str, Any], names: str) -> None:
    with pytest.raises(ConfigError, match=names.replace(".", r"\.")):
        settings_of(mode, **keys)


def test_codes_can_be_given_other_classes() -> None:
    assert settings_of(codes={"434": "warning"}).codes == {434: ErrorKind.WARNING}


@pytest.mark.parametrize(
    ("hour", "minute", "holds"), [(4, 44, False), (4, 45, True), (5, 0, True), (5, 44, True), (5, 45, False), (16, 0, False)]
)
def test_a_window_may_reach_over_midnight_and_is_that_of_its_zone(hour: int, minute: int, *, holds: bool) -> None:
    window = parse_window("23:45-00:45 America/New_York")
    moment = datetime(2026, 11, 26, hour, minute, tzinfo=UTC)  # New York is five hours behind
    assert window.holds(int(moment.timestamp()) * 10**9) is holds


def test_a_window_in_one_day_and_its_text() -> None:
    found = settings_of(reset_windows=["01:00-01:05 UTC"])
    at = int(datetime(2026, 1, 1, 1, 4, tzinfo=UTC).timestamp()) * 10**9
    assert str(found.window_at(at)) == "01:00-01:05 UTC"
    assert found.window_at(at + 60 * 10**9) is None
