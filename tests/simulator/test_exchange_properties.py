"""Whatever is asked of the exchange in whatever order, money, coins, limits and priority hold."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from exchange_kit import D, make_exchange
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrader.model import Fill, Liquidity, Order, OrderType, Side, TimeInForce
from autotrader.simulator.books import FeeAsset
from autotrader.simulator.events import Accepted, BookOrder, Event, Filled, Replaced
from autotrader.simulator.exchange import Exchange

TICK, LOT = D("0.01"), D("0.001")
prices = st.integers(9_990, 10_010).map(lambda ticks: ticks * TICK)
quantities = st.integers(50, 3_000).map(lambda lots: lots * LOT)
sides = st.sampled_from(list(Side))
orders = st.fixed_dictionaries({
    "kind": st.sampled_from(list(OrderType)), "tif": st.sampled_from(["GTC", "GTC", "GTC", "IOC", "FOK", "DAY"]), "side": sides,
    "quantity": quantities, "price": prices, "stop": prices, "account": st.sampled_from(["me", "me", "them"]),
    "post_only": st.booleans(), "reduce_only": st.sampled_from([False, False, False, True]), "cap": st.none() | prices,
})  # fmt: skip
steps = st.one_of(
    st.tuples(st.just("submit"), orders),
    st.tuples(st.just("quote"), st.tuples(prices, st.integers(1, 6), quantities, quantities)),
    st.tuples(st.just("trade"), st.tuples(prices, quantities, st.none() | sides)),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("amend"), st.tuples(st.integers(0, 30), st.none() | quantities, st.none() | prices)),
)


class Watch:
    """Books of its own, from what was told alone."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.cash: dict[tuple[str, str], D] = defaultdict(D)
        for account in exchange.accounts.values():
            self.cash.update({(account.name, asset): amount for asset, amount in account.cash.items()})
        self.filled: dict[str, D] = defaultdict(D)
        self.terms: dict[str, tuple[D, D | None]] = {}
        self.number = 0

    def act(self, step: tuple[str, Any], now_ns: int) -> None:
        before = [(live, live.price, live.sequence, live.resting) for live in self.exchange.open.values()]
        events = getattr(self, step[0])(step[1], now_ns)
        for event in events:
            self._note(event)
        self._check_pairs([event.fill for event in events if isinstance(event, Filled)])
        self._check_priority(before, events, at_price=step[0] != "trade")
        self._check_state()

    def submit(self, wanted: dict[str, Any], now_ns: int) -> list[Event]:
        self.number += 1
        kind = wanted["kind"]
        has_limit, has_stop = kind in ("LIMIT", "STOP_LIMIT"), kind in ("STOP", "STOP_LIMIT")
        return self.exchange.submit(
            Order(
                f"c{self.number}", "paper", wanted["account"], "BTCUSDT", wanted["side"], kind, wanted["quantity"],
                TimeInForce(wanted["tif"]), wanted["price"] if has_limit else None, wanted["stop"] if has_stop else None,
                D("0.05") if kind == "TRAILING_STOP" else None, post_only=wanted["post_only"] and kind == "LIMIT",
                reduce_only=wanted["reduce_only"], cap_price=wanted["cap"],
            ), now_ns,
        )  # fmt: skip

    def quote(self, terms: tuple[D, int, D, D], now_ns: int) -> list[Event]:
        bid, spread, bid_size, ask_size = terms
        return self.exchange.on_quote("BTCUSDT", bid, bid + spread * TICK, bid_size, ask_size, now_ns)

    def trade(self, terms: tuple[D, D, Side | None], now_ns: int) -> list[Event]:
        return self.exchange.on_trade("BTCUSDT", terms[0], terms[1], terms[2], now_ns)

    def cancel(self, number: int, now_ns: int) -> list[Event]:
        return self.exchange.cancel(str(number), now_ns)

    def amend(self, terms: tuple[int, D | None, D | None], now_ns: int) -> list[Event]:
        number, quantity, price = terms
        return self.exchange.amend(str(number), now_ns, quantity=quantity, price=price)

    def _note(self, event: Event) -> None:
        if isinstance(event, Accepted):
            order = event.live.order
            self.terms[event.live.venue_order_id] = (order.quantity, order.cap_price if order.price is None else order.price)
        elif isinstance(event, Replaced):
            _, cap = self.terms[event.live.venue_order_id]
            self.terms[event.live.venue_order_id] = (event.quantity, cap if event.price is None else event.price)
        elif isinstance(event, Filled):
            self._book(event.fill)

    def _book(self, fill: Fill) -> None:
        signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
        self.cash[fill.account, "BTC"] += signed
        self.cash[fill.account, "USDT"] -= signed * fill.price
        self.cash[fill.account, fill.fee_asset] -= fill.fee
        self.filled[fill.venue_order_id or ""] += fill.quantity
        quantity, limit = self.terms[fill.venue_order_id or ""]
        assert self.filled[fill.venue_order_id or ""] <= quantity, "overfilled"
        assert limit is None or (fill.price <= limit if fill.side is Side.BUY else fill.price >= limit), "beyond its limit"

    def _check_pairs(self, fills: list[Fill]) -> None:
        by_trade: dict[str, list[Fill]] = defaultdict(list)
        for fill in fills:
            by_trade[fill.trade_id].append(fill)
        for pair in by_trade.values():
            assert len(pair) <= 2
            if len(pair) == 2:
                first, second = pair
                assert first.account != second.account
                assert first.side is not second.side
                assert (first.price, first.quantity) == (second.price, second.quantity)

    def _check_priority(
        self, before: list[tuple[BookOrder, D | None, int, bool]], events: list[Event], *, at_price: bool
    ) -> None:
        """No order that rested before and still rests was passed over by one that should have come after it."""
        left = [(live, price, seq) for live, price, seq, resting in before if resting and live.resting and live.sequence == seq]
        for event in events:
            if not isinstance(event, Filled) or event.fill.liquidity is not Liquidity.MAKER:
                continue
            live = event.live
            for other, price, sequence in left:
                if other is live or other.is_buy is not live.is_buy or price is None:
                    continue
                better = price > event.fill.price if live.is_buy else price < event.fill.price
                assert not better, "a worse price was filled first"
                assert not (at_price and price == event.fill.price and sequence < live.sequence), "a later one first"

    def _check_state(self) -> None:
        for account in self.exchange.accounts.values():
            for asset in ("USDT", "BTC"):
                assert account.cash.get(asset, D(0)) == self.cash[account.name, asset], "money or coins made or lost"
                held = sum((live.hold for live in account.open.values() if held_asset_of(live) == asset), D(0))
                assert account.held.get(asset, D(0)) == held
                if account.limited:
                    assert account.cash[asset] >= held >= 0, "spent or set aside more than there is"
        book = self.exchange.books["BTCUSDT"]
        bids, asks = [live.price for live in book.bids], [live.price for live in book.asks]
        if bids and asks:
            assert bids[0] < asks[0], "crossed by resting orders"
        if bids and book.shown_asks.left:
            assert bids[0] < book.shown_asks.price, "a resting order stands across the market"
        if asks and book.shown_bids.left:
            assert asks[0] > book.shown_bids.price, "a resting order stands across the market"
        assert all(live.remaining > 0 for live in self.exchange.open.values())


def held_asset_of(live: BookOrder) -> str:
    return "USDT" if live.is_buy else "BTC"


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=40), st.sampled_from(list(FeeAsset)), st.sampled_from(["0", "30"]))
def test_money_limits_and_priority_hold_whatever_happens(plan: list[Any], fee_asset: FeeAsset, slippage: str) -> None:
    watch = Watch(make_exchange(fee_asset, slippage_bps=D(slippage), depth=4))
    watch.quote((D("99.99"), 2, D(1), D(1)), 0)
    for now_ns, step in enumerate(plan, 1):
        watch.act(step, now_ns)


@settings(max_examples=30, deadline=None)
@given(st.lists(steps, max_size=40))
def test_the_same_requests_give_the_same_events(plan: list[Any]) -> None:
    def run() -> list[str]:
        watch = Watch(make_exchange(slippage_bps=D(20)))
        watch.quote((D("99.99"), 2, D(1), D(1)), 0)
        return [repr(event) for now_ns, step in enumerate(plan, 1) for event in getattr(watch, step[0])(step[1], now_ns)]

    assert run() == run()
