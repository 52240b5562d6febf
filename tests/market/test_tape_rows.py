"""From rows to quotes, and rows that cannot be right."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_kit import BARS, BINANCE_TRADES, QUOTES, quotes_of, tape_of

from autotrader.market import TapeError
from autotrader.market.bar_rows import path_of_bar

D = Decimal


def prices(quotes):
    return [(q.bid, q.ask) for q in quotes]


# ---------------------------------------------------------------- quotes


def test_quotes_come_as_recorded_for_the_venue_that_is_fed(tmp_path: Path) -> None:
    first = quotes_of(tmp_path, QUOTES)[0]
    assert (first.venue, first.symbol, first.bid, first.ask) == ("paper", "BTCUSDT", D("39432.99"), D("39433.62"))
    assert (first.bid_size, first.ask_size, first.ts_ns) == (D("0.0031"), D("0.066851"), 1610064001076 * 10**6)


def test_the_noise_of_floats_is_rounded_away(tmp_path: Path) -> None:
    text = "timestamp,bid,ask,bid_size,ask_size\n1610064001076,39430.290000000001,39431,0.031035000000000004,1\n"
    quote = quotes_of(tmp_path, text)[0]
    assert (str(quote.bid), str(quote.bid_size)) == ("39430.29", "0.031035")


def test_sizes_that_are_absent_are_the_default_and_zero_stays_zero(tmp_path: Path) -> None:
    text = "timestamp,bid,ask,bid_size,ask_size\n1610064001076,100,101,,0\n"
    quote = quotes_of(tmp_path, text)[0]
    assert (quote.bid_size, quote.ask_size) == (D(10_000), D(0))
    assert quotes_of(tmp_path, text, size=D(7))[0].bid_size == 7


def test_a_crossed_quote_is_passed_on_and_counted(tmp_path: Path) -> None:
    tape = tape_of(tmp_path, "timestamp,bid,ask\n1610064001076,101,100\n1610064001077,100,101\n")
    assert [q.is_crossed for q in tape] == [True, False]
    assert tape.counts.crossed == 1


# ---------------------------------------------------------------- trades


def test_trades_give_a_quote_once_both_sides_have_traded(tmp_path: Path) -> None:
    assert prices(quotes_of(tmp_path, BINANCE_TRADES)) == [(D("39432.48"), D("39439.44")), (D("39430.00"), D("39439.44"))]


def test_trades_never_cross_the_other_side_gives_way_by_a_tick(tmp_path: Path) -> None:
    trades = "100,1,buy", "99,1,sell", "101,1,sell", "98,1,buy"
    text = "ts,price,size,side\n" + "".join(f"{1610064000000 + i},{trade}\n" for i, trade in enumerate(trades))
    assert prices(quotes_of(tmp_path, text)) == [(99, 100), (101, 102), (97, 98)]


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=2, max_size=60))
def test_quotes_of_any_trades_are_never_crossed(trades) -> None:
    import tempfile

    rows = "".join(f"{1610064000000 + i},{price},1,{'sell' if sold else 'buy'}\n" for i, (price, sold) in enumerate(trades))
    with tempfile.TemporaryDirectory() as folder:
        tape = tape_of(Path(folder), "ts,price,size,side\n" + rows, tick=D(1))
        try:
            quotes = list(tape)
        except TapeError as e:
            assert "gave no quote" in str(e)  # noqa: PT017
            return
    assert not any(q.is_crossed for q in quotes)


def test_trades_of_one_side_only_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="gave no quote"):
        quotes_of(tmp_path, "ts,price,size,side\n1610064000000,100,1,buy\n1610064000001,99,1,buy\n")


# ---------------------------------------------------------------- bars


def test_bars_become_open_nearer_extreme_further_extreme_close(tmp_path: Path) -> None:
    mids = [q.mid for q in quotes_of(tmp_path, BARS)]
    assert mids == [D(46319), D(46310), D(46385), D(46377), D(46377), D("46411.5"), D(46340), D(46350)]


def test_bars_are_spread_over_their_time_and_the_spread_lies_round_the_price(tmp_path: Path) -> None:
    quotes = quotes_of(tmp_path, BARS)
    assert [(q.ts_ns - quotes[0].ts_ns) // 10**9 for q in quotes] == [0, 15, 30, 45, 60, 75, 90, 105]
    assert (quotes[0].bid, quotes[0].ask) == (D("46318.5"), D("46319.5"))
    wide = quotes_of(tmp_path, BARS, spread=D(4))
    assert (wide[0].bid, wide[0].ask) == (D(46317), D(46321))


def test_bid_and_ask_bars_keep_their_own_prices(tmp_path: Path) -> None:
    text = (
        "timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close\n"
        "2012-02-01 00:00:00+00:00,1.5,1.6,1.45,1.55,1.51,1.61,1.46,1.56\n"
    )
    assert prices(quotes_of(tmp_path, text, "gbpusd-1m.csv")) == [
        (D("1.5"), D("1.51")), (D("1.45"), D("1.46")), (D("1.6"), D("1.61")), (D("1.55"), D("1.56"))]


@given(st.lists(st.integers(1, 1000), min_size=4, max_size=4))
def test_a_path_visits_every_point_of_its_bar_the_nearer_extreme_first(points) -> None:
    low, *middle, high = sorted(points)
    bar = (D(middle[0]), D(high), D(low), D(middle[1]))
    order = path_of_bar(bar)
    assert sorted(order) == [0, 1, 2, 3]
    assert abs(bar[order[1]] - bar[0]) <= abs(bar[order[2]] - bar[0])


def test_a_bar_shorter_than_the_others_does_not_send_time_back(tmp_path: Path) -> None:
    rows = "".join(f"{1610064000 + i * 60},5,5,5,5\n" for i in range(1200)) + f"{1610064000 + 1199 * 60 + 10},5,5,5,5\n"
    times = [q.ts_ns for q in quotes_of(tmp_path, "time,open,high,low,close\n" + rows)]
    assert times == sorted(times)


# ---------------------------------------------------------------- bad rows


GOOD = "timestamp,bid,ask\n1610064001076,100,101\n1610064001077,100,102\n"


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("1610064001078,abc,101", "2 (bid)", "expected a positive number, found 'abc'"),
        ("1610064001078,NaN,101", "2 (bid)", "found 'NaN'"),
        ("1610064001078,100,Infinity", "3 (ask)", "found 'Infinity'"),
        ("1610064001078,-1,101", "2 (bid)", "found '-1'"),
        ("1610064001078,0,101", "2 (bid)", "found '0'"),
        ("1610064001078,1e400,101", "2 (bid)", "found '1e400'"),
        ("1610064001078,,101", "2 (bid)", "found ''"),
        ("1610064001078,100", "3 (ask)", "the row ends before it"),
        ("soon,100,101", "1 (timestamp)", "expected a time like the rows before, found 'soon'"),
        ("1610064001076,100,101", "1 (timestamp)", "goes back in time by 0.001 s"),
        ("timestamp,bid,ask", "1 (timestamp)", "expected a time"),
    ],
)
def test_a_bad_row_is_an_error_that_names_line_and_column(tmp_path: Path, row: str, column: str, message: str) -> None:
    with pytest.raises(TapeError) as caught:
        quotes_of(tmp_path, f"{GOOD}{row}\n1610064001079,100,101\n")
    assert (caught.value.line, caught.value.column) == (4, column)
    assert message in str(caught.value)


def test_bad_rows_may_be_skipped_and_are_counted(tmp_path: Path) -> None:
    tape = tape_of(tmp_path, f"{GOOD}x,y,z\n1610064001079,nan,101\n1610064001079,100,103\n", bad_rows="skip")
    assert len(list(tape)) == 3
    assert tape.skipped == 2
    assert "line 4" in tape.counts.first_skipped


def test_the_first_row_may_be_bad_too(tmp_path: Path) -> None:
    text = GOOD.replace("1610064001076", "garbage")
    with pytest.raises(TapeError, match="line 2, column 1"):
        quotes_of(tmp_path, text)
    assert len(quotes_of(tmp_path, text, bad_rows="skip")) == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2021-12-31 23:03:00,5,4,3,5,0", "high and low do not enclose"),
        ("2021-12-31 23:03:00,5,6,7,5,0", "high and low do not enclose"),
        ("2021-12-31 23:03:00,5,6,x,5,0", "column 4 (low): expected a positive number"),
        ("2021-12-31 22:00:00,5,6,4,5,0", "goes back in time"),
    ],
)
def test_a_bad_bar_is_an_error(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(TapeError) as caught:
        quotes_of(tmp_path, f"{BARS}{row}\n")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("553287562,39432.48,0.1,10.3,1610064000999,maybe,True", "expected True or False, found 'maybe'"),
        ("553287562,-5,0.1,10.3,1610064000999,True,True", "column 2 (price): expected a positive number"),
        ("553287562,39432.48,0.1,10.3,1610063999999,True,True", "goes back in time"),
    ],
)
def test_a_bad_trade_is_an_error(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(TapeError) as caught:
        quotes_of(tmp_path, f"{BINANCE_TRADES}{row}\n")
    assert message in str(caught.value)


def test_bad_rows_takes_two_words(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match='must be "error" or "skip", not \'ignore\''):
        tape_of(tmp_path, GOOD, bad_rows="ignore")


def test_a_tape_of_bad_rows_alone_gave_no_quote(tmp_path: Path) -> None:
    tape = tape_of(tmp_path, "timestamp,bid,ask\n1610064001076,100,101\n", bad_rows="skip")
    tape.path.write_text("timestamp,bid,ask\n1610064001076,x,101\n")
    with pytest.raises(TapeError, match="gave no quote"):
        list(tape)


@given(st.text(alphabet="0123456789.,-eNa \n", max_size=200))
def test_no_text_does_worse_than_a_tape_error(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            quotes = quotes_of(Path(folder), GOOD + text, bad_rows="skip")
        except TapeError:
            return
    assert all(q.bid > 0 and q.ask > 0 for q in quotes)
    assert [q.ts_ns for q in quotes] == sorted(q.ts_ns for q in quotes)
