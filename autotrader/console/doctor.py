"""Looks at everything a start depends on, and says what to fix."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autotrader.config import Settings, WireVenueSection
from autotrader.errors import AutotraderError
from autotrader.execution.adapters.outside import checks_of
from autotrader.execution.assembly import journal_path
from autotrader.execution.latch import kill_file, read_latch
from autotrader.execution.market import open_market
from autotrader.model import Mode
from autotrader.oms.journal.lock import is_locked
from autotrader.oms.journal.verify import verify
from autotrader.risk import default_profile, risk_settings
from autotrader.strategy.loading import strategy_maker

__all__ = ["examine"]

LEAST_FREE = 200 * 1024 * 1024

Row = dict[str, Any]
Check = tuple[bool, str, str]


def examine(load: Callable[[], Settings], load_whole: Callable[[], Settings] | None = None) -> list[Row]:
    """Return one row per check: {check, ok, detail, fix}. Nothing is changed; the venues of the configuration are asked.

    ``load_whole`` gives the settings with their secrets, for the venues; without it none is asked.
    """
    try:
        settings = load()
    except AutotraderError as error:
        return [_row("configuration", (False, str(error), "correct the key that is named"))]
    path = journal_path(settings)
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("configuration", lambda: (True, f"mode {settings.mode}, venues {', '.join(settings.active_venues)}", "")),
        ("market", lambda: _market(settings)),
        ("strategy", lambda: _strategies(settings)),
        ("limits", lambda: _limits(settings)),
        ("disk", lambda: _disk(path)),
        ("journal", lambda: _journal(path)),
        ("latch", lambda: _latch(path)),
    ]
    rows = [_row(name, _safely(check)) for name, check in checks]
    return rows if load_whole is None else [*rows, *_venues(settings, load_whole)]


def _venues(outline: Settings, load_whole: Callable[[], Settings]) -> list[Row]:
    """Ask each venue that the mode trades on; paper needs no asking."""
    names = [name for name in outline.active_venues if name != "paper"]
    if not names:
        return []
    try:
        settings = load_whole()
    except AutotraderError as error:
        return [_row("secrets", (False, str(error), "put the key where it is said to lie, readable by you alone"))]
    rows = [_row("secrets", (True, "every key could be read", ""))]
    for name in names:
        section = settings.venues[name]
        is_known = section.options.get("rest") or section.options.get("port")
        if isinstance(section, WireVenueSection) and section.simulator.start and not is_known:
            rows.append(_row(f"{name} simulator", (True, "a run starts it; nothing to ask before", "")))
            continue
        checks = checks_of(name, settings)
        rows += [] if checks is None else [_row(one.name, (one.ok, one.detail, one.fix)) for one in checks(settings)]
    return rows


def _row(name: str, found: Check) -> Row:
    return {"check": name, "ok": found[0], "detail": found[1], "fix": found[2] or None}


def _safely(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except AutotraderError as error:
        return False, str(error), "see the detail"
    except OSError as error:
        return False, str(error), "check the file and its permissions"


def _market(settings: Settings) -> Check:
    if settings.mode is not Mode.PAPER and settings.market_source == "live":
        quoted = settings.market.venue or ", ".join(settings.active_venues)
        return True, f"live: the streams of {quoted}", ""
    market = open_market(settings)
    names = ", ".join(f"{one.symbol} (tick {one.tick}, lot {one.lot})" for one in market.instruments)
    return True, f"{settings.market_source}: {names}", ""


def _strategies(settings: Settings) -> Check:
    for section in settings.all_strategies:
        strategy_maker(section.class_, section.options)
    return True, ", ".join(section.class_ for section in settings.all_strategies), ""


def _limits(settings: Settings) -> Check:
    profile = settings.risk.profile or default_profile(settings.mode)
    risk_settings(profile, settings.risk.overrides)
    return True, f"profile {profile}", ""


def _disk(path: Path) -> Check:
    place = next(parent for parent in path.absolute().parents if parent.exists())
    free = shutil.disk_usage(place).free
    if not os.access(place, os.W_OK):
        return False, f"{place} cannot be written to", "choose another --journal FILE, or change the directory's permissions"
    fix = "" if free >= LEAST_FREE else "make room: an engine that cannot write its journal takes no new orders"
    return free >= LEAST_FREE, f"{free // 1024**2} MiB free at {place}", fix


def _journal(path: Path) -> Check:
    if not path.exists():
        return True, f"{path} will be made at the first start", ""
    if is_locked(path):
        return True, f"{path} is in use by a running engine; `autotrader verify` reads it all the same", ""
    report = verify(path)
    return report.ok, f"{path}: {report.events} events; {report.detail or 'sound'}", "" if report.ok else "restore a backup"


def _latch(path: Path) -> Check:
    found = read_latch(path)
    if kill_file(path).exists():
        return False, f"the file {kill_file(path)} holds the kill switch", "remove it, then `autotrader rearm --reason …`"
    if found is None or not found.levels:
        return True, "armed", ""
    return False, f"{found.highest.name} by {found.by}: {found.reason}", "`autotrader rearm --reason …` once the cause is gone"
