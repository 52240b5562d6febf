from __future__ import annotations

from decimal import Decimal

from autotrader.model import Side
from autotrader.simulator.binance.tape import Bar, Tape, bar_start
from autotrader.simulator.world import MarketTrade

D = Decimal
NOON_MS = 1_700_006_400_000
MINUTE_MS = 60_000


def trade(tape: Tape, price: str, quantity: str, at_ms: int, aggressor: Side = Side.BUY) -> None:
    number = str(len(tape.trades) + 11)
    tape.add(MarketTrade("BTCUSDT", number, D(price), D(quantity), aggressor, at_ms * 1_000_000))


def figures(bar: Bar) -> tuple[str, ...]:
    return tuple(str(value) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count))


def test_trades_make_bars_and_silence_flat_ones() -> None:
    tape = Tape(D(100))
    trade(tape, "101", "1", NOON_MS)
    trade(tape, "99", "2", NOON_MS + 1, Side.SELL)
    first, second, third = tape.bars("1m", NOON_MS + 2 * MINUTE_MS)
    assert figures(first) == ("101", "101", "99", "99", "3", "2")
    assert (first.first_id, first.last_id, first.taken, first.worth) == (11, 12, D(1), D(299))
    assert figures(second) == figures(third) == ("99", "99", "99", "99", "0", "0")
    assert third.start_ms == NOON_MS + 2 * MINUTE_MS


def test_longer_bars_are_joined_of_minutes() -> None:
    tape = Tape(D(100))
    for minute, price in enumerate(("101", "105", "97", "103")):
        trade(tape, price, "1", NOON_MS + minute * MINUTE_MS)
    bars = tape.bars("3m", NOON_MS + 3 * MINUTE_MS)
    assert [figures(bar) for bar in bars] == [("101", "105", "97", "97", "3", "3"), ("103", "103", "103", "103", "1", "1")]
    assert figures(tape.window(NOON_MS + 3 * MINUTE_MS)) == ("101", "105", "97", "103", "4", "4")


def test_bars_open_where_the_clock_says_and_weeks_on_mondays() -> None:
    assert bar_start("1h", NOON_MS + 59 * MINUTE_MS) == NOON_MS
    monday = 1_699_833_600_000
    assert bar_start("1w", NOON_MS) == monday
    assert bar_start("1w", monday - 1) == monday - 7 * 86_400_000


def test_the_average_is_of_five_minutes_else_the_last_price() -> None:
    tape = Tape(D(100))
    assert tape.average(NOON_MS) == 100
    trade(tape, "110", "1", NOON_MS)
    trade(tape, "120", "3", NOON_MS + 1_000)
    assert tape.average(NOON_MS + 2_000) == D("117.5")
    assert tape.average(NOON_MS + 10 * MINUTE_MS) == 120


def test_a_quote_marks_only_while_nothing_has_traded() -> None:
    tape = Tape(D(100))
    tape.mark(D(90))
    assert tape.last == 90
    trade(tape, "95", "1", NOON_MS)
    tape.mark(D(80))
    assert tape.last == 95


def test_aggregates_count_by_one_and_know_who_was_the_maker() -> None:
    tape = Tape(D(100))
    trade(tape, "100", "1", NOON_MS, Side.SELL)
    trade(tape, "100", "1", NOON_MS, Side.BUY)
    assert [(one.number, one.buyer_made) for one in tape.trades] == [(1, True), (2, False)]
    assert [one.trade_id for one in tape.since(12)] == [12]


def test_a_long_silence_is_not_filled_from_its_beginning() -> None:
    tape = Tape(D(100))
    trade(tape, "100", "1", NOON_MS)
    bars = tape.bars("1s", NOON_MS + 86_400_000)
    assert len(bars) <= 4_000
    assert bars[-1].start_ms == NOON_MS + 86_400_000
