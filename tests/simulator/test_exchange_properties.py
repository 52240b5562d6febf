"""Whatever is asked of the exchange in whatever order, money, coins, limits and priority hold."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any

from exchange_kit import D, make_exchange
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrader.model import Fill, Liquidity, Order, OrderType, Side, TimeInForce
from autotrader.simulator.books import FeeAsset
from autotrader.simulator.events import Accepted, BookOrder, Event, Filled, Replaced
from autotrader.simulator.exchange import Exchange

TICK, LOT = D("0.01"), D("0.001")
KINDS = [*OrderType, OrderType.LIMIT, OrderType.LIMIT]
TIFS = ["GTC"] * 5 + ["IOC", "FOK", "DAY"]


class Plan:
    """A reproducible stream of requests and market moves round a price of 100."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)

    def price(self) -> D:
        return self.rng.randint(9_990, 10_010) * TICK

    def quantity(self) -> D:
        return self.rng.randint(50, 3_000) * LOT

    def step(self, open_ids: list[str]) -> tuple[str, Any]:
        rng, name = self.rng, self.rng.choice(["submit"] * 8 + ["quote"] * 3 + ["trade"] * 2 + ["cancel", "amend"])
        if name == "submit":
            return name, {
                "kind": rng.choice(KINDS), "tif": rng.choice(TIFS), "side": rng.choice(list(Side)),
                "quantity": self.quantity(), "price": self.price(), "stop": self.price(), "post_only": rng.random() < 0.1,
                "account": rng.choice(["me", "me", "them"]), "reduce_only": rng.random() < 0.1,
                "cap": self.price() if rng.random() < 0.2 else None,
            }  # fmt: skip
        if name == "quote":
            return name, (self.price(), rng.randint(1, 6), self.quantity(), self.quantity())
        if name == "trade":
            return name, (self.price(), self.quantity(), rng.choice([None, *Side]))
        target = rng.choice(open_ids) if open_ids else "0"
        if name == "cancel":
            return name, target
        return name, (target, rng.choice([None, self.quantity()]), rng.choice([None, self.price()]))


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

    def cancel(self, key: str, now_ns: int) -> list[Event]:
        return self.exchange.cancel(key, now_ns)

    def amend(self, terms: tuple[str, D | None, D | None], now_ns: int) -> list[Event]:
        key, quantity, price = terms
        return self.exchange.amend(key, now_ns, quantity=quantity, price=price)

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
        assert not fill.quantity % LOT, "no whole number of lots"
        assert not fill.price % TICK, "no whole number of ticks"
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
        """No order that rested before and still rests was passed over by one that should have come after it.

        A reduce-only order may be: it stops at what there is to reduce.
        """
        left = [(live, price, seq) for live, price, seq, resting in before if resting and live.resting and live.sequence == seq]
        for event in events:
            if not isinstance(event, Filled) or event.fill.liquidity is not Liquidity.MAKER:
                continue
            live = event.live
            for other, price, sequence in left:
                if other is live or other.is_buy is not live.is_buy or price is None or other.order.reduce_only:
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


seeds = st.integers(0, 2**32)


def poor_exchange(**options: Any) -> Exchange:
    """Return an exchange where money and coins run out now and then."""
    exchange = make_exchange(depth=4, **options)
    exchange.open_account("me", {"USDT": D(900), "BTC": D(9)})
    return exchange


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from(list(FeeAsset)), st.sampled_from(["0", "30"]))
def test_money_limits_and_priority_hold_whatever_happens(seed: int, fee_asset: FeeAsset, slippage: str) -> None:
    plan, watch = Plan(seed), Watch(poor_exchange(fee_asset=fee_asset, slippage_bps=D(slippage)))
    watch.quote((D("99.99"), 2, D(1), D(1)), 0)
    for now_ns in range(100):
        watch.act(plan.step(list(watch.exchange.open)), now_ns)


def test_the_plans_reach_every_kind_of_event() -> None:
    seen: set[str] = set()
    for seed in range(60):
        plan, watch = Plan(seed), Watch(poor_exchange())
        for now_ns in range(100):
            name, terms = plan.step(list(watch.exchange.open))
            for event in getattr(watch, name)(terms, now_ns):
                seen.add(" ".join(str(getattr(event, field, "")) for field in ("code",)) or type(event).__name__)
                seen.add(str(event.fill.liquidity) if isinstance(event, Filled) else getattr(event, "reason", ""))
    assert seen >= {
        "Accepted", "Filled", "MAKER", "TAKER", "Canceled", "SELF_TRADE", "REDUCE_ONLY", "Expired", "NO_LIQUIDITY", "Triggered",
        "Trailed", "Replaced", "INSUFFICIENT_FUNDS", "POST_ONLY", "FOK: not all of it can be had", "UNKNOWN_ORDER",
    }  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_same_requests_give_the_same_events(seed: int) -> None:
    def run() -> list[str]:
        plan, watch = Plan(seed), Watch(poor_exchange(slippage_bps=D(20)))
        watch.quote((D("99.99"), 2, D(1), D(1)), 0)
        events = []
        for now_ns in range(60):
            name, terms = plan.step(list(watch.exchange.open))
            events += [repr(event) for event in getattr(watch, name)(terms, now_ns)]
        return events

    assert run() == run()
