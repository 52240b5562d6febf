"""Simulators that a run starts for itself: how they are asked for, how they fail, and that they end with their owner."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from launcher_kit import ROOT
from support import eventually

from autotrader.clock import SystemClock
from autotrader.config import Settings, load_settings
from autotrader.console.own_simulators import own_simulators, ready_path, wanted_simulators
from autotrader.errors import ConfigError, JournalError, StartError
from autotrader.model import Mode
from autotrader.oms.journal.store import Store

MINE = ("venues.mine.adapter=my.module:plan", "venues.mine.enabled=true", "venues.mine.simulator.start=true")


def settings_of(*sets: str) -> Settings:
    return load_settings((), {}, sets)


def test_only_what_is_enabled_and_asked_for_is_started() -> None:
    assert wanted_simulators(settings_of()) == {}
    assert wanted_simulators(settings_of("mode=SIMULATED", "venues.binance.enabled=true")) == {}
    asked = settings_of("mode=SIMULATED", "venues.binance.enabled=true", "venues.binance.simulator.start=true")
    assert list(wanted_simulators(asked)) == ["binance"]


@pytest.mark.parametrize("mode", ["TESTNET", "LIVE"])
def test_a_simulator_beside_a_real_venue_is_refused(mode: str) -> None:
    with pytest.raises(ConfigError, match=f"goes with mode SIMULATED, not {mode}"):
        wanted_simulators(settings_of(f"mode={mode}", *MINE))


def test_a_simulator_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    settings = settings_of("mode=SIMULATED", *MINE)
    with pytest.raises(StartError, match=r"the simulator of mine ended with code \d: autotrader"), own_simulators(
        settings, tmp_path / "j.db"
    ):
        pass
    assert not ready_path(tmp_path / "j.db", "mine").exists()


def test_one_that_is_given_is_not_started(tmp_path: Path) -> None:
    with own_simulators(settings_of("mode=SIMULATED", *MINE), tmp_path / "j.db", given=("mine",)) as started:
        assert started == []


def test_a_second_run_on_the_journal_starts_none(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    store = Store(journal, clock=SystemClock(), mode=Mode.SIMULATED, accounts={})
    try:
        with pytest.raises(JournalError, match="in use by another run"), own_simulators(
            settings_of("mode=SIMULATED", *MINE), journal
        ):
            pass
    finally:
        store.close()


OWNER = """
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "autotrader.console.leashed", *sys.argv[1:]], stdin=subprocess.PIPE)
print(child.pid, flush=True)
os.read(0, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see a process that is not a child")
def test_what_is_leashed_ends_when_its_owner_is_killed_hard(tmp_path: Path) -> None:
    command = ["run", "--journal", str(tmp_path / "j.db"), "--summary-json", str(tmp_path / "s.json")]
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path,
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    try:
        pid = int(owner.stdout.readline())
        eventually((tmp_path / "j.db.latch").exists, 30)
        assert _is_alive(pid)
        owner.stdin.write(b"x")
        owner.stdin.flush()
        assert owner.wait(10) == -9
        eventually(lambda: not _is_alive(pid), 20)
    finally:
        owner.kill()
        owner.stdin.close()
        owner.stdout.close()
    assert '"ended": "interrupted"' in (tmp_path / "s.json").read_text()
