"""Which column of a tape means what."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

__all__ = ["ALIASES", "BAR_FIELDS", "FIELDS", "KINDS", "Layout", "fields_of_header", "kind_of_fields"]


class Layout(msgspec.Struct, frozen=True):
    """How one tape is laid out. ``columns`` maps field to index; ``kind`` is a key of ``KINDS``; ``names`` are for messages."""

    kind: str
    form: str
    columns: Mapping[str, int]
    names: tuple[str, ...]
    delimiter: str
    has_header: bool

    def name(self, field: str) -> str:
        """Name a field's column for a person: its header, or its number counted from one."""
        index = self.columns[field]
        return f"{index + 1} ({self.names[index] if index < len(self.names) else field})"

    @property
    def prices(self) -> tuple[str, ...]:
        """Return the fields that hold prices."""
        return KINDS[self.kind][1:]


BAR_FIELDS = ("open", "high", "low", "close")

# kind of tape -> the fields it needs, the time first, then the prices
KINDS: dict[str, tuple[str, ...]] = {
    "bid_ask_bars": ("timestamp", *(f"bid_{f}" for f in BAR_FIELDS), *(f"ask_{f}" for f in BAR_FIELDS)),
    "quotes": ("timestamp", "bid", "ask"),
    "bars": ("timestamp", *BAR_FIELDS),
    "trades": ("timestamp", "price"),
}

ALIASES: dict[str, tuple[str, ...]] = {
    "timestamp": (
        "timestamp", "timestamp_ms", "timestamp_us", "timestamp_ns", "time", "datetime", "date", "ts", "ts_event", "open_time",
        "transact_time", "transaction_time", "event_time", "time_ms", "gmt_time", "unix", "local_time",
    ),
    "bid": ("bid", "bid_price", "best_bid_price", "best_bid", "bidprice"),
    "ask": ("ask", "ask_price", "best_ask_price", "best_ask", "askprice", "offer"),
    "bid_size": ("bid_size", "best_bid_qty", "bid_qty", "bid_quantity", "bid_amount", "bid_volume", "bidvolume", "bidsize"),
    "ask_size": ("ask_size", "best_ask_qty", "ask_qty", "ask_quantity", "ask_amount", "ask_volume", "askvolume", "asksize"),
    "price": ("price", "trade_price", "last"),
    "quantity": ("quantity", "qty", "size", "amount", "trade_quantity"),
    "buyer_is_maker": ("is_buyer_maker", "buyer_is_maker", "isbuyermaker", "buyer_maker"),
    "side": ("side", "aggressor", "aggressor_side", "taker_side"),
    **{field: (field,) for field in BAR_FIELDS},
    **{f"{side}_{field}": (f"{side}_{field}", f"{side}{field}") for side in ("bid", "ask") for field in BAR_FIELDS},
}

FIELDS = frozenset(ALIASES)


def fields_of_header(names: tuple[str, ...]) -> dict[str, int]:
    """Map the fields that the header names to their columns; of several names for one field the first in the table wins."""
    at = {_plain_name(name): index for index, name in reversed(list(enumerate(names)))}
    found = {field: next((at[alias] for alias in aliases if alias in at), None) for field, aliases in ALIASES.items()}
    return {field: index for field, index in found.items() if index is not None}


def kind_of_fields(fields: Mapping[str, int]) -> str | None:
    """Say what kind of tape has these fields, None when it is none; trades must tell who was the aggressor."""
    for kind, needed in KINDS.items():
        if all(field in fields for field in needed) and (kind != "trades" or {"buyer_is_maker", "side"} & fields.keys()):
            return kind
    return None


def _plain_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
