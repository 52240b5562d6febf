"""Ready files become settings: hosts and keys of the simulated venue, the rest as it was configured, and no key in sight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autotrader.config import Settings, load_settings
from autotrader.console.ready_files import overlay_of, read_ready
from autotrader.errors import ConfigError
from autotrader.execution.adapters.binance.config import binance_settings

CANARY = "canary-4711-secret"


def ready(tmp_path: Path, **changes: Any) -> Path:
    told = {
        "venue": "binance", "host": "127.0.0.1", "port": 4000, "rest": "http://127.0.0.1:4000",
        "ws": "ws://127.0.0.1:4000/ws-api/v3", "stream": "ws://127.0.0.1:4000", "admin": "http://127.0.0.1:4000",
        "credentials": {"api_key": "canary-4711-key", "api_secret": CANARY}, "symbols": ["BTCUSDT", "ETHUSDT"], **changes,
    }
    path = tmp_path / f"{told['venue']}-{len(list(tmp_path.iterdir()))}.json"
    path.write_text(json.dumps(told))
    return path


def settings_of(*files: Path, sets: tuple[str, ...] = ()) -> Settings:
    overlay = overlay_of(read_ready(file) for file in files)
    return load_settings((), {}, sets, below=overlay.below, extra=overlay.extra, without=overlay.without)


def test_hosts_keys_and_mode_come_from_the_ready_file(tmp_path: Path) -> None:
    settings = settings_of(ready(tmp_path))
    made = binance_settings(settings.venues["binance"], settings.mode)
    assert (settings.mode, settings.active_venues) == ("SIMULATED", ("binance",))
    assert (made.hosts.rest, made.hosts.ws) == ("http://127.0.0.1:4000", "ws://127.0.0.1:4000/ws-api/v3")
    assert (made.api_key.reveal(), made.secret.reveal()) == ("canary-4711-key", CANARY)
    assert made.symbols == ("BTCUSDT", "ETHUSDT")


def test_what_is_configured_stays_but_for_who_we_are_and_where(tmp_path: Path) -> None:
    sets = (
        "mode=LIVE", "venues.binance.account=123456", "venues.binance.environment=live", "venues.binance.symbols=[\"BTCUSDT\"]",
        "venues.binance.api_key=env:NOT_THERE", "venues.binance.private_key=env:NOT_THERE", "venues.binance.order_lanes=2",
        "venues.binance.rest=https://api.binance.com",
    )
    settings = settings_of(ready(tmp_path), sets=sets)
    made = binance_settings(settings.venues["binance"], settings.mode)
    assert (made.mode, made.environment, made.any_account) == ("SIMULATED", "custom", True)
    assert (made.symbols, made.order_lanes, made.hosts.rest) == (("BTCUSDT",), 2, "http://127.0.0.1:4000")
    assert made.secret.reveal() == CANARY


def test_no_form_of_the_settings_shows_a_key_of_a_ready_file(tmp_path: Path) -> None:
    settings = settings_of(ready(tmp_path))
    shown = [settings.echo(), repr(settings), settings.model_dump_json(), json.dumps(settings.tree(), default=str)]
    assert not [text for text in shown if "canary-4711" in text]


def test_a_venue_without_urls_gets_host_and_port_and_its_account(tmp_path: Path) -> None:
    file = ready(tmp_path, venue="ibkr", rest=None, ws=None, stream=None, credentials={"account": "DU1"}, symbols=[])
    section = settings_of(file).venues["ibkr"]
    assert (section.account, section.options) == ("DU1", {"host": "127.0.0.1", "port": 4000})


def test_other_kinds_of_keys_are_passed_over(tmp_path: Path) -> None:
    keys = {"api_key": "the-key-1", "api_secret": "the-secret-1", "rsa": {"api_key": "rsa-key", "private_key": "PEM"}}
    section = settings_of(ready(tmp_path, credentials=keys)).venues["binance"]
    secret = section.secret("api_secret")
    assert secret is not None
    assert secret.reveal() == "the-secret-1"
    assert section.secret("private_key") is None


def test_two_files_of_one_venue_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="twice for binance"):
        settings_of(ready(tmp_path), ready(tmp_path))


def test_what_is_no_ready_file_is_refused_in_words_without_its_contents(tmp_path: Path) -> None:
    broken = tmp_path / "x.json"
    broken.write_text(f'{{"venue": "binance", "credentials": {{"api_secret": "{CANARY}"')
    with pytest.raises(ConfigError, match="is not the ready file") as caught:
        read_ready(broken)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(ConfigError, match="autotrader simulate VENUE --ready-file"):
        read_ready(tmp_path / "absent.json")
