"""The simulated venues that a run starts for itself (``venues.NAME.simulator.start``), and ends with itself."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from autotrader.config import Settings, SimulatorKeys, WireVenueSection
from autotrader.console.ready_files import ReadyFile, read_ready
from autotrader.errors import ConfigError, JournalError, StartError
from autotrader.model import Mode
from autotrader.oms.journal.lock import is_locked

__all__ = ["own_simulators", "ready_path", "started_by_run", "wanted_simulators"]

START_S = 60.0
END_S = 10.0
PAUSE_S = 0.02


def ready_path(journal: Path, venue: str) -> Path:
    """Return where the ready file of a run's own simulator lies while it runs: beside the journal, for its owner alone."""
    return Path(f"{journal}.{venue}.ready")


def wanted_simulators(settings: Settings) -> dict[str, SimulatorKeys]:
    """Return the venues whose simulator the run is to start; raises ConfigError outside mode SIMULATED."""
    wanted = {
        name: section.simulator
        for name in settings.active_venues
        if isinstance(section := settings.venues[name], WireVenueSection) and section.simulator.start
    }
    if wanted and settings.mode is not Mode.SIMULATED:
        name = next(iter(wanted))
        raise ConfigError(f"venues.{name}.simulator.start goes with mode SIMULATED, not {settings.mode}: take one out")
    return wanted


def started_by_run(settings: Settings, journal: Path, given: Collection[str] = ()) -> list[ReadyFile]:
    """Return what runs of these simulators now, started by a run on this journal; for commands beside it."""
    paths = [ready_path(journal, name) for name in wanted_simulators(settings) if name not in given]
    return [read_ready(path) for path in paths if path.exists()]


@contextmanager
def own_simulators(settings: Settings, journal: Path, given: Collection[str] = ()) -> Iterator[list[ReadyFile]]:
    """Start the simulators that are wanted and not ``given``, and yield their ready files; end them afterwards.

    They end with this process in any case. Raises ConfigError, JournalError when another run has the journal, or StartError
    with the last that a simulator said.
    """
    wanted = {name: keys for name, keys in wanted_simulators(settings).items() if name not in given}
    if wanted and is_locked(journal):
        raise JournalError(f"{journal} is in use by another run; choose another --journal FILE")
    with ExitStack() as stack:
        yield [stack.enter_context(_running(name, keys, journal)) for name, keys in wanted.items()]


@contextmanager
def _running(venue: str, keys: SimulatorKeys, journal: Path) -> Iterator[ReadyFile]:
    ready, said = ready_path(journal, venue), Path(f"{journal}.{venue}.sim.log")
    journal.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "autotrader.console.leashed", "simulate", venue, "--ready-file", str(ready)]
    with said.open("wb") as log:
        child = subprocess.Popen(
            [*command, *_options(keys, journal, venue)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log,
            umask=0o077,  # stdout would say the keys
            start_new_session=True,  # Ctrl-C in a terminal is for the run alone: its orders are cancelled first
        )
    try:
        yield _await_ready(child, ready, said, venue)
    finally:
        _end(child)
        with suppress(OSError):
            ready.unlink(missing_ok=True)


def _options(keys: SimulatorKeys, journal: Path, venue: str) -> list[str]:
    """Return the flags; without a ledger of its own the venue's books lie beside the journal, so that both go on together."""
    named = {
        "--seed": keys.seed, "--latency-ms": keys.latency_ms, "--faults": keys.faults, "--tape": keys.tape,
        "--ledger": keys.ledger or f"{journal}.{venue}.ledger",
    }
    return [part for flag, value in named.items() if value not in (None, "") for part in (flag, f"{value}")]


def _await_ready(child: subprocess.Popen[bytes], ready: Path, said: Path, venue: str) -> ReadyFile:
    deadline = time.monotonic() + START_S
    while not ready.exists():
        if child.poll() is not None:
            raise StartError(f"the simulator of {venue} ended with code {child.returncode}: {_tail(said)}")
        if time.monotonic() > deadline:
            raise StartError(f"the simulator of {venue} was not ready within {START_S:g} s: {_tail(said)}")
        time.sleep(PAUSE_S)
    return read_ready(ready)


def _tail(said: Path) -> str:
    lines = said.read_text(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else f"it said nothing ({said})"


def _end(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(END_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(END_S)
