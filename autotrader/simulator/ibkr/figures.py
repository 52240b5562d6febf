"""The account's figures: equity, margins, funds, positions and what they are worth (ibkr.md section 8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from autotrader.model import ZERO
from autotrader.simulator.books import Settlement
from autotrader.simulator.ibkr.answers import PositionRow
from autotrader.simulator.ibkr.contracts import TRADED
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.venue import CURRENCY

__all__ = ["LEDGER_TAGS", "Figures", "figures_of", "ledger_of_others", "position_rows"]

CENT: Final = Decimal("0.01")
LEVERAGE: Final = 4
LEDGER_TAGS: Final = (
    "CashBalance", "TotalCashBalance", "NetLiquidationByCurrency", "RealizedPnL", "UnrealizedPnL", "ExchangeRate", "Currency",
)  # fmt: skip
Figures = dict[str, tuple[str, str]]
"""By key: value and currency; the currency is empty for what is no money."""


def position_rows(desk: Desk, symbols: set[str] | None = None) -> list[PositionRow]:
    """Return the positions that are not closed; of named symbols also those that are."""
    rows = []
    for symbol, holding in desk.holdings.items():
        if (symbols is None and not holding.quantity) or (symbols is not None and symbol not in symbols):
            continue
        price = desk.venue.exchange.books[symbol].mark or holding.average
        value = price * holding.quantity * holding.multiplier
        cost = holding.average * holding.quantity * holding.multiplier
        rows.append(
            PositionRow(
                desk.venue.account, TRADED[symbol], holding.quantity, _short(holding.average * holding.multiplier),
                _short(price), _cents(value), _cents(value - cost), _cents(holding.realized),
            )
        )  # fmt: skip
    return rows


def figures_of(desk: Desk) -> Figures:
    """Return the account's figures by the names that account updates and summaries use."""
    rows = position_rows(desk)
    cash = desk.venue.funds.cash.get(CURRENCY, ZERO)
    abroad = sum((amount * rate for _, amount, rate in _other_cash(desk)), ZERO)
    books = desk.venue.exchange.books
    owned = sum((row.market_value for row in rows if _is_owned(desk, row)), ZERO)
    open_profit = sum((row.unrealized for row in rows), ZERO)
    carried = sum((row.unrealized for row in rows if _is_carried(desk, row)), ZERO)
    equity = cash + abroad + owned + carried
    margin = sum((abs(row.market_value) * books[row.contract.symbol].margin_rate for row in rows), ZERO)
    gross = sum((abs(row.market_value) for row in rows if row.contract.sec_type in ("STK", "OPT")), ZERO)
    realized = sum((holding.realized for holding in desk.holdings.values()), ZERO)
    free = equity - margin
    money = {
        "NetLiquidation": equity, "TotalCashValue": cash + abroad, "SettledCash": cash + abroad, "AccruedCash": ZERO,
        "EquityWithLoanValue": equity, "GrossPositionValue": gross, "InitMarginReq": margin, "MaintMarginReq": margin,
        "FullInitMarginReq": margin, "FullMaintMarginReq": margin, "AvailableFunds": free, "FullAvailableFunds": free,
        "ExcessLiquidity": free, "FullExcessLiquidity": free, "BuyingPower": max(free, ZERO) * LEVERAGE,
        "CashBalance": cash, "TotalCashBalance": cash, "NetLiquidationByCurrency": equity, "RealizedPnL": realized,
        "UnrealizedPnL": open_profit,
    }  # fmt: skip
    told: Figures = {"AccountCode": (desk.venue.account, ""), "AccountReady": ("true", ""), "AccountType": ("INDIVIDUAL", "")}
    told |= {name: (f"{_cents(value):f}", CURRENCY) for name, value in money.items()}
    told |= {name: (_exactly(cash + abroad), CURRENCY) for name in ("TotalCashValue", "SettledCash")}
    told |= {name: (_exactly(cash), CURRENCY) for name in ("CashBalance", "TotalCashBalance")}
    cushion = free / equity if equity else ZERO
    rest = {"Cushion": f"{cushion:.6f}", "DayTradesRemaining": "-1", "Leverage-S": f"{gross / equity:.2f}" if equity else "0"}
    told |= {name: (value, "") for name, value in rest.items()}
    return told | {"ExchangeRate": ("1.00", CURRENCY), "Currency": (CURRENCY, CURRENCY)}


def ledger_of_others(desk: Desk) -> list[tuple[str, str, str]]:
    """Return (key, value, currency) of the cash in currencies other than the account's own."""
    found = []
    for currency, amount, rate in _other_cash(desk):
        found += [(name, _exactly(amount), currency) for name in ("CashBalance", "TotalCashBalance")]
        found += [("ExchangeRate", f"{rate:f}", currency), ("Currency", currency, currency)]
    return found


def _other_cash(desk: Desk) -> list[tuple[str, Decimal, Decimal]]:
    """Return (currency, amount, what one of it is worth) of all cash but the account's own currency's."""
    books = desk.venue.exchange.books.values()
    rates = {book.base: book.mark or ZERO for book in books if book.settlement is Settlement.EXCHANGED}
    held = desk.venue.funds.cash.items()
    return [(currency, amount, rates.get(currency, ZERO)) for currency, amount in held if currency != CURRENCY]


def _is_owned(desk: Desk, row: PositionRow) -> bool:
    """Say whether a position was paid in full, so that its worth counts; a currency's is in the cash already."""
    return desk.venue.exchange.books[row.contract.symbol].settlement is Settlement.CASH


def _is_carried(desk: Desk, row: PositionRow) -> bool:
    """Say whether only a position's profit counts, since nothing was paid for it."""
    return desk.venue.exchange.books[row.contract.symbol].settlement is Settlement.MARGIN


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT)


def _exactly(value: Decimal) -> str:
    """Return an amount of cash to its last digit, with two decimals at least."""
    digits = value.normalize()
    return f"{digits if digits != _cents(digits) else _cents(digits):f}"


def _short(value: Decimal) -> Decimal:
    return round(value, 8)
