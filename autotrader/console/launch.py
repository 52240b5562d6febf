"""``autotrader run`` and ``scripts/run_live.py``: signals, logs, a live line on a terminal, a summary, an exit code."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from autotrader.config import Settings, load_settings
from autotrader.console.live_line import live_line
from autotrader.console.own_simulators import own_simulators
from autotrader.console.ready_files import ReadyFile, overlay_of, read_ready
from autotrader.console.signals import Signals
from autotrader.console.summary_text import summary_lines
from autotrader.errors import ConfigError
from autotrader.execution.assembly import journal_path
from autotrader.execution.config import ExecutionConfig
from autotrader.execution.engine import ExecutionEngine
from autotrader.execution.summary import RunSummary
from autotrader.logs import configure_logging
from autotrader.model import Mode

__all__ = ["launch", "run_settings", "tune_interpreter"]

ENDED_CODES = {"killed": 3, "error": 1}
NOT_CLEAN = 4
GC_THRESHOLD = 20_000
"""New containers before the collector looks; most of what an order makes is freed by counting."""


def launch(arguments: argparse.Namespace) -> int:
    """Trade as asked and return the exit code; owns its process: signals, log sinks, switch interval."""
    outline = run_settings(arguments, read_secrets=False)
    if outline.mode is Mode.LIVE and not arguments.arm:
        raise ConfigError("mode LIVE trades real money: give --arm as well, or set mode = \"PAPER\"")
    if sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)  # a crash below Python says where each thread was
    close_logs = configure_logging(outline.logs)
    tune_interpreter(outline.engine.switch_interval_ms, one_core=outline.engine.one_core)
    given = tuple(read_ready(file).venue for file in arguments.simulator)
    signals = Signals(journal_path(outline))
    signals.listen()
    try:
        with own_simulators(outline, journal_path(outline), given) as started:
            return _trade(run_settings(arguments, started), arguments, signals)
    finally:
        close_logs()


def tune_interpreter(switch_interval_ms: float, *, one_core: bool = False) -> None:
    """Set the interpreter for an engine that owns its process: quick hand-overs, and no collections over what stays.

    An embedded engine leaves all of it to its host. Threads that are there already stay on their cores.
    """
    if one_core and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})
    sys.setswitchinterval(switch_interval_ms / 1e3)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)


def run_settings(
    arguments: argparse.Namespace, started: Sequence[ReadyFile] = (), *, read_secrets: bool = True
) -> Settings:
    """Lay the flags, and the simulated venues given and ``started``, over files, environment and ``--set``."""
    flags: dict[str, Any] = {}
    if arguments.replay is not None:
        flags["market"] = {"source": "tape", "file": arguments.replay}
    if arguments.speed is not None:
        speed = arguments.speed if arguments.speed == "max" else _number(arguments.speed)
        flags.setdefault("market", {})["speed"] = speed
    if arguments.strategy is not None:
        flags["strategy"] = {"class": arguments.strategy}
    if arguments.journal is not None:
        flags["journal"] = {"path": arguments.journal}
    run = {"duration_s": arguments.duration, "until_fills": arguments.until_fills}
    flags["run"] = {key: value for key, value in run.items() if value is not None}
    venues = overlay_of([*(read_ready(file) for file in arguments.simulator), *started])
    return load_settings(
        arguments.config, None, arguments.sets, below=venues.below, extra=[*venues.extra, ("command line", flags)],
        without=venues.without, read_secrets=read_secrets,
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"--speed must be a number above zero or max, not {text!r}") from None


def _trade(settings: Settings, arguments: argparse.Namespace, signals: Signals) -> int:
    engine = signals.engine = ExecutionEngine(ExecutionConfig.of(settings, arm=arguments.arm))
    try:
        engine.connect()
        with live_line() as progress:

            def look(seen: ExecutionEngine) -> None:
                if signals.stopping.is_set():  # asked before there was a run to end
                    seen.end_run()
                progress(seen)

            summary = engine.run_live_trading(
                duration_s=settings.run.duration_s, until_fills=settings.run.until_fills, on_progress=look
            )
    finally:
        engine.stop()
    _report(summary, arguments.summary_json, journal_path(settings))
    if summary.ended == "killed":
        return ENDED_CODES["killed"]
    return ENDED_CODES.get(summary.ended, 0 if summary.clean else NOT_CLEAN)


def _report(summary: RunSummary, summary_file: str | None, journal: Path) -> None:
    print("\n".join(summary_lines(summary)))
    if summary.ended == "killed":
        print(f're-arm     look first, then: autotrader rearm --journal {journal} --reason "why it is safe again"')
    if summary_file is not None:
        try:
            Path(summary_file).write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
        except OSError as error:
            raise ConfigError(f"--summary-json {summary_file} cannot be written: {error}") from error


