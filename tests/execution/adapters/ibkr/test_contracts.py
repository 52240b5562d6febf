"""Symbols for people and TWS's contracts, both ways; what is ambiguous is refused with its candidates."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.ibkr.contracts import contract_of, instrument_of, order_contract, pick, symbol_of
from autotrader.execution.adapters.ibkr.messages import Contract, ContractDetails, ContractTold
from autotrader.model import InstrumentKind

OCC = "AAPL  261218C00250000"


@pytest.mark.parametrize(
    ("symbol", "contract"),
    [
        ("AAPL", Contract(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")),
        ("BRK.B", Contract(symbol="BRK B", sec_type="STK", exchange="SMART", currency="USD")),
        ("F", Contract(symbol="F", sec_type="STK", exchange="SMART", currency="USD")),
        ("SAP@IBIS/EUR", Contract(symbol="SAP", sec_type="STK", exchange="SMART", primary_exchange="IBIS", currency="EUR")),
        ("7203/JPY", Contract(symbol="7203", sec_type="STK", exchange="SMART", currency="JPY")),
        ("EUR.USD", Contract(symbol="EUR", sec_type="CASH", exchange="IDEALPRO", currency="USD")),
        ("BTC.USD", Contract(symbol="BTC", sec_type="CRYPTO", exchange="PAXOS", currency="USD")),
        ("ESZ6", Contract(sec_type="FUT", local_symbol="ESZ6", exchange="CME")),
        ("6EH27", Contract(sec_type="FUT", local_symbol="6EH27", exchange="CME")),
        ("CLF7", Contract(sec_type="FUT", local_symbol="CLF7", exchange="NYMEX")),
        ("XXXZ6@EUREX", Contract(sec_type="FUT", local_symbol="XXXZ6", exchange="EUREX")),
        ("ES 202612", Contract(symbol="ES", sec_type="FUT", expiry="202612", exchange="CME")),
        ("FDAX 20261218@EUREX", Contract(symbol="FDAX", sec_type="FUT", expiry="20261218", exchange="EUREX")),
        ("conid:265598", Contract(con_id=265598)),
        ("conid:265598@SMART", Contract(con_id=265598, exchange="SMART")),
        (OCC, Contract(symbol="AAPL", sec_type="OPT", expiry="20261218", strike=Decimal(250), right="C", multiplier="100",
                       exchange="SMART", currency="USD")),
        ("AAPL261218P00000500", Contract(symbol="AAPL", sec_type="OPT", expiry="20261218", strike=Decimal("0.5"), right="P",
                                         multiplier="100", exchange="SMART", currency="USD")),
        ("SPXW  261218C05000000", Contract(symbol="SPX", sec_type="OPT", expiry="20261218", strike=Decimal(5000), right="C",
                                           multiplier="100", exchange="SMART", currency="USD", trading_class="SPXW")),
    ],
)  # fmt: skip
def test_symbols_are_read(symbol: str, contract: Contract) -> None:
    assert contract_of(symbol) == contract


@pytest.mark.parametrize(
    "symbol", ["", " ", "aapl", "AAPL;", "conid:0", "conid:x", "conid:", "A" * 40, "EUR/USD.", ".", "ÄÖ", "A\nB"]
)
def test_what_names_nothing_is_refused(symbol: str) -> None:
    with pytest.raises(InvalidOrder) as no:
        contract_of(symbol)
    assert no.value.code == "NO_SYMBOL"


@given(st.text(max_size=30))
def test_any_text_is_a_contract_or_refused(symbol: str) -> None:
    try:
        contract = contract_of(symbol)
    except InvalidOrder:
        return
    assert contract.con_id or contract.sec_type in ("STK", "CASH", "FUT", "OPT", "CRYPTO")
    assert (contract.strike is None) == (contract.sec_type != "OPT")


@pytest.mark.parametrize("symbol", ["AAPL", "BRK.B", "7203/JPY", "EUR.USD", "BTC.USD", "ESZ6", OCC, "SPXW  261218C05000000"])
def test_symbols_come_back_as_they_were(symbol: str) -> None:
    assert symbol_of(contract_of(symbol)) == symbol


@given(
    root=st.from_regex(r"[A-Z]{1,5}", fullmatch=True), day=st.dates().filter(lambda one: 2000 <= one.year < 2099),
    right=st.sampled_from("CP"), mills=st.integers(1, 10**8 - 1),
)  # fmt: skip
def test_every_option_symbol_comes_back(root: str, day, right: str, mills: int) -> None:  # type: ignore[no-untyped-def]
    symbol = f"{root:<6}{day:%y%m%d}{right}{mills:08}"
    contract = contract_of(symbol)
    assert contract.strike == Decimal(mills) / 1000
    assert symbol_of(contract) == symbol


def test_what_has_no_spelling_goes_by_its_number() -> None:
    assert symbol_of(Contract(con_id=7, symbol="X", sec_type="BAG")) == "conid:7"
    assert symbol_of(Contract(con_id=8, sec_type="FUT", local_symbol="FDAX DEC 26")) == "conid:8"
    assert symbol_of(Contract(con_id=9, symbol="A", sec_type="OPT", expiry="20261218", right="C")) == "conid:9"


def told(con_id: int, primary: str = "NASDAQ", **details: object) -> ContractTold:
    contract = Contract(con_id, "AAPL", "STK", exchange="SMART", primary_exchange=primary, currency="USD", local_symbol="AAPL")
    return ContractTold(1, 9, contract, ContractDetails(**({"min_tick": Decimal("0.01")} | details)))  # type: ignore[arg-type]


def test_one_answer_is_the_contract() -> None:
    assert pick("AAPL", [told(1), told(1)]).contract.con_id == 1


def test_more_than_one_is_refused_and_listed() -> None:
    with pytest.raises(InvalidOrder, match=r"conid:1 \(AAPL STK NASDAQ USD\), conid:2 \(AAPL STK LSE USD\)") as no:
        pick("AAPL", [told(1), told(2, "LSE")])
    assert no.value.code == "AMBIGUOUS_SYMBOL"


def test_none_is_refused() -> None:
    with pytest.raises(InvalidOrder, match="no such contract"):
        pick("AAPL", [])


def test_an_order_names_strike_and_right_of_options_only() -> None:
    named = {"exchange": "SMART", "primary_exchange": "NASDAQ", "currency": "USD"}
    stock = Contract(1, "AAPL", "STK", strike=Decimal(0), right="?", **named)
    assert order_contract(stock) == Contract(1, "AAPL", "STK", exchange="SMART", currency="USD")
    option = contract_of(OCC)
    assert (order_contract(option).strike, order_contract(option).right) == (250, "C")


def test_an_instrument_is_in_quote_units() -> None:
    future = Contract(1, "ES", "FUT", multiplier="50", currency="USD", local_symbol="ESZ6")
    one = instrument_of("ibkr", "ESZ6", future, ContractDetails(min_tick=Decimal("0.25")))
    assert (one.tick, one.lot, one.multiplier, one.kind, one.quote) == (
        Decimal("0.25"), 1, 50, InstrumentKind.FUTURE, "USD",
    )  # fmt: skip
    pence = instrument_of("ibkr", "VOD/GBP", told(1).contract, ContractDetails(min_tick=Decimal("0.01"), price_magnifier=100))
    assert pence.multiplier == Decimal("0.01")


def test_a_pair_is_traded_in_its_step() -> None:
    pair = contract_of("EUR.USD")
    one = instrument_of("ibkr", "EUR.USD", pair, ContractDetails(min_tick=Decimal("0.00005"), size_increment=Decimal("0.01")))
    assert (one.lot, one.base, one.kind) == (Decimal("0.01"), "EUR", InstrumentKind.FX)


def test_a_stock_is_traded_in_whole_shares_whatever_is_said() -> None:
    details = ContractDetails(min_tick=Decimal("0.01"), size_increment=Decimal("0.0001"), min_size=Decimal("0.0001"))
    assert instrument_of("ibkr", "AAPL", told(1).contract, details).lot == 1


@pytest.mark.parametrize(
    ("contract", "details"),
    [
        (Contract(1, "X", "BAG"), ContractDetails(min_tick=Decimal("0.01"))),
        (Contract(1, "X", "STK"), ContractDetails()),
        (Contract(1, "X", "FUT", multiplier="fifty"), ContractDetails(min_tick=Decimal("0.01"))),
        (Contract(1, "X", "FUT", multiplier="-1"), ContractDetails(min_tick=Decimal("0.01"))),
        (Contract(1, "X", "FUT", multiplier="NaN"), ContractDetails(min_tick=Decimal("0.01"))),
    ],
)
def test_what_cannot_be_traded_is_no_instrument(contract: Contract, details: ContractDetails) -> None:
    with pytest.raises(InvalidOrder):
        instrument_of("ibkr", "X", contract, details)
