"""executionReport, in every kind: payload in, messages out (binance.md section 5, "Mapping rules")."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from binance_kit import NOW, OWN, SETTINGS, D, raw, report, trade_report, wrapped

from autotrader.execution.adapters.binance.codec import (
    CodecSettings,
    OrderEventTold,
    UnreadableFrame,
    decode_user_frame,
    facts_in,
    row_of,
)
from autotrader.messages import (
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
    OrderUnknown,
    ReplaceRejected,
)
from autotrader.model import Fill, Liquidity, OrderState, OrderType, Side, TimeInForce

ID = "4293153"
NEW_LEG, OLD_CANCEL = f"{OWN}-00s", f"{OWN}_00s"
V = "binance"


def told(event: dict[str, Any], settings: CodecSettings = SETTINGS) -> tuple[Message, ...]:
    frame = decode_user_frame(wrapped(event), settings, NOW)
    assert isinstance(frame, OrderEventTold)
    return frame.messages


# ---------------------------------------------------------------- NEW


def test_new_is_accepted() -> None:
    assert told(report()) == (OrderAccepted(OWN, V, NOW, ID),)


def test_the_subscription_and_the_report_itself_come_along() -> None:
    frame = decode_user_frame(wrapped(report(), 3), SETTINGS, NOW)
    assert isinstance(frame, OrderEventTold)
    assert frame.subscription == 3
    assert (frame.report.symbol, frame.report.order_id, frame.report.trade_id) == ("BTCUSDT", 4293153, -1)


@pytest.mark.parametrize("kind", ["STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"])
def test_a_waiting_stop_is_held_and_no_more_once_it_triggered(kind: str) -> None:
    waiting = report(o=kind, P="0.2", w=False)
    del waiting["W"]
    assert told(waiting) == (OrderAccepted(OWN, V, NOW, ID, True),)
    assert told(report(o=kind, P="0.2", w=True)) == (OrderAccepted(OWN, V, NOW, ID, False),)


def test_a_list_leg_that_waits_for_its_working_order_is_held() -> None:
    assert told(report(X="PENDING_NEW", w=False, g=5)) == (OrderAccepted(OWN, V, NOW, ID, True),)


def test_new_of_a_replacement_takes_our_order_over() -> None:
    assert told(report(c=NEW_LEG)) == (
        OrderSucceeded(OWN, V, NOW, ID), OrderReplaced(OWN, V, NOW, ID, None, D("0.10264410"), None, True),
    )


def test_new_of_a_replacement_has_the_whole_quantity_once_the_carried_part_is_known() -> None:
    knowing = CodecSettings("acc", carried={("BTCUSDT", 4293153): D("0.25")})
    assert told(report(c=NEW_LEG), knowing)[1] == OrderReplaced(OWN, V, NOW, ID, D("1.25"), D("0.10264410"), None, True)


def test_a_foreign_order_keeps_its_own_id() -> None:
    assert told(report(c="web_1")) == (OrderAccepted("web_1", V, NOW, ID),)


def test_venue_ids_can_name_their_symbol() -> None:
    assert told(report(), CodecSettings("acc", qualified_ids=True)) == (OrderAccepted(OWN, V, NOW, f"BTCUSDT:{ID}"),)


# ---------------------------------------------------------------- TRADE

FILL = Fill(
    "77", OWN, ID, V, "acc", "BTCUSDT", Side.BUY, D("0.10264410"), D("0.4"), D("0.00001"), "BNB", Liquidity.MAKER,
    1_499_405_658_657_000_000,
)


def test_a_first_trade_is_a_fill_with_fee_and_its_asset() -> None:
    assert told(trade_report()) == (OrderFilled(OWN, V, NOW, ID, fill=FILL),)


def test_a_later_trade_brings_the_total_so_that_a_missed_one_shows() -> None:
    later = trade_report(t=78, l="0.1", z="0.5", Z="0.05132205")
    total = OrderReported(OWN, V, NOW, ID, OrderState.PARTIALLY_FILLED, D("0.5"), average_price=D("0.1026441"))
    assert told(later) == (
        OrderFilled(OWN, V, NOW, ID, fill=msgspec.structs.replace(FILL, trade_id="78", quantity=D("0.1"))), total,
    )


def test_one_trade_that_fills_all_needs_no_total() -> None:
    (fill,) = told(trade_report(X="FILLED", l="1.0", z="1.0", m=False, N="BTC", n="0.001"))
    assert isinstance(fill, OrderFilled)
    assert (fill.fill.liquidity, fill.fill.fee_asset, fill.fill.fee) == (Liquidity.TAKER, "BTC", D("0.001"))


def test_filled_with_less_than_the_order_says_its_total() -> None:
    assert told(trade_report(X="FILLED"))[1] == OrderReported(
        OWN, V, NOW, ID, OrderState.FILLED, D("0.4"), average_price=D("0.1026441")
    )


def test_a_trade_without_a_fee_has_no_asset() -> None:
    (fill,) = told(trade_report(n="0", N=None))
    assert isinstance(fill, OrderFilled)
    assert (fill.fill.fee, fill.fill.fee_asset) == (0, "")
    (fill,) = told(trade_report(n=None, N=None))
    assert isinstance(fill, OrderFilled)
    assert fill.fill.fee == 0


def test_a_rebate_is_negative() -> None:
    (fill,) = told(trade_report(n="-0.00001000"))
    assert isinstance(fill, OrderFilled)
    assert fill.fill.fee == D("-0.00001")


def test_a_sale_is_a_sale() -> None:
    (fill,) = told(trade_report(S="SELL"))
    assert isinstance(fill, OrderFilled)
    assert fill.fill.side is Side.SELL


def test_a_trade_of_a_replacement_is_our_orders_trade_and_tells_no_total_that_nobody_knows() -> None:
    messages = told(trade_report(c=NEW_LEG, t=78, l="0.1", z="0.5"))
    assert [type(message) for message in messages] == [OrderFilled]
    assert isinstance(messages[0], OrderFilled)
    assert messages[0].fill.client_order_id == messages[0].client_order_id == OWN


def test_a_trade_of_a_replacement_adds_what_is_carried() -> None:
    knowing = CodecSettings("acc", carried={("BTCUSDT", 4293153): D("0.25")})
    assert told(trade_report(c=NEW_LEG, t=78, l="0.1", z="0.5"), knowing)[1] == OrderReported(
        OWN, V, NOW, ID, OrderState.PARTIALLY_FILLED, D("0.75")
    )


def test_a_trade_that_ends_the_order_otherwise_tells_both() -> None:
    messages = told(trade_report(X="EXPIRED", eR="UNFILLED_IOC_QUANTITY_EXPIRED"))
    assert messages == (
        OrderFilled(OWN, V, NOW, ID, fill=FILL), OrderExpired(OWN, V, NOW, ID, "UNFILLED_IOC_QUANTITY_EXPIRED"),
    )


def test_the_same_trade_id_on_two_symbols_is_two_trades() -> None:
    first, second = told(trade_report())[0], told(trade_report(s="ETHUSDT"))[0]
    assert isinstance(first, OrderFilled)
    assert isinstance(second, OrderFilled)
    assert (first.fill.symbol, second.fill.symbol) == ("BTCUSDT", "ETHUSDT")


@pytest.mark.parametrize(
    "bad", [{"t": -1}, {"l": "0.00000000"}, {"L": "0.0"}, {"z": "0.1"}, {"l": "NaN"}, {"L": "1e400"}, {"n": "Infinity"}],
)
def test_a_trade_that_cannot_be_is_unreadable_and_not_dropped(bad: dict[str, Any]) -> None:
    frame = wrapped(trade_report(**bad))
    with pytest.raises(UnreadableFrame) as error:
        decode_user_frame(frame, SETTINGS, NOW)
    assert error.value.raw == frame


# ---------------------------------------------------------------- CANCELED, EXPIRED


def test_a_cancel_is_known_by_the_original_id_and_not_by_its_own() -> None:
    assert told(report(x="CANCELED", X="CANCELED", c="cancelMyOrder1", C=OWN)) == (OrderCanceled(OWN, V, NOW, ID),)


def test_a_cancel_by_the_venue_itself_has_only_c() -> None:
    assert told(report(x="CANCELED", X="CANCELED", C="")) == (OrderCanceled(OWN, V, NOW, ID),)
    assert told(report(x="CANCELED", X="CANCELED", C=None)) == (OrderCanceled(OWN, V, NOW, ID),)


def test_a_cancelled_order_with_fills_tells_what_it_executed() -> None:
    event = report(x="CANCELED", X="CANCELED", c="x1", C=OWN, z="0.4", Z="20")
    assert told(event) == (
        OrderCanceled(OWN, V, NOW, ID),
        OrderReported(OWN, V, NOW, ID, OrderState.CANCELED, D("0.4"), average_price=D(50)),
    )


def test_the_cancelled_half_of_a_replace_ends_no_order() -> None:
    (doubt,) = told(report(x="CANCELED", X="CANCELED", c=OLD_CANCEL, C=OWN, z="0.1"))
    assert isinstance(doubt, OrderUnknown)
    assert (doubt.client_order_id, doubt.request, doubt.venue_order_id) == (OWN, "replace", None)


def test_a_replacement_that_is_cancelled_later_does_end_the_order() -> None:
    assert told(report(x="CANCELED", X="CANCELED", c="x1", C=NEW_LEG)) == (OrderCanceled(OWN, V, NOW, ID),)


@pytest.mark.parametrize(
    "reason",
    [
        "REJECTED", "EXCHANGE_CANCELED", "OCO_TRIGGER", "OTO_PHASE_ONE_EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED",
        "UNFILLED_FOK_ORDER_EXPIRED", "INSUFFICIENT_LIQUIDITY", "EXECUTION_RULE_PRICE_RANGE_EXCEEDED", "A_WORD_OF_2027",
    ],
)
def test_every_reason_of_an_expiry_is_passed_on(reason: str) -> None:
    assert told(report(x="EXPIRED", X="EXPIRED", eR=reason)) == (OrderExpired(OWN, V, NOW, ID, reason),)


def test_a_market_order_on_a_thin_book_ends_expired_with_its_fills() -> None:
    event = report(o="MARKET", x="EXPIRED", X="EXPIRED", q="6", z="4", Z="400", p="0.00000000")
    assert told(event) == (
        OrderExpired(OWN, V, NOW, ID, "EXPIRED"),
        OrderReported(OWN, V, NOW, ID, OrderState.EXPIRED, D(4), average_price=D(100)),
    )


def test_expired_in_match_is_expired() -> None:
    assert told(report(x="EXPIRED", X="EXPIRED_IN_MATCH")) == (OrderExpired(OWN, V, NOW, ID, "EXPIRED_IN_MATCH"),)


def test_an_end_whose_status_still_works_is_only_reported() -> None:
    assert told(report(x="EXPIRED", X="NEW")) == (OrderReported(OWN, V, NOW, ID, OrderState.OPEN, D(0)),)


def test_a_quote_amount_that_is_not_available_gives_no_average() -> None:
    messages = told(report(x="CANCELED", X="CANCELED", z="0.4", Z="-1"))
    assert isinstance(messages[1], OrderReported)
    assert messages[1].average_price is None


# ---------------------------------------------------------------- REJECTED


def test_rejected_names_the_venue_order_that_it_is_final_for() -> None:
    assert told(report(x="REJECTED", X="REJECTED", r="INSUFFICIENT_BALANCES")) == (
        OrderRejected(OWN, V, NOW, ID, "INSUFFICIENT_BALANCES", "refused by the matching engine: INSUFFICIENT_BALANCES"),
    )


def test_rejected_can_be_made_a_doubt() -> None:
    doubting = CodecSettings("acc", rejected_reports_are_final=False)
    (doubt,) = told(report(x="REJECTED", X="REJECTED", r="X"), doubting)
    assert isinstance(doubt, OrderUnknown)
    assert doubt.request == "submit"
    assert ID in doubt.reason


def test_a_replacement_that_is_rejected_refuses_the_replace_and_ends_nothing() -> None:
    (refused,) = told(report(x="REJECTED", X="REJECTED", c=NEW_LEG, r="WOULD_MATCH_IMMEDIATELY"))
    assert isinstance(refused, ReplaceRejected)
    assert (refused.client_order_id, refused.reason_code, refused.venue_order_id) == (OWN, "WOULD_MATCH_IMMEDIATELY", None)


# ---------------------------------------------------------------- REPLACED, TRADE_PREVENTION


def test_our_amendment_has_the_new_quantity() -> None:
    assert told(report(x="REPLACED", X="NEW", q="0.5", c=OWN, C=OWN)) == (
        OrderReplaced(OWN, V, NOW, ID, D("0.5"), D("0.10264410"), None, True),
    )
    assert told(report(x="REPLACED", X="NEW", q="0.5", c=OWN, C=""))[0] == OrderReplaced(
        OWN, V, NOW, ID, D("0.5"), D("0.10264410"), None, True
    )


def test_an_amendment_of_somebody_else_is_not_as_we_asked() -> None:
    (changed,) = told(report(x="REPLACED", X="NEW", q="0.5", c="random", C=OWN))
    assert changed == OrderReplaced(OWN, V, NOW, ID, D("0.5"), D("0.10264410"), None, False)
    (changed,) = told(report(x="REPLACED", X="NEW", q="0.5", c="random", C=""))
    assert isinstance(changed, OrderReplaced)
    assert (changed.venue_order_id, changed.asked) == (ID, False)


def test_an_amendment_that_ends_the_order_tells_that_too() -> None:
    messages = told(report(x="REPLACED", X="CANCELED", q="0.5"))
    assert [type(message) for message in messages] == [OrderReplaced, OrderCanceled]


def test_self_trade_prevention_makes_the_order_smaller_without_a_fill() -> None:
    event = report(x="TRADE_PREVENTION", X="NEW", v=12, A="0.3", B="0.3", u=99, U=37, pl="0.3", pL="0.1", pY="0.03")
    assert told(event) == (OrderReplaced(OWN, V, NOW, ID, D("0.7"), asked=False),)


def test_self_trade_prevention_that_ends_the_order_expires_it() -> None:
    event = report(x="TRADE_PREVENTION", X="EXPIRED_IN_MATCH", A="1.0", B="1.0", z="0.2", Z="0.02")
    assert told(event) == (
        OrderExpired(OWN, V, NOW, ID, "EXPIRED_IN_MATCH"),
        OrderReported(OWN, V, NOW, ID, OrderState.EXPIRED, D("0.2"), average_price=D("0.1")),
    )


def test_self_trade_prevention_that_takes_nothing_is_a_report() -> None:
    assert told(report(x="TRADE_PREVENTION", X="PARTIALLY_FILLED", z="0.1")) == (
        OrderReported(OWN, V, NOW, ID, OrderState.PARTIALLY_FILLED, D("0.1")),
    )


# ---------------------------------------------------------------- the whole order


def test_a_report_makes_a_row_for_an_order_that_is_not_ours() -> None:
    frame = decode_user_frame(wrapped(report(c="web_1", o="LIMIT_MAKER", z="0.2", Z="0.02", X="PARTIALLY_FILLED")), SETTINGS,
        NOW)
    assert isinstance(frame, OrderEventTold)
    row = row_of(facts_in(frame.report, SETTINGS), SETTINGS)
    assert (row.client_order_id, row.venue_order_id, row.symbol, row.side) == ("web_1", ID, "BTCUSDT", Side.BUY)
    assert (row.type, row.time_in_force, row.state) == (OrderType.LIMIT, TimeInForce.GTC, OrderState.PARTIALLY_FILLED)
    assert (row.quantity, row.filled_quantity, row.price, row.average_price) == (D(1), D("0.2"), D("0.1026441"), D("0.1"))
    assert (row.created_ns, row.held) == (1_499_405_658_657_000_000, False)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"o": "STOP_LOSS"}, OrderType.STOP), ({"o": "TAKE_PROFIT_LIMIT"}, OrderType.STOP_LIMIT),
        ({"o": "STOP_LOSS", "d": 4}, OrderType.TRAILING_STOP), ({"o": "NEW_KIND_2027"}, OrderType.LIMIT),
        ({"o": "NEW_KIND_2027", "p": "0.0"}, OrderType.MARKET),
    ],
)
def test_types_only_describe_so_that_new_ones_are_taken(changes: dict[str, Any], kind: OrderType) -> None:
    frame = decode_user_frame(wrapped(report(f="GTX", **changes)), SETTINGS, NOW)
    assert isinstance(frame, OrderEventTold)
    row = row_of(facts_in(frame.report, SETTINGS), SETTINGS)
    assert (row.type, row.time_in_force) == (kind, TimeInForce.GTC)


def test_microsecond_stamps_are_understood() -> None:
    (fill,) = told(trade_report(T=1499405658657123, E=1499405658657200, O=1499405658657000))
    assert isinstance(fill, OrderFilled)
    assert fill.fill.ts_ns == 1_499_405_658_657_123_000


def test_fields_that_are_not_known_are_ignored_whatever_they_hold() -> None:
    assert told(report(gP="PRIMARY_PEG", gOT="PRICE_LEVEL", j=1, J=1000000, new={"deep": [1, None]})) == told(report())


@pytest.mark.parametrize(
    "bad",
    [
        {"x": "SOMETHING"}, {"X": "SOMETHING"}, {"S": "BOTH"}, {"i": "4293153"}, {"i": -1}, {"i": 1.5}, {"i": True},
        {"i": 2**63},
        {"q": 1.0}, {"q": "NaN"}, {"q": None}, {"z": "-1"}, {"z": "1e400"}, {"T": "now"}, {"T": 10**18}, {"t": None},
        {"w": "yes"},
        {"c": 7}, {"s": None}, {"p": "sNaN"},
    ],
)
def test_order_state_and_numbers_are_strict(bad: dict[str, Any]) -> None:
    frame = wrapped(report(**bad))
    with pytest.raises(UnreadableFrame) as error:
        decode_user_frame(frame, SETTINGS, NOW)
    assert error.value.raw == frame
    assert "user stream" in str(error.value)


@pytest.mark.parametrize("field", ["s", "c", "S", "o", "q", "p", "x", "X", "i", "l", "z", "L", "T", "t"])
def test_a_report_without_a_field_that_counts_is_unreadable(field: str) -> None:
    event = report()
    del event[field]
    with pytest.raises(UnreadableFrame):
        decode_user_frame(raw({"event": event}), SETTINGS, NOW)


@pytest.mark.parametrize("field", ["C", "r", "n", "N", "w", "m", "O", "Z", "F", "g", "I", "M", "Y", "Q", "W", "V"])
def test_a_report_without_a_field_that_only_describes_is_read(field: str) -> None:
    event = report()
    del event[field]
    assert isinstance(decode_user_frame(raw({"event": event}), SETTINGS, NOW), OrderEventTold)
