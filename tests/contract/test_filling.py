"""Fills: how much, at which price, for which fee, told once, and what they do to position and balances."""

from decimal import Decimal

import msgspec
from contract.books import net_of
from contract.cases import case
from contract.desk import Desk
from support import eventually

from autotrader.model import Fill
from autotrader.oms.journal.reader import Reader


def paid_as(desk: Desk, rate: Decimal) -> bool:
    """Check that every fill on record cost what it should have, in what it should: a fee may be told after its fill."""
    with Reader(desk.journal) as reader:
        booked = {one["trade_id"]: (Decimal(one["fee"]), one["fee_asset"]) for one in reader.fills()}
    assert booked == {fill.trade_id: fee_of(desk, fill, rate) for fill in desk.fills}
    return len(booked) == 2


def fee_of(desk: Desk, fill: Fill, rate: Decimal) -> tuple[Decimal, str]:
    """Return the fee that a fill should have cost, and in what."""
    asset = desk.terms.buy_fee_asset if fill.side == "BUY" else desk.terms.sell_fee_asset
    traded = fill.quantity if asset == desk.terms.base else fill.quantity * fill.price
    return traded * rate, asset


@case(30, "a resting order fills in parts, PARTIALLY_FILLED in between and FILLED at the end")
def test_partial_then_full(desk: Desk) -> None:
    order = desk.rest("BUY", 5, 2)
    desk.kit.trade(desk.below(3), 2 * desk.terms.unit)
    assert desk.until(order, "PARTIALLY_FILLED").filled_quantity == 2 * desk.terms.unit
    desk.kit.trade(desk.below(3), 10 * desk.terms.unit)
    assert desk.until(order, "FILLED").filled_quantity == 5 * desk.terms.unit
    assert [fill.quantity for fill in eventually(lambda: len(desk.fills) == 2 and desk.fills)] == [
        2 * desk.terms.unit, 3 * desk.terms.unit
    ]  # fmt: skip


@case(31, "a market that shows less than what rests fills no more than it shows")
def test_no_more_than_is_displayed(desk: Desk) -> None:
    order, terms = desk.rest("BUY", 5, 2), desk.terms
    desk.kit.show(desk.below(3), desk.below(2), terms.size, 2 * terms.unit)
    assert desk.until(order, "PARTIALLY_FILLED").filled_quantity == 2 * desk.terms.unit


@case(32, "a taker pays the taker's fee, in the asset that the venue takes it in, to the last digit")
def test_taker_fee(desk: Desk) -> None:
    desk.until(desk.submit("BUY", 3), "FILLED")
    desk.until(desk.submit("SELL", 2), "FILLED")
    eventually(lambda: paid_as(desk, desk.terms.taker_fee))


@case(33, "a maker pays the maker's fee, in the asset that the venue takes it in, to the last digit")
def test_maker_fee(desk: Desk) -> None:
    buy, sale = desk.rest("BUY", 3, 1), desk.rest("SELL", 2, 1)
    desk.show(-2)
    desk.show(2)
    desk.until(buy, "FILLED")
    desk.until(sale, "FILLED")
    eventually(lambda: paid_as(desk, desk.terms.maker_fee))
    assert [fill.liquidity for fill in desk.fills] == ["MAKER", "MAKER"]


@case(34, "every fill reaches a callback once, and a queue once")
def test_fills_are_told_once(desk: Desk) -> None:
    for _ in range(5):
        desk.until(desk.submit("BUY"), "FILLED")
    eventually(lambda: len(desk.fills) >= 5 and len(desk.heard(Fill)) >= 5)
    desk.agree()
    told = [fill.trade_id for fill in desk.fills]
    assert len(told) == len(set(told)) == 5
    assert [fill.trade_id for fill in desk.heard(Fill)] == told


@case(35, "updates of an order come in the order of its life")
def test_updates_in_order(desk: Desk) -> None:
    order = desk.rest("BUY", 4, 2)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    desk.until(order, "PARTIALLY_FILLED")
    desk.adapter.cancel_order(order.client_order_id)
    states = eventually(lambda: (seen := _states(desk, order.client_order_id)) and seen[-1] == "CANCELED" and seen)
    assert [state for state in states if state in ("SENT", "OPEN", "PARTIALLY_FILLED", "CANCELED")] == [
        "SENT", "OPEN", "PARTIALLY_FILLED", "CANCELED"
    ]  # fmt: skip


@case(36, "the position is what was bought less what was sold and paid in fees; selling realises profit at average cost")
def test_position(desk: Desk) -> None:
    terms = desk.terms
    desk.until(desk.submit("BUY", 2), "FILLED")
    desk.show(4)
    desk.until(desk.submit("BUY", 2), "FILLED")
    desk.until(desk.submit("SELL", 1), "FILLED")
    held = eventually(lambda: next((one for one in desk.adapter.get_positions() if one.symbol == terms.symbol), None))
    first = net_of([msgspec.to_builtins(desk.fills[0])], terms)
    assert held.average_price == (terms.ask * first + desk.above(4) * 2 * terms.unit) / (first + 2 * terms.unit)
    profit = (terms.bid + 4 * terms.step - held.average_price) * terms.unit
    assert held.realized_pnl == profit.quantize(Decimal("1e-12"))
    assert held.currency == terms.quote


@case(37, "balances after taker and maker fills on both sides equal the venue's, to the last digit")
def test_balances(desk: Desk) -> None:
    opening = desk.adapter.get_account_balance()
    assert opening == {asset: Decimal(amount) for asset, amount in desk.before["balances"].items()}
    desk.until(desk.submit("BUY", 3), "FILLED")
    resting = desk.rest("SELL", 2, 1)
    desk.show(2)
    desk.until(resting, "FILLED")
    desk.agree()
    assert desk.adapter.get_account_balance() != opening


@case(38, "the average price over several fills is exact")
def test_average_price(desk: Desk) -> None:
    terms = desk.terms
    desk.show(ask_size=2 * terms.unit)
    order = desk.submit("BUY", 3, desk.above(1))
    desk.until(order, "FILLED")
    desk.agree()
    fills = eventually(lambda: len(desk.fills) == 2 and desk.fills)
    cost = sum((fill.price * fill.quantity for fill in fills), Decimal(0))
    assert desk.now(order).average_price == cost / (3 * terms.unit)
    assert fills[1].price > fills[0].price == terms.ask


@case(39, "a fill that is told before the acknowledgement is booked, and the order ends FILLED")
def test_fill_before_acknowledgement(desk: Desk) -> None:
    desk.fault("submit", {"fill_before_ack": True})
    desk.until(desk.submit("BUY", 2), "FILLED")
    assert desk.kit.fired() == 1
    assert len(eventually(lambda: desk.fills)) == 1


@case(40, "a fill that comes long after the acknowledgement is booked when it comes")
def test_fill_that_is_held_back(desk: Desk) -> None:
    desk.fault("submit", {"hold_s": 0.4})
    desk.until(desk.submit("BUY", 2), "FILLED")
    assert desk.kit.fired() == 1


@case(41, "a fill that the venue never tells is found by the sweep, and booked once")
def test_fill_that_is_never_told(desk: Desk) -> None:
    desk.fault("submit", {"silent": True})
    order = desk.submit("BUY", 2)
    desk.until(order, "FILLED", timeout_s=20)
    desk.agree()
    assert desk.kit.fired() == 1
    assert desk.position() != 0


@case(42, "more filled than was ordered is booked, alarmed, and the symbol takes no new risk")
def test_overfill(desk: Desk) -> None:
    desk.fault("submit", {"overfill": 0.5})
    order = desk.submit("BUY", 2)
    eventually(lambda: desk.now(order).filled_quantity > 2 * desk.terms.unit)
    desk.kit.clear_faults()
    desk.agree()
    assert desk.alarms()
    assert desk.denied(desk.submit("BUY")).reason_code == "BLOCKED"


@case(43, "a trade that is taken back is taken out of order, position and balances", needs=("bust",))
def test_bust(desk: Desk) -> None:
    desk.fault("submit", {"bust": 1})
    order = desk.submit("BUY", 2)
    eventually(lambda: desk.alarms())
    desk.kit.clear_faults()
    desk.agree()
    assert desk.now(order).filled_quantity == 0
    assert desk.position() == 0


def _states(desk: Desk, client_order_id: str) -> list[str]:
    """Return the states of an order as they were told, each once in a row."""
    told = [str(update.state) for update in desk.heard() if update.client_order_id == client_order_id]
    return [state for at, state in enumerate(told) if at == 0 or told[at - 1] != state]
