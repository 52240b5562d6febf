"""What Interactive Brokers says of itself to the engine, and what is refused before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ibkr_actor_kit import D, settings_of

from autotrader.config import load_settings
from autotrader.errors import ConfigError
from autotrader.execution.adapters.ibkr.messages import ErrorKind
from autotrader.execution.adapters.ibkr.order_ids import ids_path
from autotrader.execution.adapters.ibkr.planning import link_settings, plan
from autotrader.execution.adapters.plan import VenuePlan, plan_venue
from autotrader.model import Instrument


def planned(tmp_path: Path, instruments: tuple[Instrument, ...] = (), **keys: Any) -> VenuePlan:
    own = {"enabled": True, "account": "DU1234567", "symbols": ["AAPL"], **keys}
    settings = load_settings(env={}, extra=[("a test", {"mode": "TESTNET", "venues": {"ibkr": own}})])
    return plan(settings, instruments, str(tmp_path / "journal.db"))


def test_one_link_one_account_and_a_cancel_for_everything(tmp_path: Path) -> None:
    found = planned(tmp_path)
    assert (found.name, found.account, found.place) == ("ibkr", "DU1234567", "127.0.0.1:7497")
    assert [one.name for one in found.connections] == ["tws"]
    assert (found.request_life_s, found.bulk_cancel, found.bulk_scope) == (10.0, True, "venue")


def test_the_engine_finds_it_by_its_name(tmp_path: Path) -> None:
    own = {"enabled": True, "account": "DU1234567", "symbols": ["AAPL"]}
    settings = load_settings(env={}, extra=[("a test", {"mode": "TESTNET", "venues": {"ibkr": own}})])
    assert plan_venue("ibkr", settings, (), str(tmp_path / "j.db")).name == "ibkr"


def test_what_the_market_quotes_is_traded_where_no_symbols_are_named(tmp_path: Path) -> None:
    quoted = (Instrument("ibkr", "MSFT", D("0.01"), D(1), "USD"), Instrument("paper", "BTC", D("0.01"), D(1), "USD"))
    assert planned(tmp_path, quoted, symbols=[]).name == "ibkr"
    with pytest.raises(ConfigError, match="symbols is missing"):
        planned(tmp_path, quoted[1:], symbols=[])


def test_a_symbol_that_names_nothing_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no symbol"):
        planned(tmp_path, symbols=["AAPL", "conid:0"])


def test_order_ids_that_cannot_be_read_are_refused_at_once(tmp_path: Path) -> None:
    ids_path(tmp_path / "journal.db").write_text("nonsense")
    with pytest.raises(ConfigError, match="cannot be read"):
        planned(tmp_path)


def test_the_link_is_set_up_as_configured() -> None:
    own = settings_of(client_id=5, messages_per_s=40, reserve=4, heartbeat_s=3, connect_timeout_s=7, codes={"434": "warning"})
    found = link_settings(own)
    assert (found.host, found.port, found.client_id) == ("127.0.0.1", 7497, 5)
    assert (found.rate, found.reserve, found.heartbeat_s, found.connect_s) == (40, 4, 3.0, 7.0)
    assert found.codes == {434: ErrorKind.WARNING}
    assert link_settings(own, 9).client_id == 9
