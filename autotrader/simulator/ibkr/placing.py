"""New orders and changed ones: both are placeOrder (ibkr.md section 4.7). The loop's thread."""

from __future__ import annotations

import msgspec

from autotrader.model import OrderState
from autotrader.simulator.events import BookOrder, RefusedRequest, Rejected
from autotrader.simulator.fault_script import Effects
from autotrader.simulator.ibkr.answers import error, order_status
from autotrader.simulator.ibkr.contracts import find_contracts
from autotrader.simulator.ibkr.desk import Desk, owner_of
from autotrader.simulator.ibkr.hours import is_open, next_open_ns
from autotrader.simulator.ibkr.order_answers import open_order
from autotrader.simulator.ibkr.order_fields import PlaceOrder
from autotrader.simulator.ibkr.refusal import Refusal, rejected
from autotrader.simulator.ibkr.session import TwsSession
from autotrader.simulator.ibkr.times import with_zone
from autotrader.simulator.ibkr.translating import MOST_ID, Translated, prices_of, quantity_of, translate
from autotrader.simulator.ibkr.what_if import inactive, margins_of
from autotrader.simulator.special import SpecialOrder, special_of

__all__ = ["amends", "place"]

_OPEN = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


def amends(desk: Desk, session: TwsSession, asked: PlaceOrder) -> bool:
    """Say whether a placeOrder is about an order that is there already."""
    return desk.find(session.client_id or 0, asked.order_id) is not None


def place(desk: Desk, session: TwsSession, asked: PlaceOrder, effects: Effects | None) -> None:
    """Take a new order or a change of one, or say why not."""
    assert session.client_id is not None
    live = desk.find(session.client_id, asked.order_id)
    try:
        if desk.terms.read_only:
            raise Refusal(321, "Error validating request.-'bW' : cause - The API interface is currently in Read-Only mode.")
        if live is not None and not asked.what_if:
            _change(desk, live, asked, effects)
        else:
            _new(desk, session, asked, effects)
    except Refusal as no:
        _refuse(desk, session, asked, no, is_new=live is None)


def _refuse(desk: Desk, session: TwsSession, asked: PlaceOrder, no: Refusal, *, is_new: bool) -> None:
    """Say why not; an order whose change is refused goes on as it was."""
    assert session.client_id is not None
    session.say(error(asked.order_id, no.code, no.text))
    if no.is_shown and is_new and not asked.what_if:
        found = find_contracts(asked.contract)
        one = inactive(desk, asked, session.client_id, found[0])
        session.say(open_order(one))
        session.say(order_status(one))


# ------------------------------------------------------------ new orders


def _new(desk: Desk, session: TwsSession, asked: PlaceOrder, effects: Effects | None) -> None:
    assert session.client_id is not None
    key = (session.client_id, asked.order_id)
    if not 0 < asked.order_id <= MOST_ID:
        raise Refusal(320, f"Error reading request. The order id {asked.order_id} is out of range.")
    if key not in desk.waiting and asked.order_id < desk.next_id(session.client_id):
        raise Refusal(103, "Duplicate order id")
    found = _translated(desk, session, asked)
    if asked.what_if:
        return _what_if(desk, session, asked, found)
    desk.use(key)
    if not asked.transmit:
        desk.waiting[key] = asked
        return None
    desk.waiting.pop(key, None)
    for earlier in _family(desk, session.client_id, asked):
        _submit(desk, session, earlier, _translated(desk, session, earlier), None)
    return _submit(desk, session, asked, found, effects)


def _translated(desk: Desk, session: TwsSession, asked: PlaceOrder) -> Translated:
    assert session.client_id is not None
    venue = desk.venue
    found = translate(asked, session.client_id, venue.account, venue.name, venue.now_ns())
    if asked.parent_id:
        _join_parent(desk, session.client_id, asked.parent_id, found)
    return found


def _join_parent(desk: Desk, client_id: int, parent_id: int, found: Translated) -> None:
    """Let an order wait for its parent, unless that is filled already. Raises Refusal when there is none."""
    parent = desk.find(client_id, parent_id)
    if parent is None and (client_id, parent_id) in desk.waiting:
        return
    if parent is None or parent.state not in (*_OPEN, OrderState.FILLED):
        raise Refusal(10006, "Missing parent order.")
    if parent.state is OrderState.FILLED:
        special = special_of(found.order)
        labels = {name: value for name, value in special.labels.items() if name != "wait"}
        found.order = msgspec.structs.replace(found.order, special=msgspec.structs.replace(special, labels=labels))


def _check_room(desk: Desk, order: SpecialOrder) -> None:
    """Look at how many orders are open on this side of the contract. Raises Refusal."""
    most = desk.terms.active_orders
    if most and sum(live.order.side is order.side for live in desk.venue.orders(order.symbol, open_only=True)) >= most:
        text = f"Order rejected - reason:There are {most} open orders on this side of the contract, the most there may be."
        raise Refusal(201, text, is_shown=True)


def _family(desk: Desk, client_id: int, asked: PlaceOrder) -> list[PlaceOrder]:
    """Return the orders that were kept back until this one: its parent, and the parent's other children, oldest first."""
    parent = asked.parent_id
    keys = [
        key for key, one in desk.waiting.items()
        if key[0] == client_id and ((parent and parent in (key[1], one.parent_id)) or one.parent_id == asked.order_id)
    ]  # fmt: skip
    return [msgspec.structs.replace(desk.waiting.pop(key), transmit=True) for key in keys]


def _submit(desk: Desk, session: TwsSession, asked: PlaceOrder, found: Translated, effects: Effects | None) -> None:
    for code, text in found.warnings:
        session.say(error(asked.order_id, code, text))
    desk.use((session.client_id or 0, asked.order_id))
    _check_room(desk, found.order)
    events = desk.venue.submit(found.order, effects)
    last = events[-1] if events else None
    if isinstance(last, Rejected):
        raise rejected(last.code, last.reason)
    if desk.terms.hours:
        _say_when(desk, session, asked, found)


def _say_when(desk: Desk, session: TwsSession, asked: PlaceOrder, found: Translated) -> None:
    """Warn of an order that comes while its market is shut."""
    one, now_ns = found.contract, desk.venue.now_ns()
    if is_open(one, now_ns, outside=asked.outside_rth):
        return
    when = with_zone(next_open_ns(one, now_ns, outside=asked.outside_rth))
    what = f"{asked.action} {asked.quantity} {one.local_symbol} {one.primary or one.exchanges[0]}"
    text = f"Order Message:\n{what}\nWarning: your order will not be placed at the exchange until {when}"
    session.say(error(asked.order_id, 399, text))


def _what_if(desk: Desk, session: TwsSession, asked: PlaceOrder, found: Translated) -> None:
    one = inactive(desk, asked, session.client_id or 0, found.contract)
    session.say(open_order(msgspec.structs.replace(one, status="PreSubmitted", margins=margins_of(desk, found))))


# ------------------------------------------------------------ changes


def _change(desk: Desk, live: BookOrder, asked: PlaceOrder, effects: Effects | None) -> None:
    """Change price, size or stop of an order that is open. Raises Refusal; the order is then as it was."""
    if live.state is OrderState.FILLED:
        raise Refusal(104, "Cannot modify a filled order.")
    if live.state not in _OPEN:
        raise Refusal(103, "Duplicate order id")
    found = find_contracts(asked.contract)
    order, labels = live.order, special_of(live.order).labels
    if asked.action != order.side or order.symbol not in [one.symbol for one in found]:
        raise Refusal(105, "Order being modified does not match original order.")
    if labels.get("type", asked.type).replace("STPLMT", "STP LMT") != asked.type.replace("STPLMT", "STP LMT"):
        raise Refusal(329, f"Cannot change to the new order type {asked.type}.")
    quantity = quantity_of(asked)
    price, stop = prices_of(asked)
    _retime(desk, live, asked)
    events = desk.venue.amend(live.venue_order_id, quantity=quantity, price=price, stop_price=stop, effects=effects)
    last = events[-1] if events else None
    if isinstance(last, RefusedRequest):
        raise rejected(last.code, last.reason)


def _retime(desk: Desk, live: BookOrder, asked: PlaceOrder) -> None:
    """Change how long an order stands and how far it trails, where that is asked for. Raises Refusal."""
    special = special_of(live.order)
    tif = asked.tif or special.labels.get("tif", "DAY")
    changed = tif != special.labels.get("tif", tif) or asked.good_till != special.labels.get("until", "")
    trails = asked.type == "TRAIL" and not asked.trailing_percent and asked.aux_price != live.order.trail
    if not changed and not trails:
        return
    if changed and not {tif, special.labels.get("tif")} <= {"DAY", "GTC", "GTD"}:
        raise Refusal(111, f"The TIF cannot be changed to {tif}.")
    desk.venue.tws.retime(live, translate(asked, *owner_of(live.order)[:1], live.order.account, "ibkr", live.created_ns).order)
