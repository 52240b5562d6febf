"""The whole pass: verdicts, caps, receipts, warnings, amends, strategies that are switched off, losses, restarts."""

import pytest
from msgspec.structs import replace
from risk_kit import BTC, NOW, SECOND, D, fill, limits, market, order, position, quote, settings, update

from autotrader.errors import ConfigError
from autotrader.model import KillLevel, Mode, OrderState, OrderType, Side, WriteClass
from autotrader.risk import BreachAction, Denied, Limits, Passed, ReceiptBook


def numbered(number, side=Side.BUY, quantity="0.1", price=None, **more):
    return order(side, quantity, price, client_order_id=f"c{number}", **more)


def send(judge, of, now_ns=NOW):
    """Check, and on Passed report the order as sent, as the order manager does."""
    verdict = judge.check(of, now_ns)
    if isinstance(verdict, Passed):
        judge.exposure.on_order(update(of))
    return verdict


@pytest.mark.parametrize("profile", ["rehearsal", "retail", "open"])
def test_a_modest_order_passes_in_every_profile(profile):
    verdict = limits(profile).check(order(), NOW)
    assert isinstance(verdict, Passed)
    assert verdict.receipt.client_order_id == "c1"
    assert verdict.write_class is verdict.receipt.write_class is WriteClass.RISK
    assert verdict.warnings == ()


def test_retail_caps_market_orders_and_rehearsal_does_not():
    assert limits("retail").check(order(), NOW).order.cap_price == D("100.51")
    assert limits("retail").check(order(Side.SELL), NOW).code == "FUNDS"
    assert limits("retail", market(btc="5")).check(order(Side.SELL), NOW).order.cap_price == D("99.50")
    assert limits("rehearsal").check(order(), NOW).order.cap_price is None
    assert limits("retail").check(order(price="100"), NOW).order.cap_price is None


def test_a_cap_follows_the_quote_and_the_settings():
    exposure = market(btc="5")
    judge = limits("open", exposure, market_cap={"max_slippage": "0.005"})
    assert [judge.check(order(), NOW).order.cap_price for _ in range(2)] == [D("100.51"), D("100.51")]
    assert judge.check(order(Side.SELL), NOW).order.cap_price == D("99.50")
    exposure.on_quote(quote(bid="199.99", ask="200"))
    assert judge.check(order(), NOW).order.cap_price == D("201")
    judge.replace_settings(settings("open", market_cap={"max_slippage": "0.01"}))
    assert judge.check(order(), NOW).order.cap_price == D("202")


def test_only_what_passed_gets_a_receipt():
    judge = limits()
    judge.check(order(quantity="1000"), NOW)
    assert judge.receipts.total_issued == 0
    judge.check(order(), NOW)
    assert judge.receipts.issued("binance") == 1


@pytest.mark.parametrize(("of", "verdict"), [
    (order(quantity="0"), "INVALID_ORDER"), (order(symbol="NONE"), "INSTRUMENT_UNKNOWN"),
    (order(venue="okx"), "ACCOUNT_UNCONFIRMED"),
    (order(account="B"), "ACCOUNT_MISMATCH"), (order(created_ns=NOW - 3 * SECOND), "INTENT_AGE"),
    (order(price="110"), "PRICE_COLLAR"),
    (order(quantity="0.000015"), "LOT"), (order(quantity="0.00001"), "MIN_NOTIONAL"), (order(quantity="11"), "MAX_NOTIONAL"),
    (order(Side.SELL, "0.1"), "FUNDS"), (order(reduce_only=True), "REDUCE_ONLY"),
    (order(symbol="BTCPERP"), "MARGIN_NOT_PERMITTED"),
])
def test_each_fault_has_its_code(of, verdict):
    denied = limits().check(of, NOW)
    assert denied.code == verdict
    assert denied.breach_action is BreachAction.DENY


def test_a_symbol_heard_of_but_not_listed_is_unknown():
    exposure = market()
    exposure.on_quote(quote("NEW"))
    assert limits(exposure=exposure).check(order(symbol="NEW"), NOW).code == "INSTRUMENT_UNKNOWN"


def test_an_old_missing_or_crossed_quote_denies():
    exposure = market()
    judge = limits(exposure=exposure)
    late = order(created_ns=NOW + 6 * SECOND)
    assert judge.check(late, NOW + 6 * SECOND).code == "QUOTE_STALE"
    exposure.on_quote(quote(bid="101", ask="100", at=NOW))
    assert judge.check(order(), NOW).code == "QUOTE_CROSSED"
    exposure.on_quote(replace(quote(), ask=D("NaN")))
    assert judge.check(order(), NOW).code == "QUOTE_MISSING"
    exposure.on_quote(quote(bid="97", ask="103"))
    assert judge.check(order(), NOW).code == "QUOTE_WIDE"


def test_a_tape_may_be_slower():
    exposure = market()
    judge = limits(exposure=exposure, more={"tape": True})
    assert isinstance(judge.check(order(created_ns=NOW + 59 * SECOND), NOW + 59 * SECOND), Passed)


def test_the_kill_level_is_asked_at_every_check_and_by_venue():
    level = {"binance": KillLevel.ARMED}
    exposure = market(btc="5")
    exposure.on_position(position("5"))
    judge = limits(exposure=exposure, more={"level_of": level.__getitem__})
    assert isinstance(judge.check(order(), NOW), Passed)
    level["binance"] = KillLevel.HALT
    assert judge.check(order(client_order_id="c2", quantity="2"), NOW).code == "HALTED"
    verdict = judge.check(order(Side.SELL, client_order_id="c3"), NOW)
    assert verdict.write_class is WriteClass.REDUCE


def test_an_order_that_the_gate_would_not_let_out_is_denied_before_it_is_written_down():
    exposure = market(btc="5")
    exposure.on_position(position("5"))
    swept = []
    passes = lambda venue, write_class: write_class is WriteClass.CANCEL or bool(swept)  # noqa: E731
    judge = limits(exposure=exposure, more={"level_of": lambda venue: KillLevel.CANCEL, "passes": passes})
    assert judge.check(order(Side.SELL), NOW).code == "HALTED"
    swept.append(True)
    assert judge.check(order(Side.SELL, client_order_id="c2"), NOW).write_class is WriteClass.REDUCE


def test_the_mode_has_to_be_the_engines():
    judge = Limits(settings("retail"), market(), ReceiptBook(), mode=Mode.LIVE)
    assert judge.check(order(), NOW).code == "ACCOUNT_MISMATCH"


def test_more_written_than_issued_halts_the_venue():
    judge = limits(more={"written_of": lambda venue: 1})
    assert judge.check(order(), NOW).breach_action is BreachAction.HALT_VENUE


def test_what_is_open_or_unknown_counts_against_the_position():
    judge = limits("retail", duplicate_intent={"enabled": False})
    for number in range(2):
        assert isinstance(send(judge, numbered(number, quantity="9")), Passed)
    assert send(judge, numbered(3, quantity="9")).code == "MAX_POSITION"
    judge.exposure.on_order(update(numbered(0, quantity="9"), OrderState.UNKNOWN))
    assert send(judge, numbered(4, quantity="9")).code == "MAX_POSITION"
    judge.exposure.on_order(update(numbered(0, quantity="9"), OrderState.CANCELED))
    assert isinstance(send(judge, numbered(5, quantity="9")), Passed)


def test_a_sale_reduces_only_what_other_sales_leave():
    exposure = market(btc="5")
    exposure.on_position(position("5"))
    judge = limits(exposure=exposure)
    assert send(judge, numbered(1, Side.SELL, "3")).write_class is WriteClass.REDUCE
    assert send(judge, numbered(2, Side.SELL, "2", reduce_only=True)).write_class is WriteClass.REDUCE
    assert send(judge, numbered(3, Side.SELL, "1", reduce_only=True)).code == "REDUCE_ONLY"
    assert send(judge, numbered(4, Side.SELL, "1")).code == "FUNDS"


def test_own_resting_orders_are_not_met():
    exposure = market(btc="5")
    judge = limits(exposure=exposure)
    assert isinstance(send(judge, numbered(1, Side.SELL, "1", "100.50")), Passed)
    assert judge.check(numbered(2, price="100.50"), NOW).code == "SELF_MATCH"
    assert isinstance(judge.check(numbered(3, price="100.49"), NOW), Passed)


def test_a_market_order_that_the_best_level_covers_does_not_reach_further():
    exposure = market(btc="5")
    judge = limits("rehearsal", exposure)
    send(judge, numbered(1, Side.SELL, "1", "100.50"))
    assert isinstance(judge.check(numbered(2), NOW), Passed)
    exposure.on_quote(quote(size="0.05"))
    assert judge.check(numbered(3), NOW).code == "SELF_MATCH"


def test_message_rate_lets_a_burst_through_then_two_a_second():
    judge = limits(duplicate_intent={"enabled": False})
    codes = [send(judge, numbered(n)).__class__.__name__ for n in range(7)]
    assert codes == ["Passed"] * 5 + ["Denied"] * 2
    assert judge.check(numbered(8), NOW).code == "MESSAGE_RATE"
    later = NOW + SECOND // 2
    assert isinstance(judge.check(numbered(9), later), Passed)
    assert judge.check(numbered(10), later).code == "MESSAGE_RATE"
    assert isinstance(judge.check(numbered(11, strategy="other"), later), Passed)


def test_our_own_denials_cost_no_rate():
    judge = limits(duplicate_intent={"enabled": False})
    for number in range(50):
        judge.check(numbered(number, quantity="1000"), NOW)
    assert isinstance(judge.check(numbered(51), NOW), Passed)


def test_a_runaway_is_halted_within_a_second_and_ten_orders():
    judge = limits(duplicate_intent={"enabled": False}, open_orders={"per_symbol": 1000, "per_venue": 1000, "in_all": 1000})
    sent, halted_at = 0, None
    for number in range(3000):  # 1,500 a second
        now = NOW + number * SECOND // 1500
        verdict = send(judge, numbered(number, quantity="0.1", created_ns=now), now)
        sent += isinstance(verdict, Passed)
        if isinstance(verdict, Denied) and verdict.breach_action is BreachAction.HALT:
            halted_at = now
            break
    assert halted_at is not None
    assert halted_at - NOW <= SECOND
    assert sent <= 10
    assert judge.receipts.total_issued == sent


def test_denials_spread_over_time_do_not_halt():
    judge = limits(duplicate_intent={"enabled": False}, message_rate={"per_s": "0.001", "burst": 1})
    judge.check(numbered(0), NOW)
    for number in range(1, 300):
        now = NOW + number * SECOND
        judge.exposure.on_quote(quote(at=now))
        denied = judge.check(numbered(number, created_ns=now), now)
        assert (denied.code, denied.breach_action) == ("MESSAGE_RATE", BreachAction.DENY)


def test_the_same_intent_again_waits_two_seconds():
    judge = limits()
    assert isinstance(judge.check(numbered(1), NOW), Passed)
    assert judge.check(numbered(2), NOW + SECOND).code == "DUPLICATE_INTENT"
    assert isinstance(judge.check(numbered(3, quantity="0.2"), NOW + SECOND), Passed)
    assert isinstance(judge.check(numbered(4, strategy="other"), NOW + SECOND), Passed)
    assert isinstance(judge.check(numbered(5), NOW + 2 * SECOND), Passed)


def test_a_denied_intent_is_not_remembered():
    judge = limits()
    judge.exposure.on_ready("binance", False)
    assert judge.check(numbered(1), NOW).code == "NOT_READY"
    judge.exposure.on_ready("binance", True)
    assert isinstance(judge.check(numbered(2), NOW), Passed)


def test_too_many_fills_switch_the_strategy_off_until_it_is_rearmed():
    judge = limits()
    breaches = [judge.on_fill(fill(number=n), NOW + n) for n in range(12)]
    assert breaches[:10] == [None] * 10
    assert breaches[10].action is BreachAction.STOP_STRATEGY
    assert breaches[10].strategy == "s"
    assert breaches[11] is None
    assert judge.check(order(), NOW).code == "STRATEGY_STOPPED"
    assert isinstance(judge.check(order(strategy="other"), NOW), Passed)
    assert list(judge.stopped_strategies) == ["s"]
    judge.rearm_strategy("s")
    assert isinstance(judge.check(order(), NOW), Passed)


def test_fills_are_counted_by_symbol_and_side():
    judge = limits()
    for number in range(10):
        for side in Side:
            for symbol in ("BTCUSDT", "ETHUSDT"):
                assert judge.on_fill(fill(number=number, side=side, symbol=symbol), NOW) is None
    assert judge.on_fill(fill(side=Side.SELL), NOW).code == "REPEATED_EXECUTION"


def test_fills_of_an_hour_are_counted_too():
    judge = limits()
    breaches = [judge.on_fill(fill(number=n), NOW + n * 50 * SECOND) for n in range(61)]
    assert breaches[:60] == [None] * 60
    assert "per_hour" in breaches[60].sentence


def test_a_strategy_may_be_stopped_by_others():
    judge = limits()
    judge.stop_strategy("s", "it hangs")
    assert "it hangs" in judge.check(order(), NOW).sentence


def test_warnings_come_at_80_percent_and_once_a_minute():
    judge = limits(duplicate_intent={"enabled": False})
    verdict = judge.check(numbered(1, quantity="9"), NOW)
    assert [warning.split(":")[0] for warning in verdict.warnings] == ["max_notional"]
    assert judge.check(numbered(2, quantity="9"), NOW + SECOND).warnings == ()
    exposure = judge.exposure
    exposure.on_quote(quote(at=NOW + 61 * SECOND))
    late = numbered(3, quantity="9", created_ns=NOW + 61 * SECOND)
    assert len(judge.check(late, NOW + 61 * SECOND).warnings) == 1


# ---------------------------------------------------------------- amends and cancels


def resting(judge, quantity="5", price="99", filled="0"):
    of = order(quantity=quantity, price=price)
    judge.exposure.on_order(update(of, OrderState.OPEN, filled))
    return of


def test_an_amend_within_limits_passes_with_all_new_terms():
    judge = limits()
    of = resting(judge)
    verdict = judge.check_modify(of, NOW, quantity=D(6), price=D("98.5"))
    assert isinstance(verdict, Passed)
    assert (verdict.order.quantity, verdict.order.price) == (6, D("98.5"))
    judge.exposure.refresh()
    assert judge.exposure.book("binance", "BTCUSDT").open_buy == 6


@pytest.mark.parametrize(("terms", "verdict"), [
    ({"quantity": D(11)}, "MAX_NOTIONAL"), ({"price": D(90)}, "PRICE_COLLAR"), ({"price": D("99.005")}, "TICK"),
    ({"quantity": D("1.000001")}, "LOT"), ({"quantity": D(0)}, "INVALID_ORDER"), ({"price": D("NaN")}, "INVALID_ORDER"),
    ({"stop_price": D(100)}, "INVALID_ORDER"),
])
def test_an_amend_beyond_limits_is_denied(terms, verdict):
    judge = limits()
    assert judge.check_modify(resting(judge), NOW, **terms).code == verdict
    assert judge.receipts.total_issued == 0


def test_an_amend_counts_what_is_left_and_not_the_order_twice():
    judge = limits()
    of = resting(judge, "10", "100", "4")
    assert isinstance(judge.check_modify(of, NOW, quantity=D(13)), Passed)
    assert judge.check_modify(of, NOW, quantity=D(15)).code == "MAX_NOTIONAL"
    assert judge.check_modify(of, NOW, quantity=D(4)).code == "BELOW_FILLED"


def test_an_amend_is_funded_by_what_the_order_holds_already():
    judge = limits(exposure=market(usdt="1000", btc="90"))
    of = resting(judge, "9", "99")
    assert isinstance(judge.check_modify(of, NOW, price=D("99.5")), Passed)
    judge = limits("open", market(usdt="1000"), funds={"credit": 0, "buffer": "0.05"})
    of = resting(judge, "9", "99")
    assert judge.check_modify(of, NOW, quantity=D(10)).code == "FUNDS"


def test_amends_cost_rate_and_count_as_changes():
    judge = limits(message_rate={"burst": 1000, "per_s": 1000})
    of = resting(judge)
    verdicts = [judge.check_modify(of, NOW + n, price=D("98.9")) for n in range(21)]
    assert all(isinstance(verdict, Passed) for verdict in verdicts[:20])
    assert (verdicts[20].code, verdicts[20].breach_action) == ("CHURN", BreachAction.STOP_STRATEGY)
    judge = limits()
    of = resting(judge)
    verdicts = [judge.check_modify(of, NOW, price=D("98.9")) for _ in range(6)]
    assert verdicts[5].code == "MESSAGE_RATE"


def test_an_amend_at_halt_is_new_risk():
    judge = limits(more={"level_of": lambda venue: KillLevel.HALT})
    assert judge.check_modify(resting(judge), NOW, price=D("98.9")).code == "HALTED"


def test_an_order_that_is_not_open_cannot_be_amended():
    assert limits().check_modify(order(price="99"), NOW, price=D(98)).code == "ORDER_NOT_OPEN"


def test_cancels_always_pass_and_too_many_switch_the_strategy_off():
    judge = limits()
    breaches = [judge.check_cancel("c1", "s", NOW + n) for n in range(22)]
    assert breaches[:20] == [None] * 20
    assert (breaches[20].code, breaches[20].action) == ("CHURN", BreachAction.STOP_STRATEGY)
    assert breaches[21] is None
    assert judge.check(order(), NOW).code == "STRATEGY_STOPPED"


def test_changes_of_many_orders_are_forgotten_in_time():
    judge = limits()
    for number in range(5000):
        judge.check_cancel(f"c{number}", "s", NOW + number * SECOND)
    assert len(judge._changes._counts) < 1200


# ---------------------------------------------------------------- losses


def losing(bid, now_ns=NOW):
    """The account holds 50 BTC of 100 and 5,000 USDT; then the price falls."""
    judge = limits(exposure=market(usdt="5000", btc="50"))
    assert judge.on_equity(now_ns) == []
    judge.exposure.on_quote(quote(bid=bid, ask=str(D(bid) + D("0.02")), at=now_ns))
    return judge


@pytest.mark.parametrize(("bid", "actions"), [
    ("97", []), ("95.99", [BreachAction.HALT]), ("91.99", [BreachAction.HALT, BreachAction.CANCEL]),
    ("79", [BreachAction.HALT, BreachAction.CANCEL, BreachAction.CANCEL]),
])
def test_losses_are_told_once_each(bid, actions):
    judge = losing(bid)
    assert [breach.action for breach in judge.on_equity(NOW + 1)] == actions
    assert judge.on_equity(NOW + 2) == []


def test_a_loss_denies_and_pulls_at_the_next_check_too():
    judge = losing("95.99")
    later = NOW + SECOND
    verdict = judge.check(order(quantity="1", created_ns=later), later)
    assert (verdict.code, verdict.breach_action) == ("DAY_LOSS", BreachAction.HALT)


def test_rearmed_losses_begin_at_the_present():
    judge = losing("95.99")
    assert judge.on_equity(NOW + 1)
    judge.rearm_losses(NOW + 2)
    assert isinstance(judge.check(order(quantity="1"), NOW + 3), Passed)
    assert judge.on_equity(NOW + 3) == []


def test_without_equity_no_loss_is_judged_and_no_risk_taken():
    exposure = market(ready=False)
    judge = limits(exposure=exposure)
    assert judge.on_equity(NOW) == []
    assert judge.check(order(), NOW).code == "NOT_READY"


def test_rehearsal_watches_no_losses():
    judge = limits("rehearsal", market(usdt="5000", btc="50"))
    judge.on_equity(NOW)
    judge.exposure.on_quote(quote(bid="10", ask="10.02"))
    assert judge.on_equity(NOW + 1) == []
    assert isinstance(judge.check(order(), NOW + 1), Passed)


def test_state_survives_a_restart():
    judge = losing("97")
    judge.on_equity(NOW + 1)
    judge.stop_strategy("bad", "it floods")
    text = judge.export_state()
    exposure = market(usdt="5000", btc="50", ready=False)
    exposure.on_quote(quote(bid="95.99", ask="96.01"))
    second = limits(exposure=exposure)
    second.import_state(text)
    exposure.on_ready("binance", True)
    assert [breach.action for breach in second.on_equity(NOW + 5)] == [BreachAction.HALT]
    assert second.stopped_strategies == {"bad": "it floods"}


def test_a_state_that_cannot_be_read_is_a_clear_error():
    with pytest.raises(ConfigError, match="saved state of the limits"):
        limits().import_state("{")


# ---------------------------------------------------------------- settings in force


def test_new_settings_hold_from_the_next_order_on():
    judge = limits()
    assert isinstance(judge.check(numbered(1, quantity="5"), NOW), Passed)
    judge.replace_settings(settings("retail", max_notional={"amount": 100}))
    assert judge.check(numbered(2, quantity="5.1"), NOW).code == "MAX_NOTIONAL"
    assert judge.settings.max_notional.amount == 100


def test_a_control_that_is_off_is_not_asked():
    exposure = market(btc="5")
    judge = limits("rehearsal", exposure, self_match={"enabled": False})
    send(judge, numbered(1, Side.SELL, "1", "100.50"))
    assert isinstance(judge.check(numbered(2, price="100.50"), NOW), Passed)


def test_a_stop_is_valued_at_its_stop_price():
    judge = limits()
    stop = order(quantity="9", type=OrderType.STOP, stop_price=D(120))
    assert judge.check(stop, NOW).code == "MAX_NOTIONAL"


def test_a_blocked_symbol_takes_no_new_risk():
    exposure = market()
    exposure.on_block("binance", "BTCUSDT", "overfill")
    judge = limits(exposure=exposure)
    assert judge.check(order(), NOW).code == "BLOCKED"
    exposure.on_release("binance", "BTCUSDT")
    exposure.on_block("binance", "", "unknown order of ours")
    assert judge.check(order(), NOW).code == "BLOCKED"


def test_published_depth_bounds_market_orders():
    exposure = market()
    exposure.on_depth("binance", "BTCUSDT", D(10), D(10))
    judge = limits(exposure=exposure)
    assert judge.check(numbered(1, quantity="2.1"), NOW).code == "MARKET_CAP"
    assert isinstance(judge.check(numbered(2, quantity="2"), NOW), Passed)


def test_an_instrument_without_a_rate_to_the_account_currency_is_denied():
    exposure = market()
    exposure.on_instruments("binance", [replace(BTC, symbol="AAAXYZ", base="AAA", quote="XYZ")])
    exposure.on_quote(quote("AAAXYZ"))
    exposure.on_balances("binance", "A", {"XYZ": D(10**6)})
    assert limits(exposure=exposure).check(order(symbol="AAAXYZ"), NOW).code == "MAX_NOTIONAL_UNKNOWN"
