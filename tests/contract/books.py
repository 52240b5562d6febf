"""The check that closes every case: the engine's books equal the venue's truth, to the last digit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from contract.kit import Json, Terms, VenueKit
from contract.truth import by_intent, is_live

from autotrader.execution.facades import BaseBrokerAdapter
from autotrader.model.ids import is_this_engine
from autotrader.oms.journal.reader import Reader

__all__ = ["check_books", "net_of"]

NEVER_THERE = frozenset({"DENIED", "REJECTED"})
FILL = ("trade_id", "venue_order_id", "client_order_id", "symbol", "side", "fee_asset")
AMOUNTS = ("price", "quantity", "fee")
ZERO = Decimal(0)


def net_of(fills: Iterable[Json], terms: Terms) -> Decimal:
    """Return what fills leave of a spot position: bought less sold, less the fees taken in the base asset."""
    total = ZERO
    for fill in fills:
        quantity = Decimal(fill["quantity"])
        total += quantity if fill["side"] == "BUY" else -quantity
        total -= Decimal(fill["fee"]) if fill["fee_asset"] == terms.base else ZERO
    return total


def check_books(kit: VenueKit, adapter: BaseBrokerAdapter, journal: Path, before: Json, foreign: frozenset[str]) -> None:
    """Compare orders, fills, position and balances with the truth; ``before`` is the truth when the case began.

    ``foreign`` are the client order ids that were placed past the engine. Raises AssertionError naming the first difference.
    """
    truth, terms = kit.ledger(), kit.terms
    engine_id = adapter.engine.get_status()["engine_id"]
    venue, account = adapter.venue, adapter.engine.accounts[adapter.venue]
    with Reader(journal) as reader:
        orders, fills = reader.orders(), reader.fills()
    known = {row["client_order_id"] for row in before["orders"]}
    new = [row for row in truth["orders"] if row["client_order_id"] not in known]
    intents = by_intent(new, kit.intent_of)
    ours = {name: row for name, row in intents.items() if is_this_engine(name, venue, account, engine_id)}
    _orders_equal([row for row in orders if not row.get("foreign")], ours, kit.capabilities.shown_as)
    _strangers_known([row for row in orders if row.get("foreign")], new, foreign)
    told = {row["trade_id"] for row in before["fills"]}
    traded = [fill for fill in truth["fills"] if fill["trade_id"] not in told]
    named = {row["venue_order_id"]: row["client_order_id"] for row in orders if row.get("foreign")}
    _fills_equal(fills, [_under_our_name(fill, kit, foreign, named) for fill in traded])
    held = {one.symbol: one.quantity for one in adapter.get_positions()}
    assert held.get(terms.symbol, ZERO) == net_of(traded, terms), f"position: {held} here"
    assert _nonzero(adapter.get_account_balance()) == _nonzero(truth["balances"]), "balances differ"


def _orders_equal(here: list[Json], truth: dict[str, Json], shown_as: Mapping[str, str]) -> None:
    ours = {row["client_order_id"]: row for row in here}
    assert set(truth) <= set(ours), f"orders at the venue that are on no record here: {set(truth) - set(ours)}"
    for name, row in ours.items():
        found = truth.get(name)
        if found is None or found["status"] == "REJECTED":
            assert row["state"] in NEVER_THERE, f"not at the venue, and here {row['state']}: {row}"
            assert Decimal(row["filled_quantity"]) == 0, row
        else:
            _order_equal({**row, "type": shown_as.get(row["type"], row["type"])}, found)


def _order_equal(row: Json, found: Json) -> None:
    for key in ("venue_order_id", "symbol", "side", "type"):
        assert row[key] == found[key], f"{key}: {row[key]} here, {found[key]} there: {row}"
    for key in ("quantity", "price", "filled_quantity"):
        assert _number(row[key]) == _number(found[key]), f"{key}: {row[key]} here, {found[key]} there: {row}"
    assert row["state"] == found["status"], f"{row['state']} here, {found['status']} there: {row}"


def _strangers_known(adopted: list[Json], there: list[Json], foreign: frozenset[str]) -> None:
    """Check that every order placed past the engine that still works is known here, as what it is at the venue."""
    here = {row["venue_order_id"]: row for row in adopted}
    for row in there:
        if row["client_order_id"] in foreign and is_live(row):
            found = here.get(row["venue_order_id"])
            assert found is not None, f"a foreign order is not known here: {row}"
            assert found["state"] == row["status"], f"{found} here, {row} there"


def _under_our_name(fill: Json, kit: VenueKit, foreign: frozenset[str], named: Mapping[str, str]) -> Json:
    """Return a fill of the truth as it should be here: a stranger's order may go by a name that we gave it."""
    name = fill["client_order_id"]
    ours = named.get(fill["venue_order_id"], name) if name in foreign else kit.intent_of(name)
    return {**fill, "client_order_id": ours}


def _fills_equal(here: list[Json], there: list[Json]) -> None:
    assert not [fill for fill in here if fill.get("inferred")], "an inferred fill still stands in for a real one"
    ours, truth = sorted(map(_fill_key, here)), sorted(map(_fill_key, there))
    assert ours == truth, f"fills differ: {ours} here, {truth} there"


def _fill_key(fill: Json) -> tuple[object, ...]:
    return (*(str(fill[key]) for key in FILL), *(Decimal(fill[key]) for key in AMOUNTS))


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _nonzero(amounts: dict[str, Decimal] | dict[str, str]) -> dict[str, Decimal]:
    return {asset: Decimal(amount) for asset, amount in amounts.items() if Decimal(amount)}
