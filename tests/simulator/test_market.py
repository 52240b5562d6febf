from pathlib import Path
from typing import Any

import pytest
from sim_kit import D, make_venue, order

from autotrader.errors import ConfigError
from autotrader.model import Quote
from autotrader.simulator.market import MovingMarket


def market(**options: Any) -> tuple[MovingMarket, Any, Any, list[Quote]]:
    venue, clock, _ = make_venue()
    seen: list[Quote] = []
    venue.on_quote.append(seen.append)
    return MovingMarket(venue, **options), venue, clock, seen


def run_for(venue: Any, clock: Any, seconds: float) -> None:
    for _ in range(round(seconds * 20)):
        clock.pass_s(0.05)
        venue.tick()


def prices(quotes: list[Quote], symbol: str = "BTCUSDT") -> list[tuple[Any, Any]]:
    return [(quote.bid, quote.ask) for quote in quotes if quote.symbol == symbol]


def test_every_symbol_has_a_quote_from_the_beginning() -> None:
    _, venue, _, seen = market()
    assert {quote.symbol for quote in seen} == set(venue.instruments)


def test_the_market_moves_at_the_venues_ticks() -> None:
    _, venue, clock, seen = market()
    run_for(venue, clock, 10)
    assert len(set(prices(seen))) > 50


def test_one_seed_is_one_market() -> None:
    def run(seed: int) -> list[Any]:
        _, venue, clock, seen = market(seed=seed)
        trades: list[Any] = []
        venue.on_trade.append(trades.append)
        run_for(venue, clock, 3)
        return [seen, trades]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_quotes_are_in_whole_ticks_and_lots() -> None:
    _, venue, clock, seen = market()
    run_for(venue, clock, 5)
    for quote in seen:
        one = venue.instruments[quote.symbol]
        assert not any(price % one.tick for price in (quote.bid, quote.ask))
        assert not any(size % one.lot or size <= 0 for size in (quote.bid_size, quote.ask_size))


def test_strangers_trade_at_the_quote() -> None:
    _, venue, clock, _ = market()
    trades: list[tuple[Any, Any]] = []
    venue.on_trade.append(lambda trade: trades.append((trade.price, venue.quotes[trade.symbol])))
    run_for(venue, clock, 5)
    assert len(trades) > 20
    assert all(price in (quote.bid, quote.ask) for price, quote in trades)


def test_a_symbol_set_by_hand_stands_while_others_move() -> None:
    moving, venue, clock, seen = market()
    moving.set_quote(Quote("sim", "BTCUSDT", D(100), D(101), D(1), D(1), venue.now_ns()))
    before = len(prices(seen, "ETHUSDT"))
    run_for(venue, clock, 3)
    assert prices(seen)[-1] == (D(100), D(101))
    assert len(prices(seen)) == 2
    assert len(prices(seen, "ETHUSDT")) > before


def test_a_step_moves_what_stands_on_from_where_it_was_set() -> None:
    moving, venue, clock, seen = market()
    moving.set_quote(Quote("sim", "BTCUSDT", D(100), D(101), D(1), D(1), venue.now_ns()))
    assert moving.step(5) == ["BTCUSDT"]
    moved = prices(seen)[2:]
    assert len(moved) > 10
    assert all(D(40) < bid < ask < D(160) for bid, ask in moved)
    run_for(venue, clock, 2)
    assert prices(seen)[2:] == moved


def test_a_manual_market_stands_from_the_beginning() -> None:
    moving, venue, clock, seen = market(manual=True)
    run_for(venue, clock, 3)
    assert len(seen) == 2
    assert moving.step(1) == ["BTCUSDT", "ETHUSDT"]
    assert len(seen) > 2


def test_our_orders_trade_with_the_moving_market() -> None:
    _, venue, clock, _ = market()
    venue.submit(order("BUY", "0.01", f"{venue.quotes['BTCUSDT'].bid:f}"))
    run_for(venue, clock, 60)
    assert len(venue.trades("BTCUSDT")) >= 1


def write_tape(folder: Path, name: str = "btcusdt-quotes.csv") -> str:
    rows = [f"{1_700_000_000 + second},{200 + second}.00,{201 + second}.00,3,4" for second in (0, 1, 2, 500)]
    path = folder / name
    path.write_text("\n".join(["timestamp,bid,ask,bid_size,ask_size", *rows]) + "\n", encoding="utf-8")
    return str(path)


def test_a_tape_is_replayed_at_its_pace_from_the_start_on(tmp_path: Path) -> None:
    _, venue, clock, seen = market(tape=write_tape(tmp_path))
    assert prices(seen) == [(D(200), D(201))]
    run_for(venue, clock, 1)
    assert prices(seen)[1:] == [(D(201), D(202))]
    assert len(prices(seen, "ETHUSDT")) > 2  # the others move by themselves


def test_a_tape_goes_round_and_its_idle_stretches_are_cut_short(tmp_path: Path) -> None:
    _, venue, clock, seen = market(tape=write_tape(tmp_path))
    run_for(venue, clock, 13.5)
    assert [int(bid) for bid, _ in prices(seen)] == [200, 201, 202, 700, 200]


def test_a_tape_of_a_symbol_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="XRPUSDT is not listed here"):
        market(tape=write_tape(tmp_path, "xrpusdt-quotes.csv"))
