"""The kill switch at a venue: what it forbids, what it lets pass, and when it says that a venue is clean."""

from contract.cases import case
from contract.desk import Desk
from support import eventually

from autotrader.messages import Alerted


def verdicts(desk: Desk) -> list[str]:
    """Return what the sweeps have said so far: CLEAN or NOT CLEAN."""
    said = [alert.text for alert in desk.heard(Alerted) if alert.code == "KILL_VERDICT"]
    return ["NOT CLEAN" if "NOT CLEAN" in text else "CLEAN" for text in said]


def until_clean(desk: Desk) -> None:
    """Wait until the last word on the venue is CLEAN."""
    eventually(lambda: verdicts(desk)[-1:] == ["CLEAN"], 30)


@case(110, "HALT: a new order is denied and nothing of it reaches the venue; a cancel passes")
def test_halt(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    before = desk.asked("submit")
    desk.engine.kill_switch.activate("a drill", "HALT")
    for told in (desk.submit("BUY", 1, desk.below(4)), desk.submit("SELL", 1, desk.above(4)), desk.submit("BUY")):
        assert desk.denied(told).reason_code == "HALTED"
    assert desk.adapter.cancel_order(order.client_order_id).state == "CANCELED"
    assert desk.asked("submit") == before


@case(111, "HALT: what only reduces a position passes")
def test_halt_lets_reduce_only_pass(desk: Desk) -> None:
    desk.until(desk.submit("BUY", 4), "FILLED")
    desk.engine.kill_switch.activate("a drill", "HALT")
    desk.until(desk.submit("SELL", 2, reduce_only=True), "FILLED")


@case(112, "CANCEL: every open order of ours is cancelled, half filled ones too, and the verdict is CLEAN")
def test_cancel_sweep(desk: Desk) -> None:
    orders = [desk.rest("BUY", 3, 2 + number) for number in range(4)] + [desk.rest("SELL", 2, 3)]
    desk.kit.trade(desk.below(3) + desk.terms.step / 2, desk.terms.unit)
    desk.until(orders[0], "PARTIALLY_FILLED")
    desk.engine.kill_switch.activate("a drill", "CANCEL")
    for order in orders:
        desk.until(order, "CANCELED")
    until_clean(desk)
    assert verdicts(desk) == ["CLEAN"]
    desk.denied(desk.submit("BUY", 1, desk.below(4)))


@case(113, "CANCEL with the venue out of reach: NOT CLEAN, and CLEAN once it is back and swept")
def test_unreachable(desk: Desk) -> None:
    orders = [desk.rest("BUY", 1, 2 + number) for number in range(3)]
    desk.kit.restart_venue(1.2, keep_orders=True)
    eventually(lambda: desk.link() == "DOWN", 10)
    desk.engine.kill_switch.activate("a drill", "CANCEL")
    eventually(lambda: "NOT CLEAN" in verdicts(desk), 20)
    assert "CLEAN" not in verdicts(desk)
    until_clean(desk)
    assert [str(desk.now(order).state) for order in orders] == ["CANCELED"] * 3


@case(114, "CANCEL leaves orders that are not ours alone")
def test_sweep_leaves_strangers_alone(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    name = desk.place_by_hand("BUY", 2, desk.below(6))
    eventually(lambda: [one for one in desk.engine.open_orders() if one.foreign], 20)
    desk.engine.kill_switch.activate("a drill", "CANCEL")
    desk.until(order, "CANCELED")
    until_clean(desk)
    assert [row["status"] for row in desk.kit.ledger()["orders"] if row["client_order_id"] == name] == ["OPEN"]
    desk.kit.cancel_by_hand(name)


@case(115, "CANCEL finds an order that was under way when the switch was pulled", venue={"request_life_s": 3})
def test_order_under_way(desk: Desk) -> None:
    desk.fault("submit", {"land_after_s": 0.8}, {"reply": "reset"})
    order = desk.order("BUY", 2, desk.below(5))
    assert desk.send(order).wait(10).state == "UNKNOWN"
    desk.engine.kill_switch.activate("a drill", "CANCEL")
    desk.until(order, "CANCELED", "REJECTED", "DENIED", timeout_s=30)
    until_clean(desk)
    row = desk.truth(order)
    assert row is None or row["status"] == "CANCELED"


@case(116, "re-armed by an operator once it is clean, orders flow again")
def test_rearm(desk: Desk) -> None:
    desk.rest("BUY", 2)
    desk.engine.kill_switch.activate("a drill", "CANCEL")
    until_clean(desk)
    eventually(lambda: not desk.engine.kill_switch.rearm("the drill is over", "a test"), 10)
    desk.show()
    eventually(lambda: desk.submit("BUY", 1, desk.below(4)).state == "OPEN")
