"""What exposure counts, one event at a time."""

import pytest
from msgspec.structs import replace
from risk_kit import AAPL, BTC, EURUSD, NOW, PERP, D, TimeInForce, market, order, position, quote, update

from autotrader.model import AccountInfo, InstrumentKind, Mode, OrderState, OrderType, Side
from autotrader.risk import Exposure

S = OrderState


def book(exposure, symbol="BTCUSDT", venue="binance"):
    exposure.refresh()
    return exposure.book(venue, symbol)


@pytest.mark.parametrize("state", [S.SENT, S.UNKNOWN, S.OPEN, S.PENDING_CANCEL, S.PENDING_REPLACE])
def test_an_order_counts_in_full_from_sent_on_and_while_unknown(state):
    exposure = market()
    exposure.on_order(update(order(quantity="3"), state))
    assert book(exposure).open_buy == 3
    assert (exposure.count, book(exposure).count) == (1, 1)
    assert exposure.gross == 300


@pytest.mark.parametrize("state", [S.FILLED, S.CANCELED, S.REJECTED, S.EXPIRED, S.DENIED])
def test_a_done_order_counts_no_more(state):
    exposure = market()
    exposure.on_order(update(order()))
    exposure.on_order(update(order(), state))
    assert (exposure.count, book(exposure).open_buy, exposure.gross) == (0, 0, 0)
    assert exposure.open_order("c1") is None


def test_a_draft_is_not_counted_yet():
    exposure = market()
    exposure.on_order(update(order(), S.DRAFT))
    assert exposure.count == 0


def test_partial_fills_leave_the_rest_and_an_overfill_leaves_nothing():
    exposure = market()
    exposure.on_order(update(order(quantity="3")))
    exposure.on_order(update(order(quantity="3"), S.PARTIALLY_FILLED, "1"))
    assert book(exposure).open_buy == 2
    exposure.on_order(update(order(quantity="3"), S.OPEN, "4"))
    assert book(exposure).open_buy == 0


def test_an_order_that_comes_back_to_life_counts_again():
    exposure = market()
    exposure.on_order(update(order(), S.CANCELED))
    exposure.on_order(update(order(), S.OPEN))
    assert exposure.count == 1


def test_foreign_orders_count_and_are_known_by_venue_and_id():
    exposure = market()
    exposure.on_order(update(order(), S.OPEN, foreign=True, client_order_id="", venue_order_id="v9"))
    exposure.on_order(update(order(venue="okx"), S.OPEN, foreign=True, client_order_id="", venue_order_id="v9"))
    assert exposure.count == 2
    exposure.on_order(update(order(), S.CANCELED, foreign=True, client_order_id="", venue_order_id="v9"))
    assert exposure.count == 1


def test_worst_case_takes_each_side_by_itself():
    exposure = market()
    exposure.on_position(position("2"))
    exposure.on_order(update(order(Side.BUY, "3", client_order_id="b")))
    exposure.on_order(update(order(Side.SELL, "9", client_order_id="s")))
    exposure.refresh()
    assert (exposure.up, exposure.down, exposure.gross) == (500, -700, 700)


def test_an_amend_counts_the_larger_terms_until_it_is_settled():
    exposure = market()
    limit = order(quantity="3", price="100")
    exposure.on_order(update(limit, S.OPEN))
    exposure.promise("c1", D(5), D(110))
    assert book(exposure).open_buy == 5
    assert book(exposure).venue.reserved["USDT"] == 550
    exposure.on_order(update(limit, S.PENDING_REPLACE))
    assert book(exposure).open_buy == 5
    exposure.on_order(update(limit, S.OPEN))
    assert book(exposure).open_buy == 3
    assert book(exposure).venue.reserved["USDT"] == 300


def test_a_smaller_amend_counts_the_old_terms_until_it_is_settled():
    exposure = market()
    limit = order(quantity="3", price="100")
    exposure.on_order(update(limit, S.OPEN))
    exposure.promise("c1", D(1), D(90))
    exposure.on_order(update(limit, S.PENDING_REPLACE))
    assert book(exposure).open_buy == 3
    exposure.on_order(update(order(quantity="1", price="90"), S.OPEN))
    assert book(exposure).open_buy == 1


def test_an_answered_amend_counts_the_orders_own_terms_although_a_cancel_is_on_its_way():
    exposure = market()
    limit = order(quantity="3", price="100")
    exposure.on_order(update(limit, S.OPEN))
    exposure.promise("c1", D(5), D(110))
    exposure.on_order(update(limit, S.PENDING_CANCEL))
    assert book(exposure).open_buy == 5
    exposure.settle("c1")
    exposure.settle("nobody")
    assert book(exposure).open_buy == 3


def test_a_promise_dies_with_its_order():
    exposure = market()
    exposure.on_order(update(order(quantity="3", price="100"), S.OPEN))
    exposure.promise("c1", D(5), D(100))
    exposure.on_order(update(order(quantity="3", price="100"), S.CANCELED))
    assert (book(exposure).open_buy, book(exposure).venue.reserved["USDT"]) == (0, 0)


def test_cash_is_reserved_by_side_and_released_to_the_last_digit():
    exposure = market(btc="5")
    exposure.on_order(update(order(Side.BUY, "0.3", "99.99", client_order_id="b"), S.OPEN))
    exposure.on_order(update(order(Side.SELL, "2", client_order_id="s")))
    exposure.on_order(update(order(Side.BUY, "1", client_order_id="m")))
    reserved = book(exposure).venue.reserved
    assert reserved == {"USDT": D("29.997") + D("100.01"), "BTC": 2}
    for which, side in (("b", Side.BUY), ("s", Side.SELL), ("m", Side.BUY)):
        exposure.on_order(update(order(side, client_order_id=which), S.FILLED))
    assert reserved == {"USDT": 0, "BTC": 0}


def test_orders_known_before_their_instrument_reserve_once_it_is_listed():
    exposure = Exposure()
    exposure.on_order(update(order(Side.BUY, "2", "50"), S.OPEN))
    exposure.on_instruments("binance", [BTC])
    assert book(exposure).venue.reserved["USDT"] == 100


def test_resting_prices_are_those_of_orders_that_wait_in_the_book():
    exposure = market()
    for number, (of, state, more) in enumerate([
        (order(Side.SELL, price="110"), S.OPEN, {}), (order(Side.SELL, price="105"), S.SENT, {}),
        (order(Side.SELL, price="101", time_in_force=TimeInForce.IOC), S.SENT, {}), (order(Side.SELL), S.SENT, {}),
        (order(Side.SELL, price="90", type=OrderType.STOP_LIMIT, stop_price=D(91)), S.OPEN, {"held": True}),
        (order(Side.SELL, price="91", type=OrderType.STOP_LIMIT, stop_price=D(92)), S.SENT, {}),
    ]):
        exposure.on_order(update(of, state, client_order_id=f"o{number}", **more))
    assert sorted(book(exposure).resting_sell.values()) == [105, 110]
    triggered = order(Side.SELL, price="90", type=OrderType.STOP_LIMIT, stop_price=D(91))
    exposure.on_order(update(triggered, S.OPEN, client_order_id="o4"))
    assert min(book(exposure).resting_sell.values()) == 90
    exposure.on_order(update(triggered, S.CANCELED, client_order_id="o4"))
    assert min(book(exposure).resting_sell.values()) == 105


def test_a_price_that_the_venue_changed_is_the_resting_price():
    exposure = market()
    exposure.on_order(update(order(Side.SELL, price="110"), S.OPEN))
    exposure.on_order(update(order(Side.SELL, price="104"), S.OPEN))
    assert list(book(exposure).resting_sell.values()) == [104]


def test_equity_is_balances_at_their_rates():
    exposure = market(usdt="1000", btc="2")
    assert exposure.equity("binance") == exposure.total_equity == 1200
    exposure.on_quote(quote(bid="199", ask="201"))
    assert exposure.total_equity == 1400
    assert exposure.equity("okx") is None


def test_an_asset_without_a_quote_counts_nothing_and_is_listed():
    exposure = market()
    exposure.on_balances("binance", "A", {"DOGE": D(5), "XRP": D(0)})
    assert exposure.total_equity == 10000
    assert exposure.unpriced == (("binance", "DOGE"),)


def test_a_position_without_any_price_is_listed():
    exposure = market()
    exposure.on_position(position("1", "GONE", average=None))
    assert exposure.unpriced == (("binance", "GONE"),)


def test_a_listed_symbol_without_quote_is_listed_as_unpriced_only_when_it_matters():
    exposure = market()
    exposure.on_instruments("binance", [replace(BTC, symbol="SOLUSDT", base="SOL")])
    assert exposure.unpriced == ()
    exposure.on_position(position("1", "SOLUSDT", average=None))
    assert exposure.unpriced == (("binance", "SOLUSDT"),)
    exposure.on_quote(quote("SOLUSDT"))
    assert exposure.unpriced == ()
    assert exposure.gross == 100


def test_an_amend_that_only_changes_the_quantity_of_a_stop_reserves_at_its_stop_price():
    exposure = market()
    stop = order(quantity="3", type=OrderType.STOP, stop_price=D(110))
    exposure.on_order(update(stop, S.OPEN))
    assert book(exposure).venue.reserved["USDT"] == 330
    exposure.promise("c1", D(5), None)
    assert book(exposure).open_buy == 5
    assert book(exposure).venue.reserved["USDT"] == 550


def test_equity_before_the_first_balances_is_unknown():
    exposure = Exposure()
    exposure.on_instruments("binance", [BTC])
    assert exposure.equity("binance") is None
    assert exposure.total_equity is None
    assert exposure.result is None


def stocks():
    exposure = Exposure()
    exposure.on_account(AccountInfo("ibkr", "A", Mode.PAPER))
    exposure.on_instruments("ibkr", [AAPL, EURUSD, replace(PERP, venue="ibkr", quote="USD")])
    exposure.on_balances("ibkr", "A", {"USD": D(1000)})
    for symbol in ("AAPL", "BTCPERP"):
        exposure.on_quote(quote(symbol, "199", "201", venue="ibkr"))
    exposure.on_quote(quote("EUR.USD", "1.24", "1.26", venue="ibkr"))
    exposure.on_ready("ibkr", True)
    return exposure


def test_stocks_add_their_market_value_and_perpetuals_their_profit():
    exposure = stocks()
    exposure.on_position(position("3", "AAPL", venue="ibkr", average="150"))
    assert exposure.equity("ibkr") == 1600
    exposure.on_position(position("-2", "BTCPERP", venue="ibkr", average="250"))
    assert exposure.equity("ibkr") == 1700
    assert book(exposure, "AAPL", "ibkr").venue.margin == 1000


def test_exchanged_currencies_are_worth_what_the_balances_say_and_use_margin():
    exposure = stocks()
    exposure.on_balances("ibkr", "A", {"EUR": D(100)})
    exposure.on_position(position("100", "EUR.USD", venue="ibkr", average="1.1"))
    assert exposure.equity("ibkr") == 1125
    assert book(exposure, "EUR.USD", "ibkr").venue.margin == 125


def test_a_currency_on_margin_adds_its_profit():
    exposure = Exposure()
    exposure.on_instruments("oanda", [replace(EURUSD, venue="oanda", symbol="EUR_USD", base="")])
    exposure.on_balances("oanda", "A", {"USD": D(1000)})
    exposure.on_quote(quote("EUR_USD", "1.24", "1.26", venue="oanda"))
    exposure.on_position(position("100", "EUR_USD", venue="oanda", average="1.15"))
    assert exposure.equity("oanda") == 1010


def test_a_missing_mid_is_stood_in_for_by_the_average_price():
    exposure = stocks()
    exposure.on_instruments("ibkr", [replace(AAPL, symbol="MSFT")])
    exposure.on_position(position("3", "MSFT", venue="ibkr", average="100"))
    assert exposure.equity("ibkr") == 1300
    exposure.refresh()
    assert exposure.gross == 300


def test_quotes_that_are_no_numbers_count_as_missing_and_crossed_ones_move_no_value():
    exposure = market(btc="1")
    exposure.on_quote(replace(quote(), bid=D("NaN")))
    assert book(exposure).quote is None
    exposure.on_quote(quote(bid="500", ask="400"))
    assert exposure.total_equity == 10100
    assert book(exposure).crossed


def test_blocks_by_symbol_and_by_venue():
    exposure = market()
    exposure.on_block("binance", "BTCUSDT", "overfill")
    exposure.on_block("binance", "", "second id")
    assert book(exposure).blocked == "overfill"
    assert book(exposure).venue.blocked == "second id"
    exposure.on_release("binance", "BTCUSDT")
    exposure.on_release("binance", "")
    assert book(exposure).blocked is None
    assert book(exposure).venue.blocked is None


def test_an_instrument_listed_anew_reprices_what_is_held():
    exposure = stocks()
    exposure.on_position(position("3", "AAPL", venue="ibkr", average="150"))
    exposure.on_instruments("ibkr", [replace(AAPL, multiplier=D(10))])
    assert exposure.equity("ibkr") == 7000
    exposure.on_instruments("ibkr", [replace(AAPL, kind=InstrumentKind.SPOT, base="AAPL")])
    assert exposure.equity("ibkr") == 1000
    assert book(exposure, "AAPL", "ibkr").venue.margin == 0


def test_result_begins_when_books_are_whole_and_ignores_what_is_brought_in():
    exposure = market(usdt="1000", btc="1", ready=False)
    assert exposure.result is None
    exposure.on_ready("binance", True)
    assert exposure.result == (0, 1100)
    exposure.on_quote(quote(bid="149", ask="151"))
    assert exposure.result == (50, 1100)
    exposure.on_transfer("binance", "USDT", D(500))
    exposure.on_balances("binance", "A", {"USDT": D(1500)})
    assert exposure.result == (50, 1600)


def test_an_asset_priced_later_is_no_profit():
    exposure = market(usdt="1000", ready=False)
    exposure.on_balances("binance", "A", {"SOL": D(10)})
    exposure.on_ready("binance", True)
    assert exposure.result == (0, 1000)
    exposure.on_instruments("binance", [replace(ETH_LIKE, symbol="SOLUSDT", base="SOL")])
    exposure.on_quote(quote("SOLUSDT", "19", "21"))
    assert exposure.result == (0, 1200)
    exposure.on_quote(quote("SOLUSDT", "18", "20"))
    assert exposure.result == (-10, 1200)


def test_a_second_venue_is_no_profit_and_a_lost_one_no_loss():
    exposure = market(usdt="1000")
    exposure.on_balances("okx", "B", {"USDT": D(700)})
    assert exposure.result == (0, 1000)
    exposure.on_ready("okx", True)
    assert exposure.result == (0, 1700)
    exposure.on_ready("okx", False)
    assert exposure.result == (0, 1700)


def test_what_moved_while_we_were_away_is_profit_or_loss():
    exposure = Exposure()
    exposure.remember({"binance": D(1300)}, {"BTC": D(100)})
    exposure.on_balances("binance", "A", {"USDT": D(1000), "BTC": D(2)})
    exposure.on_ready("binance", True)
    assert exposure.result == (-100, 1300)


def test_depth_and_open_symbols_without_instrument_are_kept():
    exposure = Exposure()
    exposure.on_depth("binance", "BTCUSDT", D(10), D(20))
    exposure.on_quote(quote(at=NOW))
    exposure.on_order(update(order()))
    assert (book(exposure).bid_depth, book(exposure).ask_depth, exposure.gross) == (10, 20, 0)
    exposure.on_instruments("binance", [BTC])
    exposure.refresh()
    assert exposure.gross == 100


ETH_LIKE = replace(BTC, day_volume=None)
