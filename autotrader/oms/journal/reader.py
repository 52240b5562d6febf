"""Read a journal: the lists that the command line prints, and what the order manager looks up. Never blocks a writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from types import TracebackType

from autotrader.errors import JournalError
from autotrader.messages import KillPulled, KillRearmed, Message
from autotrader.model import DONE_STATES, Fill, KillLevel, OrderUpdate, Position
from autotrader.oms.journal.meta import Meta, read_meta
from autotrader.oms.journal.payload import decode_event
from autotrader.oms.journal.readonly import open_readonly
from autotrader.oms.journal.rows import (
    FILL_COLUMNS,
    FILL_STORED,
    ORDER_COLUMNS,
    ORDER_STORED,
    POSITION_COLUMNS,
    fill_of,
    fill_values,
    order_of,
    order_values,
    position_of,
)
from autotrader.oms.journal.schema import UNREADABLE

__all__ = ["Json", "Reader", "standing_kills"]

Json = dict[str, object]

_ORDERS = f"SELECT {', '.join(ORDER_STORED)} FROM order_rows"
_FILLS = f"SELECT {', '.join(FILL_STORED)} FROM fill_rows"
_POSITIONS = f"SELECT {', '.join(POSITION_COLUMNS)} FROM positions"
_OPEN = f"state NOT IN ({', '.join(repr(str(state)) for state in sorted(DONE_STATES))})"
_LETTER = ("id", "kind", "client_order_id", "venue", "reason", "attempts", "first_ns", "last_ns", "status")
_NOT_SHOWN = frozenset({"is_foreign", "held", "reduce_only", "tag", "account", "inferred", "strategy"})
_by_creation = itemgetter(ORDER_COLUMNS.index("created_ns"), ORDER_COLUMNS.index("client_order_id"))
_by_time = itemgetter(FILL_COLUMNS.index("ts_ns"), FILL_COLUMNS.index("trade_id"))


def standing_kills(events: Iterable[Message]) -> dict[str, KillPulled]:
    """Return scope → the highest pull that no re-arm of that scope (or of all) has lifted since."""
    standing: dict[str, KillPulled] = {}
    for event in events:
        if isinstance(event, KillPulled):
            known = standing.get(event.scope)
            if known is None or event.level >= known.level:
                standing[event.scope] = event
        elif isinstance(event, KillRearmed):
            if event.scope == "all":
                standing.clear()
            standing.pop(event.scope, None)
    return standing


class Reader:
    """A read-only connection of its own. Any thread, one at a time. Close it, or use it in a ``with``."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._db = open_readonly(self.path)
        self._previous: str | None = None
        self._older: Reader | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, also to archived files."""
        self._db.close()
        if self._older is not None:
            self._older.close()

    def _rows(self, query: str, *values: object) -> list[tuple[str, ...]]:
        try:
            return self._db.execute(query, values).fetchall()  # all: a cursor that is left open holds an old state of the file
        except UNREADABLE as e:
            raise JournalError(f"{self.path} cannot be read: {e}; `autotrader verify` says more") from e

    # ------------------------------------------------------------ for the order manager

    def meta(self) -> Meta:
        """Return what the file says of itself."""
        return read_meta(self._db)

    def connection(self) -> sqlite3.Connection:
        """Return the connection, for reads by the thread that owns the reader."""
        return self._db

    def recall(
        self, client_order_id: str, venue: str = "", venue_order_id: str | None = None, symbol: str = "", *,
        before: int = 1 << 62,
    ) -> list[Message]:
        """Return the events of one order below sequence ``before``, by its id or else by the venue's; empty without one."""
        if not client_order_id and venue_order_id is not None:
            order = self.order_by_venue_id(venue, venue_order_id, symbol)
            client_order_id = "" if order is None else order.client_order_id
        return self.events_of_order(client_order_id, before=before) if client_order_id else []

    def events_of_order(self, client_order_id: str, *, before: int = 1 << 62) -> list[Message]:
        """Return the order's events below sequence ``before``, oldest first, those in archived files included."""
        query = "SELECT kind, payload FROM events WHERE order_id = ? AND order_id <> '' AND seq < ? ORDER BY seq"
        here = [decode_event(kind, payload) for kind, payload in self._rows(query, client_order_id, before)]
        older = self._archive()
        return here if older is None else older.events_of_order(client_order_id) + here

    def order(self, client_order_id: str) -> OrderUpdate | None:
        """Return the order as it stands, or None."""
        for row in self._rows(f"{_ORDERS} WHERE client_order_id = ?", client_order_id):
            return order_of(row)
        older = self._archive()
        return None if older is None else older.order(client_order_id)

    def order_by_venue_id(self, venue: str, venue_order_id: str, symbol: str = "") -> OrderUpdate | None:
        """Return the order that the venue knows by this id, or None; without a symbol only if no other symbol has the id."""
        known = [order for order in self._orders_of_id(venue_order_id) if order.venue == venue]
        if symbol:
            return next((order for order in known if order.symbol == symbol), None)
        return known[0] if len({order.symbol for order in known}) == 1 else None

    def _orders_of_id(self, venue_order_id: str) -> list[OrderUpdate]:
        here = [order_of(row) for row in self._rows(f"{_ORDERS} WHERE venue_order_id = ?", venue_order_id)]
        older = self._archive()
        return here if older is None else here + older._orders_of_id(venue_order_id)

    def fills_of(self, venue: str, account: str, symbol: str) -> list[Fill]:
        """Return all fills in one symbol, those in archived files included; busted ones left out."""
        query = f"{_FILLS} WHERE venue = ? AND account = ? AND symbol = ?"
        here = {row[3]: fill_of(row) for row in self._rows(query, venue, account, symbol)}
        older = self._archive()
        if older is not None:
            here = {fill.trade_id: fill for fill in older.fills_of(venue, account, symbol)} | here
        return list(here.values())

    def open_orders(self) -> list[OrderUpdate]:
        """Return the orders that are not done, oldest first."""
        found = [order_of(row) for row in self._rows(f"{_ORDERS} WHERE {_OPEN}")]
        return sorted(found, key=lambda order: (order.created_ns, order.client_order_id))

    def held_positions(self) -> list[Position]:
        """Return all positions ever held."""
        return [position_of(row) for row in self._rows(f"{_POSITIONS} ORDER BY venue, symbol, account")]

    def _archive(self) -> Reader | None:
        if self._previous is None:
            self._previous = self.meta().previous
            if self._previous and (path := self.path.with_name(self._previous)).is_file():
                self._older = Reader(path)
        return self._older

    # ------------------------------------------------------------ for the command line

    def orders(self, *, open_only: bool = False) -> list[Json]:
        """Return orders in the form of ``autotrader orders``, oldest first."""
        where = f" WHERE {_OPEN}" if open_only else ""
        listed = []
        for row in sorted(map(order_values, self._rows(f"{_ORDERS}{where}")), key=_by_creation):
            whole = dict(zip(ORDER_COLUMNS, row, strict=True))
            shown: Json = {name: value for name, value in whole.items() if name not in _NOT_SHOWN}
            shown |= {"account": whole["account"], "strategy": whole["strategy"]}
            listed.append(shown | {"foreign": True} if whole["is_foreign"] else shown)
        return listed

    def fills(self) -> list[Json]:
        """Return fills in the form of ``autotrader fills``, oldest first; busted ones left out."""
        listed = []
        for row in sorted(map(fill_values, self._rows(_FILLS)), key=_by_time):
            whole = dict(zip(FILL_COLUMNS, row, strict=True))
            shown: Json = {name: value for name, value in whole.items() if name not in _NOT_SHOWN}
            listed.append(shown | {"inferred": True} if whole["inferred"] else shown)
        return listed

    def positions(self) -> list[Json]:
        """Return positions in the form of ``autotrader positions``."""
        rows = self._rows(f"{_POSITIONS} ORDER BY venue, symbol, account")
        return [dict(zip(POSITION_COLUMNS[:-1], row, strict=False)) for row in rows]

    def dead_letters(self) -> list[Json]:
        """Return dead letters in the form of ``autotrader dlq list``, oldest first."""
        rows = self._rows(f"SELECT {', '.join(_LETTER)} FROM dead_letters ORDER BY first_ns, id")
        return [dict(zip(_LETTER, row, strict=True)) for row in rows]

    def dead_letter(self, letter_id: str) -> Json | None:
        """Return one dead letter with body and history, or None."""
        columns = (*_LETTER, "body", "history", "closed_by", "closed_reason", "closed_ns")
        for row in self._rows(f"SELECT {', '.join(columns)} FROM dead_letters WHERE id = ?", letter_id):
            return dict(zip(columns, row, strict=True))
        return None

    def kills(self) -> dict[str, KillPulled]:
        """Return scope → the pull that stands there."""
        return standing_kills(self._kill_rows())

    def _kill_rows(self) -> Iterator[Message]:
        for _, ts_ns, action, level, scope, reason, by in self._rows("SELECT * FROM kills ORDER BY seq"):
            if action == "PULLED":
                yield KillPulled(KillLevel[level], scope, reason, by, int(ts_ns))
            else:
                yield KillRearmed(scope, reason, by, int(ts_ns))

    def sequence(self) -> int:
        """Return the sequence of the newest event."""
        for (newest,) in self._rows("SELECT max(seq) FROM events"):
            if newest is not None:
                return int(newest)
        return self.meta().base_sequence

    def status(self, *, verified: bool | None = None) -> Json:
        """Return what a journal alone can say in the form of ``autotrader status``; ``verified`` is passed through."""
        meta, standing = self.meta(), self.kills()
        pulled = max(standing.values(), key=lambda pull: pull.level, default=None)
        kill: Json = {"level": "ARMED", "reason": None, "by": None, "since_ns": None}
        if pulled is not None:
            kill = {"level": pulled.level.name, "reason": pulled.reason, "by": pulled.by, "since_ns": pulled.ts_ns}
        return {
            "mode": str(meta.mode),
            "engine_id": meta.engine_id,
            "kill": kill,
            "venues": [],
            "actors": [],
            "orders": {row[0]: row[1] for row in self._rows("SELECT state, count(*) FROM order_rows GROUP BY state")},
            "journal": {"path": str(self.path), "sequence": self.sequence(), "verified": verified},
        }
