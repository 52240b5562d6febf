"""All 444 cells of order-states.csv, each by a message that means its event, delivered to an order in its state."""

from __future__ import annotations

import copy
import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from order_kit import LAG, PATHS, books, busted, event, fill, filled, intended, order, reported

from autotrader.errors import Refused
from autotrader.messages import (
    CancelAsked,
    CancelRejected,
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderDoubted,
    OrderExpired,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderSucceeded,
    OrderUnknown,
    ReplaceAsked,
    ReplaceRejected,
)
from autotrader.model import OrderState
from autotrader.oms.book import Applied, Books
from autotrader.oms.lifecycle import EVENTS, SHORT, STATES, cell
from autotrader.oms.orders import OrderRecord

ROWS = list(csv.reader((Path(__file__).parent / "order-states.csv").read_text().splitlines()[1:]))
CODES = ROWS[0][1:]
ORACLE = {(int(row[0].split(" ")[0]), code): text for row in ROWS[1:] for code, text in zip(CODES, row[1:], strict=True)}
WORDS = dict(zip(SHORT, STATES, strict=True))
DONE = ("FIL", "CAN", "REJ", "EXP")
LIVE, OVER = OrderState.OPEN, OrderState.CANCELED
PRICE = Decimal(105)


def message_for(number: int, code: str) -> Message:
    """Return a message that means the event for the order that ``placed`` makes."""
    whole = {"FIL": fill("t9", "10", at=30), "PRT": fill("t9", "6", at=30)}
    by_event: dict[int, Message] = {
        1: intended(),
        2: OrderDenied(order(), event(OrderAccepted, 30).ts_ns, "LIMIT", "too large"),
        3: event(OrderAccepted, 30),
        4: event(OrderAccepted, 30, "V9"),
        5: event(OrderRejected, 30, None, reason_code="-1", reason="no"),
        6: event(OrderRejected, 30, None, duplicate_id=True),
        7: event(OrderUnknown, 30, None),
        8: reported(LIVE, 30, 30, price=PRICE if code in ("SND", "UNK") else None),
        9: reported(OVER, 30, 30),
        10: reported(None, 30, 30),
        11: reported(None, 30, 30, proven=True),
        12: filled(fill("t9", "4", at=30)),
        13: filled(whole.get(code, fill("t9", "10", at=30))),
        14: filled(fill("t9", "11", at=30)),
        15: filled(fill("t1", "10" if code == "FIL" else "4")),
        16: filled(fill("t1", "1", "99")),
        17: busted("t1", 30),
        18: event(CancelAsked, 30),
        19: event(OrderCanceled, 30),
        20: event(CancelRejected, 30, kind="too_late"),
        21: event(CancelRejected, 30, kind="busy"),
        22: event(ReplaceAsked, 30, price=PRICE),
        23: event(OrderReplaced, 30, price=PRICE),
        24: event(ReplaceRejected, 30),
        25: event(OrderExpired, 30),
        26: event(OrderCanceled, 30, "V0"),
        27: reported(LIVE, 30, 30, filled="11"),
        28: event(OrderDoubted, 30, None),
        29: event(CancelAsked, 30, kill=True),
        30: reported(LIVE, 30, 30, proven=True),
        31: reported(LIVE, 30, None),
        32: event(OrderReplaced, 30, price=PRICE, asked=False),
        33: event(OrderSucceeded, 30, "V2", previous_venue_order_id="V1"),
        34: busted("t9", 30),
        35: event(OrderNotSent, 30, None),
        36: event(CancelRejected, 30, kind="final"),
        37: reported(LIVE, 30, 30, filled="1"),
    }
    return by_event[number]


def placed(number: int, code: str) -> tuple[Books, OrderRecord]:
    """Return books with one order in the state, and what the event needs: a booked trade, an id, a state without trades."""
    made = books()
    if code == "DRF":
        made.draft(order())
    needs_trade = number in (15, 16, 17, 37)
    for one in PATHS.get(code, ()):
        if needs_trade and one is PATHS[code][-1] and code in ("PCX", "PRP", "CAN", "EXP"):
            made.apply(filled(fill("t1"), 2))
        if code == "PCX" and number == 3 and one is PATHS["OPN"][1]:
            one = event(OrderAccepted, 1, None)
        if code == "FIL" and number in (12, 13) and one is PATHS["FIL"][-1]:
            one = reported(OrderState.FILLED, 2, 2)
        made.apply(one)
    record = made.orders["c1"]
    assert record.state is WORDS[code]
    if needs_trade and not record.fills:  # no path leads here: the cell says what would happen all the same
        record.book(fill("t1"))
        made.accounts.book(fill("t1"))
    if number in (4, 26, 33):
        record.venue_order_id = "V1"
    if number == 4:
        record.expects_id = False
    if number == 26:
        record.superseded = ("V0",)
    return made, record


def expected_state(record: OrderRecord, head: str, code: str, message: Any) -> str:
    """Work the state action out, from the figures after the event; kept apart from the implementation on purpose."""
    if head == "->LIVE":
        if record.quantity == 0:
            after = "CAN"
        elif record.filled >= record.quantity:
            after = "FIL"
        elif record.cancel_wished:
            after = "PCX"
        elif record.replacing:
            after = "PRP"
        else:
            after = "PRT" if record.filled > 0 else "OPN"
    elif head == "->DONE":
        after = {v: k for k, v in WORDS.items()}[message.state]
        after = "CAN" if after == "REJ" and record.filled else after
    else:
        after = head[2:] if head.startswith("->") else code
    return "FIL" if after in ("CAN", "EXP") and record.filled >= record.quantity > 0 else after


def check_takes(number: int, code: str, record: OrderRecord, takes: bool) -> None:
    """Check that ids and terms were taken over, or were not."""
    ids = {4: "V9", 33: "V2"}
    if number in ids:
        assert (record.venue_order_id == ids[number]) is takes
        assert record.knows_id("V1")
    if number in (22, 23, 32) or (number == 8 and code in ("SND", "UNK")):
        assert (record.price == PRICE) is takes
    elif not takes:
        assert record.price == Decimal(100)
    if takes and number in (3, 8, 9, 19, 25, 30, 31):
        assert record.venue_order_id == "V1"


def check_effects(applied: Applied, effects: set[str], code: str, head: str, number: int) -> None:
    assert applied.query is ("Q" in effects)
    assert applied.send_cancel is ("C" in effects)
    assert (applied.alert is not None) is ("!" in effects or head == "-")
    assert applied.halt is ("KK" in effects)
    revived = code in DONE and head == "->LIVE" or (code == "REJ" and head == "->FIL")
    kind = "operator" if number == 14 or revived else "reconcile"
    assert applied.block == (kind if "K" in effects else None)
    assert len(applied.fills) == ("F" in effects)
    assert len(applied.undone) == ("U" in effects)
    assert bool(applied.positions) is bool({"F", "U"} & effects)


@pytest.mark.parametrize(("number", "code"), ORACLE, ids=lambda value: str(value))
def test_cell(number: int, code: str) -> None:
    made, record = placed(number, code)
    before, exported = copy.deepcopy(record), made.export()
    position = made.position("binance", "BTCUSDT").quantity
    message = message_for(number, code)
    head, *rest = ORACLE[number, code].split()
    effects = set(rest)

    applied = made.apply(message)

    assert applied.event == number
    assert applied.then == 0
    if head in (".", "X"):
        assert applied.ignored is (head == ".")
        assert isinstance(applied.refused, Refused) is (head == "X")
        assert applied.order is None
        assert record == before
        assert made.export() == exported
        return
    assert not applied.ignored
    assert applied.refused is None
    assert applied.previous is WORDS[code]
    assert record.state is WORDS[expected_state(record, head, code, message)]
    assert applied.order == record.update()
    check_effects(applied, effects, code, head, number)
    check_takes(number, code, record, "A" in effects)
    assert record.held_busts == (("t9",) if "H" in effects else ())
    if "Q" in effects:
        assert record.owed_after_ns == message.ts_ns + LAG
    booked = sum(one.quantity for one in applied.fills) - sum(one.quantity for one in applied.undone)
    assert record.filled == before.filled + booked
    assert made.position("binance", "BTCUSDT").quantity == position + booked
    assert record.cancel_wished is ((before.cancel_wished or "C" in effects) and number != 36)


def test_table_has_every_cell_of_the_oracle() -> None:
    assert len(ORACLE) == 444
    assert {key: cell(key[0], SHORT.index(key[1])).text for key in ORACLE} == ORACLE


def test_names_of_the_rows_are_those_of_the_oracle() -> None:
    assert [f"{number} {name}" for number, name in enumerate(EVENTS)][1:] == [row[0] for row in ROWS[1:]]


@pytest.mark.parametrize(("number", "code"), [(0, 0), (38, 0), (1, 12), (1, -1)])
def test_what_is_not_in_the_table_is_an_error_naming_both(number: int, code: int) -> None:
    with pytest.raises(KeyError, match=f"event {number} in state {code}"):
        cell(number, code)


def test_alerts_name_the_order_and_what_to_do() -> None:
    for number, code in ORACLE:
        made, _ = placed(number, code)
        text = made.apply(message_for(number, code)).alert
        if text is not None:
            assert text.startswith("order c1 (BUY")
            assert "; " in text
            assert "which cannot be" not in text or cell(number, SHORT.index(code)).text == "-"


def test_refusals_name_the_order_and_carry_a_code() -> None:
    for (number, code), text in ORACLE.items():
        if text == "X":
            made, _ = placed(number, code)
            refused = made.apply(message_for(number, code)).refused
            assert refused is not None
            assert "c1" in str(refused)
            assert refused.code in ("DUPLICATE_ORDER", "ORDER_DONE", "NOT_CONFIRMED", "CANCEL_PENDING", "REPLACE_PENDING")


NEWS = {3, 4, 5, 12, 13, 14, 17, 19, 23, 25, 32, 33}
"""What a venue tells by itself: answers asked before it, or within the lag after it, may be older."""


def test_what_the_venue_tells_makes_earlier_answers_older_and_our_requests_do_not() -> None:
    for (number, code), text in ORACLE.items():
        if text.split()[0] in (".", "X"):
            continue
        made, record = placed(number, code)
        before, state = record.last_ns, record.state
        message: Any = message_for(number, code)
        made.apply(message)
        is_news = number in NEWS or (number in (9, 30) and record.state is not state)
        assert record.last_ns == (max(message.ts_ns, before) if is_news else before), (number, code)
        record.last_ns = message.ts_ns + 10**12
        made.apply(event(OrderCanceled, 29, "V1"))
        assert record.last_ns == message.ts_ns + 10**12, "what was told later must not go back"


def test_a_cell_with_an_unknown_effect_is_refused_at_import() -> None:
    from autotrader.oms.lifecycle import Cell

    with pytest.raises(ValueError, match="effects that do not exist"):
        Cell("= Z")
    assert msgspec.json.encode(order())
