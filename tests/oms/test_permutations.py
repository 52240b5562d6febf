"""Any order of arrival, and any duplicates, end with the same exact figures.

AUTOTRADER_SHUFFLES says how many random shuffles (default 1,500).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_kit import ACK, books, busted, event, fill, filled, intended, order, reported

from autotrader.messages import Message, OrderAccepted, OrderCanceled, OrderExpired, OrderIntended
from autotrader.model import Fill, OrderState, Side
from autotrader.oms.book import Books

SELL = {"client_order_id": "c2", "side": Side.SELL}
ACK2 = OrderAccepted("c2", "binance", ACK.ts_ns, "W1")
SCENES: dict[str, tuple[list[OrderIntended], list[Message]]] = {
    "a bust and its correction": (
        [intended()],
        [
            ACK, filled(fill("t1", "3", "100.01", 10, fee="0.003", fee_asset="BTC")), filled(fill("t2", "4", "99.97", 11)),
            filled(fill("t3", "3", "100.5", 12, fee="0.1", fee_asset="BNB")), busted("t2"),
            filled(fill("t2b", "4", "99.98", 11)),
            filled(fill("t1", "3", "100.01", 10, fee="0.003", fee_asset="BTC")),
        ],
    ),
    "a cancel that crosses fills": (
        [intended()],
        [
            ACK, filled(fill("t1", "1", "3.3333333333", 10)), filled(fill("t2", "2", "7.77", 11, fee="0.01")),
            event(OrderCanceled, 12), filled(fill("t3", "1", "9", 9)), filled(fill("t2", "2", "7.77", 11, fee="0.01")),
            reported(OrderState.CANCELED, 13, 13, "3"),
        ],
    ),
    "two orders that flip the position": (
        [intended(), intended(order("c2", side=Side.SELL))],
        [
            ACK, ACK2, filled(fill("t1", "5", "100", 10)), filled(fill("t2", "8", "103", 11, **SELL)),
            filled(fill("t3", "5", "101", 12)), filled(fill("t4", "2", "99", 12, **SELL)), event(OrderExpired, 20),
        ],
    ),
}


def figures(made: Books) -> Any:
    """Return all that must not depend on the order of arrival."""
    records = [made.orders[name] for name in sorted(made.orders)]
    return (
        [(one.filled, one.average_price, one.fees, sorted(one.fills)) for one in records],
        made.positions({("binance", "BTCUSDT"): Decimal(100)}), made.fees(), made.balances("binance"),
    )


def fold(intents: Iterable[Message], events: Sequence[Message]) -> Any:
    return figures(books(*intents, *events))


@pytest.mark.parametrize("scene", SCENES, ids=lambda name: name.replace(" ", "-"))
def test_all_5040_permutations_of_seven_events_end_the_same(scene: str) -> None:
    intents, events = SCENES[scene]
    expected = fold(intents, events)
    assert len(events) == 7
    for arrival in permutations(events):
        assert fold(intents, arrival) == expected


def reference(fills: Iterable[Fill]) -> tuple[Decimal, Decimal | None, Decimal]:
    """Fold fills by the book: sorted, at average cost, less base fees. Kept apart from the implementation on purpose."""
    held, cost, realized = Decimal(0), None, Decimal(0)
    for one in sorted(fills, key=lambda fill: (fill.ts_ns, fill.trade_id)):
        change = one.quantity if one.side is Side.BUY else -one.quantity
        if held == 0 or cost is None:
            cost = one.price
        elif held * change > 0:
            cost = (cost * held + one.price * change) / (held + change)
        else:
            closed = min(abs(held), abs(change)).copy_sign(held)
            realized += round((one.price - cost) * closed, 12)
            if abs(change) > abs(held):
                cost = one.price
        before = held + change
        held = before - (one.fee if one.fee_asset == "BTC" else 0)
        if before == 0 or before * held < 0:
            cost = one.price
        if held == 0:
            cost = None
    return held, cost, realized


def random_story(rng: random.Random, longest: int) -> tuple[list[Message], list[Message], list[Fill]]:
    """Make orders, up to ``longest`` events about them with at most half of them duplicates, and the fills that stand."""
    names = [f"c{number}" for number in range(1, rng.randint(1, 4) + 1)]
    sides = {name: rng.choice((Side.BUY, Side.SELL)) for name in names}
    intents: list[Message] = [OrderIntended(order(name, "1000", sides[name]), 0) for name in names]
    events: list[Message] = []
    standing: list[Fill] = []
    for number in range(rng.randint(1, longest // 2)):
        name = rng.choice(names)
        made = fill(
            f"t{number}", str(rng.randint(1, 9)), f"{rng.randint(1, 999)}.{rng.randint(0, 99):02}", rng.randint(0, 9),
            fee=f"0.00{rng.randint(0, 9)}", fee_asset=rng.choice(("BTC", "USDT", "BNB")), client_order_id=name,
            side=sides[name],
        )
        events.append(filled(made))
        if rng.random() < 0.2:
            events.append(type(busted("x"))(name, "binance", 1, trade_id=made.trade_id))
        else:
            standing.append(made)
    events += [rng.choice(events) for _ in range(rng.randint(0, min(len(events), longest - len(events))))]
    rng.shuffle(events)
    return intents, events, standing


def check_story(rng: random.Random) -> None:
    intents, events, standing = random_story(rng, 40)
    made = books(*intents, *events)
    position = made.position("binance", "BTCUSDT")
    assert (position.quantity, position.average_price, position.realized_pnl) == reference(standing)
    for name, record in made.orders.items():
        own = [one for one in standing if one.client_order_id == name]
        assert record.filled == sum((one.quantity for one in own), Decimal(0))
        notional = sum((one.quantity * one.price for one in own), Decimal(0))
        assert record.average_price == (notional / record.filled if own else None)
    shuffled = events[:]
    rng.shuffle(shuffled)
    assert figures(books(*intents, *shuffled)) == figures(made)


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_shuffles_with_duplicates_end_as_the_reference_does(rng: random.Random) -> None:
    check_story(rng)


def test_many_seeded_shuffles_end_as_the_reference_does() -> None:
    for seed in range(int(os.environ.get("AUTOTRADER_SHUFFLES", "1500"))):
        check_story(random.Random(seed))


def booked(made: Books) -> dict[str, Fill]:
    return {name: known for record in made.orders.values() for name, known in record.fills.items()}


def quantity_of(made: Books) -> Decimal:
    fills = booked(made).values()
    signed = sum((one.quantity if one.side is Side.BUY else -one.quantity for one in fills), Decimal(0))
    return signed - sum((one.fee for one in fills if one.fee_asset == "BTC"), Decimal(0))


def test_a_loader_that_stays_behind_is_asked_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autotrader.oms.positions.WINDOW", 4)
    asked: list[int] = []
    made = books(intended(order(quantity="100")), fills_of=lambda *key: asked.append(1) or [])
    for number in range(8):
        made.apply(filled(fill(f"t{number}", "1", "100", number + 1)))
    assert asked == []
    made.apply(filled(fill("t9", "1", "94", 0)))
    for _ in range(1000):
        assert made.position("binance", "BTCUSDT").quantity == Decimal(9)
    assert len(asked) < 15


def test_a_loader_and_a_short_memory_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a window of four fills and all older ones from a loader that is always behind, figures are the same."""
    monkeypatch.setattr("autotrader.oms.positions.WINDOW", 4)
    for seed in range(400):
        rng = random.Random(seed)
        intents, events, standing = random_story(rng, 60)
        committed: dict[str, Fill] = {}
        made = books(*intents, fills_of=lambda *key: list(committed.values()))  # noqa: B023 - called within the loop
        for one in events:
            made.apply(one)
            assert made.position("binance", "BTCUSDT").quantity == quantity_of(made)
            if rng.random() < 0.3:
                committed = booked(made)
        committed = booked(made)
        for _ in range(2 * len(events)):  # looked at often enough, it asks the loader again
            position = made.position("binance", "BTCUSDT")
        assert (position.quantity, position.average_price, position.realized_pnl) == reference(standing), seed
