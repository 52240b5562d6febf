"""What an engine starts from: books as of the last checkpoint and the events after it, and what else outlives a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

import msgspec

from autotrader.errors import JournalError
from autotrader.messages import DeadLetterAdded, KillPulled, Message, RunStarted, SymbolBlocked
from autotrader.model import Instrument
from autotrader.oms.book import Applied, Books
from autotrader.oms.evidence import VENUE_LAG_NS
from autotrader.oms.journal.batch import body_of
from autotrader.oms.journal.payload import decode_event
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.refold import Recall, refold

__all__ = ["Restored", "checkpoint_body", "events_after", "load_books", "load_parts", "open_books", "recall_before"]

_read_instrument = msgspec.json.Decoder(Instrument).decode


class Restored(msgspec.Struct):
    """The state of an engine as its journal tells it.

    ``parts`` are the other parts of the last checkpoint, as JSON text by name; ``others`` are the events since then that are
    not the books' (alerts, stopped strategies and the like), in order. ``next_run`` marks the ids of the run that begins now.
    """

    books: Books
    sequence: int
    parts: Mapping[str, str]
    others: list[Message]
    runs: list[RunStarted]
    next_run: int
    kills: dict[str, KillPulled]
    blocks: list[SymbolBlocked]
    dead_letters: list[DeadLetterAdded]


def checkpoint_body(books: Books, **parts: str) -> str:
    """Return the body of a ``Checkpointed`` event: the books, and other parts as JSON text by name."""
    raw = {name: msgspec.Raw(text.encode()) for name, text in parts.items()}
    return msgspec.json.encode({"books": msgspec.Raw(books.export()), **raw}).decode()


def open_books(reader: Reader, *, lag_ns: int | Mapping[str, int] = VENUE_LAG_NS) -> Restored:
    """Fold what the journal holds; raises ``JournalError`` when that cannot be read.

    Reads committed rows only: an order manager that starts again while the journal runs first has the journal release a
    message to it, so that all that its predecessor handed over is written. The books keep the newest fills in memory and load
    older ones through the reader, which must stay open, in one thread.
    """
    db = reader.connection()
    books, since = load_books(reader, lag_ns=lag_ns)
    others = [event for event, applied in refold(books, events_after(db, since), recall_before(reader)) if _is_other(applied)]
    runs = _runs(db, reader.meta().engine_id)
    return Restored(
        books, reader.sequence(), load_parts(reader), others, runs, max((run.run for run in runs), default=0) + 1,
        reader.kills(), _blocks(db), _letters(db),
    )  # fmt: skip


def _is_other(applied: Applied) -> bool:
    return applied.ignored and not applied.event


def load_books(reader: Reader, *, lag_ns: int | Mapping[str, int] = VENUE_LAG_NS, at: int | None = None) -> tuple[Books, int]:
    """Return the books of the newest checkpoint, or of the one ``at`` a sequence (0: none), and the sequence they stand for."""
    seq, parts = _checkpoint(reader.connection(), at)
    if "books" not in parts:
        books, seq = Books(lag_ns=lag_ns, fills_of=reader.fills_of), 0
    else:
        books = Books.load(bytes(parts["books"]), lag_ns=lag_ns, fills_of=reader.fills_of)
    books.add_instruments(_instruments(reader.connection()))
    return books, seq


def load_parts(reader: Reader) -> dict[str, str]:
    """Return the parts of the newest checkpoint beside the books, as JSON text by name."""
    _, parts = _checkpoint(reader.connection(), None)
    return {name: bytes(raw).decode() for name, raw in parts.items() if name != "books"}


def recall_before(reader: Reader) -> Recall:
    """Return the look-up of one order's events before a sequence."""
    return lambda naming, before: reader.recall(*naming, before=before)


def _checkpoint(db: sqlite3.Connection, at: int | None) -> tuple[int, dict[str, msgspec.Raw]]:
    where = "" if at is None else f"WHERE seq = {at}"
    row = db.execute(f"SELECT seq, body FROM checkpoints {where} ORDER BY seq DESC LIMIT 1").fetchone()
    if row is None:
        return 0, {}
    try:
        return row[0], msgspec.json.decode(body_of(row[1]), type=dict[str, msgspec.Raw])
    except ValueError as e:  # msgspec's errors are among them
        raise JournalError(f"the checkpoint of event {row[0]} cannot be read: {e}") from e


def events_after(db: sqlite3.Connection, sequence: int) -> Iterator[tuple[int, Message]]:
    """Iterate over (sequence, event) above ``sequence``, in order."""
    cursor = db.execute("SELECT seq, kind, payload FROM events WHERE seq > ? ORDER BY seq", (sequence,))
    for seq, kind, payload in cursor:
        yield seq, decode_event(kind, payload)


def _instruments(db: sqlite3.Connection) -> list[Instrument]:
    rows = db.execute("SELECT terms FROM instruments ORDER BY venue, symbol")
    return [_read_instrument(terms) for (terms,) in rows]


def _runs(db: sqlite3.Connection, engine_id: str) -> list[RunStarted]:
    rows = db.execute("SELECT run, mode, version, ts_ns FROM runs ORDER BY seq")
    return [RunStarted(engine_id, run, mode, version, ts_ns) for run, mode, version, ts_ns in rows]


def _blocks(db: sqlite3.Connection) -> list[SymbolBlocked]:
    rows = db.execute("SELECT venue, symbol, reason, until_operator, ts_ns FROM blocks ORDER BY venue, symbol")
    return [SymbolBlocked(venue, symbol, reason, bool(until), ts_ns) for venue, symbol, reason, until, ts_ns in rows]


def _letters(db: sqlite3.Connection) -> list[DeadLetterAdded]:
    rows = db.execute(
        "SELECT id, kind, client_order_id, venue, reason, attempts, first_ns, last_ns, body, history FROM dead_letters"
        " WHERE status = 'OPEN' ORDER BY first_ns, id"
    )
    letters = []
    for row in rows:
        letter_id, kind, order_id, venue, reason, attempts, first_ns, last_ns, body, history = row
        told = tuple(msgspec.json.decode(history, type=list[str]))
        letters.append(DeadLetterAdded(letter_id, kind, order_id, venue, reason, attempts, first_ns, last_ns, body, told))
    return letters
