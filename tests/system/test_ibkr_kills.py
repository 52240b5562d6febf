"""kill -9 at named points of the order path and at random instants, against a simulated TWS that loses, cuts and repeats.

After each restart orders, fills, positions and cash are the venue's to the last digit, none lost and none doubled. Forty times
by default; AUTOTRADER_TEST_KILLS sets another number.
"""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crash_kit import IBKR_POINTS, POINTS
from kill_kit import Rehearsal, run_group
from launcher_kit import EXAMPLES, ROOT, lists, signed
from simulator_kit import RunningVenue

KILLS = int(os.environ.get("AUTOTRADER_TEST_KILLS", "40"))
OPENING = Decimal(1_000_000)
QUICK = (
    "--set", "engine.cycle_time_ms=20", "--set", "risk.profile=open", "--set", "stop.timeout_s=60",
    "--set", "venues.ibkr.symbols=AAPL,MSFT", "--set", "venues.ibkr.deadline_s=1", "--set", "venues.ibkr.request_life_s=2",
    "--set", "venues.ibkr.read_timeout_s=2", "--set", "venues.ibkr.heartbeat_s=1", "--set", "venues.ibkr.books_every_s=2",
)  # fmt: skip
FAULTS = {
    "seed": 7,
    "rules": [
        {"name": "lost", "on": "submit", "every": 9, "do": [{"land": True}, {"reply": "never"}]},
        {"name": "late", "on": "submit", "every": 17, "do": [{"land_after_s": 0.2}, {"reply": "reset"}]},
        {"name": "gone", "on": "submit", "every": 11, "do": [{"land": False}, {"reply": "never"}]},
        {"name": "half", "on": "submit", "every": 5, "do": [{"partial": 0.5}]},
        {"name": "mute", "on": "submit", "every": 13, "do": [{"silent": True}]},
        {"name": "taken back", "on": "submit", "every": 23, "do": [{"bust": 1}]},
        {"name": "race", "on": "cancel", "every": 3, "do": [{"fill_on_cancel": True}]},
        {"name": "amend lost", "on": "amend", "every": 6, "do": [{"land": True}, {"reply": "never"}]},
        {"name": "cut", "on": "stream", "every": 90, "do": [{"cut": True}]},
        {"name": "twice", "on": "stream", "every": 8, "do": [{"duplicate": 1}]},
    ],
}  # fmt: skip
RARE = ("snapshot", "asked what", "TWS's books", "question")
"""Points that are passed once or twice a start."""

TRADER = ("--strategy", f"{ROOT / 'tests' / 'weather_trader.py'}:Trader", "--set", "strategy.options.notional=5000")
QUOTING = ("--strategy", f"{EXAMPLES}:TwoSidedQuoting", "--set", "strategy.options.rest_ms=20",
           "--set", "strategy.options.tolerance=0", "--set", "strategy.options.post_only=false")  # fmt: skip
Json = Any


def _books_equal(journal: Path, venue: RunningVenue) -> None:
    truth = venue.ledger()
    orders, fills, positions = lists(journal)
    _orders_equal({row["client_order_id"]: row for row in orders}, truth["orders"])
    ours, theirs = ({fill["trade_id"]: _figures(fill) for fill in some} for some in (fills, truth["fills"]))
    assert len(ours) == len(fills), "a trade is on record twice"
    assert ours == theirs, f"fills differ: {ours.items() ^ theirs.items()}"
    held: dict[str, Decimal] = {}
    for fill in truth["fills"]:
        held[fill["symbol"]] = held.get(fill["symbol"], Decimal(0)) + signed(fill)
    assert {one["symbol"]: Decimal(one["quantity"]) for one in positions if Decimal(one["quantity"])} == _without_zero(held)
    spent = sum((signed(fill) * Decimal(fill["price"]) + Decimal(fill["fee"]) for fill in fills), Decimal(0))
    assert Decimal(truth["balances"]["USD"]) == OPENING - spent


def _orders_equal(here: dict[str, Json], there: list[Json]) -> None:
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


REHEARSAL = Rehearsal(
    "ibkr", KILLS, [*IBKR_POINTS, *POINTS], RARE, QUICK, FAULTS, _books_equal, (TRADER, QUOTING), in_a_row=4, beside=5
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", REHEARSAL.groups)
def test_after_a_kill_the_books_are_those_of_ib(group: int, tmp_path: Path) -> None:
    run_group(REHEARSAL, group, tmp_path)
