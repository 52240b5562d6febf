"""The verbs of the command line that read a journal, and those that close and open the latch."""

from __future__ import annotations

import argparse
import getpass
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from autotrader.config import Settings, load_settings
from autotrader.console.own_simulators import started_by_run
from autotrader.console.ready_files import ReadyFile, overlay_of, read_ready
from autotrader.console.tables import print_findings, print_json, print_rows
from autotrader.errors import ConfigError
from autotrader.execution.assembly import journal_path
from autotrader.execution.latch import pull_latch, read_latch
from autotrader.execution.rearm_request import read_rearm, request_rearm
from autotrader.model import KillLevel
from autotrader.oms.journal.lock import is_locked
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.verify import verify as verify_journal

if TYPE_CHECKING:
    from autotrader.console.own_sweep import Swept

__all__ = ["dlq_list", "dlq_show", "doctor", "fills", "kill", "ledger", "orders", "positions", "rearm", "status", "verify"]

DONE, ERROR, NOT_CLEAN = 0, 1, 4
PAUSE_S = 0.05


def _settings(
    arguments: argparse.Namespace, started: Sequence[ReadyFile] = (), *, read_secrets: bool = False
) -> Settings:
    flags = {"journal": {"path": arguments.journal}} if arguments.journal else {}
    venues = overlay_of([*(read_ready(file) for file in getattr(arguments, "simulator", ())), *started])
    return load_settings(
        arguments.config, None, arguments.sets, below=venues.below, extra=[*venues.extra, ("command line", flags)],
        without=venues.without, read_secrets=read_secrets,
    )


def _journal(arguments: argparse.Namespace) -> Path:
    return Path(arguments.journal) if arguments.journal else journal_path(_settings(arguments))


def _list(arguments: argparse.Namespace, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> int:
    if arguments.json:
        print_json(rows)
    else:
        print_rows(rows, columns)
    return DONE


# ---------------------------------------------------------------- reading


def orders(arguments: argparse.Namespace) -> int:
    """Print orders, oldest first."""
    columns = ("client_order_id", "venue", "symbol", "side", "type", "quantity", "price", "state", "filled_quantity",
               "average_price", "reason_code", "strategy")  # fmt: skip
    with Reader(_journal(arguments)) as reader:
        return _list(arguments, reader.orders(open_only=arguments.open), columns)


def fills(arguments: argparse.Namespace) -> int:
    """Print fills, oldest first."""
    columns = ("trade_id", "client_order_id", "venue", "symbol", "side", "price", "quantity", "fee", "fee_asset", "liquidity")
    with Reader(_journal(arguments)) as reader:
        return _list(arguments, reader.fills(), columns)


def positions(arguments: argparse.Namespace) -> int:
    """Print positions."""
    columns = ("venue", "account", "symbol", "quantity", "average_price", "realized_pnl", "unrealized_pnl", "currency")
    with Reader(_journal(arguments)) as reader:
        return _list(arguments, reader.positions(), columns)


def dlq_list(arguments: argparse.Namespace) -> int:
    """Print dead letters, oldest first."""
    columns = ("id", "kind", "client_order_id", "venue", "attempts", "status", "reason")
    with Reader(_journal(arguments)) as reader:
        return _list(arguments, reader.dead_letters(), columns)


def dlq_show(arguments: argparse.Namespace) -> int:
    """Print one dead letter, whole."""
    with Reader(_journal(arguments)) as reader:
        letter = reader.dead_letter(arguments.id)
    if letter is None:
        raise ConfigError(f"no dead letter {arguments.id}; see `autotrader dlq list`")
    print_json(letter)
    return DONE


def status(arguments: argparse.Namespace) -> int:
    """Print what the journal and its latch say."""
    path = _journal(arguments)
    with Reader(path) as reader:
        found = reader.status()
    latch = read_latch(path)
    if latch is not None and latch.levels:
        found["kill"] = {"level": latch.highest.name, "reason": latch.reason, "by": latch.by, "since_ns": latch.since_ns}
    found["running"] = is_locked(path)
    if arguments.json:
        print_json(found)
    else:
        print_rows([{"what": key, "is": msgspec.json.encode(value).decode()} for key, value in found.items()], ("what", "is"))
    return DONE


def ledger(arguments: argparse.Namespace) -> int:
    """Print the paper venue's own books, as JSON."""
    from autotrader.execution.adapters.paper import ledger_path
    from autotrader.simulator.ledger_view import read_ledger

    path = ledger_path(_journal(arguments))
    if not path.exists():
        raise ConfigError(f"there is no ledger of a paper venue at {path}; name the journal beside it with --journal FILE")
    print_json(read_ledger(path))
    return DONE


def verify(arguments: argparse.Namespace) -> int:
    """Check the journal and say what is wrong; exit code 0 or 1."""
    report = verify_journal(_journal(arguments))
    if arguments.json:
        print_json(msgspec.to_builtins(report))
    else:
        print(f"{'ok' if report.ok else 'NOT OK'}: {report.events} events" + (f"; {report.detail}" if report.detail else ""))
    return DONE if report.ok else ERROR


def doctor(arguments: argparse.Namespace) -> int:
    """Run every check and print what to fix; exit code 0 when all are ok."""
    from autotrader.console.doctor import examine

    rows = examine(lambda: _settings(arguments), lambda: _whole_settings(arguments))
    if arguments.json:
        print_json(rows)
    else:
        print_findings(rows)
    return DONE if all(row["ok"] for row in rows) else ERROR


# ---------------------------------------------------------------- the latch


def kill(arguments: argparse.Namespace) -> int:
    """Close the latch, then sweep the venues of the configuration over connections of our own; exit code 4 when not clean.

    A running engine's gate sees the latch at its next write, and its supervisor within 100 ms. The paper venue lies inside the
    engine: it is left to that.
    """
    path = _journal(arguments)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    level = KillLevel[arguments.level]
    found = pull_latch(path, level, arguments.reason, arguments.by or getpass.getuser(), arguments.scope)
    running = is_locked(path)
    said = {
        "level": found.level(arguments.scope).name,
        "scope": arguments.scope,
        "reason": arguments.reason,
        "latch": f"{path}.latch",
        "engine_running": running,
        "detail": "the engine sweeps its venues" if running else "no engine runs on this journal; its next start is closed",
    }
    if not arguments.json:
        print(f"latch closed: {said['level']} for {arguments.scope}; {said['detail']}", flush=True)
    swept = _sweep(arguments, path) if level >= KillLevel.CANCEL else []
    if arguments.json:
        print_json(said | {"venues": [msgspec.to_builtins(one) for one in swept]})
    for one in () if arguments.json else swept:
        word = "CLEAN" if one.clean else "NOT CLEAN"
        print(f"{one.venue}: {word}: {one.canceled} cancelled, {one.remaining} left; {one.detail}")
    return DONE if all(one.clean for one in swept) else NOT_CLEAN


def _sweep(arguments: argparse.Namespace, journal: Path) -> list[Swept]:
    """Sweep what the configuration and the journal name; whatever is wrong with them, the latch is closed already."""
    from autotrader.console.kill_sweep import sweep_venues

    return sweep_venues(
        lambda: _settings(arguments), lambda: _whole_settings(arguments), journal, arguments.scope, arguments.wait
    )


def _whole_settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings with their secrets, and with the simulators that a run has started for itself."""
    outline = _settings(arguments)
    given = {read_ready(file).venue for file in arguments.simulator}
    return _settings(arguments, started_by_run(outline, _journal(arguments), given), read_secrets=True)


def rearm(arguments: argparse.Namespace) -> int:
    """Ask for the kill level to be lifted, and wait a while for the answer; exit code 4 when it says what is missing."""
    path = _journal(arguments)
    request_rearm(path, arguments.scope, arguments.reason, arguments.by or getpass.getuser())
    deadline = time.monotonic() + arguments.wait
    while is_locked(path) and time.monotonic() < deadline:
        found = read_rearm(path)
        if found is not None and found.answer is not None and (found.answer.lifted or found.answer.final):
            break
        time.sleep(PAUSE_S)
    found = read_rearm(path)
    answer = None if found is None else found.answer
    missing = list(answer.missing) if answer is not None else []
    lifted = answer is not None and answer.lifted
    detail = "lifted" if lifted else "; ".join(missing) or "asked; the engine decides, running or at its next start"
    if arguments.json:
        print_json({"lifted": lifted, "missing": missing, "scope": arguments.scope, "detail": detail})
    else:
        print(f"re-arm {arguments.scope}: {detail}")
    return NOT_CLEAN if missing and not lifted else DONE
