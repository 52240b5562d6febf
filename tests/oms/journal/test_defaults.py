"""Fields that hold their default are not written, so the defaults of what is journalled are part of the file's format."""

from __future__ import annotations

import inspect

import msgspec
import pytest
from journal_kit import fill, life, order

import autotrader.messages as messages
from autotrader.messages import DeadLetterAdded, LinkChanged, Message, OrderAccepted, OrderFilled, OrderIntended
from autotrader.model import Fill, Order
from autotrader.oms.journal.payload import decode_event, encode_event

_VENUE_ID = "venue_order_id=null"
_TERMS = "quantity=null price=null stop_price=null"
GOLDEN = {
    "BalanceTransferred": 'reason=""',
    "CancelAsked": f'{_VENUE_ID} by="" kill=false',
    "CancelRejected": f'{_VENUE_ID} kind="too_late" reason_code="" reason=""',
    "DeadLetterAdded": "history=[]",
    "Fill": 'inferred=false strategy=""',
    "InstrumentsListed": "ts_ns=0",
    "Order": 'time_in_force="GTC" price=null stop_price=null trail=null expires_ns=null post_only=false reduce_only=false'
    ' strategy="" tag=null created_ns=0 decided_ns=0 cap_price=null',
    "OrderAccepted": f"{_VENUE_ID} held=false",
    "OrderCanceled": f'{_VENUE_ID} reason=""',
    "OrderDoubted": f'{_VENUE_ID} reason=""',
    "OrderExpired": f'{_VENUE_ID} reason=""',
    "OrderFilled": _VENUE_ID,
    "OrderNotSent": f'{_VENUE_ID} reason_code="" reason=""',
    "OrderRejected": f'{_VENUE_ID} reason_code="" reason="" duplicate_id=false',
    "OrderReplaced": f"{_VENUE_ID} {_TERMS} asked=true",
    "OrderReported": f'{_VENUE_ID} state=null filled_quantity=null quantity=null price=null asked_ns=0 proven=false reason=""'
    " average_price=null",
    "OrderSucceeded": f"{_VENUE_ID} previous_venue_order_id=null",
    "OrderUnknown": f'{_VENUE_ID} request="submit" reason=""',
    "PositionAdopted": 'reason=""',
    "ReplaceAsked": f'{_VENUE_ID} {_TERMS} by=""',
    "ReplaceRejected": f'{_VENUE_ID} reason_code="" reason=""',
    "TradeBusted": f'{_VENUE_ID} symbol=""',
}
"""Add to it; never change what is there: files of older releases were written with it."""


def journalled() -> dict[str, type[msgspec.Struct]]:
    kinds = [kind for _, kind in inspect.getmembers(messages, inspect.isclass) if issubclass(kind, Message)]
    events = [kind for kind in kinds if "ts_ns" in kind.__struct_fields__ or kind is DeadLetterAdded]
    return {kind.__name__: kind for kind in [Order, Fill, *events] if kind not in (LinkChanged, messages.OrderEvent)}


def defaults(kind: type[msgspec.Struct]) -> str:
    optional = [field for field in msgspec.structs.fields(kind) if not field.required]
    return " ".join(f"{field.name}={msgspec.json.encode(field.default).decode()}" for field in optional)


def test_no_default_of_the_format_was_changed() -> None:
    assert {name: found for name, kind in journalled().items() if (found := defaults(kind))} == GOLDEN


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_what_is_journalled_leaves_its_defaults_out(name: str) -> None:
    assert journalled()[name].__struct_config__.omit_defaults


def test_an_event_says_only_what_is_not_the_default_and_comes_back_whole() -> None:
    intended, accepted, filled = life(order(1))
    assert isinstance(intended, OrderIntended)
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(filled, OrderFilled)
    for event, absent in ((intended, "time_in_force"), (accepted, "held"), (filled, "inferred")):
        written = encode_event(event).decode()
        assert absent not in written
        assert decode_event(type(event).__name__, written) == event
    assert b'"held":true' in encode_event(OrderAccepted("c", "paper", 1, held=True))


def test_an_event_that_was_written_with_all_its_fields_is_read_the_same() -> None:
    whole = {name: getattr(fill(order(1), "T"), name) for name in Fill.__struct_fields__}
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Fill) == fill(order(1), "T")
