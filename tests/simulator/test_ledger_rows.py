from decimal import Decimal

import msgspec
import pytest
from exchange_kit import D, make_exchange, order, quote
from hypothesis import given
from hypothesis import strategies as st

from autotrader.model import Liquidity, OrderState, OrderType, Side, TimeInForce
from autotrader.simulator.ledger_fold import LedgerState, apply_row, note_absent, open_row
from autotrader.simulator.ledger_rows import (
    Absent,
    Batch,
    Changed,
    Checkpoint,
    Ended,
    Fired,
    Moved,
    Placed,
    Row,
    Standing,
    Traded,
    Undone,
    rows_of,
)

text = st.text(max_size=12)
money = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9)
some_money, whole = st.none() | money, st.integers(-(2**60), 2**60)
ROWS = st.one_of(
    st.builds(Placed, text, text, text, st.sampled_from(Side), st.sampled_from(OrderType), st.sampled_from(TimeInForce), money,
              some_money, some_money, some_money, st.none() | whole, st.booleans(), st.booleans(), st.booleans(), whole, whole),
    st.builds(Traded, text, text, text, text, st.sampled_from(Side), money, money, money, text, st.sampled_from(Liquidity),
              whole),
    st.builds(Ended, text, text, st.sampled_from(OrderState), text, whole),
    st.builds(Changed, text, text, money, some_money, some_money, whole, whole),
    st.builds(Fired, text, text, whole), st.builds(Moved, text, text, some_money, whole),
    st.builds(Undone, text, text, text, money, money, whole), st.builds(Absent, text, whole),
)  # fmt: skip
STANDINGS = st.builds(
    Standing, whole, whole, whole, st.tuples(whole, whole, whole, whole, whole), st.dictionaries(text, money, max_size=3),
    st.dictionaries(text, money, max_size=3), st.dictionaries(text, money, max_size=3),
)  # fmt: skip


@given(STANDINGS, st.lists(ROWS, max_size=6))
def test_a_batch_comes_back_as_it_was_written_and_on_one_line(standing: Standing, rows: list[Row]) -> None:
    line = msgspec.json.encode(Batch(standing, rows))
    assert b"\n" not in line
    assert line.startswith(b"[")
    assert msgspec.json.decode(line, type=Batch) == Batch(standing, rows)


def test_a_later_version_may_add_to_a_row() -> None:
    line = b'["F","c","1",5,"something new"]'
    assert msgspec.json.decode(line, type=Fired | Ended) == Fired("c", "1", 5)


def test_only_the_accounts_own_events_are_written() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    events = exchange.submit(order("SELL", "1", "100.00", account="them"), 1)
    events += exchange.submit(order("BUY", "1", "100.00"), 2)
    events += exchange.submit(order("BUY", "0"), 3)
    events += exchange.cancel("77", 4)
    mine, theirs = rows_of(events, "me"), rows_of(events, "them")
    assert [type(row) for row in mine] == [Placed, Traded]
    assert [type(row) for row in theirs] == [Placed, Traded]
    assert mine[1].venue_order_id == "2"  # type: ignore[union-attr]


def placed(**fields: object) -> Placed:
    row = Placed(
        "c", "1", "S", Side.BUY, OrderType.LIMIT, TimeInForce.GTC, D(2), D(10), None, None, None, False, False, False, 1, 0
    )
    return msgspec.structs.replace(row, **fields)


def folded(*rows: Row) -> object:
    orders: dict[str, object] = {}
    for row in rows:
        apply_row(orders, row, "paper", "me")  # type: ignore[arg-type]
    return orders["1"]


def traded(quantity: str, trade_id: str = "t") -> Traded:
    return Traded("c", "1", trade_id, "S", Side.BUY, D(10), D(quantity), D(0), "Q", Liquidity.MAKER, 3)


@pytest.mark.parametrize(("rows", "state", "filled"), [
    ([placed()], OrderState.OPEN, 0), ([placed(), traded("0.5")], OrderState.PARTIALLY_FILLED, "0.5"),
    ([placed(), traded("0.5"), traded("1.5", "u")], OrderState.FILLED, 2), ([placed(), traded("3")], OrderState.FILLED, 3),
    ([placed(), Ended("c", "1", OrderState.EXPIRED, "", 2)], OrderState.EXPIRED, 0),
    ([placed(), traded("1"), Changed("c", "1", D(1), D(10), None, 2, 4)], OrderState.FILLED, 1),
    ([placed(), traded("1"), Undone("c", "1", "t", D(10), D(1), 4)], OrderState.OPEN, 0),
    ([placed(), traded("2"), Undone("c", "1", "t", D(10), D(2), 4)], OrderState.CANCELED, 0),
])  # fmt: skip
def test_rows_fold_to_the_state_of_the_order(rows: list[Row], state: OrderState, filled: object) -> None:
    live = folded(*rows)
    assert (live.state, live.filled) == (state, Decimal(str(filled)))  # type: ignore[attr-defined]


def test_stops_fold_to_their_trigger_and_their_price() -> None:
    stop = placed(type=OrderType.TRAILING_STOP, price=None, trail=D(1), stop_price=D(9), held=True)
    live = folded(stop, Moved("c", "1", D("9.5"), 2))
    assert (live.held, live.stop_price) == (True, D("9.5"))  # type: ignore[attr-defined]
    assert not folded(stop, Fired("c", "1", 3)).held  # type: ignore[attr-defined]


def test_rows_about_an_order_that_is_not_known_are_passed_over() -> None:
    assert apply_row({}, Fired("c", "9", 1), "paper", "me") is None
    assert apply_row({}, Absent("c", 1), "paper", "me") is None


def test_state_drops_done_orders_and_carries_open_ones_through_a_checkpoint() -> None:
    standing = Standing(1, 0, 1, (1, 0, 0, 0, 0), {}, {}, {})
    state = LedgerState(Checkpoint(1, "paper", "me", standing, []))
    state.apply(Batch(standing, [placed(), traded("0.5"), placed(venue_order_id="2", client_order_id="d"), Absent("gone", 1)]))
    assert list(state.orders) == ["1", "2"]
    rows = [open_row(live) for live in state.orders.values()]
    again = LedgerState(Checkpoint(1, "paper", "me", standing, rows, absent=list(state.absent)))
    assert again.orders == state.orders
    assert list(again.absent) == ["gone"]
    again.apply(Batch(standing, [traded("1.5", "u"), Ended("d", "2", OrderState.CANCELED, "", 5)]))
    assert again.orders == {}


def test_the_oldest_absences_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autotrader.simulator.ledger_fold.MOST_ABSENT", 3)
    state = LedgerState(Checkpoint(1, "paper", "me", Standing(0, 0, 0, (0, 0, 0, 0, 0), {}, {}, {}), []))
    for number in range(5):
        note_absent(state.absent, str(number))
    assert list(state.absent) == ["2", "3", "4"]
