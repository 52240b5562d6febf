"""Layouts told from first rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotrader.market.errors import TapeError
from autotrader.market.sniff import sniff_layout

P = Path("x.csv")


@pytest.mark.parametrize(
    ("row", "form", "kind"),
    [
        ("553287559,39432.48,0.000263,10.37,1610064000278,True,True", "Binance trades", "trades"),
        ("553287559,39432.48,0.000263,10.37,1610064000278123,true", "Binance trades", "trades"),
        ("26129,0.01633102,4.70443515,27781,27781,1498793709153,True,True", "Binance aggTrades", "trades"),
        ("1499040000000,0.01634790,0.8,0.015758,0.015771,148976.1,1499644799999,2434.19,308,1756.87,28.46,0", "Binance klines",
         "bars"),
        ("1735689600000000,93576.0,93610.9,93537.5,93610.9,8.2,1735689659999999,768978.3,2631,4.0,381536.6,0", "Binance klines",
         "bars"),
        ("4011733102,39432.1,0.5,39432.2,0.7,1610064000278,1610064000281", "Binance bookTicker", "quotes"),
        ("20200101 170000065,1.121200,1.121720,0", "ticks", "quotes"),
        ("1610064000278,1.1,1.2", "ticks", "quotes"),
        ("EUR/USD,20130101 22:00:00.295,86.655,86.728", "ticks behind a symbol", "quotes"),
        ("20120201 000000;1.31;1.32;1.30;1.31;0", "bars", "bars"),
        ("2021-12-31,46319.0,46385.0,46319.0,46377.0,2300413.7295", "bars", "bars"),
    ],
)
def test_rows_without_a_header_are_known_by_their_shape(row: str, form: str, kind: str) -> None:
    layout = sniff_layout(P, row + "\n")
    assert (layout.form, layout.kind, layout.has_header) == (form, kind, False)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("timestamp_ms,bid,bid_size,ask,ask_size", "quotes"),
        ("Time, Bid Price, Ask Price", "quotes"),
        ("update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time", "quotes"),
        ("open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,x,ignore", "bars"),
        ("Date\tOpen\tHigh\tLow\tClose\tVolume", "bars"),
        ("timestamp|bid_open|bid_high|bid_low|bid_close|ask_open|ask_high|ask_low|ask_close", "bid_ask_bars"),
        ("id,price,qty,quote_qty,time,is_buyer_maker", "trades"),
        ("ts,price,size,side", "trades"),
    ],
)
def test_headers_are_read_by_their_names(header: str, kind: str) -> None:
    layout = sniff_layout(P, header + "\n1,2,3\n")
    assert (layout.kind, layout.has_header) == (kind, True)


def test_transaction_time_of_book_tickers_wins_over_event_time() -> None:
    header = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,event_time,transaction_time"
    assert sniff_layout(P, header).columns["timestamp"] == 6


def test_columns_may_be_named_by_the_user() -> None:
    head = "when,b,a\n1610064000278,1,2\n"
    layout = sniff_layout(P, head, {"timestamp": "when", "bid": "b", "ask": 3})
    assert (layout.kind, dict(layout.columns)) == ("quotes", {"timestamp": 0, "bid": 1, "ask": 2})


def test_columns_may_be_numbered_where_there_is_no_header() -> None:
    layout = sniff_layout(P, "9,x,1610064000278,1,2\n", {"timestamp": "3", "bid": 4, "ask": 5})
    assert dict(layout.columns) == {"timestamp": 2, "bid": 3, "ask": 4}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"timestamp": 1, "bids": 2}, "market.columns names bids; it may name ask"),
        ({"timestamp": 1, "bid": 9, "ask": 3}, "market.columns.bid is 9, which is no column of it: numbers from 1 to 3"),
        ({"timestamp": 1, "bid": "b", "ask": 3}, "market.columns.bid is 'b'"),
        ({"timestamp": 1, "bid": 0, "ask": 3}, "market.columns.bid is 0"),
        ({"timestamp": 1, "bid": 2}, "market.columns gives bid, timestamp; it must give"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(columns: dict[str, str | int], message: str) -> None:
    with pytest.raises(TapeError, match=message):
        sniff_layout(P, "1610064000278,1,2\n", columns)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("", "holds no rows"),
        ("\n \n", "holds no rows"),
        ("a\0b,c,d\n", "zero bytes"),
        ("x" * 5000, "no line ends"),
        ("1610064000278 1.1 1.2\n", "one row has 1 column"),
        ("foo,bar,baz\n", "the header foo, bar, baz says nothing known"),
        ("time,price,size\n", "the header time, price, size says nothing known"),
        ("1,2,3,4,5,6\n", "no known shape"),
        ("1610064000278,5,1,9,5,7\n", "no known shape"),
    ],
)
def test_what_cannot_be_told_is_an_error_that_names_the_file(head: str, message: str) -> None:
    with pytest.raises(TapeError, match=message) as caught:
        sniff_layout(P, head)
    assert str(caught.value).startswith("x.csv")
