"""From an order as a client sends it to one of the exchange, with the venue's complaints (ibkr.md sections 5, 9). Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from autotrader.model import OrderType, Side, TimeInForce
from autotrader.simulator.ibkr.contracts import ContractTerms
from autotrader.simulator.ibkr.order_fields import PlaceOrder
from autotrader.simulator.ibkr.refusal import Refusal, one_contract
from autotrader.simulator.ibkr.times import read_time
from autotrader.simulator.special import Special, SpecialOrder

__all__ = ["MOST_ID", "Translated", "prices_of", "quantity_of", "translate"]

MOST_ID: Final = 2_147_483_647
MOST_SIZE: Final = Decimal(10) ** 12
_TYPES: Final = {
    "MKT": OrderType.MARKET, "LMT": OrderType.LIMIT, "STP": OrderType.STOP, "STP LMT": OrderType.STOP_LIMIT,
    "STPLMT": OrderType.STOP_LIMIT, "TRAIL": OrderType.TRAILING_STOP, "MOC": OrderType.MARKET, "LOC": OrderType.LIMIT,
}  # fmt: skip
_IN_FORCE: Final = {
    "DAY": TimeInForce.DAY, "GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK, "GTD": TimeInForce.GTD,
    "OPG": TimeInForce.IOC,
}  # fmt: skip
_OUTSIDE: Final = "Attribute 'Outside Regular Trading Hours' is ignored based on the order type and destination."
_AT_CLOSE: Final = ("MOC", "LOC")
Prices = tuple[Decimal | None, Decimal | None]


class Translated:
    """An order for the exchange, and warnings to go with it as (code, text)."""

    def __init__(self, order: SpecialOrder, contract: ContractTerms) -> None:
        self.order, self.contract = order, contract
        self.warnings: list[tuple[int, str]] = []


def translate(asked: PlaceOrder, client_id: int, account: str, venue: str, now_ns: int) -> Translated:
    """Return the order that is meant. Raises Refusal."""
    contract = one_contract(asked.contract)
    _check_attributes(asked, account)
    quantity, kind = quantity_of(asked), _TYPES.get(asked.type)
    if kind is None:
        raise Refusal(387, f"Unsupported order type for this exchange and security type: {asked.type}")
    tif = asked.tif or "DAY"
    _check_tif(asked, tif)
    price, stop = prices_of(asked)
    expires, warnings = _expiry(asked, tif)
    special = Special(labels=_labels(asked, client_id, tif), trail_bps=_trail_share(asked))
    order = SpecialOrder(
        asked.order_ref, venue, account, contract.symbol, Side(asked.action), kind, quantity, _tif_of(asked, tif), price, stop,
        _trail(asked, contract), expires, created_ns=now_ns, special=special,
    )  # fmt: skip
    found = Translated(order, contract)
    if not asked.tif:
        warnings.insert(0, (10349, "Order TIF was set to DAY based on order preset."))
    if asked.outside_rth and asked.type in ("MKT", "MOC", "LOC"):
        warnings.append((2109, f"Order Event Warning: {_OUTSIDE} PlaceOrder is now being processed."))
    found.warnings = warnings
    return found


def prices_of(asked: PlaceOrder) -> Prices:
    """Return limit and stop price as the type has them. Raises Refusal for one that is missing."""
    price = asked.limit_price if asked.type in ("LMT", "LOC", "STP LMT", "STPLMT") else None
    stop = asked.aux_price if asked.type in ("STP", "STP LMT", "STPLMT") else None
    if asked.type == "TRAIL":
        stop = asked.trail_stop_price
        if not asked.aux_price and not asked.trailing_percent:
            raise Refusal(328, "Trailing stop orders need an amount or a percentage to trail by.")
    missing = (price is None and asked.type in ("LMT", "LOC", "STP LMT", "STPLMT")) or (
        not stop and asked.type in ("STP", "STP LMT", "STPLMT")
    )
    if missing:
        raise Refusal(463, "You must enter a valid price.")
    return price, stop


def _check_attributes(asked: PlaceOrder, account: str) -> None:
    """Look at what a client may have left on, or asks for in vain."""
    if asked.etrade_only:
        raise Refusal(10268, "The 'EtradeOnly' order attribute is not supported.")
    if asked.firm_quote_only:
        raise Refusal(10269, "The 'FirmQuoteOnly' order attribute is not supported.")
    if asked.unsupported:
        raise Refusal(387, f"Unsupported order type for this exchange and security type: {', '.join(asked.unsupported)}")
    if asked.account and asked.account != account:
        raise Refusal(321, f"Error validating request.-'bW' : cause - Invalid account code '{asked.account}'.")
    prices = (asked.limit_price, asked.aux_price, asked.trail_stop_price)
    if any(price is not None and abs(price) > MOST_SIZE for price in prices):
        raise Refusal(463, "You must enter a valid price.")
    if asked.trailing_percent is not None and not 0 <= asked.trailing_percent < 100:
        raise Refusal(328, "Trailing stop orders trail by less than 100 percent.")
    if asked.action not in ("BUY", "SELL"):
        raise Refusal(321, f"Error validating request.-'bW' : cause - Invalid action '{asked.action}'.")
    if asked.cash_quantity:
        raise Refusal(10293, "Cash quantity is not supported for this contract.")
    if asked.good_after:
        raise Refusal(387, "Unsupported order type for this exchange and security type: good after time")


def quantity_of(asked: PlaceOrder) -> Decimal:
    """Return how much is asked for, in whole units. Raises Refusal."""
    if not asked.quantity:
        raise Refusal(434, "The order size cannot be zero.")
    if asked.quantity < 0:
        raise Refusal(383, "The size value cannot be negative.")
    if asked.quantity > MOST_SIZE:
        raise Refusal(382, "The size value is too large.")
    if asked.quantity % 1:
        raise Refusal(321, "Error validating request.-'bW' : cause - A fractional size cannot be placed over the API.")
    return asked.quantity.to_integral_value()


def _check_tif(asked: PlaceOrder, tif: str) -> None:
    if tif not in _IN_FORCE:
        raise Refusal(111, f"The TIF {tif} is not supported.")
    if asked.type in _AT_CLOSE and tif != "DAY":
        raise Refusal(111, f"The TIF {tif} and the order type {asked.type} are not compatible.")
    if tif == "OPG" and asked.type not in ("MKT", "LMT"):
        raise Refusal(111, f"The TIF OPG and the order type {asked.type} are not compatible.")
    if tif == "GTD" and not asked.good_till:
        raise Refusal(391, "The date, time, or time-zone entered is invalid: a GTD order needs a good-till date.")


def _tif_of(asked: PlaceOrder, tif: str) -> TimeInForce:
    """Return how long the exchange keeps it; what waits for an auction has one chance there."""
    return TimeInForce.IOC if asked.type in _AT_CLOSE else _IN_FORCE[tif]


def _expiry(asked: PlaceOrder, tif: str) -> tuple[int | None, list[tuple[int, str]]]:
    if tif != "GTD":
        return None, []
    read = read_time(asked.good_till)
    if read is None:
        raise Refusal(391, "The date, time, or time-zone entered is invalid.")
    when, has_zone = read
    text = "You submitted request with date-time attributes without explicit time zone."
    return when, [] if has_zone else [(2174, f"Warning: {text}")]


def _trail(asked: PlaceOrder, contract: ContractTerms) -> Decimal | None:
    """Return the distance of a trailing stop; one that trails by a share has a token one, which is not looked at."""
    if asked.type != "TRAIL":
        return None
    return asked.aux_price if not asked.trailing_percent else contract.tick


def _trail_share(asked: PlaceOrder) -> int | None:
    if asked.type != "TRAIL" or not asked.trailing_percent:
        return None
    return int((asked.trailing_percent * 100).to_integral_value(ROUND_HALF_UP))


def _labels(asked: PlaceOrder, client_id: int, tif: str) -> dict[str, str]:
    """Return what the order is remembered by; labels without a value are not there."""
    wait = "close" if asked.type in _AT_CLOSE else "open" if tif == "OPG" else "parent" if asked.parent_id else ""
    labels = {
        "client": str(client_id), "id": str(asked.order_id), "type": asked.type, "tif": tif,
        "exchange": asked.contract.exchange,
        "oca": asked.oca_group, "oca_type": str(asked.oca_type or 3) if asked.oca_group else "",
        "parent": str(asked.parent_id or ""), "outside": "1" if asked.outside_rth else "", "until": asked.good_till,
        "percent": "" if asked.trailing_percent is None or asked.type != "TRAIL" else f"{asked.trailing_percent:f}",
        "wait": wait,
    }  # fmt: skip
    return {name: value for name, value in labels.items() if value}
