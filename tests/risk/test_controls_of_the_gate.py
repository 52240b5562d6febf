"""Controls 1, 2, 21 and 23: each below, at and above its limit, and with its input missing."""

import pytest
from risk_kit import AAPL, BTC, CALL, FUTURE, PERP, D, code, order, settings, view

from autotrader.model import AccountInfo, KillLevel, Mode, Side, WriteClass
from autotrader.risk import BreachAction, controls

RETAIL, REHEARSAL, OPEN = settings("retail"), settings("rehearsal"), settings("open")


def gate(**more):
    return code(controls.gate(order(), view(**more), RETAIL.gate))


def test_armed_lets_new_risk_through():
    assert gate(level=KillLevel.ARMED) == "pass"


@pytest.mark.parametrize("level", [KillLevel.HALT, KillLevel.CANCEL, KillLevel.FLATTEN])
def test_from_halt_on_only_what_reduces_passes(level):
    assert gate(level=level) == "HALTED"
    assert gate(level=level, write_class=WriteClass.REDUCE) == "pass"


def test_while_the_venue_is_being_swept_not_even_what_reduces_passes():
    assert gate(level=KillLevel.CANCEL, write_class=WriteClass.REDUCE, reduces_pass=False) == "HALTED"


def test_an_unknown_level_denies():
    assert gate(level=None) == "GATE_UNKNOWN"


def test_a_level_that_came_as_a_number_counts_the_same():
    assert gate(level=1) == "HALTED"
    assert gate(level=0) == "pass"


def test_without_the_venues_word_on_the_account_nothing_passes():
    assert gate(account=None) == "ACCOUNT_UNCONFIRMED"


@pytest.mark.parametrize("info", [
    AccountInfo("binance", "A", Mode.LIVE), AccountInfo("binance", "B", Mode.PAPER), AccountInfo("binance", "", Mode.PAPER),
])
def test_another_mode_or_account_than_meant_denies(info):
    assert gate(account=info) == "ACCOUNT_MISMATCH"


def test_a_key_that_cannot_trade_or_can_withdraw_live_denies():
    assert gate(account=AccountInfo("binance", "A", Mode.PAPER, can_trade=False)) == "KEY_PERMISSIONS"
    live = AccountInfo("binance", "A", Mode.LIVE, can_withdraw=True)
    assert gate(account=live, mode=Mode.LIVE) == "KEY_PERMISSIONS"
    assert gate(account=AccountInfo("binance", "A", Mode.PAPER, can_withdraw=True)) == "pass"


def test_unreconciled_books_deny_even_what_reduces():
    assert gate(ready=False) == "NOT_READY"
    assert gate(ready=False, write_class=WriteClass.REDUCE) == "NOT_READY"


def test_a_strategy_that_is_off_is_denied():
    assert gate(stopped="flooded") == "STRATEGY_STOPPED"


def instrument(own=RETAIL.instrument, **more):
    return code(controls.instrument(order(), view(**more), own))


def test_a_listed_symbol_passes_where_all_are_allowed():
    assert instrument(REHEARSAL.instrument) == "pass"


def test_retail_needs_a_list():
    assert instrument(settings("retail", instrument={}).instrument) == "NOT_ALLOWED"


@pytest.mark.parametrize(("allow", "verdict"), [
    (["BTCUSDT"], "pass"), (["binance:BTCUSDT"], "pass"), (["okx:BTCUSDT"], "NOT_ALLOWED"), (["BTC"], "NOT_ALLOWED"),
])
def test_the_list_names_symbols_with_or_without_their_venue(allow, verdict):
    assert instrument(settings("rehearsal", instrument={"allow": allow}).instrument) == verdict


def test_an_unlisted_symbol_denies():
    assert instrument(instrument=None) == "INSTRUMENT_UNKNOWN"


def test_a_halted_symbol_denies():
    from msgspec.structs import replace

    assert instrument(instrument=replace(BTC, tradable=False)) == "NOT_TRADABLE"


def test_a_block_stops_new_risk_and_lets_reductions_through():
    assert instrument(blocked="overfill") == "BLOCKED"
    assert instrument(blocked="overfill", write_class=WriteClass.REDUCE) == "pass"


def permissions(own=RETAIL.permissions, side=Side.BUY, **more):
    terms = {"is_cash": False, "margin_before": D(0), "margin_after": D(100)}
    terms.update(more)
    return code(controls.permissions(order(side), view(**terms), own))


def test_cash_purchases_need_no_permission():
    assert code(controls.permissions(order(), view(), RETAIL.permissions)) == "pass"


@pytest.mark.parametrize(("listed", "verdict"), [
    (PERP, "MARGIN_NOT_PERMITTED"), (FUTURE, "MARGIN_NOT_PERMITTED"), (CALL, "OPTIONS_NOT_PERMITTED"), (AAPL, "pass"),
])
def test_retail_permits_stocks_only(listed, verdict):
    assert permissions(instrument=listed) == verdict
    assert permissions(OPEN.permissions, instrument=listed) == "pass"


def test_what_only_reduces_needs_no_permission():
    assert permissions(instrument=PERP, write_class=WriteClass.REDUCE) == "pass"


@pytest.mark.parametrize(("short", "account_can", "instrument_can", "verdict"), [
    (False, True, True, "SHORT_NOT_PERMITTED"), (True, False, False, "pass"), ("auto", True, True, "pass"),
    ("auto", False, True, "SHORT_NOT_PERMITTED"), ("auto", True, False, "SHORT_NOT_PERMITTED"),
])
def test_short_sales_by_permission_or_by_account_type(short, account_can, instrument_can, verdict):
    from msgspec.structs import replace

    own = settings("rehearsal", permissions={"short": short}).permissions
    listed = replace(AAPL, allows_short=instrument_can)
    account = AccountInfo("ibkr", "A", Mode.PAPER, can_short=account_can)
    assert permissions(own, Side.SELL, instrument=listed, account=account, after=D(-1)) == verdict
    assert permissions(own, Side.SELL, instrument=listed, account=account, after=D(0)) == "pass"


@pytest.mark.parametrize(("worth", "verdict"), [("9999", "pass"), ("10000", "pass"), ("10000.01", "LEVERAGE")])
def test_leverage_below_at_and_above_its_limit(worth, verdict):
    assert permissions(instrument=AAPL, margin_after=D(worth)) == verdict


def test_leverage_above_its_limit_may_still_fall():
    assert permissions(instrument=AAPL, margin_before=D(30000), margin_after=D(29000)) == "pass"


def test_permissions_without_equity_or_instrument_deny():
    assert permissions(instrument=AAPL, equity=None) == "EQUITY_UNKNOWN"
    assert permissions(instrument=AAPL, margin_after=None) == "EQUITY_UNKNOWN"
    assert permissions(instrument=None) == "INSTRUMENT_UNKNOWN"


@pytest.mark.parametrize(("written", "issued", "verdict"), [(4, 5, "pass"), (5, 5, "pass"), (6, 5, "EXIT_COUNT")])
def test_exit_count_below_at_and_above(written, issued, verdict):
    assert code(controls.exit_count(order(), view(written=written, issued=issued), RETAIL.exit_count)) == verdict


def test_exit_count_halts_the_venue_and_needs_both_counts():
    finding = controls.exit_count(order(), view(written=6, issued=5), RETAIL.exit_count)
    assert finding.action is BreachAction.HALT_VENUE
    assert code(controls.exit_count(order(), view(written=None), RETAIL.exit_count)) == "EXIT_COUNT_UNKNOWN"
    assert code(controls.exit_count(order(), view(issued=None), RETAIL.exit_count)) == "EXIT_COUNT_UNKNOWN"
