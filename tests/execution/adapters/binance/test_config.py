"""Settings that agree with each other, and what is refused of those that do not."""

from __future__ import annotations

import pytest
from binance_actor_kit import UID, settings_of

from autotrader.config import load_settings
from autotrader.errors import ConfigError
from autotrader.execution.adapters.binance.config import binance_settings
from autotrader.execution.adapters.binance.hosts import ENVIRONMENTS, Hosts, check_hosts
from autotrader.model import Mode, TimeInForce
from autotrader.secrets import Secret

WS = "ws://127.0.0.1:1/ws-api/v3"


def test_the_defaults_are_those_of_the_sheet() -> None:
    found = settings_of()
    assert (found.order_lanes, found.cancel_lanes, found.query_lanes) == (4, 1, 1)
    assert (found.recv_window_ms, found.deadline_s, found.renew_h, found.silence_s) == (5_000, 15.0, 23.0, 60.0)
    assert (found.emulate, found.amend, found.symbols) == (frozenset(), True, ("BTCUSDT",))
    assert found.place == "127.0.0.1:1"


def test_a_request_lives_as_long_as_its_window_and_ten_seconds() -> None:
    assert settings_of().request_life_s == 5.0
    assert settings_of(recv_window_ms=2_000).request_life_s == 2.0
    assert settings_of(request_life_s=40).request_life_s == 40.0


@pytest.mark.parametrize(
    ("mode", "keys", "rest"),
    [
        (Mode.LIVE, {}, "https://api.binance.com"), (Mode.LIVE, {"rest": "https://api3.binance.com"}, "https://api3.binance.com"),
        (Mode.TESTNET, {}, "https://testnet.binance.vision"), (Mode.TESTNET, {"environment": "demo"}, "https://demo-api.binance.com"),
        (Mode.SIMULATED, {}, "http://127.0.0.1:1"), (Mode.SIMULATED, {"rest": "http://[::1]:7/"}, "http://[::1]:7"),
        (Mode.SIMULATED, {"rest": "http://localhost:7"}, "http://localhost:7"),
    ],
)  # fmt: skip
def test_each_mode_has_its_hosts(mode: Mode, keys: dict[str, str], rest: str) -> None:
    assert settings_of(mode, **keys).hosts.rest == rest


@pytest.mark.parametrize(
    ("mode", "keys", "names"),
    [
        (Mode.LIVE, {"rest": "https://testnet.binance.vision"}, "venues.binance.rest"),
        (Mode.LIVE, {"rest": "https://evil.example"}, "venues.binance.rest"),
        (Mode.LIVE, {"rest": "http://127.0.0.1:9"}, "venues.binance.rest"),
        (Mode.LIVE, {"ws": "wss://ws-api.testnet.binance.vision/ws-api/v3"}, "venues.binance.ws"),
        (Mode.LIVE, {"environment": "testnet"}, "venues.binance.environment"),
        (Mode.LIVE, {"environment": "demo"}, "venues.binance.environment"),
        (Mode.LIVE, {"rest": "http://api.binance.com"}, "https://"),
        (Mode.LIVE, {"account": ""}, "venues.binance.account"),
        (Mode.TESTNET, {"environment": "live"}, "venues.binance.environment"),
        (Mode.TESTNET, {"environment": "custom"}, "venues.binance.environment"),
        (Mode.TESTNET, {"rest": "https://api.binance.com"}, "venues.binance.rest"),
        (Mode.TESTNET, {"stream": "wss://stream.binance.com:9443"}, "venues.binance.stream"),
        (Mode.TESTNET, {"ws": "wss://demo-ws-api.binance.com/ws-api/v3"}, "one environment"),
        (Mode.SIMULATED, {"environment": "live"}, "venues.binance.environment"),
        (Mode.SIMULATED, {"rest": "https://api.binance.com"}, "venues.binance.rest"),
        (Mode.SIMULATED, {"rest": "http://10.0.0.1:8000"}, "venues.binance.rest"),
        (Mode.SIMULATED, {"rest": "http://127.0.0.1.example.com"}, "venues.binance.rest"),
        (Mode.SIMULATED, {"ws": "wss://ws-api.binance.com/ws-api/v3"}, "venues.binance.ws"),
        (Mode.SIMULATED, {"rest": None}, "venues.binance.rest is missing"),
        (Mode.SIMULATED, {"rest": "127.0.0.1:8000"}, "venues.binance.rest must read"),
        (Mode.SIMULATED, {"rest": "http://127.0.0.1:8000/api"}, "venues.binance.rest must read"),
        (Mode.SIMULATED, {"rest": "http://user:word@127.0.0.1:8000"}, "venues.binance.rest must read"),
        (Mode.SIMULATED, {"rest": "http://127.0.0.1:x"}, "venues.binance.rest"),
        (Mode.SIMULATED, {"api_key": None}, "venues.binance.api_key is missing"),
        (Mode.SIMULATED, {"api_secret": None}, "venues.binance.api_secret"),
        (Mode.SIMULATED, {"private_key": "-----BEGIN PRIVATE KEY-----"}, "not both"),
        (Mode.SIMULATED, {"order_lanes": 0}, "venues.binance.order_lanes"),
        (Mode.SIMULATED, {"order_lanes": 1000}, "venues.binance.order_lanes"),
        (Mode.SIMULATED, {"recv_window_ms": 60_001}, "venues.binance.recv_window_ms"),
        (Mode.SIMULATED, {"renew_h": 25}, "venues.binance.renew_h"),
        (Mode.SIMULATED, {"emulate": ["IOC"]}, "venues.binance.emulate"),
        (Mode.SIMULATED, {"self_trade_prevention": "SOME"}, "venues.binance.self_trade_prevention"),
        (Mode.SIMULATED, {"order_lane": 3}, "did you mean venues.binance.order_lanes"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_refused_by_its_key(mode: Mode, keys: dict[str, object], names: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_of(mode, **keys)
    assert names in str(caught.value)


def test_paper_does_not_trade_here() -> None:
    section = load_settings(env={}).venues["binance"]
    with pytest.raises(ConfigError, match="mode PAPER does not trade at binance"):
        binance_settings(section, Mode.PAPER)


@pytest.mark.parametrize("environment", sorted(ENVIRONMENTS))
def test_an_environment_goes_with_exactly_one_mode(environment: str) -> None:
    fits = []
    for mode in (Mode.SIMULATED, Mode.TESTNET, Mode.LIVE):
        try:
            check_hosts(ENVIRONMENTS[environment], mode)
        except ConfigError:
            continue
        fits.append(mode)
    assert fits == [Mode.LIVE if environment == "live" else Mode.TESTNET]


def test_plain_text_is_for_this_machine_alone() -> None:
    hosts = Hosts("https://api.binance.com", "ws://ws-api.binance.com/ws-api/v3", "wss://stream.binance.com")
    with pytest.raises(ConfigError, match="wss://"):
        check_hosts(hosts, Mode.LIVE)


def test_an_account_without_a_name_gets_one_from_its_key_and_only_outside_of_live() -> None:
    first, again = settings_of(account=""), settings_of(account="")
    other = settings_of(account="", api_key="another-key-for-tests")
    assert first.account == again.account != other.account
    assert (first.any_account, settings_of().any_account) == (True, False)
    assert settings_of().account == UID
    assert "key-for-tests" not in first.account


def test_lists_may_be_written_with_commas_and_in_small_letters() -> None:
    found = settings_of(symbols="btcusdt, ETHUSDT,btcusdt", emulate="gtd, day")
    assert found.symbols == ("BTCUSDT", "ETHUSDT")
    assert found.emulate == found.codec.emulated == {TimeInForce.GTD, TimeInForce.DAY}


def test_the_codecs_choices_reach_it() -> None:
    codec = settings_of(
        self_trade_prevention="EXPIRE_TAKER", touch_orders=True, marked_replacements=False, replace_partly_filled=True,
        rejected_reports_are_final=False, believed_in_5xx=[-1007], unlisted_is_refusal=False, limit_wait_s=1, ban_wait_s=2,
    ).codec
    assert (codec.account, codec.venue, codec.self_trade_prevention) == (UID, "binance", "EXPIRE_TAKER")
    assert (codec.touch_orders, codec.marked_replacements, codec.replace_partly_filled) == (True, False, True)
    assert (codec.rejected_reports_are_final, codec.believed_in_5xx, codec.unlisted_is_refusal) == (False, {-1007}, False)
    assert (codec.limit_wait_s, codec.ban_wait_s) == (1.0, 2.0)


def test_no_secret_shows() -> None:
    found = settings_of()
    assert isinstance(found.api_key, Secret)
    assert "for-tests" not in repr(found)
    assert found.secret.reveal() == "a-secret-for-tests"


def test_a_key_in_pem_form_signs_and_one_that_cannot_be_read_is_refused() -> None:
    found = settings_of(api_secret=None, private_key="-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----")
    with pytest.raises(ConfigError, match="private key"):
        found.make_signer()
    assert len(settings_of().make_signer().sign(b"x")) == 64
