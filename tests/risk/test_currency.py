"""Rates: direct, inverse, over several hops, and which of several ways holds."""

from decimal import Decimal

from autotrader.model import Instrument, InstrumentKind
from autotrader.risk.currency import Rates, pair_of

D = Decimal


def spot(base, quote, venue="v"):
    return Instrument(venue, f"{base}-{quote}", D("0.01"), D("0.01"), quote, base)


def rates(currency="USD", **mids):
    found = Rates(currency)
    for name, mid in mids.items():
        base, quote = name.split("_")
        found.on_listing("v", spot(base, quote))
        if mid is not None:
            found.on_mid(("v", f"{base}-{quote}"), D(mid))
    return found


def test_the_account_currency_is_one_and_an_unknown_asset_has_no_rate():
    assert rates().rate("USD") == 1
    assert rates().rate("DOGE") is None
    assert rates(DOGE_USD=None).rate("DOGE") is None


def test_direct_and_inverse_pairs():
    assert rates(BTC_USD="60000").rate("BTC") == 60000
    assert rates(USD_JPY="150").rate("JPY") == D(1) / 150


def test_dollars_count_one_until_their_own_pair_is_quoted():
    assert rates().rate("USDT") == rates().rate("USDC") == 1
    assert rates(USDT_USD="0.97").rate("USDT") == D("0.97")
    assert rates(BTC_USDT="60000").rate("BTC") == 60000
    assert rates(BTC_USDT="60000", USDT_USD="0.5").rate("BTC") == 30000


def test_a_way_of_three_hops_is_found_and_one_of_four_is_not():
    assert rates(A_B="2", B_C="3", C_USD="5").rate("A") == 30
    assert rates(A_B="2", B_C="3", C_D="5", D_USD="7").rate("A") is None


def test_fewer_hops_win():
    assert rates(ETH_BTC="0.05", BTC_USD="60000", ETH_USD="2999").rate("ETH") == 2999


def test_an_account_in_euro_converts_dollars():
    found = rates("EUR", EUR_USD="1.25", BTC_USDT="50000")
    assert found.rate("USD") == D("0.8")
    assert found.rate("BTC") == 40000


def test_a_moving_mid_moves_every_rate_on_its_way_and_tells_which():
    found = rates(ETH_BTC="0.05", BTC_USD="60000")
    assert found.rate("ETH") == 3000
    assert set(found.on_mid(("v", "BTC-USD"), D(50000))) == {"ETH"}
    assert found.rate("ETH") == 2500
    assert found.on_mid(("v", "BTC-USD"), D(50000)) == ()


def test_a_first_quote_opens_a_way():
    found = rates(ETH_BTC="0.05", BTC_USD=None)
    assert found.rate("ETH") is None
    assert "ETH" in found.on_mid(("v", "BTC-USD"), D(60000))
    assert found.rate("ETH") == 3000


def test_seeds_hold_until_a_way_is_quoted():
    found = Rates("USD", {"BTC": D(59000)})
    assert found.rate("BTC") == 59000
    found.on_listing("v", spot("BTC", "USD"))
    found.on_mid(("v", "BTC-USD"), D(60000))
    assert found.rate("BTC") == 60000
    assert found.known()["BTC"] == 60000


def test_only_spot_and_currencies_convert():
    perp = Instrument("v", "BTCPERP", D(1), D(1), "USD", "BTC", InstrumentKind.PERPETUAL)
    assert pair_of(perp) is None
    assert not Rates("USD").on_listing("v", perp)
    assert pair_of(Instrument("v", "EUR_USD", D(1), D(1), "USD", kind=InstrumentKind.FX)) == ("EUR", "USD")
    assert pair_of(Instrument("v", "USD_USD", D(1), D(1), "USD", kind=InstrumentKind.FX)) is None


def test_a_pair_listed_twice_is_one_pair():
    found = rates(BTC_USD="60000")
    assert found.on_listing("v", spot("BTC", "USD"))
    assert len(found._pairs["BTC"]) == 1
