"""Promise 32: of tens of thousands of broken or hostile intents, none outside the limits passes, in any profile.

The oracle below knows nothing of the controls: it works out from plain figures what the table of safety.md allows.
"""

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from random import Random

import pytest
from risk_kit import BTC, ETH, NOW, PERP, SECOND, market, order, position, quote, settings, update

from autotrader.model import OrderState, OrderType, Side, TimeInForce
from autotrader.risk import Exposure, Limits, Passed, ReceiptBook, RiskSettings

D = Decimal
INTENTS = 20_000
LISTED = {"BTCUSDT": BTC, "ETHUSDT": ETH, "BTCPERP": PERP}
TYPES, FORCES = list(OrderType), list(TimeInForce)
HOSTILE = [
    lambda rng, n: n * 1000, lambda rng, n: n / 10, lambda rng, n: n * 10, lambda rng, n: -n, lambda rng, n: D(0),
    lambda rng, n: D("NaN"), lambda rng, n: D("sNaN"), lambda rng, n: D("Infinity"), lambda rng, n: D("1E+30"),
    lambda rng, n: D("1E-30"), lambda rng, n: n + D("1E-25"), lambda rng, n: float(n), lambda rng, n: int(n),
    lambda rng, n: str(n), lambda rng, n: D(rng.randrange(10**18)), lambda rng, n: n.scaleb(rng.randint(-12, 12)),
]
# the figures of the table: notional share and amount, position share, gross, net, collar, per symbol
TABLE = {
    "rehearsal": (D("0.25"), D(10) ** 15, D(1), D(3), D(3), D("0.10"), 50),
    "retail": (D("0.10"), D(10000), D("0.25"), D(1), D(1), D("0.03"), 10),
}


def quantity(rng):
    size = D(rng.choice([1, 2, 5, 10, 25, 99, 100])) * D("0.01").scaleb(rng.randint(-1, 2))
    return rng.choice(HOSTILE)(rng, size) if rng.random() < 0.4 else size


def price(rng):
    at = D(rng.randint(9500, 10500)) / 100
    return rng.choice(HOSTILE)(rng, at) if rng.random() < 0.3 else at


def intent(rng, number, now_ns):
    """Most are nearly right: the hostile part is one field, seldom more."""
    kind = rng.choice(TYPES) if rng.random() < 0.3 else rng.choice(TYPES[:2])
    terms = {"price": None, "stop_price": None, "trail": None}
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) or rng.random() < 0.03:
        terms["price"] = price(rng)
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT) or rng.random() < 0.03:
        terms["stop_price"] = price(rng)
    if kind is OrderType.TRAILING_STOP or rng.random() < 0.03:
        terms["trail"] = rng.choice([D(1), D("0.1"), D(0), D(99), D(1000), D("NaN")])
    of = order(
        rng.choice(list(Side)), "1", client_order_id=f"c{number}", type=kind,
        symbol=rng.choice([*LISTED, "BTCUSDT", "BTCUSDT", "NONE"]),
        time_in_force=rng.choice(FORCES) if rng.random() < 0.2 else TimeInForce.GTC,
        expires_ns=rng.choice([now_ns + SECOND, now_ns - SECOND]) if rng.random() < 0.1 else None,
        post_only=rng.random() < 0.05, reduce_only=rng.random() < 0.1, strategy=f"s{rng.randint(0, 30)}",
        created_ns=now_ns - rng.choice([0, 0, 0, SECOND, 3 * SECOND, -3 * SECOND]),
        account=rng.choice(["A"] * 20 + ["B", ""]), venue=rng.choice(["binance"] * 20 + ["okx", ""]),
    )
    return type(of)(**{name: getattr(of, name) for name in of.__struct_fields__} | terms | {"quantity": quantity(rng)})


class Oracle:
    """All that is open and held, kept apart from the code under test, in exact fractions."""

    def __init__(self, profile: str):
        self.table = TABLE.get(profile)
        self.open, self.held, self.mids = [], dict.fromkeys(LISTED, Fraction(0)), dict.fromkeys(LISTED, Fraction(100))
        self.cash = {"USDT": Fraction(100_000), "BTC": Fraction(100), "ETH": Fraction(100)}

    def judge(self, of, quote_age_ns):
        """Fail when an order that passed should not have."""
        for value in (of.quantity, of.price, of.stop_price, of.trail):
            assert value is None or (type(value) is Decimal and value.is_finite() and value > 0)
        listed = LISTED[of.symbol]
        assert Fraction(of.quantity) % Fraction(listed.lot) == 0
        for value in (of.price, of.stop_price, of.trail, of.cap_price):
            assert value is None or Fraction(value) % Fraction(listed.tick) == 0
        assert (of.price is not None) is (of.type in (OrderType.LIMIT, OrderType.STOP_LIMIT))
        assert (of.venue, of.account) == ("binance", "A")
        if listed.min_notional is not None:
            assert Fraction(of.quantity) * Fraction(of.price or of.stop_price or 101) >= listed.min_notional
        if self.table is not None:
            self._judge_by_the_table(of, listed, quote_age_ns)
        self._judge_reduce_only(of)

    def _judge_by_the_table(self, of, listed, quote_age_ns):
        share, amount, most_held, gross, net, collar, per_symbol = self.table
        equity = self.cash["USDT"] + self.cash["BTC"] * self.mids["BTCUSDT"] + self.cash["ETH"] * self.mids["ETHUSDT"]
        mid, size = self.mids[of.symbol], Fraction(of.quantity)
        worth = size * max(mid, Fraction(of.price or of.stop_price or 0))
        assert worth <= min(Fraction(share) * equity, Fraction(amount))
        if of.price is not None:
            anchor = Fraction(of.stop_price) if of.stop_price else mid
            assert abs(Fraction(of.price) - anchor) <= Fraction(collar) * anchor
        assert quote_age_ns <= 5 * SECOND
        assert sum(told.symbol == of.symbol for told in self.open) < per_symbol
        before, after = self.worst(of.symbol, of.side), self.worst(of.symbol, of.side, of)
        if abs(after) > abs(self.held[of.symbol]):
            assert abs(after) * mid <= Fraction(most_held) * equity
        assert self.gross(of) <= max(Fraction(gross) * equity, self.gross())
        if abs(after) > abs(before):
            total = sum(self.worst(symbol, of.side, of) * self.mids[symbol] for symbol in LISTED)
            was = sum(self.worst(symbol, of.side) * self.mids[symbol] for symbol in LISTED)
            assert abs(total) <= max(Fraction(net) * equity, abs(was))
        if listed.base:
            self._judge_funds(of, listed, size)

    def _judge_funds(self, of, listed, size):
        asset = listed.quote if of.side is Side.BUY else listed.base
        promised = size * Fraction(of.price or of.stop_price or self.mids[of.symbol]) if of.side is Side.BUY else size
        for told in self.open:
            other = LISTED[told.symbol]
            if other.base and told.side is of.side and (other.quote if told.side is Side.BUY else other.base) == asset:
                amount = Fraction(told.quantity)
                promised += amount * Fraction(told.price or told.stop_price or 100) if told.side is Side.BUY else amount
        assert promised <= self.cash[asset]

    def _judge_reduce_only(self, of):
        if of.reduce_only:
            held, after = self.held[of.symbol], self.worst(of.symbol, of.side, of)
            assert held != 0
            assert (after >= 0) if held > 0 else (after <= 0)
            assert (of.side is Side.SELL) is (held > 0)

    def worst(self, symbol, side, more=None):
        sign = 1 if side is Side.BUY else -1
        told = [*self.open, more] if more is not None else self.open
        return self.held[symbol] + sign * sum(Fraction(o.quantity) for o in told if o.symbol == symbol and o.side is side)

    def gross(self, more=None):
        return sum(max(abs(self.worst(symbol, side, more)) for side in Side) * self.mids[symbol] for symbol in LISTED)


def given(profile: str) -> tuple[RiskSettings, Exposure]:
    own = settings(profile, permissions={"short": True, "margin": True, "options": True})
    exposure = market(usdt="100000", btc="100")
    exposure.on_balances("binance", "A", {"ETH": D(100)})
    return own, exposure


def move(rng, oracle, exposure, now_ns):
    """Fresh quotes most of the time, now and then a done order, now and then a position on margin."""
    if rng.random() < 0.3:
        for symbol in LISTED:
            exposure.on_quote(quote(symbol, at=now_ns))
    if oracle.open and rng.random() < 0.3:
        done = oracle.open.pop(rng.randrange(len(oracle.open)))
        exposure.on_order(update(done, OrderState.CANCELED))
    if rng.random() < 0.01:
        held = rng.choice([-5, 0, 5])
        oracle.held["BTCPERP"] = Fraction(held)
        exposure.on_position(position(str(held), "BTCPERP"))


@pytest.mark.parametrize("profile", ["rehearsal", "retail", "open"])
def test_no_intent_outside_the_limits_passes(profile):
    rng = Random(f"intents-{profile}")
    own, exposure = given(profile)
    judge, oracle = Limits(own, exposure, ReceiptBook()), Oracle(profile)
    codes: dict[str, int] = {}
    now_ns, passed = NOW, 0
    for number in range(INTENTS):
        now_ns += rng.randrange(SECOND)
        move(rng, oracle, exposure, now_ns)
        of = intent(rng, number, now_ns)
        try:
            verdict = judge.check(of, now_ns)
        except InvalidOperation:  # pragma: no cover
            pytest.fail(f"{of} made the check raise")
        if not isinstance(verdict, Passed):
            codes[verdict.code] = codes.get(verdict.code, 0) + 1
            continue
        passed += 1
        oracle.judge(verdict.order, now_ns - exposure.book("binance", of.symbol).quote.ts_ns)
        oracle.open.append(of)
        exposure.on_order(update(of))
    assert judge.receipts.total_issued == passed
    assert passed > INTENTS // 50, codes
    assert {"INVALID_ORDER", "LOT", "TICK", "INSTRUMENT_UNKNOWN", "ACCOUNT_MISMATCH", "REDUCE_ONLY"} <= set(codes)
    if profile != "open":
        assert {"QUOTE_STALE", "MAX_NOTIONAL", "PRICE_COLLAR", "INTENT_AGE"} <= set(codes)
