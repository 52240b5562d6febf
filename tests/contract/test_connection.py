"""The link and the engine go away and come back: nothing is lost, nothing is booked twice, no stranger is touched."""

from contract.cases import case
from contract.desk import Desk
from support import eventually

LEAVE = {"policy": "leave"}


@case(75, "the venue goes away and comes back with its orders: fills of the gap are booked once, what still works is found")
def test_restart_with_orders_kept(desk: Desk) -> None:
    first, second = desk.rest("BUY", 2, 2), desk.rest("BUY", 1, 6)
    desk.kit.restart_venue(0.6, keep_orders=True)
    eventually(lambda: desk.link() == "DOWN", 10)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    desk.until_ready()
    assert desk.until(first, "PARTIALLY_FILLED").filled_quantity == desk.terms.unit
    assert desk.now(second).state == "OPEN"
    desk.agree()
    assert len(eventually(lambda: desk.fills)) == 1


@case(76, "the venue comes back without its orders: they end CANCELED here, and new ones are taken")
def test_restart_with_orders_cancelled(desk: Desk) -> None:
    orders = [desk.rest("BUY", 1, 3 + number) for number in range(3)]
    desk.kit.restart_venue(0.4, keep_orders=False)
    for order in orders:
        desk.until(order, "CANCELED", timeout_s=30)
    desk.until_ready()
    desk.show()
    desk.rest("SELL", 1)


@case(77, "maintenance: an order in it is not taken, or found out about later; then orders flow", venue={"request_life_s": 1.5})
def test_maintenance(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    desk.fault("venue", {"maintenance_s": 0.5}, at_s=0)
    eventually(lambda: desk.kit.fired() == 1)
    during = desk.submit("BUY", 1, desk.below(7))
    assert during.state in ("DENIED", "UNKNOWN", "REJECTED"), during
    desk.until(during, "DENIED", "REJECTED", "OPEN", timeout_s=30)
    desk.until_ready()
    assert desk.now(order).state == "OPEN"
    desk.show()
    eventually(lambda: desk.submit("SELL", 1, desk.above(5)).state == "OPEN", 20)


@case(78, "an order while the venue cannot be reached is denied, and is not sent when it comes back")
def test_order_while_down(desk: Desk) -> None:
    desk.kit.restart_venue(0.8, keep_orders=True)
    eventually(lambda: desk.link() == "DOWN", 10)
    told = desk.submit("BUY", 1, desk.below(5))
    assert told.state == "DENIED", told
    assert told.reason
    desk.until_ready()
    desk.agree()
    assert desk.truth(told) is None


@case(79, "the engine starts again on its journal: open orders are found again and can be cancelled", stop=LEAVE)
def test_engine_restart(desk: Desk) -> None:
    first, second = desk.rest("BUY", 3, 2), desk.rest("SELL", 2, 4)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    desk.until(first, "PARTIALLY_FILLED")
    desk.reconnect()
    desk.show()
    assert desk.until(first, "PARTIALLY_FILLED").filled_quantity == desk.terms.unit
    assert desk.adapter.cancel_order(second.client_order_id).state == "CANCELED"
    desk.kit.trade(desk.below(3), 5 * desk.terms.unit)
    assert desk.until(first, "FILLED").filled_quantity == 3 * desk.terms.unit


@case(80, "what filled or was cancelled while the engine was down is booked at its start, once", ("lives on",), stop=LEAVE)
def test_engine_restart_with_a_gap(desk: Desk) -> None:
    filled, gone, kept = (desk.rest("BUY", 2, steps) for steps in (2, 4, 6))

    def meanwhile() -> None:
        desk.kit.trade(desk.below(3), 2 * desk.terms.unit)
        desk.kit.cancel_by_hand(gone.client_order_id)

    desk.reconnect(meanwhile)
    for order, state in ((filled, "FILLED"), (gone, "CANCELED"), (kept, "OPEN")):
        desk.until(order, state)
    desk.agree()
    assert desk.position() != 0


@case(81, "the venue's actor is restarted with orders open: they are found again, and orders flow")
def test_actor_restart(desk: Desk) -> None:
    order = desk.rest("BUY", 2, 2)
    assert desk.engine.restart_actor(f"broker.{desk.adapter.venue}", by="a test")
    eventually(lambda: "LINK" in desk.alarms(), 20)  # the call only asks: until then, ready is what the old one was
    desk.until_ready()
    desk.show()
    desk.kit.trade(desk.below(3), 2 * desk.terms.unit)
    desk.until(order, "FILLED")
    desk.rest("SELL", 1)


@case(82, "an order placed past the engine is adopted as FOREIGN, and left alone when the engine stops")
def test_foreign_order(desk: Desk) -> None:
    name = desk.place_by_hand("BUY", 2, desk.below(6))
    adopted = eventually(lambda: [one for one in desk.engine.open_orders() if one.foreign], 20)
    assert [(one.quantity, one.price) for one in adopted] == [(2 * desk.terms.unit, desk.below(6))]
    desk.rest("BUY", 1)
    desk.agree()
    desk.close()
    assert [row["status"] for row in desk.kit.ledger()["orders"] if row["client_order_id"] == name] == ["OPEN"]
    desk.connect()
    assert [one.foreign for one in desk.engine.open_orders()] == [True]
    desk.kit.cancel_by_hand(name)
    eventually(lambda: not desk.engine.open_orders(), 20)


@case(83, "fills of a foreign order count in position and balances")
def test_foreign_fill(desk: Desk) -> None:
    desk.place_by_hand("BUY", 2)
    eventually(lambda: desk.position() != 0, 20)


@case(84, "the stream is cut: what happened in the gap is booked once", ("stream",))
def test_stream_cut(desk: Desk) -> None:
    order = desk.rest("BUY", 4, 2)
    desk.fault("stream", {"cut": True}, at_s=0)
    eventually(lambda: desk.kit.fired() == 1)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    desk.until(order, "PARTIALLY_FILLED", timeout_s=20)
    desk.until_ready()
    desk.kit.trade(desk.below(3), desk.terms.unit)
    eventually(lambda: desk.now(order).filled_quantity == 2 * desk.terms.unit, 20)


@case(85, "every event told twice: booked once", ("stream",))
def test_duplicated_events(desk: Desk) -> None:
    desk.fault("stream", {"duplicate": 1}, every=1)
    order = desk.rest("BUY", 4, 2)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    eventually(lambda: desk.now(order).filled_quantity == 2 * desk.terms.unit)
    desk.until(desk.submit("SELL"), "FILLED")
    desk.agree()
    told = [fill.trade_id for fill in desk.fills]
    assert len(told) == len(set(told)) == 3


@case(86, "events told in another order: the books end equal", ("stream",))
def test_reordered_events(desk: Desk) -> None:
    desk.fault("stream", {"reorder": 2}, every=2)
    order = desk.rest("BUY", 4, 2)
    for _ in range(4):
        desk.kit.trade(desk.below(3), desk.terms.unit)
    desk.until(order, "FILLED", timeout_s=20)


@case(87, "an event that is dropped on the stream is found by the sweep", ("stream",))
def test_dropped_events(desk: Desk) -> None:
    order = desk.rest("BUY", 4, 2)
    desk.fault("stream", {"drop": 2}, nth=1)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    eventually(lambda: desk.now(order).filled_quantity == desk.terms.unit, 20)


@case(88, "a stream that is open but silent: what it does not tell is found all the same", ("stream",))
def test_stalled_stream(desk: Desk) -> None:
    order = desk.rest("BUY", 4, 2)
    desk.fault("stream", {"stall_s": 3}, at_s=0)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    eventually(lambda: desk.now(order).filled_quantity == desk.terms.unit, 20)


@case(89, "a frame that cannot be read stops nothing for good: it is reconciled, and orders flow again", ("stream",))
def test_garbage(desk: Desk) -> None:
    order = desk.rest("BUY", 4, 2)
    desk.fault("stream", {"garbage": '{"e":'}, nth=1)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    eventually(lambda: desk.now(order).filled_quantity == desk.terms.unit, 20)
    desk.kit.clear_faults()
    desk.until_ready()
    eventually(lambda: desk.submit("SELL", 1, desk.above(5)).state == "OPEN", 20)


@case(90, "a venue whose clock steps by more than a second: it is measured anew, and orders flow", ("clock",))
def test_clock_skew(desk: Desk) -> None:
    desk.fault("venue", {"clock_skew_s": 1.6}, at_s=0)
    eventually(lambda: desk.submit("BUY", 1, desk.below(5)).state == "OPEN", 20)
    desk.kit.clear_faults()
    eventually(lambda: desk.submit("BUY", 1, desk.below(4)).state == "OPEN", 20)
