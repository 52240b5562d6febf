"""Whatever comes in whatever order: the sums kept by difference equal those worked out from scratch."""

from hypothesis import given, settings
from hypothesis import strategies as st
from risk_kit import BTC, ETH, NOW, PERP, D, order, position, update

from autotrader.model import DONE_STATES, OrderState, OrderType, Quote, Side
from autotrader.risk import Exposure

SYMBOLS = {"BTCUSDT": BTC, "ETHUSDT": ETH, "BTCPERP": PERP}
quantities = st.integers(1, 500).map(lambda n: D(n) / 100)
prices = st.integers(50, 5000).map(lambda n: D(n) / 10)
symbols = st.sampled_from(list(SYMBOLS))
states = st.sampled_from([state for state in OrderState if state is not OrderState.DRAFT])
events = st.one_of(
    st.tuples(st.just("order"), st.integers(0, 5), states, st.integers(0, 100)),
    st.tuples(st.just("position"), symbols, st.integers(-300, 300)),
    st.tuples(st.just("quote"), symbols, prices),
    st.tuples(st.just("balance"), st.sampled_from(["USDT", "BTC", "ETH", "USDC"]), st.integers(-10, 10_000)),
    st.tuples(st.just("look"),),
)
orders = st.tuples(symbols, st.sampled_from(list(Side)), quantities, st.one_of(st.none(), prices))


class Model:
    """Keeps what was told, and adds it all up when asked."""

    def __init__(self):
        self.orders, self.positions, self.mids, self.balances, self.hints = {}, {}, {}, {}, {}

    def sums(self):
        gross = up = down = margin = worth = D(0)
        for symbol in SYMBOLS:
            long = short = position = self.positions.get(symbol, D(0))
            for told in self.orders.values():
                if told.symbol == symbol and told.state not in DONE_STATES:
                    long += told.remaining if told.side is Side.BUY else 0
                    short -= told.remaining if told.side is Side.SELL else 0
            mid = self.mids.get(symbol, D(100) if symbol in self.positions else self.hints.get(symbol, D(0)))
            up, down, part = up + long * mid, down + short * mid, max(abs(long * mid), abs(short * mid))
            gross += part
            if symbol == "BTCPERP":
                margin, worth = margin + part, position * (mid - 100) if symbol in self.positions else D(0)
        return gross, up, down, margin, worth

    def cash(self):
        mids = {"USDT": D(1), "USDC": D(1), "BTC": self.mids.get("BTCUSDT", D(0)), "ETH": self.mids.get("ETHUSDT", D(0))}
        return sum((amount * mids[asset] for asset, amount in self.balances.items()), D(0))

    def reserved(self, asset):
        total = D(0)
        for told in self.orders.values():
            listed = SYMBOLS[told.symbol]
            if told.state in DONE_STATES or not listed.base:
                continue
            if told.side is Side.BUY and listed.quote == asset:
                total += told.remaining * told.price
            if told.side is Side.SELL and listed.base == asset:
                total += told.remaining
        return total


def tell(exposure, model, event, shapes):
    kind = event[0]
    if kind == "order":
        _, number, state, filled = event
        symbol, side, quantity, price = shapes[number]
        of = order(side, str(quantity), str(price or 100), symbol=symbol, client_order_id=f"c{number}", type=OrderType.LIMIT)
        told = update(of, state, str(quantity * filled / 100))
        is_new = number not in model.orders or model.orders[number].is_done
        if symbol not in model.mids and state not in DONE_STATES and is_new:
            model.hints[symbol] = told.price
        model.orders[number] = told
        exposure.on_order(told)
    elif kind == "position":
        model.positions[event[1]] = D(event[2]) / 100
        exposure.on_position(position(str(D(event[2]) / 100), event[1]))
    elif kind == "quote":
        model.mids[event[1]] = event[2]
        exposure.on_quote(Quote("binance", event[1], event[2] - 1, event[2] + 1, D(1), D(1), NOW))
    elif kind == "balance":
        model.balances[event[1]] = D(event[2])
        exposure.on_balances("binance", "A", {event[1]: D(event[2])})
    else:
        exposure.refresh()


@settings(max_examples=300, deadline=None)
@given(shapes=st.lists(orders, min_size=6, max_size=6), told=st.lists(events, max_size=40))
def test_sums_by_difference_equal_sums_from_scratch(shapes, told):
    exposure, model = Exposure(), Model()
    exposure.on_instruments("binance", SYMBOLS.values())
    for event in told:
        tell(exposure, model, event, shapes)
    exposure.refresh()
    gross, up, down, margin, worth = model.sums()
    assert (exposure.gross, exposure.up, exposure.down) == (gross, up, down)
    venue = exposure.book("binance", "BTCUSDT").venue
    assert (venue.margin, venue.worth) == (margin, worth)
    assert exposure.count == venue.count == sum(told.state not in DONE_STATES for told in model.orders.values())
    assert exposure.equity("binance") == (model.cash() + worth if model.balances else None)
    for asset in ("USDT", "BTC", "ETH"):
        assert venue.reserved.get(asset, 0) == model.reserved(asset)
