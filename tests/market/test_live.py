"""Which of a live feed's news is new, which symbol is quiet, and which is deaf."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from autotrader.market.live import LiveTops, TopSeen
from autotrader.model import Quote

S = 1_000_000_000


def quote(bid: int = 100, ts_ns: int = 0, symbol: str = "BTCUSDT") -> Quote:
    return Quote("paper", symbol, Decimal(bid), Decimal(bid + 1), Decimal(1), Decimal(1), ts_ns)


def seen(update: int, bid: int = 100, ts_ns: int = 0, symbol: str = "BTCUSDT") -> TopSeen:
    return TopSeen(quote(bid, ts_ns, symbol), update)


@given(st.lists(st.integers(1, 30), max_size=40))
def test_only_what_is_above_the_last_update_is_news(updates: list[int]) -> None:
    tops = LiveTops(["BTCUSDT"], 0)
    taken = [update for update in updates if tops.take(seen(update))]
    assert taken == sorted(set(taken))
    assert taken == [update for number, update in enumerate(updates) if update > max(updates[:number], default=0)]


def test_each_symbol_has_its_own_count_and_strangers_are_no_news() -> None:
    tops = LiveTops(["BTCUSDT", "ETHUSDT"], 0)
    assert tops.take(seen(9))
    assert tops.take(seen(3, symbol="ETHUSDT"))
    assert not tops.take(seen(99, symbol="XRPUSDT"))


def test_a_new_connection_counts_anew() -> None:
    tops = LiveTops(["BTCUSDT", "ETHUSDT"], 0)
    assert tops.take(seen(900))
    assert tops.take(seen(900, symbol="ETHUSDT"))
    tops.renew(["BTCUSDT"])
    assert tops.take(seen(1))
    assert not tops.take(seen(1, symbol="ETHUSDT"))


def test_silence_counts_from_the_last_news_or_answer_the_longest_first() -> None:
    tops = LiveTops(["A", "B", "C"], 0)
    tops.take(seen(1, ts_ns=2 * S, symbol="A"))
    tops.take(seen(1, ts_ns=1 * S, symbol="B"))
    tops.take(seen(1, ts_ns=5 * S, symbol="C"))
    assert tops.quiet(5 * S, 3 * S) == ["B", "A"]
    assert tops.take_answer(quote(ts_ns=5 * S, symbol="B"), asked_ns=5 * S)
    assert tops.quiet(5 * S, 3 * S) == ["A"]


def test_an_answer_is_old_once_the_stream_has_told_more() -> None:
    tops = LiveTops(["BTCUSDT"], 0)
    tops.take(seen(1, ts_ns=2 * S))
    assert not tops.take_answer(quote(ts_ns=1 * S), asked_ns=1 * S)
    assert not tops.take_answer(quote(ts_ns=9 * S, symbol="XRPUSDT"), asked_ns=9 * S)


def test_a_stream_that_misses_three_changes_in_a_row_is_deaf_until_it_tells_something() -> None:
    tops = LiveTops(["BTCUSDT"], 0)
    tops.take(seen(1, bid=100))
    for number in range(1, 4):
        assert tops.deaf() == set()
        tops.take_answer(quote(bid=100 + number, ts_ns=number * S), asked_ns=number * S)
    assert tops.deaf() == {"BTCUSDT"}
    tops.take(seen(2, bid=103, ts_ns=9 * S))
    assert tops.deaf() == set()


def test_a_market_that_stands_still_is_not_deaf() -> None:
    tops = LiveTops(["BTCUSDT"], 0)
    tops.take(seen(1))
    for number in range(1, 20):
        assert tops.take_answer(quote(ts_ns=number * S), asked_ns=number * S)
    assert tops.deaf() == set()
