"""Begin a new file that goes on where the old one ends, and keep the old one under a dated name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from autotrader.clock import Clock
from autotrader.errors import JournalError
from autotrader.messages import Checkpointed, InstrumentsListed, Message
from autotrader.model import Fill, Instrument, OrderUpdate
from autotrader.oms.evidence import VENUE_LAG_NS
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.head import head_path, read_head
from autotrader.oms.journal.meta import Meta
from autotrader.oms.journal.rare import RARE_KINDS
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.restore import Restored, checkpoint_body, open_books
from autotrader.oms.journal.schema import open_file
from autotrader.oms.journal.store import Store, journal_lock
from autotrader.oms.journal.verify import verify

__all__ = ["archive"]


def archive(path: Path | str, *, clock: Clock, lag_ns: int | Mapping[str, int] = VENUE_LAG_NS) -> Path:
    """Move the journal aside and begin a new one with its state; return where the old one lies now.

    The new file starts with a checkpoint, chained to the old head, and names the old file, through which closed orders are
    still found. Raises ``JournalError`` while an engine runs on the journal, when it is damaged, and when it was not stopped
    in order: some state is then in no checkpoint. A crash on the way leaves either the old file or the new one in place.
    """
    path = Path(path)
    with journal_lock(path):
        report = verify(path, lag_ns=lag_ns)
        if not report.ok:
            raise JournalError(f"{path} is damaged and stays where it is: {report.detail}")
        _fold_log(path)
        fresh = path.with_name(path.name + ".new")
        stamp = datetime.fromtimestamp(clock.now_ns() / 1e9, UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = path.with_name(f"{path.stem}-{stamp}{path.suffix}")
        if aside.exists():
            raise JournalError(f"{aside} is there already; nothing was changed")
        _begin(path, fresh, aside.name, clock, lag_ns)
        _copy(path, aside)
        _copy(head_path(path), head_path(aside))
        for suffix in ("-wal", "-shm"):  # empty: the log was folded in, and nobody else writes
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.replace(fresh, path)
        os.replace(head_path(fresh), head_path(path))
        _sync_directory(path.parent)
    return aside


def _fold_log(path: Path) -> None:
    db = open_file(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()


def _begin(path: Path, fresh: Path, previous: str, clock: Clock, lag_ns: int | Mapping[str, int]) -> None:
    """Write the new file beside the old one, complete and synced."""
    for left in (fresh, head_path(fresh)):
        left.unlink(missing_ok=True)
    with Reader(path) as reader:
        meta, restored = reader.meta(), open_books(reader, lag_ns=lag_ns)
        if unsaved := {type(event).__name__ for event in restored.others} - RARE_KINDS:
            kinds = ", ".join(sorted(unsaved))
            raise JournalError(f"{path} holds {kinds} after its last checkpoint; start the engine and stop it once")
        head = read_head(path)
        if head is None or head[0] != restored.sequence:
            raise JournalError(f"the head file of {path} is behind; start the engine and stop it once")
        base = Meta(meta.engine_id, meta.mode, clock.now_ns(), meta.accounts, head[0], head[1].hex(), previous)
        store = Store(fresh, clock=clock, mode=meta.mode, continues=base)
        store.append([_first_commit(restored, clock.now_ns())])
        store.checkpoint_log()
        store.close()
    fresh.with_name(fresh.name + ".lock").unlink()


def _first_commit(restored: Restored, now_ns: int) -> Commit:
    """Return the checkpoint, its rows, and those events that the small tables still need."""
    books = restored.books
    records = list(books.orders.values())
    events: list[Message] = [Checkpointed(checkpoint_body(books, **restored.parts), now_ns)]
    events += restored.runs[-1:]
    events += _listed(books.accounts.instruments())
    events += [*restored.kills.values(), *restored.blocks, *restored.dead_letters]
    updates: list[OrderUpdate] = [record.update() for record in records]
    fills: list[Fill] = [fill for record in records for fill in record.fills.values()]
    return Commit(events=events, updates=updates, fills=fills, positions=books.positions())


def _listed(instruments: list[Instrument]) -> list[Message]:
    venues = dict.fromkeys(one.venue for one in instruments)
    return [InstrumentsListed(venue, tuple(one for one in instruments if one.venue == venue)) for venue in venues]


def _copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # no hard links here
        shutil.copy2(source, target)
        with target.open("rb") as copy:
            os.fsync(copy.fileno())


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
