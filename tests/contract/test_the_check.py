"""The check that closes every case sees every difference: a ledger that is wrong in one place does not pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contract.books import check_books
from contract.desk import Desk
from contract.kit import Json
from contract.paper_venue import PaperKit


class WrongLedger(PaperKit):
    """A kit whose truth is told with one thing changed."""

    change: Callable[[Json], object] | None = None

    def ledger(self) -> Json:
        truth = super().ledger()
        if self.change is not None:
            self.change(truth)
        return truth


@pytest.fixture
def traded(tmp_path: Path) -> Iterator[Desk]:
    """An order that is filled and one that rests."""
    desk = Desk(WrongLedger(), tmp_path)
    desk.connect()
    desk.kit.begin()
    desk.until(desk.submit("BUY", 2), "FILLED")
    desk.rest("BUY", 1)
    desk.agree()
    yield desk
    desk.abandon()


def _put(part: str, at: int, key: str, value: str) -> Callable[[Json], object]:
    return lambda truth: truth[part][at].update({key: value})


def _again(truth: Json) -> None:
    truth["orders"].append({**truth["orders"][1], "venue_order_id": "99"})


def _unknown(truth: Json) -> None:
    ours = truth["orders"][1]["client_order_id"]
    truth["orders"].append({**truth["orders"][1], "client_order_id": f"{ours[:-2]}77"})


CHANGES: dict[str, Callable[[Json], object]] = {
    "a fee": _put("fills", 0, "fee", "0.50001001"),
    "a price": _put("fills", 0, "price", "50001.01"),
    "a trade id": _put("fills", 0, "trade_id", "7"),
    "a fee's asset": _put("fills", 0, "fee_asset", "BTC"),
    "a trade that we do not have": lambda truth: truth["fills"].append({**truth["fills"][0], "trade_id": "8"}),
    "a trade that is not there": lambda truth: truth["fills"].clear(),
    "a balance": lambda truth: truth["balances"].update({"USDT": "998999.47998999"}),
    "an order's state": _put("orders", 1, "status", "CANCELED"),
    "an order's quantity": _put("orders", 1, "quantity", "0.01001"),
    "an order's price": _put("orders", 1, "price", "49750.01"),
    "an order's venue id": _put("orders", 1, "venue_order_id", "3"),
    "two orders of one id": _again,
    "an order of ours that is on no record": _unknown,
    "an order that is not there": lambda truth: truth["orders"].pop(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_ledger_that_is_wrong_in_one_place_does_not_pass(traded: Desk, change: Callable[[Json], object]) -> None:
    kit = traded.kit
    assert isinstance(kit, WrongLedger)
    kit.change = change
    with pytest.raises(AssertionError):
        check_books(kit, traded.adapter, traded.journal, traded.before, frozenset())
    kit.change = None
    traded.agree(1)
