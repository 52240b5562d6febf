"""Dead letters, kills, blocks, runs, instruments and alerts: tables of few rows, written event by event."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import msgspec

from autotrader.messages import (
    Alerted,
    DeadLetterAdded,
    DeadLetterClosed,
    InstrumentsListed,
    KillPulled,
    KillRearmed,
    Message,
    RunStarted,
    SymbolBlocked,
    SymbolReleased,
)

__all__ = ["RARE_KINDS", "RARE_TABLES", "project"]

RARE_TABLES = ("dead_letters", "kills", "blocks", "runs", "instruments", "alerts")


def _add_letter(db: sqlite3.Connection, _: int, event: DeadLetterAdded) -> None:
    history = msgspec.json.encode(event.history).decode()
    values = (event.letter_id, event.kind, event.client_order_id, event.venue, event.reason, event.attempts, event.first_ns,
              event.last_ns, event.body, history)  # fmt: skip
    columns = "id, kind, client_order_id, venue, reason, attempts, first_ns, last_ns, status, body, history"
    db.execute(f"INSERT OR REPLACE INTO dead_letters ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'OPEN', ?, ?)", values)


def _close_letter(db: sqlite3.Connection, _: int, event: DeadLetterClosed) -> None:
    db.execute(
        "UPDATE dead_letters SET status = ?, closed_by = ?, closed_reason = ?, closed_ns = ? WHERE id = ?",
        (event.status, event.by, event.reason, event.ts_ns, event.letter_id),
    )


def _pull(db: sqlite3.Connection, seq: int, event: KillPulled) -> None:
    values = (seq, event.ts_ns, event.level.name, event.scope, event.reason, event.by)
    db.execute("INSERT INTO kills VALUES (?, ?, 'PULLED', ?, ?, ?, ?)", values)


def _rearm(db: sqlite3.Connection, seq: int, event: KillRearmed) -> None:
    values = (seq, event.ts_ns, event.scope, event.reason, event.by)
    db.execute("INSERT INTO kills VALUES (?, ?, 'REARMED', NULL, ?, ?, ?)", values)


def _block(db: sqlite3.Connection, _: int, event: SymbolBlocked) -> None:
    values = (event.venue, event.symbol, event.reason, int(event.until_operator), event.ts_ns)
    db.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?)", values)


def _release(db: sqlite3.Connection, _: int, event: SymbolReleased) -> None:
    db.execute("DELETE FROM blocks WHERE venue = ? AND symbol = ?", (event.venue, event.symbol))


def _alert(db: sqlite3.Connection, seq: int, event: Alerted) -> None:
    values = (seq, event.ts_ns, event.code, event.text, event.venue, event.client_order_id)
    db.execute("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?)", values)


def _start(db: sqlite3.Connection, seq: int, event: RunStarted) -> None:
    db.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?)", (seq, event.ts_ns, event.run, event.mode, event.version))


def _list(db: sqlite3.Connection, _: int, event: InstrumentsListed) -> None:
    rows = [(event.venue, one.symbol, msgspec.json.encode(one).decode()) for one in event.instruments]
    db.executemany("INSERT OR REPLACE INTO instruments VALUES (?, ?, ?)", rows)


_WRITERS: dict[type[Message], Callable[..., None]] = {
    Alerted: _alert,
    DeadLetterAdded: _add_letter,
    DeadLetterClosed: _close_letter,
    InstrumentsListed: _list,
    KillPulled: _pull,
    KillRearmed: _rearm,
    RunStarted: _start,
    SymbolBlocked: _block,
    SymbolReleased: _release,
}


RARE_KINDS = frozenset(kind.__name__ for kind in _WRITERS)


def project(db: sqlite3.Connection, seq: int, event: Message) -> None:
    """Bring the tables up to date with one event; events that have no table of their own are passed over."""
    writer = _WRITERS.get(type(event))
    if writer is not None:
        writer(db, seq, event)
