"""The truth ledger by intent: where a venue changes an order by a new one in its place, both are one order of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from contract.kit import Json

__all__ = ["by_intent", "is_live"]

LIVE = frozenset({"OPEN", "PARTIALLY_FILLED"})


def is_live(row: Json) -> bool:
    """Say whether an order of the truth ledger still works."""
    return row["status"] in LIVE


def by_intent(rows: Iterable[Json], intent_of: Callable[[str], str]) -> dict[str, Json]:
    """Return one row per intent: the newest, counted together with those it came in place of.

    ``intent_of`` gives our client order id behind one of the venue's. Raises AssertionError when two of an intent work, or
    when two orders of one client id came of it.
    """
    chains: dict[str, list[Json]] = {}
    for row in rows:
        chains.setdefault(intent_of(row["client_order_id"]), []).append(row)
    for chain in chains.values():
        names = [row["client_order_id"] for row in chain]
        assert len(names) == len(set(names)), f"two orders at the venue from one intent: {chain}"
        assert sum(map(is_live, chain)) <= 1, f"two live orders from one intent: {chain}"
    return {intent: _together(intent, chain) for intent, chain in chains.items()}


def _together(intent: str, chain: list[Json]) -> Json:
    newest, before = chain[-1], sum((Decimal(row["filled_quantity"]) for row in chain[:-1]), Decimal(0))
    filled, quantity = (Decimal(newest[key]) + before for key in ("filled_quantity", "quantity"))
    return {**newest, "client_order_id": intent, "filled_quantity": str(filled), "quantity": str(quantity)}
