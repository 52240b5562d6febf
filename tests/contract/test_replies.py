"""Answers that do not come, come late, or cannot be read: nothing is sent again, and everything is found out."""

from typing import Any

from contract.cases import case
from contract.desk import Desk
from support import eventually

from autotrader.model import OrderUpdate

FOUND_S = 30.0
SHORT_LIFE = {"request_life_s": 1.5}
"""How long a request may take to land, for cases that have to wait it out."""
PATIENT = {"inflight_sweep_s": 2}
"""For orders that wait here until the venue takes requests again: they are not asked for in the meantime."""


def lose(desk: Desk, *effects: dict[str, Any], steps: int = 5) -> OrderUpdate:
    """Send a resting order whose answer goes wrong; return it once it is known to work. It was sent once."""
    desk.fault("submit", *effects)
    order = desk.order("BUY", 2, desk.below(steps))
    told = desk.send(order).wait(10)
    assert told.state in ("UNKNOWN", "OPEN"), told
    found = desk.until(order, "OPEN", timeout_s=FOUND_S)
    desk.agree()
    assert desk.kit.fired() == 1
    assert desk.asked("submit") == 1
    return found


def vanish(desk: Desk, reply: Any) -> None:
    """Send an order that never lands and whose answer goes wrong; it ends REJECTED once its absence is proved."""
    desk.fault("submit", {"land": False}, {"reply": reply})
    order = desk.order("BUY", 2, desk.below(5))
    assert desk.send(order).wait(10).state in ("UNKNOWN", "REJECTED")
    assert desk.until(order, "REJECTED", timeout_s=FOUND_S).reason
    desk.agree()
    assert desk.kit.fired() == 1
    assert desk.truth(order) is None


@case(92, "no answer to an order that landed: UNKNOWN, then found working")
def test_no_answer(desk: Desk) -> None:
    lose(desk, {"land": True}, {"reply": "never"})


@case(93, "no answer to an order that landed and filled: UNKNOWN, then found FILLED, its fill booked once")
def test_no_answer_and_filled(desk: Desk) -> None:
    desk.fault("submit", {"land": True}, {"reply": "never"})
    order = desk.order("BUY", 2)
    desk.send(order)
    desk.until(order, "FILLED", timeout_s=FOUND_S)
    desk.agree()
    assert desk.asked("submit") == 1
    assert len(eventually(lambda: desk.fills)) == 1


@case(94, "the connection is reset after the order was written")
def test_reset_after_the_write(desk: Desk) -> None:
    lose(desk, {"land": True}, {"reply": "reset"})


@case(95, "half of the answer's body comes")
def test_half_a_body(desk: Desk) -> None:
    lose(desk, {"land": True}, {"reply": "cut"})


@case(96, "an answer without a body")
def test_empty_answer(desk: Desk) -> None:
    lose(desk, {"land": True}, {"reply": "empty"})


@case(97, "a page of a proxy (HTML, 502) in the answer's place", ("http",))
def test_page_of_a_proxy(desk: Desk) -> None:
    lose(desk, {"land": True}, {"reply": {"status": 502, "body": "<html>bad gateway</html>"}})


@case(98, "the venue says that it does not know the outcome", ("http",))
def test_venue_does_not_know(desk: Desk) -> None:
    lose(desk, {"land": True}, {"reply": dict(desk.kit.capabilities.doubtful_reply)})


@case(99, "an answer that trickles in byte by byte ends at the deadline", venue={"deadline_s": 1})
def test_slow_answer(desk: Desk) -> None:
    lose(desk, {"land": True}, {"reply": "slow"})


@case(100, "no answer to an order that never landed: UNKNOWN, then REJECTED, not sent again", venue=SHORT_LIFE, real_time=True)
def test_never_landed(desk: Desk) -> None:
    vanish(desk, "never")


@case(108, "a page of a proxy (HTML, 502) in place of an order that never landed", ("http",), venue=SHORT_LIFE)
def test_never_landed_behind_a_proxy(desk: Desk) -> None:
    vanish(desk, {"status": 502, "body": "<html>bad gateway</html>"})


@case(101, "an order that lands long after its answer was lost is found, and is not sent again", venue={"request_life_s": 3})
def test_landing_late(desk: Desk) -> None:
    desk.fault("submit", {"land_after_s": 1.2}, {"reply": "reset"})
    order = desk.order("BUY", 2, desk.below(5))
    assert desk.send(order).wait(10).state == "UNKNOWN"
    desk.until(order, "OPEN", timeout_s=FOUND_S)
    desk.agree()
    assert desk.truth(order) is not None


@case(102, "a cancel that is asked for while the order is UNKNOWN is carried out once it is found", venue={"request_life_s": 3})
def test_cancel_while_unknown(desk: Desk) -> None:
    desk.fault("submit", {"land_after_s": 0.8}, {"reply": "reset"})
    order = desk.order("BUY", 2, desk.below(5))
    assert desk.send(order).wait(10).state == "UNKNOWN"
    assert desk.engine.cancel_order(order.client_order_id).wait(FOUND_S).state == "CANCELED"
    row = desk.truth(order)
    assert row is not None
    assert row["status"] == "CANCELED"


@case(103, "while an order is UNKNOWN its symbol takes no new risk; cancels pass", venue={"request_life_s": 5})
def test_no_new_risk_beside_an_unknown_order(desk: Desk) -> None:
    resting = desk.rest("BUY", 1, 7)
    desk.fault("submit", {"land_after_s": 3}, {"reply": "reset"})
    order = desk.order("BUY", 2, desk.below(5))
    assert desk.send(order).wait(10).state == "UNKNOWN"
    eventually(lambda: desk.link() == "UP")
    told = desk.submit("BUY", 1, desk.below(4))
    assert told.state == "DENIED", told
    assert desk.adapter.cancel_order(resting.client_order_id).state == "CANCELED"
    desk.until(order, "OPEN", timeout_s=FOUND_S)


@case(104, "a query that gets no answer is asked again")
def test_query_without_an_answer(desk: Desk) -> None:
    lost = [{"land": True}, {"reply": "reset"}]
    desk.kit.faults({"rules": [{"on": "submit", "nth": 1, "do": lost}, {"on": "query", "nth": 1, "do": lost}]})
    order = desk.order("BUY", 2, desk.below(5))
    desk.send(order)
    desk.until(order, "OPEN", timeout_s=FOUND_S)
    desk.agree()
    assert desk.asked("submit") == 1


@case(105, "the venue refuses an order for good: REJECTED with its code, not sent again")
def test_definite_reject(desk: Desk) -> None:
    desk.fault("submit", {"reject": desk.kit.capabilities.reject_code})
    told = desk.submit("BUY", 2, desk.below(5))
    assert told.state == "REJECTED", told
    assert told.reason_code
    assert told.reason
    desk.agree()
    assert desk.truth(told) is None


@case(
    106, "the venue asks to wait (429 with Retry-After): nothing reaches it before that, then the order does", ("http",),
    engine=PATIENT,
)
def test_rate_limit(desk: Desk) -> None:
    desk.fault("submit", {"rate_limit": {"retry_after_s": 1}})
    order = desk.order("BUY", 2, desk.below(5))
    desk.send(order)
    later = desk.order("BUY", 1, desk.below(6))
    eventually(lambda: desk.kit.fired() == 1)
    desk.send(later)
    for one in (order, later):
        desk.until(one, "OPEN", timeout_s=FOUND_S)
        row = desk.truth(one)
        assert row is not None
        assert row["created_ns"] >= order.created_ns + 900_000_000


@case(107, "the venue bans us (418) for a while: nothing reaches it in that time, not even a cancel", ("http",), engine=PATIENT)
def test_ban(desk: Desk) -> None:
    resting = desk.rest("BUY", 1, 7)
    desk.fault("submit", {"ban_s": 1})
    order = desk.order("BUY", 2, desk.below(5))
    desk.send(order)
    eventually(lambda: desk.kit.fired() == 1)
    before = desk.asked("cancel")
    ticket = desk.engine.cancel_order(resting.client_order_id)
    eventually(lambda: desk.engine.now_ns() > order.created_ns + 600_000_000)
    assert desk.asked("cancel") == before
    assert ticket.wait(FOUND_S).state == "CANCELED"
    assert desk.until(order, "OPEN", "DENIED", timeout_s=FOUND_S)
    assert ticket.update is not None
    assert ticket.update.updated_ns >= order.created_ns + 900_000_000
