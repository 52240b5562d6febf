"""A currency pair is exchanged at the simulated TWS: the ledger has both currencies, and the account's worth counts both."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import Order, OrderType, Quote, Side
from autotrader.simulator.ibkr.app import TwsApp
from autotrader.simulator.ibkr.figures import figures_of, ledger_of_others
from autotrader.simulator.options import SimOptions

D = Decimal


def test_a_trade_in_a_pair_moves_both_currencies() -> None:
    app = TwsApp(SimOptions(venue="ibkr"))
    venue = app.venue
    quote = Quote("ibkr", "EUR.USD", D("1.10000"), D("1.10010"), D(1_000_000), D(1_000_000), venue.now_ns())
    venue.show_quote(quote)
    assert ledger_of_others(app.desk) == []
    venue.submit(Order("a", "ibkr", venue.account, "EUR.USD", Side.BUY, OrderType.MARKET, D(20_000)))
    cash = venue.ledger()["balances"]
    assert D(cash["EUR"]) == 20_000
    assert D(cash["USD"]) < D(1_000_000) - 22_000
    told = {(key, currency): value for key, value, currency in ledger_of_others(app.desk)}
    assert told["CashBalance", "EUR"] == "20000.00"
    worth = D(figures_of(app.desk)["NetLiquidation"][0])
    assert abs(worth - 1_000_000) < 5
