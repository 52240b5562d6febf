"""Each order type and time in force: placed, or denied by us where the venue has no such thing."""

import re

import pytest
from contract.cases import case
from contract.desk import Desk
from support import eventually

from autotrader.errors import InvalidOrder

SECOND = 1_000_000_000


@case(1, "a market buy fills at the ask, as taker")
def test_market_buy(desk: Desk) -> None:
    told = desk.until(desk.submit("BUY"), "FILLED")
    assert told.average_price == desk.terms.ask
    [fill] = eventually(lambda: desk.fills)
    assert (fill.price, fill.quantity, fill.side, fill.liquidity) == (desk.terms.ask, desk.terms.unit, "BUY", "TAKER")


@case(2, "a market sale fills at the bid, as taker")
def test_market_sell(desk: Desk) -> None:
    told = desk.until(desk.submit("SELL"), "FILLED")
    assert told.average_price == desk.terms.bid
    [fill] = eventually(lambda: desk.fills)
    assert (fill.price, fill.side, fill.liquidity) == (desk.terms.bid, "SELL", "TAKER")


@case(3, "a limit order away from the market rests, under its client id and a venue id, on the terms it was given")
def test_limit_rests(desk: Desk) -> None:
    told = desk.rest("BUY", 2)
    row = desk.truth(told)
    assert row is not None
    assert row["venue_order_id"] == told.venue_order_id
    assert (told.quantity, told.price, told.filled_quantity) == (2 * desk.terms.unit, desk.below(5), 0)
    assert (row["status"], row["side"], row["type"]) == ("OPEN", "BUY", "LIMIT")


@case(4, "a limit order that crosses fills at once, at the better price of the market, as taker")
def test_limit_crosses(desk: Desk) -> None:
    told = desk.until(desk.submit("BUY", 1, desk.above(3)), "FILLED")
    assert told.average_price == desk.terms.ask
    assert eventually(lambda: desk.fills)[0].liquidity == "TAKER"


@case(5, "a stop waits; once the market reaches it, it fills as a market order")
def test_stop(desk: Desk) -> None:
    told = desk.submit("BUY", type="STOP", stop_price=desk.above(2))
    if "STOP" not in desk.kit.capabilities.types:
        desk.denied(told)
        return
    assert told.state == "OPEN", told
    desk.show(1)
    assert desk.now(told).state == "OPEN"
    desk.show(3)
    assert desk.until(told, "FILLED").average_price == desk.above(3)


@case(6, "a stop-limit waits; once the market reaches it, it works as a limit order at its price")
def test_stop_limit(desk: Desk) -> None:
    told = desk.submit("BUY", price=desk.above(1), type="STOP_LIMIT", stop_price=desk.above(2))
    if "STOP_LIMIT" not in desk.kit.capabilities.types:
        desk.denied(told)
        return
    assert told.state == "OPEN", (told.reason_code, told.reason)
    desk.show(3)
    eventually(lambda: not desk.now(told).held)
    assert desk.now(told).filled_quantity == 0
    desk.show(0)
    assert desk.until(told, "FILLED").average_price <= desk.above(1)


@case(7, "a trailing stop follows the market and fills when it turns; or it is denied here, with a reason")
def test_trailing_stop(desk: Desk) -> None:
    terms = desk.terms
    told = desk.submit("SELL", type="TRAILING_STOP", trail=4 * terms.step)
    if "TRAILING_STOP" not in desk.kit.capabilities.types:
        desk.denied(told)
        return
    assert told.state == "OPEN", told
    desk.show(6)
    assert desk.now(told).state == "OPEN"
    desk.show(1)
    assert desk.until(told, "FILLED").average_price == terms.bid + terms.step


@case(8, "a GTC order stays when the market leaves it and comes back")
def test_good_till_cancelled(desk: Desk) -> None:
    told = desk.rest("SELL", 1, 2, time_in_force="GTC")
    desk.show(-4)
    assert desk.now(told).state == "OPEN"
    desk.show(3)
    assert desk.until(told, "FILLED").average_price == desk.above(2)


@case(9, "a DAY order rests; or it is denied here, with a reason")
def test_day(desk: Desk) -> None:
    told = desk.submit("BUY", 1, desk.below(5), time_in_force="DAY")
    if "DAY" not in desk.kit.capabilities.times:
        desk.denied(told)
        return
    assert told.state == "OPEN", told


@case(10, "an IOC order takes what it can get and the rest ends EXPIRED, nothing of it resting")
def test_immediate_or_cancel(desk: Desk) -> None:
    desk.show(ask_size=3 * desk.terms.unit)
    told = desk.until(desk.submit("BUY", 5, desk.terms.ask, time_in_force="IOC"), "EXPIRED", "CANCELED")
    assert told.filled_quantity == 3 * desk.terms.unit
    nothing = desk.until(desk.submit("BUY", 1, desk.below(3), time_in_force="IOC"), "EXPIRED", "CANCELED")
    assert nothing.filled_quantity == 0


@case(11, "a FOK order fills whole, or ends EXPIRED with nothing filled")
def test_fill_or_kill(desk: Desk) -> None:
    desk.show(ask_size=3 * desk.terms.unit)
    told = desk.until(desk.submit("BUY", 5, desk.terms.ask, time_in_force="FOK"), "EXPIRED", "CANCELED")
    assert told.filled_quantity == 0
    assert desk.until(desk.submit("BUY", 2, desk.terms.ask, time_in_force="FOK"), "FILLED").average_price == desk.terms.ask


@case(12, "a GTD order ends EXPIRED at its time; or it is denied here, with a reason")
def test_good_till_date(desk: Desk) -> None:
    expires_ns = (desk.engine.now_ns() // SECOND + 2) * SECOND  # venues have no finer ones
    told = desk.submit("BUY", 1, desk.below(5), time_in_force="GTD", expires_ns=expires_ns)
    if "GTD" not in desk.kit.capabilities.times:
        desk.denied(told)
        return
    assert told.state == "OPEN", told
    ended = desk.until(told, "EXPIRED")
    assert ended.updated_ns >= expires_ns


@case(13, "a post-only order rests, and fills as maker", needs=("post only",))
def test_post_only_rests(desk: Desk) -> None:
    told = desk.rest("BUY", 1, 1, post_only=True)
    desk.show(-2)
    assert desk.until(told, "FILLED").average_price == desk.below(1)
    assert eventually(lambda: desk.fills)[0].liquidity == "MAKER"


@case(14, "a post-only order that would trade at once is rejected, and nothing is filled")
def test_post_only_crossing(desk: Desk) -> None:
    told = desk.until(desk.submit("BUY", 1, desk.above(1), post_only=True), "REJECTED", "DENIED", "CANCELED", "EXPIRED")
    assert told.filled_quantity == 0
    assert told.reason


@case(15, "a reduce-only order within the position passes and reduces it")
def test_reduce_only_reduces(desk: Desk) -> None:
    desk.until(desk.submit("BUY", 4), "FILLED")
    held = desk.position()
    desk.until(desk.submit("SELL", 2, reduce_only=True), "FILLED")
    assert desk.position() == held - 2 * desk.terms.unit


@case(16, "a reduce-only order beyond the position is denied")
def test_reduce_only_beyond(desk: Desk) -> None:
    desk.until(desk.submit("BUY", 2), "FILLED")
    assert desk.denied(desk.submit("SELL", 3, reduce_only=True)).reason_code == "REDUCE_ONLY"


@case(17, "an order worth less than the venue's least is denied", needs=("least worth",))
def test_minimum_notional(desk: Desk) -> None:
    least = desk.terms.lot
    assert least * desk.below(5) < desk.terms.min_notional
    assert desk.denied(desk.submit("BUY", price=desk.below(5), quantity=least)).reason_code == "MIN_NOTIONAL"


@case(18, "a price off the tick is denied, never rounded")
def test_off_the_tick(desk: Desk) -> None:
    desk.denied(desk.submit("BUY", 1, desk.below(5) + desk.terms.tick / 2))


@case(19, "a quantity off the lot is denied, never rounded")
def test_off_the_lot(desk: Desk) -> None:
    desk.denied(desk.submit("BUY", price=desk.below(5), quantity=desk.terms.unit + desk.terms.lot / 2))


@case(20, "an order that the account cannot pay is denied", risk={"max_notional": {"equity_share": 100}})
def test_insufficient_funds(desk: Desk) -> None:
    told = desk.denied(desk.submit("BUY", _too_many(desk), desk.below(1)))
    assert told.reason_code == ("FUNDS" if desk.terms.leverage == 1 else "LEVERAGE")


@case(21, "a symbol that the venue does not list is denied")
def test_unknown_symbol(desk: Desk) -> None:
    told = desk.denied(desk.submit("BUY", 1, desk.below(5), symbol="NOSUCHTHING"))
    assert told.reason_code == "INSTRUMENT_UNKNOWN"


@case(22, "what the limits let pass and the venue refuses is REJECTED, with its code and reason", risk={"profile": "open"})
def test_rejected_by_the_venue(desk: Desk) -> None:
    told = desk.until(desk.submit("BUY", _too_many(desk), desk.below(1)), "REJECTED")
    assert told.reason_code
    assert told.reason
    assert desk.asked("submit") == 1


@case(23, "client order ids are 32 hex digits in the form of a UUIDv4, never the same twice, and the venue shows them so")
def test_client_order_ids(desk: Desk) -> None:
    orders = [desk.rest("BUY", 1, 3 + number) for number in range(5)]
    names = [order.client_order_id for order in orders] + [desk.engine.new_order_id(desk.adapter.venue) for _ in range(500)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", name) for name in names)
    assert {row["client_order_id"] for row in desk.kit.ledger()["orders"]} >= set(names[:5])


@case(24, "an order is sent once: the same one again is refused here")
def test_the_same_order_again(desk: Desk) -> None:
    order = desk.order("BUY", 1, desk.below(5))
    assert desk.adapter.submit_order(order).state == "OPEN"
    desk.agree()
    with pytest.raises(InvalidOrder):
        desk.adapter.submit_order(order)
    assert desk.asked("submit") == 1


@case(25, "an order on a quote that is too old is denied", risk={"quote": {"max_age_s": "0.2"}})
def test_stale_quote(desk: Desk) -> None:
    began_ns = desk.engine.now_ns()
    eventually(lambda: desk.engine.now_ns() > began_ns + 400_000_000)
    assert desk.denied(desk.submit("BUY", 1, desk.below(5))).reason_code == "QUOTE_STALE"


@case(26, "an order on a crossed quote is denied")
def test_crossed_quote(desk: Desk) -> None:
    terms = desk.terms
    desk.kit.show(terms.ask + terms.step, terms.ask, terms.size, terms.size)
    assert desk.denied(desk.submit("BUY", 1, desk.below(5))).reason_code == "QUOTE_CROSSED"
    desk.show()
    desk.rest("BUY")


@case(27, "a limit price far off the market is denied")
def test_price_collar(desk: Desk) -> None:
    assert desk.denied(desk.submit("BUY", 1, (desk.terms.bid / 2).quantize(desk.terms.tick))).reason_code == "PRICE_COLLAR"


@case(28, "an order that would meet a resting one of our own is denied")
def test_self_match(desk: Desk) -> None:
    desk.rest("SELL", 1, 1)
    assert desk.denied(desk.submit("BUY", 1, desk.above(1))).reason_code == "SELF_MATCH"


def _too_many(desk: Desk) -> int:
    """Return how many units cost more than the account has."""
    free = desk.adapter.get_account_balance()[desk.terms.quote]
    return int(free * desk.terms.leverage / desk.below(1) / desk.terms.unit) + 2
