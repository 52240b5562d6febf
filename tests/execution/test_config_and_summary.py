"""The configuration that is written in code, and the summary of a run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autotrader.config import load_settings
from autotrader.errors import ConfigError
from autotrader.execution.config import ExecutionConfig
from autotrader.execution.engine import ExecutionEngine
from autotrader.execution.facades import BaseBrokerAdapter
from autotrader.execution.summary import RunSummary, position_json
from autotrader.model import Position


def test_without_arguments_it_is_paper_with_everything_on() -> None:
    config = ExecutionConfig(env={})
    assert config.enable_paper_trading
    assert config.enable_resiliency
    assert config.enable_oms_monitoring
    assert config.cycle_time_ms == 100


def test_flags_and_sections_are_keywords() -> None:
    config = ExecutionConfig(
        env={}, enable_resiliency=False, enable_oms_monitoring=False, cycle_time_ms=20, market={"seed": 7},
        journal={"path": "bot.db"}, engine={"start_timeout_s": 9},
    )  # fmt: skip
    assert (config.enable_resiliency, config.enable_oms_monitoring, config.cycle_time_ms) == (False, False, 20)
    assert (config.settings.market.seed, config.settings.journal.path) == (7, "bot.db")
    assert config.settings.engine.start_timeout_s == 9


def test_flags_win_over_the_engine_section() -> None:
    assert ExecutionConfig(env={}, cycle_time_ms=20, engine={"cycle_time_ms": 30}).cycle_time_ms == 20


OWN = {"enabled": True, "account": "1", "api_key": "keyX", "api_secret": "secretX"}
LIVE: dict[str, Any] = {"mode": "LIVE", "venues": {"binance": OWN}}


def test_live_trades_only_when_it_is_armed_beside_its_mode(tmp_path: Path) -> None:
    config = ExecutionConfig(env={}, journal={"path": str(tmp_path / "j.db")}, **LIVE)
    assert not config.arm
    with pytest.raises(ConfigError, match="arm=True"):
        ExecutionEngine(config).connect()
    with pytest.raises(ConfigError, match="arm=True"):
        ExecutionEngine(config.settings).connect()
    assert list(tmp_path.iterdir()) == []
    assert ExecutionConfig(env={}, arm=True, **LIVE).arm
    assert ExecutionConfig.of(config.settings, arm=True).arm


def test_an_adapter_is_armed_by_an_option_of_its_own_and_its_account_is_the_venues() -> None:
    class Adapter(BaseBrokerAdapter):
        venue = "binance"

    armed = Adapter(account="1", api_key="keyX", api_secret="secretX", arm=True).engine.config
    assert armed.arm
    assert armed.settings.venues["binance"].account == "1"
    assert Adapter(account={"currency": "EUR"}, mode="TESTNET").engine.settings.account.currency == "EUR"
    with pytest.raises(ConfigError, match="arm=True"):
        Adapter(account="1", api_key="keyX", api_secret="secretX").connect()


def test_paper_is_paper_whatever_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "live.toml"
    file.write_text('mode = "LIVE"\n')
    config = ExecutionConfig(files=[file], env={}, enable_paper_trading=True)
    assert (config.enable_paper_trading, config.settings.mode) == (True, "PAPER")


def test_no_paper_without_another_mode_is_refused() -> None:
    with pytest.raises(ConfigError, match="mode"):
        ExecutionConfig(env={}, enable_paper_trading=False)


def test_a_fault_is_one_line_that_names_the_key() -> None:
    with pytest.raises(ConfigError, match="cycle_time"):
        ExecutionConfig(env={}, cycle_time_ms=-1)
    with pytest.raises(ConfigError, match="markt"):
        ExecutionConfig(env={}, markt={"seed": 7})


def test_settings_that_were_loaded_elsewhere_can_be_wrapped() -> None:
    settings = load_settings((), {}, ())
    assert ExecutionConfig.of(settings).settings is settings


def test_a_position_is_text_and_never_in_exponent_form() -> None:
    held = Position("paper", "a", "BTCUSDT", Decimal("1E+2"), Decimal("65000.10"), Decimal("-3.50"), None, "USDT")
    assert position_json(held) == {
        "venue": "paper", "account": "a", "symbol": "BTCUSDT", "quantity": "100", "average_price": "65000.10",
        "realized_pnl": "-3.50", "unrealized_pnl": None, "currency": "USDT",
    }  # fmt: skip
    flat = Position("paper", "a", "BTCUSDT", Decimal(0), None, Decimal(0), Decimal(0), "USDT")
    assert (position_json(flat)["average_price"], position_json(flat)["unrealized_pnl"]) == (None, "0")


def test_a_summary_is_plain_json() -> None:
    summary = RunSummary(
        ended="until_fills", orders=3, fills=2, denied=0, rejected=0, unknown=0, filled_notional="200", fees={"USDT": "0.1"},
        realized_pnl="0", unrealized_pnl=None, positions=[], latency_us={}, started_ns=1, ended_ns=2, clean=True,
    )  # fmt: skip
    decoded = msgspec.json.decode(msgspec.json.encode(summary))
    assert (decoded["ended"], decoded["clean"], decoded["rejects"], decoded["fill_rate"]) == ("until_fills", True, {}, None)
