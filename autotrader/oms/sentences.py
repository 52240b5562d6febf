"""What the books say to people: alerts and refusals. Each names the order, says what happened, and what to do."""

from __future__ import annotations

from autotrader.errors import InvalidOrder
from autotrader.oms.lifecycle import DONE_CODES, DRF, PCX, PRP, SND, STATES, UNK
from autotrader.oms.orders import OrderRecord

__all__ = ["alert_text", "refusal"]

_HAPPENED = {
    3: "the venue acknowledged it, although we hold it as {state}",
    4: "a second order at the venue carries its client id, and nothing links the two",
    5: "the venue says that it was refused, although we hold it as {state}",
    6: "the venue says that its client id is taken",
    8: "the venue says that it works, although we hold it as {state}",
    9: "the venue says that it is done, although it never left us",
    11: "the venue does not know it any more, and that is proved; it is filed as canceled",
    12: "a fill came although we hold it as {state}",
    13: "a fill that completes it came although we hold it as {state}",
    14: "it is filled beyond its quantity",
    16: "a trade that is booked was told again with other figures; the first stays booked",
    17: "the venue took a booked trade back",
    19: "the venue says that it is canceled, although it never left us",
    23: "the venue replaced it while we hold it as {state}",
    25: "the venue says that it expired, although it never left us",
    27: "the venue counts more fills than we have",
    30: "it is proved to work, although we hold it as {state}",
    31: "the venue reports it as working, although we hold it as {state}",
    32: "the venue changed its terms, although we hold it as {state}",
    33: "another order at the venue took it over, although we hold it as {state}",
    34: "the venue took a trade back that we have not seen; it is kept for when the trade comes",
    35: "its submit is said not to have left, although we hold it as {state}",
    36: "its cancel was refused for good",
    37: "the venue counts fewer fills than we have",
}


def alert_text(record: OrderRecord, event: int, code: int, block: str | None, halt: bool, query: bool) -> str:
    """Return the sentence for an event that hit the order in state ``code``."""
    happened = _HAPPENED.get(event, f"event {event} came, which cannot be").format(state=STATES[code])
    order = record.order
    if halt:
        todo = f"{order.venue} is halted: compare its order list with ours, then lift the halt"
    elif block == "operator":
        todo = f"new risk on {order.symbol} is blocked until an operator lifts it, after comparing with the venue"
    elif block is not None:
        todo = f"new risk on {order.symbol} is blocked until a clean reconciliation"
    elif query:
        todo = "the venue is being asked for the order and its trades"
    else:
        todo = "compare it with the venue"
    what = f"{order.side} {record.quantity:f} {order.symbol} at {order.venue}"
    return f"order {record.client_order_id} ({what}): {happened}; {todo}"


def refusal(record: OrderRecord, event: int) -> InvalidOrder:
    """Return the typed no to a request of ours that the order's state does not allow."""
    code, name = record.code, f"order {record.client_order_id}"
    if event == 1:
        return InvalidOrder(f"{name} exists already, as {record.state}; use a new client order id", code="DUPLICATE_ORDER")
    if code in DONE_CODES:
        return InvalidOrder(f"{name} is {record.state}; nothing can be asked of it any more", code="ORDER_DONE")
    verb = "canceled" if event in (18, 29) else "replaced"
    if record.foreign:
        return InvalidOrder(f"{name} is foreign and is not {verb} from here; use the venue's own means", code="FOREIGN_ORDER")
    why = {
        SND: ("the venue has not confirmed it yet", "NOT_CONFIRMED"),
        UNK: ("its outcome is unknown and being asked for", "NOT_CONFIRMED"),
        PCX: ("a cancel is on its way", "CANCEL_PENDING"),
        PRP: ("another replace is on its way", "REPLACE_PENDING"),
        DRF: ("it was never sent", "NOT_SENT"),
    }.get(code, (f"it is {record.state}", "NOT_ALLOWED"))
    return InvalidOrder(f"{name} cannot be {verb} now: {why[0]}; try again once that is settled", code=why[1])
