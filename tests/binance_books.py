"""Journal and truth ledger of Binance's simulated venue, compared to the last digit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from launcher_kit import lists, signed
from simulator_kit import RunningVenue

__all__ = ["OPEN", "books_equal"]

Json = Any
ZERO = Decimal(0)
OPEN = ("OPEN", "PARTIALLY_FILLED")


def books_equal(journal: Path, venue: RunningVenue, *, terms: bool = True) -> None:
    """Compare orders, fills, positions and balances to the last digit; nothing is lost and nothing doubled.

    ``terms``: an order's quantity and price too. Filled before the answer to its last change was found out, it keeps the old.
    """
    truth = venue.ledger()
    orders, fills, positions = lists(journal, "binance")
    _orders_equal({row["client_order_id"]: row for row in orders}, truth["orders"], terms=terms)
    ours = {(fill["symbol"], fill["trade_id"]): _amounts(fill) for fill in fills}
    theirs = {(fill["symbol"], fill["trade_id"]): _amounts(fill) for fill in truth["fills"]}
    assert len(ours) == len(fills), "a trade is on record twice"
    assert set(theirs) <= set(ours), f"trades that we do not know: {[theirs[key] for key in set(theirs) - set(ours)]}"
    assert ours == theirs, f"fills differ: {[(ours[key], theirs.get(key)) for key in ours if ours[key] != theirs.get(key)]}"
    moved, held = _moved(truth["fills"])
    assert {one["symbol"]: Decimal(one["quantity"]) for one in positions} == held
    for asset, amount in moved.items():
        opening = Decimal(1_000_000 if asset == "USDT" else 100)
        assert Decimal(truth["balances"][asset]) == opening + amount, asset


def _orders_equal(here: dict[str, Json], there: list[Json], *, terms: bool) -> None:
    """Compare order by order; a cancel and replace gives one order of ours several at the venue, in a row."""
    rows: dict[str, list[Json]] = {}
    for row in there:
        rows.setdefault(row["client_order_id"][:32], []).append(row)
    assert set(rows) <= set(here), f"orders that we do not know: {set(rows) - set(here)}"
    for name, order in here.items():
        found = [row for row in rows.get(name, ()) if row["status"] != "REJECTED"]
        _order_equal(order, found)
        if terms and found:
            _terms_equal(order, found)


def _order_equal(order: Json, found: list[Json]) -> None:
    if not found:
        assert order["state"] in ("DENIED", "REJECTED", "CANCELED", "EXPIRED"), f"not at the venue: {order}"
        assert Decimal(order["filled_quantity"]) == 0, order
        return
    last = found[-1]
    assert len({row["client_order_id"] for row in found}) == len(found), f"one id twice: {found}"
    assert not [row for row in found[:-1] if row["status"] in OPEN], f"two live orders: {found}"
    filled = sum((Decimal(row["filled_quantity"]) for row in found), ZERO)
    assert Decimal(order["filled_quantity"]) == filled, f"{order}: {found}"
    assert (order["venue_order_id"], order["state"]) == (last["venue_order_id"], last["status"]), f"{order}: {found}"
    assert (order["symbol"], order["side"]) == (last["symbol"], last["side"]), f"{order}: {found}"


def _terms_equal(order: Json, found: list[Json]) -> None:
    last, before = found[-1], found[:-1]
    quantity = Decimal(last["quantity"]) + sum((Decimal(row["filled_quantity"]) for row in before), ZERO)
    assert Decimal(order["quantity"]) == quantity, f"{order}: {found}"
    if order["price"] is not None:
        assert Decimal(order["price"]) == Decimal(last["price"]), f"{order}: {found}"


def _amounts(fill: Json) -> tuple[Json, ...]:
    numbers = (Decimal(fill[name]) for name in ("price", "quantity", "fee"))
    return (fill["client_order_id"][:32], fill["venue_order_id"], fill["side"], fill["fee_asset"], *numbers)


def _moved(fills: list[Json]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Return what the venue's trades moved, by asset, and what they leave of each symbol."""
    moved: dict[str, Decimal] = {}
    held: dict[str, Decimal] = {}
    for fill in fills:
        base, quote = fill["symbol"].removesuffix("USDT"), "USDT"
        quantity, fee = signed(fill), Decimal(fill["fee"])
        for asset, amount in ((base, quantity), (quote, -quantity * Decimal(fill["price"])), (fill["fee_asset"], -fee)):
            moved[asset] = moved.get(asset, ZERO) + amount
        held[fill["symbol"]] = held.get(fill["symbol"], ZERO) + quantity - (fee if fill["fee_asset"] == base else ZERO)
    return moved, held
