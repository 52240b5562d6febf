"""Whatever is written in a known form is read back as it was, in every form and packing."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_kit import gzipped, quotes_of, zipped

from autotrader.model import plain

D = Decimal
START = datetime(2024, 3, 1, tzinfo=UTC)
START_NS = int(START.timestamp()) * 10**9

cents = st.integers(1, 10**7).map(lambda number: D(number).scaleb(-2))
sizes = st.integers(0, 10**9).map(lambda number: D(number).scaleb(-4))
steps_ms = st.integers(0, 10**6)
rows_of_quotes = st.lists(st.tuples(steps_ms, cents, cents, sizes, sizes), min_size=1, max_size=30)


def written(ms: int) -> str:
    return (START + timedelta(milliseconds=ms)).isoformat(sep=" ")


def epoch_ms(ms: int) -> str:
    return str(START_NS // 10**6 + ms)


def epoch_us(ms: int) -> str:
    return f"{START_NS // 10**6 + ms}000"


def compact(ms: int) -> str:
    moment = START + timedelta(milliseconds=ms)
    return f"{moment:%Y%m%d %H%M%S}{moment.microsecond // 1000:03d}"


TIMES = [written, epoch_ms, epoch_us, compact]


def read(text: str | bytes, **kw):
    with tempfile.TemporaryDirectory() as folder:
        return quotes_of(Path(folder), text, **kw)


@pytest.mark.parametrize("time_of", TIMES)
@settings(max_examples=25, deadline=None)
@given(rows_of_quotes)
def test_quotes_in_every_form_of_time(time_of, rows) -> None:
    ms, text, expected = 0, "timestamp,bid,bid_size,ask,ask_size\n", []
    for step, bid, ask, bid_size, ask_size in rows:
        ms += step
        text += f"{time_of(ms)},{plain(bid)},{plain(bid_size)},{plain(ask)},{plain(ask_size)}\n"
        expected.append((START_NS + ms * 10**6, bid, ask, bid_size, ask_size))
    assert [(q.ts_ns, q.bid, q.ask, q.bid_size, q.ask_size) for q in read(text)] == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@settings(max_examples=15, deadline=None)
@given(rows_of_quotes)
def test_quotes_with_every_delimiter_and_packing(delimiter: str, rows) -> None:
    ms, lines = 0, ["ask;bid;when".replace(";", delimiter)]
    for step, bid, ask, _, _ in rows:
        ms += step
        lines.append(delimiter.join((plain(ask), plain(bid), epoch_ms(ms))))
    text, columns = "\r\n".join(lines), {"timestamp": "when"}
    quotes = read(text, columns=columns)
    assert [(q.bid, q.ask) for q in quotes] == [(bid, ask) for _, bid, ask, _, _ in rows]
    assert read(gzipped(text), columns=columns) == quotes
    with tempfile.TemporaryDirectory() as folder:
        packed = zipped(Path(folder), "z", x__csv=text)
    assert read(packed, columns=columns) == quotes


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 1_000), st.booleans()), min_size=2, max_size=50))
def test_trades_follow_the_rule_word_by_word(trades) -> None:
    """bid = last price at which a seller was the aggressor, ask = last at which a buyer was, never crossed."""
    text, bid, ask, expected = "", None, None, []
    for number, (price, sold) in enumerate(trades):
        text += f"{number},{price},1,{price},{epoch_ms(number)},{sold},True\n"
        bid, ask = (price, ask) if sold else (bid, price)
        if bid is not None and ask is not None and bid >= ask:
            bid, ask = (bid, bid + 1) if sold else (ask - 1, ask)
        if bid and ask:
            expected.append((bid, ask))
    if expected:
        assert [(q.bid, q.ask) for q in read(text, tick=D(1))] == expected


bar = st.lists(cents, min_size=4, max_size=4).map(sorted).flatmap(
    lambda four: st.permutations([four[1], four[2]]).map(lambda ends: (ends[0], four[3], four[0], ends[1])))


@settings(max_examples=40, deadline=None)
@given(st.lists(bar, min_size=2, max_size=20))
def test_bars_keep_open_high_low_and_close(bars) -> None:
    text = "time,open,high,low,close\n" + "".join(
        f"{epoch_ms(number * 60_000)},{','.join(map(plain, one))}\n" for number, one in enumerate(bars))
    quotes = read(text, tick=D("0.01"), spread=D(0))
    assert len(quotes) == 4 * len(bars)
    for number, (first, high, low, last) in enumerate(bars):
        four = [q.bid for q in quotes[4 * number : 4 * number + 4]]
        assert (four[0], four[3], max(four), min(four)) == (first, last, high, low)
        assert [(q.ts_ns - START_NS) // 10**9 for q in quotes[4 * number : 4 * number + 4]] == [
            number * 60 + at for at in (0, 15, 30, 45)]


@settings(max_examples=25, deadline=None)
@given(st.lists(bar, min_size=2, max_size=10), cents)
def test_bid_and_ask_bars_are_read_point_by_point(bars, spread: Decimal) -> None:
    names = ",".join(f"{side}_{field}" for side in ("bid", "ask") for field in ("open", "high", "low", "close"))
    text = f"timestamp,{names}\n" + "".join(
        f"{written(number * 60_000)},{','.join(map(plain, one))},{','.join(plain(price + spread) for price in one)}\n"
        for number, one in enumerate(bars))
    quotes = read(text)
    assert len(quotes) == 4 * len(bars)
    assert all(q.ask - q.bid == spread for q in quotes)


@settings(max_examples=25, deadline=None)
@given(rows_of_quotes, st.sets(st.integers(0, 29), max_size=8))
def test_skipping_bad_rows_loses_nothing_else(rows, spoiled) -> None:
    ms, text, expected = 0, "timestamp,bid,ask\n", 0
    for number, (step, bid, ask, _, _) in enumerate(rows):
        ms += step
        bad = number in spoiled
        text += f"{epoch_ms(ms)},{'oops' if bad else plain(bid)},{plain(ask)}\n"
        expected += not bad
    if expected:
        assert len(read(text, bad_rows="skip")) == expected
