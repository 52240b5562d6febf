"""Journal and truth ledger of the simulated TWS, compared to the last digit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from launcher_kit import lists, signed
from simulator_kit import RunningVenue

__all__ = ["books_equal"]

Json = Any
OPENING = Decimal(1_000_000)


def books_equal(journal: Path, venue: RunningVenue, *, terms: bool = True) -> None:
    """Compare orders, fills, positions and cash to the last digit; nothing is lost and nothing doubled.

    ``terms``: an order's quantity and price too, but of a filled one: TWS's list of completed orders shows no quantity for it,
    so that it keeps the old terms where it filled before the answer to its last change was found out.
    """
    truth = venue.ledger()
    orders, fills, positions = lists(journal, "ibkr")
    _orders_equal({row["client_order_id"]: row for row in orders}, truth["orders"], terms=terms)
    ours, theirs = ({fill["trade_id"]: _figures(fill) for fill in some} for some in (fills, truth["fills"]))
    assert len(ours) == len(fills), "a trade is on record twice"
    assert ours == theirs, f"fills differ: {ours.items() ^ theirs.items()}"
    held: dict[str, Decimal] = {}
    for fill in truth["fills"]:
        held[fill["symbol"]] = held.get(fill["symbol"], Decimal(0)) + signed(fill)
    assert {one["symbol"]: Decimal(one["quantity"]) for one in positions if Decimal(one["quantity"])} == _without_zero(held)
    spent = sum((signed(fill) * Decimal(fill["price"]) + Decimal(fill["fee"]) for fill in fills), Decimal(0))
    assert Decimal(truth["balances"]["USD"]) == OPENING - spent


def _orders_equal(here: dict[str, Json], there: list[Json], *, terms: bool) -> None:
    """Compare order by order; a change keeps the order, so that each of ours is one there or none."""
    rows = {row["client_order_id"]: row for row in there}
    assert len(rows) == len(there), "two orders from one intent"
    assert set(rows) <= set(here), f"orders that we do not know: {set(rows) - set(here)}"
    for name, order in here.items():
        found = rows.get(name)
        if found is None or found["status"] == "REJECTED":
            assert order["state"] in ("DENIED", "REJECTED", "CANCELED", "EXPIRED"), f"not at the venue: {order}"
            assert Decimal(order["filled_quantity"]) == 0, order
            continue
        assert Decimal(order["filled_quantity"]) == Decimal(found["filled_quantity"]), f"{order}: {found}"
        assert order["venue_order_id"] == found["venue_order_id"], f"{order}: {found}"
        assert _end(order, order["state"]) == _end(order, found["status"]), f"{order}: {found}"
        if terms and order["state"] != "FILLED":
            assert Decimal(order["quantity"]) == Decimal(found["quantity"]), f"{order}: {found}"
            assert order["price"] is None or Decimal(order["price"]) == Decimal(found["price"]), f"{order}: {found}"


def _end(order: Json, state: str) -> str:
    """Return a state; of what was for the moment alone TWS's list of completed orders does not say who ended it.

    A market order with a cap goes out as a limit for the moment alone.
    """
    momentary = order["type"] == "MARKET" or order["time_in_force"] in ("IOC", "FOK")
    return "CANCELED" if state == "EXPIRED" and momentary else state


def _figures(fill: Json) -> tuple[Json, ...]:
    numbers = (Decimal(fill[name]) for name in ("price", "quantity", "fee"))
    return (fill["client_order_id"], fill["venue_order_id"], fill["symbol"], fill["side"], fill["fee_asset"], *numbers)


def _without_zero(held: dict[str, Decimal]) -> dict[str, Decimal]:
    return {symbol: quantity for symbol, quantity in held.items() if quantity}
