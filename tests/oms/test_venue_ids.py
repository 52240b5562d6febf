"""One venue order id in two symbols: in the books, in a comparison with the venue, on the floor, and after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from oms_kit import ETH, SECOND, VENUE, House
from order_kit import LAG, T0, books, event, fill, filled, intended, order

from autotrader.messages import (
    BalanceOpened,
    OrderAccepted,
    OrderAdopted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrderSucceeded,
    TradeBusted,
)
from autotrader.model import Balance, Fill, OrderState, OrderUpdate, VenueSnapshot
from autotrader.oms.book import Books
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.verify import verify
from autotrader.oms.reconcile import Policy, reconcile, unknown_orders
from autotrader.oms.venue_ids import VenueIds

D = Decimal
S = OrderState
NOW = T0 + 100 * SECOND
BTC_ORDER, ETH_ORDER = order(), structs.replace(order("c2"), symbol="ETHUSDT")


def of_eth(kind: Any, at: int = 1, venue_order_id: str | None = "V1", **more: Any) -> Any:
    return kind("c2", "binance", T0 + at * SECOND, venue_order_id, **more)


def eth_fill(trade_id: str, quantity: str = "4", **more: Any) -> Fill:
    return fill(trade_id, quantity, **{"symbol": "ETHUSDT", "client_order_id": "c2", "venue_order_id": "V1", **more})


@pytest.fixture
def both() -> Books:
    """Orders c1 in BTCUSDT and c2 in ETHUSDT, which the venue both calls V1."""
    return books(intended(BTC_ORDER), intended(ETH_ORDER), event(OrderAccepted), of_eth(OrderAccepted))


# ---------------------------------------------------------------- the index


def test_an_id_names_one_order_per_symbol() -> None:
    ids = VenueIds()
    ids.note("binance", "BTCUSDT", "1", "a")
    assert ids.find("binance", "1") == ids.find("binance", "1", "BTCUSDT") == "a"
    assert ids.find("binance", "1", "ETHUSDT") is ids.find("okx", "1") is None
    ids.note("binance", "ETHUSDT", "1", "b")
    assert [ids.find("binance", "1", symbol) for symbol in ("BTCUSDT", "ETHUSDT", "")] == ["a", "b", None]
    ids.note("binance", "BTCUSDT", "1", "c")
    assert ids.find("binance", "1", "BTCUSDT") == "c"


def test_what_is_forgotten_in_one_symbol_stands_in_the_other() -> None:
    ids = VenueIds()
    ids.note("binance", "BTCUSDT", "1", "a")
    ids.note("binance", "ETHUSDT", "1", "b")
    for symbol in ("ETHUSDT", "ETHUSDT", "SOLUSDT"):
        ids.forget("binance", symbol, "1")
    ids.forget("binance", "BTCUSDT", "2")
    assert ids.find("binance", "1") == "a"
    ids.forget("binance", "BTCUSDT", "1")
    assert ids.find("binance", "1", "BTCUSDT") is None


# ---------------------------------------------------------------- books


def test_trades_and_busts_find_their_order_by_the_symbol(both: Books) -> None:
    nameless = structs.replace(filled(eth_fill("7", client_order_id="")), client_order_id="")
    assert both.apply(nameless).fills[0].client_order_id == "c2"
    both.apply(structs.replace(filled(fill("7", venue_order_id="V1", client_order_id="")), client_order_id=""))
    assert [both.orders[name].filled for name in ("c1", "c2")] == [D(4), D(4)]
    assert both.apply(TradeBusted("", "binance", NOW, "V1", trade_id="7", symbol="ETHUSDT")).undone[0].client_order_id == "c2"
    assert both.apply(TradeBusted("", "binance", NOW, "V1", trade_id="7")).unknown
    assert [both.orders[name].filled for name in ("c1", "c2")] == [D(4), D(0)]


def test_an_id_that_two_symbols_have_names_no_order_by_itself(both: Books) -> None:
    assert both.apply(OrderCanceled("", "binance", NOW, "V1")).unknown
    assert both.find("", "binance", "V1") is None
    assert both.find("", "binance", "V1", "ETHUSDT") is both.orders["c2"]
    both.apply(of_eth(OrderCanceled, 2))
    assert [both.orders[name].state for name in ("c1", "c2")] == [S.OPEN, S.CANCELED]
    both.evict("c2")
    assert both.apply(OrderCanceled("", "binance", NOW, "V1")).order.client_order_id == "c1"  # type: ignore[union-attr]


def test_a_stranger_with_the_same_id_never_moves_an_order_of_ours() -> None:
    made = books(intended(), event(OrderAccepted))
    for kind in (OrderAccepted, OrderCanceled, OrderRejected):
        assert made.apply(kind("web_1", "binance", NOW, "V1")).unknown
    assert made.apply(filled(eth_fill("7", client_order_id="web_1"))).unknown
    assert (made.orders["c1"].state, made.orders["c1"].filled, made.orders["c1"].twins) == (S.OPEN, 0, ())


def test_superseded_ids_count_per_symbol_too(both: Books) -> None:
    both.apply(of_eth(OrderSucceeded, 3, "V2", previous_venue_order_id="V1"))
    assert both.find("", "binance", "V2") is both.find("", "binance", "V1", "ETHUSDT") is both.orders["c2"]
    assert both.find("", "binance", "V1", "BTCUSDT") is both.orders["c1"]


def test_books_that_are_loaded_know_the_symbols(both: Books) -> None:
    loaded = Books.load(both.export(), lag_ns=LAG)
    for symbol, name in (("BTCUSDT", "c1"), ("ETHUSDT", "c2")):
        assert loaded.find("", "binance", "V1", symbol) is loaded.orders[name]
    assert loaded.find("", "binance", "V1") is None


def test_two_strangers_without_a_client_id_are_two_orders() -> None:
    made = books()
    for one in (order(""), structs.replace(order(""), symbol="ETHUSDT")):
        assert made.apply(OrderAdopted(one, "F1", S.OPEN, D(0), T0)).order is not None
    assert list(made.orders) == ["foreign:binance:BTCUSDT:F1", "foreign:binance:ETHUSDT:F1"]


def test_a_stranger_of_an_old_journal_keeps_its_name() -> None:
    made = books(OrderAdopted(order("foreign:binance:F1"), "F1", S.OPEN, D(0), T0))
    made.apply(OrderFilled("web_1", "binance", NOW, "F1", fill=fill("t1", client_order_id="web_1", venue_order_id="F1")))
    made.apply(OrderCanceled("web_1", "binance", NOW, "F1"))
    record = made.orders["foreign:binance:F1"]
    assert (record.filled, record.state) == (D(4), S.CANCELED)


# ---------------------------------------------------------------- a comparison with the venue


def row(of: OrderUpdate, **changes: Any) -> OrderUpdate:
    return structs.replace(of, client_order_id="", strategy="", **changes)


def taken(*rows: OrderUpdate, trades: tuple[Fill, ...] = ()) -> VenueSnapshot:
    balances = (Balance("USDT", D(1000), D(1000)),)
    return VenueSnapshot("binance", "acc", T0 + 90 * SECOND, rows, trades, balances, (), T0, True)


def test_rows_and_trades_are_compared_with_the_order_of_their_symbol(both: Books) -> None:
    rows = [row(both.orders[name].update()) for name in ("c1", "c2")]
    rows[1] = structs.replace(rows[1], state=S.PARTIALLY_FILLED, filled_quantity=D(4))
    shown = taken(*rows, trades=(eth_fill("7", client_order_id="", strategy=""),))
    assert unknown_orders(both, shown) == []
    report = reconcile(both, shown, Policy(lag_ns=LAG), NOW)
    assert [(line.what, line.client_order_id) for line in report.lines if line.what != "opening"] == [("missed_fill", "c2")]


def test_strangers_with_one_id_are_adopted_one_by_one() -> None:
    made = books(BalanceOpened("binance", "acc", "USDT", D(1000), T0), intended(), event(OrderCanceled))
    theirs = [row(made.orders["c1"].update(), symbol=symbol, state=S.OPEN, venue_order_id="F1") for symbol in ("A", "B")]
    trades = tuple(fill("7", symbol=symbol, client_order_id="", venue_order_id="F2") for symbol in ("A", "B"))
    for one in reconcile(made, taken(*theirs, trades=trades), Policy(lag_ns=LAG), NOW).events:
        made.apply(one)
    foreign = {name for name, record in made.orders.items() if record.foreign}
    assert foreign == {f"foreign:binance:{symbol}:{name}" for symbol in ("A", "B") for name in ("F1", "F2")}
    assert [made.orders[f"foreign:binance:{symbol}:F2"].filled for symbol in ("A", "B")] == [D(4), D(4)]


# ---------------------------------------------------------------- the floor, its journal, a restart


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "journal.db", closed_kept=1)
    made.ready()
    yield made
    made.close()


def stranger(house: House, symbol: str, trade_id: str, venue_order_id: str = "28") -> OrderFilled:
    """A trade of somebody else's market order for one coin, of which the venue tells no client order id."""
    told = house.fill(house.order(quantity="1"), trade_id, "1", client_order_id="", venue_order_id=venue_order_id)
    return structs.replace(told, client_order_id="", fill=structs.replace(told.fill, symbol=symbol))


def test_closed_orders_come_back_from_the_journal_by_symbol(kept: House) -> None:
    names = [f"foreign:{VENUE}:{symbol}:28" for symbol in ("BTCUSDT", ETH.symbol)]
    kept.tell(stranger(kept, "BTCUSDT", "1"), stranger(kept, ETH.symbol, "1"), stranger(kept, "BTCUSDT", "2", "29"))
    assert not set(names) & set(kept.books.orders)
    kept.tell(stranger(kept, ETH.symbol, "2"))
    assert kept.books.orders[names[1]].filled == D(2)
    assert names[0] not in kept.books.orders
    report = verify(kept.path)
    assert report.ok, report.detail
    with Reader(kept.path) as reader:
        assert [reader.order_by_venue_id(VENUE, "28", symbol).client_order_id for symbol in ("BTCUSDT", ETH.symbol)] == names  # type: ignore[union-attr]
        assert reader.order_by_venue_id(VENUE, "28") is reader.order_by_venue_id(VENUE, "28", "SOLUSDT") is None
        assert reader.recall("", VENUE, "28") == []
        assert {event.order.client_order_id for event in reader.recall("", VENUE, "28", "BTCUSDT")[:1]} == {names[0]}  # type: ignore[attr-defined]


def test_a_restart_keeps_two_orders_with_one_id_apart(kept: House) -> None:
    kept.tell(stranger(kept, "BTCUSDT", "1"), stranger(kept, ETH.symbol, "1"))
    for symbol in ("BTCUSDT", ETH.symbol):
        one = structs.replace(kept.order(), client_order_id="", symbol=symbol)
        kept.tell(OrderAdopted(one, "30", S.OPEN, D(0), kept.clock.now_ns()))
    kept.again()
    for symbol in ("BTCUSDT", ETH.symbol):
        assert kept.books.find("", VENUE, "30", symbol) is kept.books.orders[f"foreign:{VENUE}:{symbol}:30"]
        assert kept.books.position(VENUE, symbol).quantity == D(1)
    assert kept.books.find("", VENUE, "30") is None
