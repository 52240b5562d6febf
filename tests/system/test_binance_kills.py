"""kill -9 at named points of the order path and at random instants, against Binance's simulated venue in bad weather.

After each restart orders, fills, positions and balances are the venue's to the last digit, none lost and none doubled. Sixty
times by default; AUTOTRADER_TEST_KILLS sets another number.
"""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crash_kit import BINANCE_POINTS, POINTS
from kill_kit import Rehearsal, run_group
from launcher_kit import lists, signed
from simulator_kit import RunningVenue

KILLS = int(os.environ.get("AUTOTRADER_TEST_KILLS", "60"))
ZERO = Decimal(0)
QUICK = (
    "--set", "engine.cycle_time_ms=10", "--set", "risk.profile=open", "--set", "venues.binance.deadline_s=1",
    "--set", "stop.timeout_s=25", "--set", "venues.binance.request_life_s=2", "--set", "venues.binance.recv_window_ms=1000",
)  # fmt: skip
FAULTS = {
    "seed": 7,
    "rules": [
        {"name": "lost", "on": "submit", "every": 9, "do": [{"land": True}, {"reply": "never"}]},
        {"name": "late", "on": "submit", "every": 7, "do": [{"land_after_s": 0.2}, {"reply": "reset"}]},
        {"name": "gone", "on": "submit", "every": 11,
         "do": [{"land": False}, {"reply": {"status": 502, "body": "<html>bad gateway</html>"}}]},
        {"name": "half", "on": "submit", "every": 5, "do": [{"partial": 0.5}]},
        {"name": "race", "on": "cancel", "every": 3, "do": [{"fill_on_cancel": True}]},
        {"name": "mute", "on": "submit", "every": 13, "do": [{"silent": True}]},
        {"name": "amend lost", "on": "amend", "every": 6, "do": [{"land": True}, {"reply": "cut"}]},
        {"name": "cut", "on": "stream", "every": 25, "do": [{"cut": True}]},
        {"name": "twice", "on": "stream", "every": 8, "do": [{"duplicate": 1}]},
    ],
}  # fmt: skip
RARE = ("snapshot", "subscribed", "books", "query")
"""Points that are passed once or twice a start."""

Json = Any


def _books_equal(journal: Path, venue: RunningVenue) -> None:
    truth = venue.ledger()
    orders, fills, positions = lists(journal)
    _orders_equal({row["client_order_id"]: row for row in orders}, truth["orders"])
    ours = {(fill["symbol"], fill["trade_id"]): _amounts(fill) for fill in fills}
    theirs = {(fill["symbol"], fill["trade_id"]): _amounts(fill) for fill in truth["fills"]}
    assert len(ours) == len(fills), "a trade is on record twice"
    assert ours == theirs
    moved, held = _moved(truth["fills"])
    assert {one["symbol"]: Decimal(one["quantity"]) for one in positions} == held
    for asset, amount in moved.items():
        opening = Decimal(1_000_000 if asset == "USDT" else 100)
        assert Decimal(truth["balances"][asset]) == opening + amount, asset


def _orders_equal(here: dict[str, Json], there: list[Json]) -> None:
    """Compare order by order; a cancel and replace gives one order of ours several at the venue, in a row."""
    rows: dict[str, list[Json]] = {}
    for row in there:
        rows.setdefault(row["client_order_id"][:32], []).append(row)
    assert set(rows) <= set(here), f"orders that we do not know: {set(rows) - set(here)}"
    for name, order in here.items():
        found = [row for row in rows.get(name, ()) if row["status"] != "REJECTED"]
        if not found:
            assert order["state"] in ("DENIED", "REJECTED", "CANCELED", "EXPIRED"), f"not at the venue: {order}"
            assert Decimal(order["filled_quantity"]) == 0, order
            continue
        last = found[-1]
        assert len({row["client_order_id"] for row in found}) == len(found), f"one id twice: {found}"
        assert not [row for row in found[:-1] if row["status"] in ("OPEN", "PARTIALLY_FILLED")], f"two live orders: {found}"
        assert Decimal(order["filled_quantity"]) == sum((Decimal(row["filled_quantity"]) for row in found), ZERO), order
        assert (order["venue_order_id"], order["state"]) == (last["venue_order_id"], last["status"]), f"{order}: {found}"


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


REHEARSAL = Rehearsal("binance", KILLS, [*POINTS, *BINANCE_POINTS], RARE, QUICK, FAULTS, _books_equal)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", REHEARSAL.groups)
def test_after_a_kill_the_books_are_binances(group: int, tmp_path: Path) -> None:
    run_group(REHEARSAL, group, tmp_path)
