"""Checkpoints: what is loaded equals what was exported, and goes on the same."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_kit import BTC, LAG, PATHS, T0, books, event, fill, filled, order, reported
from order_venue import Run

from autotrader.messages import BalanceOpened, OrderAdopted, OrderDoubted, PositionAdopted
from autotrader.model import Fill, OrderState
from autotrader.oms.book import Books

NUMBERS = st.decimals(min_value="0.00000001", max_value="100000", places=8)


def same(one: Books, other: Books) -> None:
    assert other.orders == one.orders
    assert other.positions() == one.positions()
    assert other.balances("binance") == one.balances("binance")
    assert {record.client_order_id for record in other.owing()} == {record.client_order_id for record in one.owing()}
    assert other.export() == one.export()


@pytest.mark.parametrize("code", PATHS)
def test_every_state_survives(code: str) -> None:
    made = books(*PATHS[code], event(OrderDoubted, 50, None))
    made.apply(BalanceOpened("binance", "acc", "USDT", Decimal("1E+3"), T0))
    made.apply(PositionAdopted("binance", "acc", "BTCUSDT", Decimal("0.1"), None, T0))
    loaded = Books.load(made.export(), lag_ns=LAG)
    same(made, loaded)
    for one in (filled(fill("t8", "3", "99.5", 60)), reported(OrderState.CANCELED, 70, 70, "3")):
        assert loaded.apply(one) == made.apply(one)
    same(made, loaded)


def test_gaps_and_foreign_orders_survive() -> None:
    made = books(*PATHS["PRT"], reported(OrderState.OPEN, 20, 20, "7"))
    made.apply(OrderAdopted(order("web_1"), "F1", OrderState.OPEN, Decimal(1), T0))
    loaded = Books.load(made.export(), lag_ns=LAG)
    later = T0 + 10**12
    assert loaded.inferred_due(later) == made.inferred_due(later) != []
    assert loaded.find("", "binance", "F1") is loaded.orders["web_1"]


def test_drafts_are_left_out() -> None:
    made = books()
    made.draft(order())
    assert Books.load(made.export()).orders == {}


def test_an_export_is_json() -> None:
    assert json.loads(books(*PATHS["PRT"]).export())["orders"][0]["filled"] == "4"


def test_instruments_in_use_come_with_it() -> None:
    loaded = Books.load(books(*PATHS["PRT"]).export())
    assert loaded.instrument("binance", "BTCUSDT") == BTC
    assert loaded.instrument("okx", "BTC-PERP") is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(0, 9)), max_size=20))
def test_any_figures_survive_to_the_last_digit(trades: list[tuple[Decimal, Decimal, int]]) -> None:
    made = books(*PATHS["OPN"])
    for number, (quantity, price, at) in enumerate(trades):
        made.apply(filled(fill(f"t{number}", str(quantity), str(price), at, fee=str(price), fee_asset="BTC")))
    same(made, Books.load(made.export(), lag_ns=LAG))


def test_a_trimmed_memory_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autotrader.oms.positions.WINDOW", 4)
    journal: list[Fill] = []
    made = books(*PATHS["OPN"], fills_of=lambda *key: journal)
    for number in range(10):
        made.apply(filled(fill(f"t{number}", "1", str(100 + number), number)))
    made.apply(filled(fill("t00", "1", "50", 0)))
    loaded = Books.load(made.export(), lag_ns=LAG, fills_of=lambda *key: journal)
    same(made, loaded)
    journal += made.orders["c1"].fills.values()
    same(made, loaded)
    assert loaded.position("binance", "BTCUSDT").average_price == sum((one.price for one in journal), Decimal(0)) / 11


def test_any_moment_of_a_wild_run_survives() -> None:
    for seed in range(150):
        run = Run(seed)
        for move in run.moves():
            run.advance(run.now + 10**9)
            move()
            loaded = Books.load(run.books.export(), lag_ns=LAG)
            loaded.add_instruments([BTC])
            same(run.books, loaded)
