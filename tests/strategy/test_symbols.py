"""Keys of symbols, and which venue a decision means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import Refused
from autotrader.strategy.symbol_map import NothingYet, SymbolMap
from autotrader.strategy.symbols import Symbols


def symbols(*pairs: str) -> Symbols:
    made = Symbols()
    for pair in pairs:
        made.add(*pair.split("/"))
    return made


def test_a_symbol_of_one_venue_is_its_own_key() -> None:
    known = symbols("paper/BTCUSDT", "okx/BTC-USDT")
    assert known.key("paper", "BTCUSDT") == "BTCUSDT"
    assert known.find("BTCUSDT") == known.find("paper:BTCUSDT") == "BTCUSDT"
    assert known.find("okx:BTCUSDT") is None


def test_a_symbol_that_is_listed_later_is_routed_from_then_on() -> None:
    known = symbols("paper/BTCUSDT")
    with pytest.raises(Refused):
        known.route("ETHUSDT")
    known.add("binance", "ETHUSDT")
    assert known.route("ETHUSDT") == ("binance", "ETHUSDT")
    assert known.count == 2


def test_a_symbol_of_two_venues_needs_its_venue() -> None:
    known = symbols("paper/BTCUSDT", "binance/BTCUSDT")
    assert known.key("paper", "BTCUSDT") == "paper:BTCUSDT"
    assert known.find("BTCUSDT") is None
    assert known.find("binance:BTCUSDT") == "binance:BTCUSDT"
    assert known.version == 1


def test_decisions_are_routed_by_symbol_by_prefix_or_by_venue() -> None:
    known = symbols("paper/BTCUSDT", "binance/BTCUSDT", "paper/ETHUSDT")
    assert known.route("ETHUSDT") == ("paper", "ETHUSDT")
    assert known.route("binance:BTCUSDT") == ("binance", "BTCUSDT")
    assert known.route("BTCUSDT", "paper") == ("paper", "BTCUSDT")
    assert known.route("paper:BTCUSDT", "paper") == ("paper", "BTCUSDT")


def test_routes_follow_a_second_venue_that_comes_later() -> None:
    known = symbols("paper/BTCUSDT")
    assert known.route("BTCUSDT") == ("paper", "BTCUSDT")
    known.add("binance", "BTCUSDT")
    with pytest.raises(Refused) as caught:
        known.route("BTCUSDT")
    assert caught.value.code == "AMBIGUOUS_VENUE"


@pytest.mark.parametrize(
    ("key", "venue", "code", "message"),
    [
        ("BTCUSDT", None, "AMBIGUOUS_VENUE", "name one: paper:BTCUSDT or binance:BTCUSDT"),
        ("paper:BTCUSDT", "binance", "AMBIGUOUS_VENUE", "names venue paper, the decision names binance"),
        ("btcusdt", None, "UNKNOWN_SYMBOL", "did you mean BTCUSDT"),
        ("BTC-USDT", "paper", "UNKNOWN_SYMBOL", "paper lists no BTC-USDT; did you mean BTCUSDT"),
        ("DOGE", None, "UNKNOWN_SYMBOL", "no venue lists DOGE"),
        ("ETHUSDT", "binance", "UNKNOWN_SYMBOL", "binance lists no ETHUSDT"),
        ("moon:ETHUSDT", None, "UNKNOWN_SYMBOL", "moon lists no ETHUSDT"),
    ],
)
def test_what_cannot_be_routed_is_refused_with_a_code(key: str, venue: str | None, code: str, message: str) -> None:
    known = symbols("paper/BTCUSDT", "binance/BTCUSDT", "paper/ETHUSDT")
    with pytest.raises(Refused) as caught:
        known.route(key, venue)
    assert caught.value.code == code
    assert message in str(caught.value)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("XYZ")), min_size=1, max_size=12))
def test_every_key_finds_itself_and_routes_home(pairs: list[tuple[str, str]]) -> None:
    known = Symbols()
    for venue, symbol in pairs:
        known.add(venue, symbol)
        known.key(venue, symbol)
    keys = {known.key(venue, symbol) for venue, symbol in pairs}
    assert len(keys) == len(set(pairs))
    for venue, symbol in pairs:
        key = known.key(venue, symbol)
        assert known.find(key) == known.find(f"{venue}:{symbol}") == key
        assert known.route(key) == (venue, symbol)


# ---------------------------------------------------------------- the map


def test_a_map_iterates_short_keys_and_looks_up_long_ones() -> None:
    mapped: SymbolMap[int] = SymbolMap(symbols("paper/BTCUSDT"))
    mapped["BTCUSDT"] = 1
    assert list(mapped) == ["BTCUSDT"]
    assert mapped["paper:BTCUSDT"] == mapped.get("paper:BTCUSDT") == 1
    assert "paper:BTCUSDT" in mapped
    assert "BTCUSDT" in mapped


def test_a_known_symbol_without_a_value_is_nothing_yet_an_unknown_one_an_error_with_a_hint() -> None:
    mapped: SymbolMap[int] = SymbolMap(symbols("paper/BTCUSDT"))
    with pytest.raises(NothingYet):
        mapped["BTCUSDT"]
    with pytest.raises(KeyError, match="did you mean BTCUSDT") as caught:
        mapped["btcusdt"]
    assert not isinstance(caught.value, NothingYet)
    assert mapped.get("btcusdt") is mapped.get("BTCUSDT") is None
    assert mapped.get("btcusdt", 5) == mapped.get("BTCUSDT", 5) == 5
    assert "BTCUSDT" not in mapped
    assert 7 not in mapped


def test_a_default_stands_in_for_known_symbols_only() -> None:
    mapped: SymbolMap[int] = SymbolMap(symbols("paper/BTCUSDT"), lambda: 0)
    assert mapped["BTCUSDT"] == 0
    with pytest.raises(KeyError):
        mapped["ETHUSDT"]
    assert mapped.duplicate()["BTCUSDT"] == 0
