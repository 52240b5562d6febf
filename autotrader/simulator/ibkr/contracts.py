"""What is listed: stocks, a currency pair, futures and options, and how a contract is asked for (ibkr.md section 5). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.model import Instrument, InstrumentKind
from autotrader.simulator.ibkr.requests import ContractAsked

__all__ = ["CONTRACTS", "TRADED", "ContractTerms", "contract_fields", "find_contracts", "instrument_of"]

_KINDS: Final = {
    "STK": InstrumentKind.STOCK, "CASH": InstrumentKind.FX, "FUT": InstrumentKind.FUTURE, "OPT": InstrumentKind.OPTION,
}  # fmt: skip
_ONE: Final = Decimal(1)


class ContractTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One contract. ``symbol`` is what people call it, ``ib_symbol`` what the venue calls it or its underlying.

    ``exchanges``: where it can be sent, the first when somebody asks where it is listed. ``traded`` False: it is known, but the
    account may not trade it; it is there so that a vague description is ambiguous, as it is at the venue.
    """

    symbol: str
    con_id: int
    ib_symbol: str
    sec_type: str
    exchanges: tuple[str, ...]
    tick: Decimal
    primary: str = ""
    currency: str = "USD"
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""
    multiplier: int = 1
    local_symbol: str = ""
    trading_class: str = ""
    market_name: str = ""
    long_name: str = ""
    under_con_id: int = 0
    time_zone: str = "US/Eastern"
    traded: bool = True
    venue: str = ""

    @property
    def listing_exchange(self) -> str:
        """Return the exchange that a position is shown at: empty for stocks, as the venue does."""
        return "" if self.sec_type == "STK" else self.exchanges[0]

    @property
    def strike_text(self) -> object:
        """Return the strike as a field."""
        return 0 if self.strike is None else self.strike

    @property
    def multiplier_text(self) -> str:
        """Return the multiplier as a field: empty where there is none."""
        return "" if self.sec_type in ("STK", "CASH") else str(self.multiplier)

    @property
    def filled_at(self) -> str:
        """Return the venue that trades are reported from."""
        return self.venue or self.exchanges[0]


def contract_fields(one: ContractTerms, exchange: str, *, right: str = "?") -> list[object]:
    """Return the eleven fields that describe a contract in an answer; ``right`` is what stands there when there is none."""
    return [
        one.con_id, one.ib_symbol, one.sec_type, one.expiry, one.strike_text, one.right or right, one.multiplier_text, exchange,
        one.currency, one.local_symbol, one.trading_class,
    ]  # fmt: skip


_SMART: Final = ("SMART", "AMEX", "NYSE", "ARCA", "BATS", "IEX", "NASDAQ", "ISLAND", "IBKRATS", "DRCTEDGE", "MEMX")


def _stock(con_id: int, symbol: str, name: str) -> ContractTerms:
    return ContractTerms(
        symbol=symbol, con_id=con_id, ib_symbol=symbol, sec_type="STK", exchanges=_SMART, tick=Decimal("0.01"),
        primary="NASDAQ", local_symbol=symbol, trading_class="NMS", market_name="NMS", long_name=name, venue="IEX",
    )  # fmt: skip


def _abroad(con_id: int, symbol: str, exchange: str, currency: str, name: str, time_zone: str) -> ContractTerms:
    return ContractTerms(
        symbol=f"{symbol}.{exchange}", con_id=con_id, ib_symbol=symbol, sec_type="STK", exchanges=("SMART", exchange),
        tick=Decimal("0.01"), primary=exchange, currency=currency, local_symbol=symbol, trading_class=symbol,
        market_name=symbol, long_name=name, time_zone=time_zone, traded=False,
    )  # fmt: skip


def _future(con_id: int, local: str, expiry: str) -> ContractTerms:
    return ContractTerms(
        symbol=local, con_id=con_id, ib_symbol="ES", sec_type="FUT", exchanges=("CME", "QBALGO"), tick=Decimal("0.25"),
        expiry=expiry, multiplier=50, local_symbol=local, trading_class="ES", market_name="ES", long_name="E-mini S&P 500",
        under_con_id=11004968, time_zone="US/Central", venue="CME",
    )  # fmt: skip


def _option(con_id: int, local: str, expiry: str, strike: str, right: str) -> ContractTerms:
    return ContractTerms(
        symbol=local, con_id=con_id, ib_symbol="AAPL", sec_type="OPT", exchanges=("SMART", "AMEX", "CBOE", "ISE", "PHLX"),
        tick=Decimal("0.01"), expiry=expiry, strike=Decimal(strike), right=right, multiplier=100, local_symbol=local,
        trading_class="AAPL", market_name="AAPL", long_name="APPLE INC", under_con_id=265598, venue="CBOE",
    )  # fmt: skip


CONTRACTS: Final[tuple[ContractTerms, ...]] = (
    _stock(265598, "AAPL", "APPLE INC"),
    _stock(272093, "MSFT", "MICROSOFT CORP"),
    ContractTerms(
        symbol="EUR.USD", con_id=12087792, ib_symbol="EUR", sec_type="CASH", exchanges=("IDEALPRO", "SMART"),
        tick=Decimal("0.00005"), local_symbol="EUR.USD", trading_class="EUR.USD", market_name="EUR.USD",
        long_name="European Monetary Union Euro", venue="IDEALPRO",
    ),
    _future(515416632, "ESZ6", "20261218"),
    _future(551601561, "ESH7", "20270319"),
    _option(731560012, "AAPL  261218C00250000", "20261218", "250", "C"),
    _option(731560913, "AAPL  261218P00250000", "20261218", "250", "P"),
    _abroad(38708077, "AAPL", "MEXI", "MXN", "APPLE INC", "America/Mexico_City"),
    _abroad(38709491, "MSFT", "EBS", "CHF", "MICROSOFT CORP", "Europe/Zurich"),
)  # fmt: skip
TRADED: Final[Mapping[str, ContractTerms]] = {one.symbol: one for one in CONTRACTS if one.traded}


def instrument_of(one: ContractTerms, venue: str) -> Instrument:
    """Return a contract as the exchange knows it."""
    return Instrument(
        venue, one.symbol, one.tick, _ONE, one.currency, one.ib_symbol if one.sec_type == "CASH" else "",
        kind=_KINDS[one.sec_type], min_quantity=_ONE,
        multiplier=Decimal(one.multiplier), allows_short=True,
    )  # fmt: skip


def find_contracts(asked: ContractAsked) -> list[ContractTerms]:
    """Return what a description fits; more than one means that it is ambiguous."""
    return [one for one in CONTRACTS if _fits(one, asked)]


def _fits(one: ContractTerms, asked: ContractAsked) -> bool:
    if asked.exchange and asked.exchange not in one.exchanges:
        return False
    if asked.con_id:
        return one.con_id == asked.con_id
    named = (asked.symbol and asked.symbol == one.ib_symbol) or (asked.local_symbol and asked.local_symbol == one.local_symbol)
    pairs = (
        (asked.symbol, one.ib_symbol), (asked.local_symbol, one.local_symbol), (asked.sec_type, one.sec_type),
        (asked.currency, one.currency), (asked.multiplier, one.multiplier_text), (asked.trading_class, one.trading_class),
        (asked.right[:1].replace("0", "").replace("?", ""), one.right),
    )  # fmt: skip
    return bool(named) and all(not wanted or wanted == has for wanted, has in pairs) and _fits_rest(one, asked)


def _fits_rest(one: ContractTerms, asked: ContractAsked) -> bool:
    if asked.primary_exchange and one.primary and asked.primary_exchange not in (one.primary, "ISLAND"):
        return False
    if asked.strike and asked.strike != one.strike:
        return False
    return not asked.expiry or (bool(one.expiry) and one.expiry.startswith(asked.expiry[:8]))
