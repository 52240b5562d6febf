"""The examples trade: on the synthetic market and on the recordings, on a toy venue."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import pytest
from market_kit import RECORDINGS
from strategy_kit import BTC, EURUSD, D, context, quote, snapshot, update, update_of

from autotrader.market import SyntheticMarket, SyntheticSettings, Tape, TapeSettings
from autotrader.messages import CancelOrder, ModifyOrder, SubmitOrder
from autotrader.model import (
    ClientOrderIds,
    ExecutionDecision,
    Instrument,
    Order,
    OrderState,
    OrderType,
    Position,
    Quote,
    Side,
)
from autotrader.strategy.decisions import Desk, command_of
from autotrader.strategy.examples import MeanReversion, MovingAverageCross, TwoSidedQuoting
from autotrader.strategy.pipeline import FirstSymbol, Pipeline
from autotrader.strategy.sizing import FixedQuantity
from autotrader.strategy.symbols import Symbols
from autotrader.strategy.view import View

S = OrderState
CYCLE_NS = 100_000_000


class Toy:
    """A strategy on a venue that fills market orders at once, and resting ones when the other side comes to them."""

    def __init__(self, strategy: Any, instruments: tuple[Instrument, ...]) -> None:
        self.strategy, self.view, self.now_ns, self.last_ns = strategy, View(Symbols(), {"paper": True}), 0, -CYCLE_NS
        for one in instruments:
            self.view.take_instrument(one)
        ids = {"paper": ClientOrderIds("paper", "A", "toy", 1)}
        self.desk = Desk("s", self.view.symbols, ids, {"paper": "A"}, self.view.held)
        self.resting: dict[str, Order] = {}
        self.fills: list[tuple[Order, Decimal]] = []
        self.modified = self.canceled = 0
        self.instruments = {one.symbol: one for one in instruments}
        strategy.on_start(context(*instruments))

    def play(self, quotes: Iterator[Quote], most: int = 10**9) -> Toy:
        for one in quotes:
            self.now_ns = one.ts_ns
            self.view.take_quote(one)
            for order in [o for o in self.resting.values() if o.symbol == one.symbol and self._meets(o, one)]:
                self._fill(order, order.price or D(0))
            if one.ts_ns - self.last_ns >= CYCLE_NS:
                self.last_ns = one.ts_ns
                for decision in self.strategy.decide(self.view.snapshot(one.ts_ns)):
                    self._do(decision)
            if len(self.fills) >= most:
                break
        return self

    @staticmethod
    def _meets(order: Order, one: Quote) -> bool:
        price = order.price or D(0)
        return one.ask <= price if order.side is Side.BUY else one.bid >= price

    def _do(self, decision: ExecutionDecision) -> None:
        command = command_of(decision, self.desk, self.now_ns, 0)
        if type(command) is SubmitOrder:
            self._submit(command.order)
        elif type(command) is ModifyOrder:
            self.modified += 1
            order = self.resting[command.client_order_id]
            values = {name: getattr(order, name) for name in Order.__struct_fields__}
            self.resting[order.client_order_id] = moved = Order(**{**values, "price": command.price})
            self.view.take_update(update_of(moved, S.OPEN, self.now_ns))
        else:
            assert type(command) is CancelOrder
            self.canceled += 1
            self.view.take_update(update_of(self.resting.pop(command.client_order_id), S.CANCELED, self.now_ns))

    def _submit(self, order: Order) -> None:
        one, now = self.instruments[order.symbol], self.view.snapshot(0).quotes[order.symbol]
        assert order.quantity > 0
        assert order.quantity % one.lot == 0
        assert order.quantity * now.mid < 250_000
        if order.type is OrderType.MARKET:
            return self._fill(order, now.ask if order.side is Side.BUY else now.bid)
        assert order.price is not None
        assert order.price % one.tick == 0
        self.resting[order.client_order_id] = order
        return self.view.take_update(update_of(order, S.OPEN, self.now_ns))

    def _fill(self, order: Order, price: Decimal) -> None:
        self.resting.pop(order.client_order_id, None)
        self.fills.append((order, price))
        signed = order.quantity if order.side is Side.BUY else -order.quantity
        held = self.view.held.get(("paper", order.symbol), D(0)) + signed
        one = self.instruments[order.symbol]
        assert held >= 0 or one.allows_short
        self.view.take_position(Position("paper", "A", order.symbol, held, price, D(0), None, one.quote))
        self.view.take_update(update_of(order, S.FILLED, self.now_ns))


def seconds_of(market: SyntheticMarket, seconds: float, start_ns: int = 1_700_000_000 * 10**9) -> Iterator[Quote]:
    return takewhile(lambda one: one.ts_ns < start_ns + seconds * 1e9, market.quotes(start_ns))


@pytest.mark.parametrize("seed", range(1, 9))
@pytest.mark.parametrize("settings", [{}, {"symbols": ("BTCUSDT",), "rate": 10.0, "volatility": 0.8}])
def test_the_default_strategy_fills_twenty_orders_within_some_ten_seconds(seed: int, settings: dict[str, Any]) -> None:
    market = SyntheticMarket(SyntheticSettings(seed=seed, **settings))
    assert len(Toy(MovingAverageCross(), market.instruments).play(seconds_of(market, 14.0)).fills) >= 20


@pytest.mark.parametrize("make", [MeanReversion, TwoSidedQuoting])
def test_the_others_trade_on_the_synthetic_market_too(make: Any) -> None:
    market = SyntheticMarket(SyntheticSettings(seed=3))
    assert len(Toy(make(), market.instruments).play(seconds_of(market, 60.0)).fills) >= 10


@pytest.mark.parametrize("make", [MovingAverageCross, MeanReversion, TwoSidedQuoting])
@pytest.mark.parametrize("symbol", ["EURUSD", "USDJPY", "SOLUSDT", "AAPL"])
def test_they_trade_every_kind_of_instrument(make: Any, symbol: str) -> None:
    market = SyntheticMarket(SyntheticSettings(seed=3, symbols=(symbol,)))
    assert Toy(make(), market.instruments).play(seconds_of(market, 120.0), most=4).fills


NAMES = ["btcusdt-trades-2021-01-08", "btcusdt-quotes-2021-01-08", "btc-perp-1m-2022-01", "gbpusd-1m-2012-02",
         "usdjpy-ticks-2013-01", "eurusd-ticks-2020-01-01"]


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS}")
@pytest.mark.parametrize("make", [MovingAverageCross, MeanReversion, TwoSidedQuoting])
@pytest.mark.parametrize("name", NAMES)
def test_they_trade_on_every_recording(make: Any, name: str) -> None:
    tape = Tape(TapeSettings(path=str(RECORDINGS / f"{name}.csv")))
    assert len(Toy(make(), (tape.instrument,)).play(islice(tape, 20_000), most=20).fills) >= 3


def test_two_sided_quoting_replaces_and_cancels() -> None:
    market = SyntheticMarket(SyntheticSettings(seed=3))
    toy = Toy(TwoSidedQuoting(most=1), market.instruments).play(seconds_of(market, 120.0))
    assert toy.modified > 20
    assert len(toy.resting) <= 2


# ---------------------------------------------------------------- by hand


def test_two_sided_quotes_both_sides_at_the_touch_where_shorting_is_allowed() -> None:
    strategy = TwoSidedQuoting(notional=1_000)
    strategy.on_start(context(EURUSD))
    buy, sell = strategy.decide(snapshot(quote("1.10", "1.12", "EURUSD")))
    assert (buy.action, buy.limit_price, buy.size, buy.post_only) == ("BUY", D("1.10"), 900, True)
    assert (sell.action, sell.limit_price, sell.size, sell.order_type) == ("SELL", D("1.12"), 900, "LIMIT")


def test_two_sided_quotes_are_plain_limits_where_there_is_no_post_only() -> None:
    strategy = TwoSidedQuoting(notional=1_000, post_only=False)
    strategy.on_start(context(EURUSD))
    quotes = strategy.decide(snapshot(quote("1.10", "1.12", "EURUSD")))
    assert [(one.order_type, one.post_only) for one in quotes] == [("LIMIT", False)] * 2


def test_two_sided_offers_only_what_is_held_where_it_cannot_be_short() -> None:
    strategy = TwoSidedQuoting(notional=100)
    strategy.on_start(context())
    assert [one.action for one in strategy.decide(snapshot())] == ["BUY"]
    both = strategy.decide(snapshot(positions={"BTCUSDT": D("0.2")}))
    assert [(one.action, one.size) for one in both] == [("BUY", D("0.995")), ("SELL", D("0.200"))]


def test_two_sided_cancels_the_side_that_it_holds_too_much_of() -> None:
    strategy = TwoSidedQuoting(notional=100, most=2)
    strategy.on_start(context())
    open_orders = (update("a", side=Side.BUY, type=OrderType.LIMIT, price=D(100)),)
    decisions = strategy.decide(snapshot(positions={"BTCUSDT": D(2)}, open_orders=open_orders))
    assert [(one.action, one.order_id) for one in decisions if one.action == "CANCEL"] == [("CANCEL", "a")]


def test_two_sided_follows_the_market_after_a_rest_and_not_for_a_trifle() -> None:
    strategy = TwoSidedQuoting(notional=100, rest_ms=250, tolerance=10)
    strategy.on_start(context())

    def at(price: str, rested_ms: int, state: OrderState = S.OPEN) -> list[str]:
        now = 10**12
        order = update("a", state, now - rested_ms * 10**6, side=Side.BUY, type=OrderType.LIMIT, price=D(price))
        return [str(one.action) for one in strategy.decide(snapshot(quote(100, 101), now_ns=now, open_orders=(order,)))]

    assert at("99", 300) == ["MODIFY"]
    assert at("99", 200) == []
    assert at("99.95", 300) == []
    assert at("99", 300, S.PENDING_REPLACE) == []


@pytest.mark.parametrize("make", [TwoSidedQuoting, lambda: Pipeline(Always(), FixedQuantity(1))])
def test_nothing_is_done_about_an_instrument_that_is_not_listed(make: Any) -> None:
    strategy = make()
    assert strategy.decide(snapshot()) == []
    strategy.on_start(context(EURUSD))
    assert strategy.decide(snapshot()) == []


class Always:
    def __init__(self, score: object = 1) -> None:
        self.value = D(str(score))

    def score(self, symbol: str, shown: Any) -> Decimal:
        return self.value


def decided(pipeline: Pipeline, *instruments: Instrument, **kw: Any) -> list[tuple[str, Decimal | None, bool]]:
    pipeline.on_start(context(*instruments))
    quotes = [quote(symbol=one.symbol) for one in instruments] or [quote()]
    return [(one.action.value, one.size, one.reduce_only) for one in pipeline.decide(snapshot(*quotes, **kw))]


def test_a_pipeline_goes_from_the_position_to_the_target() -> None:
    assert decided(Pipeline(Always(), FixedQuantity(2))) == [("BUY", D(2), False)]
    assert decided(Pipeline(Always(), FixedQuantity(2)), positions={"BTCUSDT": D("0.5")}) == [("BUY", D("1.5"), False)]
    assert decided(Pipeline(Always(), FixedQuantity(2)), positions={"BTCUSDT": D(3)}) == [("SELL", D(1), True)]
    assert decided(Pipeline(Always(), FixedQuantity(2)), positions={"BTCUSDT": D(2)}) == []


def test_a_pipeline_is_flat_where_it_cannot_be_short_and_turns_by_way_of_flat_where_it_can() -> None:
    held = {"BTCUSDT": D(2), "EURUSD": D(2)}
    assert decided(Pipeline(Always(-1), FixedQuantity(2)), BTC, positions=held) == [("SELL", D(2), True)]
    assert decided(Pipeline(Always(-1), FixedQuantity(3)), EURUSD, positions=held) == [("SELL", D(2), True)]
    assert decided(Pipeline(Always(-1), FixedQuantity(3)), EURUSD, positions={}) == [("SELL", D(3), False)]
    assert decided(Pipeline(Always(), FixedQuantity(3)), EURUSD, positions={"EURUSD": D(-2)}) == [("BUY", D(2), True)]


def test_a_pipeline_waits_for_its_open_order_and_leaves_dust() -> None:
    assert decided(Pipeline(Always(), FixedQuantity(2)), open_orders=(update(),)) == []
    assert decided(Pipeline(Always(), FixedQuantity("0.0004"))) == []
    assert decided(Pipeline(Always(), FixedQuantity("0.05"))) == []


def test_a_rule_may_veto() -> None:
    class Never:
        def adjust(self, target: Decimal, symbol: str, shown: Any) -> Decimal | None:
            return None

    assert decided(Pipeline(Always(), FixedQuantity(2), [Never(), Never()])) == []


def test_examples_take_their_options_as_text_numbers_or_decimals() -> None:
    MovingAverageCross(fast=3, slow=9, notional="250.5", symbol="X")
    MeanReversion(window=5, entry=D("1.5"), notional=10)
    TwoSidedQuoting(notional="10", most=1, tolerance="0.5", rest_ms=0)
    with pytest.raises(TypeError, match="notional must be"):
        MovingAverageCross(notional=0.5)  # type: ignore[arg-type]


def test_the_module_of_examples_is_where_the_documents_say() -> None:
    assert Path(MovingAverageCross.__module__.replace(".", "/")).parent == Path("autotrader/strategy/examples")


def test_two_sided_leaves_the_orders_of_other_symbols_alone() -> None:
    strategy = TwoSidedQuoting(notional=100, rest_ms=0)
    strategy.on_start(context())
    other = update("a", symbol="ETHUSDT", side=Side.BUY, type=OrderType.LIMIT, price=D(3000))
    decisions = strategy.decide(snapshot(quote(100, 101), open_orders=(other,)))
    assert [(str(one.action), one.symbol) for one in decisions] == [("BUY", "BTCUSDT")]


def test_the_first_listed_symbol_is_waited_for_and_not_for_ever() -> None:
    choice, early = FirstSymbol(), snapshot(quote(symbol="EURUSD"), now_ns=10**9)
    assert choice.choose(early, context(BTC, EURUSD)) is None
    assert choice.choose(snapshot(quote(symbol="EURUSD"), now_ns=2 * 10**9), context(BTC, EURUSD)) == "EURUSD"
    both = snapshot(quote(symbol="BTCUSDT"), quote(symbol="EURUSD"), now_ns=10**9)
    assert FirstSymbol().choose(both, context(BTC, EURUSD)) == "BTCUSDT"
    assert FirstSymbol().choose(early, None) == "EURUSD"
    assert FirstSymbol("X").choose(early, None) == "X"


def test_dust_of_the_other_sign_does_not_stop_the_pipeline() -> None:
    pipeline = Pipeline(Always(), FixedQuantity(1))
    pipeline.on_start(context())
    (order,) = pipeline.decide(snapshot(positions={"BTCUSDT": D("-0.0004")}))
    assert (str(order.action), order.size) == ("BUY", D("1.000"))
    assert [one.size for one in pipeline.decide(snapshot(positions={"BTCUSDT": D("-0.5")}))] == [D("0.500")]
