"""How new terms reach the venue (binance.md section 3: Amend, cancelReplace)."""

from __future__ import annotations

from typing import Any

import pytest
from binance_kit import OWN, SETTINGS, D, a_replace, an_order, rules

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.binance.codec import CallKind, CodecSettings, Route, Standing, choose_route, replace_call
from autotrader.model import OrderType

PARTS_ALLOWED = CodecSettings("acc", replace_partly_filled=True)


def standing(**changes: Any) -> Standing:
    return Standing(**{"quantity": D("0.001"), "price": D("50000.10"), "stop_price": None, **changes})


def test_less_quantity_alone_keeps_the_queue_place() -> None:
    assert choose_route(a_replace("0.0005"), standing(), SETTINGS, rules()) is Route.AMEND


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": "0.002"}, {"quantity": "0.001"}, {"price": "49000"}, {"price": None}, {"stop_price": D(1)},
    ],
)
def test_anything_else_gives_it_up(changes: dict[str, Any]) -> None:
    assert choose_route(a_replace(**{"quantity": "0.0005", **changes}), standing(), SETTINGS, rules()) is Route.CANCEL_REPLACE


def test_a_symbol_that_does_not_amend_is_replaced() -> None:
    assert choose_route(a_replace(), standing(), SETTINGS, rules(amendAllowed=False)) is Route.CANCEL_REPLACE
    assert choose_route(a_replace(), standing(), SETTINGS, None) is Route.CANCEL_REPLACE


def test_after_ten_amendments_the_order_is_replaced() -> None:
    assert choose_route(a_replace(), standing(amends=9), SETTINGS, rules()) is Route.AMEND
    assert choose_route(a_replace(), standing(amends=10), SETTINGS, rules()) is Route.CANCEL_REPLACE


def test_a_quantity_that_is_filled_already_is_refused() -> None:
    with pytest.raises(InvalidOrder, match="leaves nothing to trade") as refused:
        choose_route(a_replace("0.0005"), standing(filled=D("0.0005")), SETTINGS, rules())
    assert refused.value.code == "NOTHING_LEFT"


def test_a_partly_filled_order_can_be_amended_down_to_above_its_fills() -> None:
    assert choose_route(a_replace("0.0005"), standing(filled=D("0.0004")), SETTINGS, rules()) is Route.AMEND


def test_a_partly_filled_order_is_not_replaced_unless_the_settings_allow_it() -> None:
    command, partly = a_replace("0.001", "49000"), standing(filled=D("0.0004"))
    with pytest.raises(InvalidOrder, match="replace_partly_filled") as refused:
        choose_route(command, partly, SETTINGS, rules())
    assert refused.value.code == "PARTLY_FILLED"
    assert choose_route(command, partly, PARTS_ALLOWED, rules()) is Route.CANCEL_REPLACE


def test_fills_of_an_order_replaced_before_do_not_count_as_partly_filled() -> None:
    carried = standing(filled=D("0.0004"), carried=D("0.0004"))
    assert choose_route(a_replace("0.001", "49000"), carried, SETTINGS, rules()) is Route.CANCEL_REPLACE


def test_a_symbol_without_cancel_replace_refuses_it() -> None:
    with pytest.raises(InvalidOrder, match="takes no cancelReplace") as refused:
        choose_route(a_replace("0.002"), standing(), SETTINGS, rules(cancelReplaceAllowed=False))
    assert refused.value.code == "NO_CANCEL_REPLACE"


def test_an_order_whose_venue_id_is_not_known_cannot_be_replaced() -> None:
    with pytest.raises(InvalidOrder) as refused:
        choose_route(a_replace("0.002", venue_order_id=None), standing(), SETTINGS, rules())
    assert refused.value.code == "NO_VENUE_ORDER_ID"


def test_an_amendment_repeats_the_id_so_that_it_stays_ours() -> None:
    call = replace_call(a_replace("0.0005"), standing(), SETTINGS, rules())
    assert (call.kind, call.method, call.path, call.weight) == (CallKind.AMEND, "PUT", "/api/v3/order/amend/keepPriority", 4)
    assert call.params == (("symbol", "BTCUSDT"), ("orderId", "28"), ("newClientOrderId", OWN), ("newQty", "0.0005"))


def test_an_amendment_of_a_replacement_keeps_its_mark_and_asks_for_its_own_part() -> None:
    marked = f"{OWN}-00s"
    carried = standing(filled=D("0.0002"), carried=D("0.0002"), wire_id=marked)
    call = replace_call(a_replace("0.0005"), carried, SETTINGS, rules())
    assert dict(call.params) == {"symbol": "BTCUSDT", "orderId": "28", "newClientOrderId": marked, "newQty": "0.0003"}
    assert call.before == D("0.0002")


def test_an_amendment_without_a_venue_id_goes_by_ours() -> None:
    call = replace_call(a_replace("0.0005", venue_order_id=None), standing(), SETTINGS, rules())
    assert call.params[1] == ("origClientOrderId", OWN)


def test_a_replacement_never_leaves_two_orders() -> None:
    call = replace_call(a_replace("0.002", "49000"), standing(), SETTINGS, rules())
    assert (call.kind, call.method, call.path, call.weight) == (
        CallKind.CANCEL_REPLACE, "POST", "/api/v3/order/cancelReplace", 1,
    )
    assert call.params == (
        ("cancelReplaceMode", "STOP_ON_FAILURE"), ("cancelOrderId", "28"), ("cancelNewClientOrderId", f"{OWN}_00s"),
        ("cancelRestrictions", "ONLY_NEW"), ("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"),
        ("quantity", "0.002"), ("price", "49000"), ("newClientOrderId", f"{OWN}-00s"), ("newOrderRespType", "FULL"),
    )
    assert call.wire_id == f"{OWN}-00s"


def test_a_replacement_of_a_partly_filled_order_asks_for_what_is_left() -> None:
    partly = standing(filled=D("0.0004"))
    names = dict(replace_call(a_replace("0.001", "49000"), partly, PARTS_ALLOWED, rules()).params)
    assert names["quantity"] == "0.0006"
    assert "cancelRestrictions" not in names


def test_the_next_replacement_carries_what_the_earlier_ones_filled() -> None:
    carried = standing(filled=D("0.0004"), carried=D("0.0004"))
    call = replace_call(a_replace("0.001", "49000", venue_order_id="29"), carried, SETTINGS, rules())
    names = dict(call.params)
    assert (names["quantity"], names["cancelOrderId"], names["cancelRestrictions"]) == ("0.0006", "29", "ONLY_NEW")
    assert call.before == D("0.0004")


def test_without_marks_the_same_id_goes_out_again() -> None:
    unmarked = CodecSettings("acc", marked_replacements=False)
    call = replace_call(a_replace("0.002"), standing(), unmarked, rules())
    assert dict(call.params)["newClientOrderId"] == OWN


def test_a_stop_is_replaced_with_its_new_trigger() -> None:
    stop = an_order(type=OrderType.STOP_LIMIT, price=D(51000), stop_price=D(50900))
    command = a_replace("0.001", "52000", order=stop, stop_price=D(51900))
    names = dict(replace_call(command, standing(price=D(51000), stop_price=D(50900)), SETTINGS, rules()).params)
    assert (names["type"], names["price"], names["stopPrice"]) == ("STOP_LOSS_LIMIT", "52000", "51900")
