"""Promise 34: an order leaves only if mode, hosts, key and account all agree; every mixture of them, from settings to gate."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from binance_kit import exchange_info, raw
from risk_kit import code, order, settings, view

from autotrader.config import load_settings
from autotrader.errors import ConfigError
from autotrader.execution.adapters.binance.codec import CallKind, CodecSettings, outcome_of
from autotrader.execution.adapters.binance.config import binance_settings
from autotrader.execution.adapters.binance.errands import ErrandFailed, Reply
from autotrader.execution.adapters.binance.greeting import introduce
from autotrader.execution.adapters.binance.hosts import ENVIRONMENTS
from autotrader.model import AccountInfo, Mode
from autotrader.risk import controls
from autotrader.secrets import Secret

OURS, OTHER = "1111", "2222"
LOOPBACK = ("http://127.0.0.1:4000", "ws://127.0.0.1:4000/ws-api/v3", "ws://127.0.0.1:4000")
HOSTS = {name: (one.rest, one.ws, one.stream) for name, one in ENVIRONMENTS.items()} | {"loopback": LOOPBACK}
HOME = {Mode.LIVE: {"live"}, Mode.TESTNET: {"testnet", "demo"}, Mode.SIMULATED: {"loopback"}}
RIGHTS: dict[str, dict[str, bool] | None] = {
    "trades": {"enableReading": True, "enableSpotAndMarginTrading": True, "enableWithdrawals": False},
    "withdraws": {"enableReading": True, "enableSpotAndMarginTrading": True, "enableWithdrawals": True},
    "reads": {"enableReading": True, "enableSpotAndMarginTrading": False, "enableWithdrawals": False},
    "of another environment": None,
}
ACCOUNTS = {"ours": OURS, "another's": OTHER, "untold": ""}


def own_settings(mode: Mode, host: str, account: str) -> Any:
    rest, ws, stream = HOSTS[host]
    own = {
        "enabled": True, "rest": rest, "ws": ws, "stream": stream, "account": account, "api_key": Secret("the-key"),
        "api_secret": Secret("the-secret"), "symbols": ["BTCUSDT"],
    }
    if mode is Mode.TESTNET and host == "demo":
        own["environment"] = "demo"
    loaded = load_settings((), {}, extra=[("test", {"mode": mode, "venues": {"binance": own}})])
    return binance_settings(loaded.venues["binance"], loaded.mode)


def answer(call: Any, uid: str, rights: dict[str, bool] | None) -> Reply:
    """Answer as the venue would: the key's rights are told at live hosts only, and a foreign key is refused everywhere."""
    codec, status, body = CodecSettings("acc"), 200, raw(exchange_info())
    if call.is_signed and rights is None:
        status, body = 401, raw({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."})
    elif "apiRestrictions" in call.path:
        body = raw(rights)
    elif call.path.endswith("account"):
        told = {"balances": [], "canTrade": True, "canWithdraw": True}
        body = raw(told | ({"uid": int(uid)} if uid else {}))
    assert call.kind is CallKind.READ
    return Reply(outcome_of(call, status, {}, body, codec, 0), status, body)


def info_of(own: Any, uid: str, rights: dict[str, bool] | None) -> AccountInfo:
    errand = introduce(own)
    reply = None
    while True:
        try:
            call = errand.send(reply) if reply is not None else next(errand)
        except StopIteration as done:
            return done.value.info  # type: ignore[no-any-return]
        reply = answer(call, uid, rights)


def why_not(mode: Mode, host: str, key: str, reported: str, configured: str = OURS) -> str:
    """Return what stops an order, "pass" when nothing does."""
    try:
        own = own_settings(mode, host, configured)
    except ConfigError:
        return "settings"
    try:
        info = info_of(own, ACCOUNTS[reported], RIGHTS[key])
    except ErrandFailed:
        return "greeting"
    one = order(account=own.account)
    return code(controls.gate(one, view(mode=mode, account=info), settings("retail").gate))


MODES = (Mode.SIMULATED, Mode.TESTNET, Mode.LIVE)
MIXTURES = list(product(MODES, HOSTS, RIGHTS, ACCOUNTS))


@pytest.mark.parametrize(("mode", "host", "key", "reported"), MIXTURES)
def test_an_order_passes_only_where_everything_agrees(mode: Mode, host: str, key: str, reported: str) -> None:
    told = mode in (Mode.LIVE, Mode.SIMULATED)  # elsewhere the venue has no way to say what a key may do beyond the account
    good_key = key == "trades" or (not told and key in ("withdraws", "reads"))
    agrees = host in HOME[mode] and good_key and reported == "ours"
    assert (why_not(mode, host, key, reported) == "pass") is agrees


def test_the_mixtures_are_more_than_the_promise_counts() -> None:
    passed = [one for one in MIXTURES if why_not(*one) == "pass"]
    assert len(MIXTURES) >= 64
    assert [(mode, host) for mode, host, *_ in passed if mode is Mode.LIVE] == [(Mode.LIVE, "live")]


def test_live_needs_an_account_by_name_and_elsewhere_any_will_do_when_none_is_named() -> None:
    assert why_not(Mode.LIVE, "live", "trades", "ours", configured="") == "settings"
    assert why_not(Mode.SIMULATED, "loopback", "trades", "another's", configured="") == "pass"
    assert why_not(Mode.SIMULATED, "loopback", "trades", "untold", configured="") == "pass"


def test_paper_is_not_traded_at_binance() -> None:
    with pytest.raises(ConfigError, match="mode PAPER does not trade at binance"):
        own_settings(Mode.PAPER, "live", OURS)
