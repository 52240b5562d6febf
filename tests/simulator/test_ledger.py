import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from exchange_kit import D, order
from ledger_kit import OPENING, Desk

from autotrader.model import OrderState, Side
from autotrader.simulator import ledger as ledger_module
from autotrader.simulator.ledger import Ledger
from autotrader.simulator.ledger_rows import LedgerError
from autotrader.simulator.ledger_view import read_ledger


def trade_at_random(desk: Desk, rng: Random, steps: int) -> None:
    for _ in range(steps):
        bid = rng.randint(9_900, 10_100)
        desk.quote(f"{bid / 100:.2f}", f"{(bid + rng.randint(1, 30)) / 100:.2f}", f"{rng.randint(1, 30) / 10}")
        kind = rng.choice(["MARKET", "LIMIT", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP"])
        price, stop = f"{rng.randint(9_800, 10_200) / 100:.2f}", f"{rng.randint(9_800, 10_200) / 100:.2f}"
        desk.submit(order(
            rng.choice(list(Side)), f"{rng.randint(1, 9) / 10}", price if "LIMIT" in kind else None, kind=kind,
            stop_price=stop if kind.startswith("STOP") else None, trail="0.5" if kind == "TRAILING_STOP" else None,
            tif=rng.choice(["GTC", "DAY", "IOC"]) if kind == "LIMIT" else "GTC",
        ))  # fmt: skip
        ids = list(desk.exchange.open)
        if ids and rng.random() < 0.4:
            desk.cancel(rng.choice(ids))
        elif ids and rng.random() < 0.5:
            desk.amend(rng.choice(ids), quantity=D(rng.randint(1, 20)) / 10)


@pytest.mark.parametrize("every", [25, 8192])
@pytest.mark.parametrize("seed", range(6))
def test_all_live_state_survives_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, every: int) -> None:
    monkeypatch.setattr(ledger_module, "EVERY_ROWS", every)
    desk = Desk(tmp_path / "books")
    trade_at_random(desk, Random(seed), 80)
    desk.submit(order("BUY", "0.2", "90.00"), order("SELL", "0.2", kind="STOP", stop_price="90.00"))
    before = desk.picture()
    assert len(before["orders"]) >= 2
    desk.ledger.close()
    again = Desk(tmp_path / "books")
    assert again.picture() == before
    again.ledger.close()


def test_ids_go_on_after_a_restart_and_orders_keep_their_place_in_time(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "books")
    desk.quote("99.00", "101.00")
    first, second = order("BUY", "1", "100.00"), order("BUY", "1", "100.00")
    desk.submit(first)
    desk.submit(second)
    desk.ledger.close()
    again = Desk(tmp_path / "books")
    assert again.submit(order("BUY", "1", "98.00"))[0].live.venue_order_id == "3"
    filled = again.quote("98.50", "99.50", "1")
    assert [event.fill.client_order_id for event in filled] == [first.client_order_id, second.client_order_id]
    again.ledger.close()


def test_the_view_has_the_form_that_others_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "books")
    desk.quote("99.99", "100.00", "5")
    bought, resting = order("BUY", "1"), order("SELL", "2", "105.00")
    desk.submit(bought, resting)
    desk.cancel("77")
    view = read_ledger(tmp_path / "books")
    assert view["orders"] == [
        {"venue_order_id": "1", "client_order_id": bought.client_order_id, "symbol": "BTCUSDT", "side": "BUY",
         "type": "MARKET", "quantity": "1", "price": None, "status": "FILLED", "filled_quantity": "1", "created_ns": 3_000},
        {"venue_order_id": "2", "client_order_id": resting.client_order_id, "symbol": "BTCUSDT", "side": "SELL",
         "type": "LIMIT", "quantity": "2", "price": "105.00", "status": "OPEN", "filled_quantity": "0", "created_ns": 3_000},
    ]  # fmt: skip
    assert view["fills"] == [
        {"trade_id": "000000000001", "venue_order_id": "1", "client_order_id": bought.client_order_id, "symbol": "BTCUSDT",
         "side": "BUY", "price": "100.00", "quantity": "1", "fee": "0.050000", "fee_asset": "USDT", "ts_ns": 3_000},
    ]  # fmt: skip
    assert view["balances"] == {"USDT": "99899.950000", "BTC": "11", "USD": "10000"}
    assert view["positions"] == {"BTCUSDT": "1"}
    assert view["requests"] == {"submit": 2, "cancel": 1, "amend": 0, "query": 0, "other": 0}
    desk.ledger.close()


def test_the_view_equals_the_books_whatever_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "EVERY_ROWS", 60)
    desk = Desk(tmp_path / "books")
    trade_at_random(desk, Random(9), 200)
    view = read_ledger(tmp_path / "books")
    assert {asset: D(amount) for asset, amount in view["balances"].items()} == desk.account.cash
    assert {symbol: D(quantity) for symbol, quantity in view["positions"].items()} == desk.account.net
    working = [row for row in view["orders"] if row["status"] in ("OPEN", "PARTIALLY_FILLED")]
    filled = {row["venue_order_id"]: D(row["filled_quantity"]) for row in working}
    assert filled == {live.venue_order_id: live.filled for live in desk.account.open.values()}
    signed = sum((D(row["quantity"]) if row["side"] == "BUY" else -D(row["quantity"]) for row in view["fills"]), D(0))
    assert signed == desk.account.net["BTCUSDT"]
    desk.ledger.close()


def test_done_orders_are_found_by_client_id_however_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "EVERY_ROWS", 20)
    desk = Desk(tmp_path / "books")
    orders = []
    for _ in range(60):
        desk.quote("99.99", "100.00", "0.3")
        orders.append(order("BUY", "0.5"))
        desk.submit(orders[-1])
    early = order("BUY", "1", "90.00")
    desk.submit(early)
    for _ in range(30):
        desk.submit(order("SELL", "0.1"))
    desk.quote("89.00", "89.50", "5")
    for each in orders:
        update, fills = desk.ledger.find(each.client_order_id)  # type: ignore[misc]
        assert (update.state, update.filled_quantity) == (OrderState.FILLED, D("0.5"))
        assert sum(fill.quantity for fill in fills) == D("0.5")
        assert update.average_price == sum(fill.price * fill.quantity for fill in fills) / D("0.5")
    update, fills = desk.ledger.find(early.client_order_id)  # type: ignore[misc]
    assert (update.state, len(fills)) == (OrderState.FILLED, 1)
    assert desk.ledger.find("never seen") is None
    desk.ledger.close()
    again = Desk(tmp_path / "books")
    assert again.ledger.find(orders[0].client_order_id) == desk_find(again, orders[0].client_order_id)
    assert again.ledger.find(orders[0].client_order_id)[0].state is OrderState.FILLED  # type: ignore[index]
    again.ledger.close()


def desk_find(desk: Desk, client_order_id: str) -> object:
    desk.ledger.index._segments = None  # read the index anew from the file
    return desk.ledger.find(client_order_id)


def test_a_client_id_that_was_used_twice_finds_the_newer_order(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "books")
    desk.submit(order("BUY", "1", "90", client_order_id="same"))
    desk.cancel("1")
    desk.submit(order("BUY", "2", "91", client_order_id="same"))
    update, _ = desk.ledger.find("same")  # type: ignore[misc]
    assert (update.venue_order_id, update.state, update.quantity) == ("2", OrderState.OPEN, 2)
    desk.ledger.close()


def test_trades_since_a_time_come_whole_or_say_from_when_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "EVERY_ROWS", 20)
    desk = Desk(tmp_path / "books")
    told = []
    for _ in range(100):
        desk.quote("99.99", "100.00", "1")
        told += [event.fill for event in desk.submit(order("BUY", "0.1"))[1:]]
    everything, complete_ns = desk.ledger.trades_since(0, 10_000)
    assert [(fill.trade_id, fill.ts_ns) for fill in everything] == [(fill.trade_id, fill.ts_ns) for fill in told]
    assert complete_ns == 0
    late, complete_ns = desk.ledger.trades_since(told[70].ts_ns, 10_000)
    assert [fill.trade_id for fill in late] == [fill.trade_id for fill in told[70:]]
    for most in (15, 16, 0):
        some, complete_ns = desk.ledger.trades_since(0, most)
        assert [fill.trade_id for fill in some] == [fill.trade_id for fill in told[len(told) - most :]]
        assert complete_ns == told[len(told) - most - 1].ts_ns + 1
    assert desk.ledger.trades_since(told[-1].ts_ns + 1, 5) == ([], told[-1].ts_ns + 1)
    assert desk.ledger.last_trade_ns == told[-1].ts_ns
    desk.ledger.close()


def test_an_id_declared_absent_is_remembered_over_restarts_and_checkpoints(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "books")
    desk.ledger.write([desk.ledger.declare_absent("gone", 5)], desk.exchange, desk.account)
    desk.ledger.close()
    again = Desk(tmp_path / "books")
    again.ledger.checkpoint(again.exchange, again.account)
    again.ledger.close()
    last = Desk(tmp_path / "books")
    assert list(last.ledger.absent) == ["gone"]
    last.ledger.close()


def test_a_line_torn_at_any_byte_is_cut_off_and_all_before_it_stands(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "books")
    desk.submit(order("BUY", "1", "90.00"))
    whole, before = (tmp_path / "books").read_bytes(), desk.picture()
    desk.submit(order("BUY", "1", "91.00"), order("BUY", "1", "92.00"))
    longer = (tmp_path / "books").read_bytes()
    desk.ledger.close()
    for cut in range(len(whole), len(longer), 7):
        (tmp_path / "torn").write_bytes(longer[:cut])
        assert len(read_ledger(tmp_path / "torn")["orders"]) == 1
        torn = Desk(tmp_path / "torn")
        assert torn.picture() == before
        torn.ledger.close()
        assert (tmp_path / "torn").read_bytes() == whole


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path / "books")
    whole, real = (tmp_path / "books").read_bytes(), os.write

    def half(fd: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", full)
        return real(fd, data[: len(data) // 2])

    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        desk.submit(order("BUY", "1", "90.00"))
    assert (tmp_path / "books").read_bytes() == whole
    desk.ledger.close()


def test_a_second_writer_is_refused_but_the_same_owner_takes_over(tmp_path: Path) -> None:
    me = object()
    desk = Desk(tmp_path / "books", owner=me)
    with pytest.raises(LedgerError, match="two engines"):
        Desk(tmp_path / "books", owner=object())
    again = Desk(tmp_path / "books", owner=me)
    with pytest.raises(OSError, match="descriptor"):
        desk.submit(order("BUY", "1", "90.00"))
    desk.ledger.close()
    again.submit(order("BUY", "1", "90.00"))
    again.ledger.close()


def test_another_process_is_refused_while_the_books_are_open(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "books")
    code = (
        "import sys; from autotrader.simulator.ledger import Ledger\n"
        "from autotrader.simulator.ledger_rows import LedgerError\n"
        "try: Ledger(sys.argv[1], venue='paper', account='me', opening={})\n"
        "except LedgerError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "books")], capture_output=True, text=True, timeout=60)
    assert "in use by another process" in done.stdout
    desk.ledger.close()


def test_books_of_another_account_or_another_kind_of_file_are_refused(tmp_path: Path) -> None:
    Desk(tmp_path / "books").ledger.close()
    with pytest.raises(LedgerError, match="books of paper account me"):
        Ledger(tmp_path / "books", venue="paper", account="you", opening={})
    (tmp_path / "text").write_text("hello\n")
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger(tmp_path / "text", venue="paper", account="me", opening={})
    (tmp_path / "spoilt").write_bytes((tmp_path / "books").read_bytes() + b"[nonsense]\n")
    with pytest.raises(LedgerError, match="cannot be read"):
        Ledger(tmp_path / "spoilt", venue="paper", account="me", opening={})
    with pytest.raises(LedgerError, match="line 2"):
        read_ledger(tmp_path / "spoilt")
    with pytest.raises(LedgerError, match="no ledger"):
        read_ledger(tmp_path / "nothing")
    Ledger(tmp_path / "books", venue="paper", account="me", opening={}).close()


def test_an_asset_that_is_new_to_the_books_gets_its_opening(tmp_path: Path) -> None:
    Desk(tmp_path / "books").ledger.close()
    ledger = Ledger(tmp_path / "books", venue="paper", account="me", opening={**OPENING, "ETH": D(7), "USDT": D(1)})
    assert ledger.state.standing.cash == {**OPENING, "ETH": D(7)}
    ledger.close()


WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from exchange_kit import order
from ledger_kit import Desk
desk = Desk(Path(sys.argv[1]))
number = desk.exchange.order_number
while True:
    desk.quote("99.99", "100.00", "5")
    orders = [order("BUY" if k % 2 else "SELL", "0.1", client_order_id=f"n{number + k}") for k in range(16)]
    number += 16
    told = [e.fill.trade_id for e in desk.submit(*orders) if hasattr(e, "fill")]
    print(told[-1], flush=True)
"""


def test_a_kill_at_any_instant_loses_nothing_that_was_told(tmp_path: Path) -> None:
    rng = Random(4)
    for _ in range(6):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "books"), str(Path(__file__).parents[1])]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(rng.randint(1, 120))]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
        writer.wait(30)
        writer.stdout.close()
        last = max(int(line) for line in told if line.endswith("\n"))
        view = read_ledger(tmp_path / "books")
        assert [fill["trade_id"] for fill in view["fills"]] == [f"{number + 1:012d}" for number in range(len(view["fills"]))]
        assert len(view["fills"]) >= last
        assert all(row["status"] == "FILLED" for row in view["orders"])
        desk = Desk(tmp_path / "books")
        assert desk.exchange.trade_number == len(view["fills"])
        assert desk.account.cash["USDT"] == D(view["balances"]["USDT"])
        desk.ledger.close()
