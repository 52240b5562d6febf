"""A new or changed order, read from its hundred and more fields (ibkr.md section 4.4). Pure.

What an order of this venue can have is kept; of what it cannot have, only that it was asked for (``unsupported``).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from autotrader.simulator.ibkr.fields import INFINITE, Fields
from autotrader.simulator.ibkr.requests import ContractAsked, Request, read_contract

__all__ = ["PlaceOrder", "read_place_order"]

_PEG_BENCH: Final = ("PEG BENCH", "PEGBENCH")
_PEG_BEST: Final = ("PEG BEST", "PEGBEST")
_PEG_MID: Final = ("PEG MID", "PEGMID")
_CONDITION_FIELDS: Final = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}


class PlaceOrder(Request, frozen=True, gc=False, kw_only=True):
    """An order as a client sends it. Prices and quantity are None when not given."""

    order_id: int
    contract: ContractAsked
    action: str
    quantity: Decimal | None
    type: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    tif: str = ""
    oca_group: str = ""
    account: str = ""
    open_close: str = ""
    order_ref: str = ""
    transmit: bool = True
    parent_id: int = 0
    display_size: int | None = None
    trigger_method: int = 0
    outside_rth: bool = False
    hidden: bool = False
    good_after: str = ""
    good_till: str = ""
    model: str = ""
    oca_type: int = 0
    all_or_none: bool = False
    min_quantity: int | None = None
    etrade_only: bool = False
    firm_quote_only: bool = False
    trail_stop_price: Decimal | None = None
    trailing_percent: Decimal | None = None
    what_if: bool = False
    limit_offset: Decimal | None = None
    cash_quantity: Decimal | None = None
    post_to_ats: int | None = None
    unsupported: tuple[str, ...] = ()


def read_place_order(fields: Fields, version: int) -> PlaceOrder:
    """Read an order, behind the message's id. Raises DecodeError."""
    unsupported: list[str] = []
    order_id, contract = fields.whole(), read_contract(fields)
    contract = msgspec.structs.replace(contract, sec_id_type=fields.text(), sec_id=fields.text())
    kept: dict[str, object] = {"order_id": order_id, "contract": contract}
    _read_head(fields, kept)
    if contract.sec_type == "BAG":
        _skip_legs(fields)
        unsupported.append("combo legs")
    _read_terms(fields, kept, version)
    _read_trailing(fields, kept, unsupported)
    _read_conditions(fields, str(kept["type"]), unsupported)
    _read_tail(fields, kept, version)
    _read_later(fields, kept, contract, version)
    return PlaceOrder(**kept, unsupported=tuple(unsupported))  # type: ignore[arg-type]


def _read_head(fields: Fields, kept: dict[str, object]) -> None:
    kept |= {
        "action": fields.text(), "quantity": fields.decimal(), "type": fields.text(), "limit_price": fields.decimal(),
        "aux_price": fields.decimal(), "tif": fields.text(), "oca_group": fields.text(), "account": fields.text(),
        "open_close": fields.text(),
    }  # fmt: skip
    fields.skip(1)
    kept |= {"order_ref": fields.text(), "transmit": fields.flag(), "parent_id": fields.whole()}
    fields.skip(2)
    kept |= {
        "display_size": fields.optional_int(), "trigger_method": fields.whole(), "outside_rth": fields.flag(),
        "hidden": fields.flag(),
    }  # fmt: skip


def _skip_legs(fields: Fields) -> None:
    fields.skip(8 * fields.count())
    fields.skip(fields.count())
    fields.pairs()


def _read_terms(fields: Fields, kept: dict[str, object], version: int) -> None:
    fields.skip(2)
    kept |= {"good_after": fields.text(), "good_till": fields.text()}
    fields.skip(3 if version >= 177 else 4)
    kept["model"] = fields.text()
    fields.skip(3)
    kept["oca_type"] = fields.whole()
    fields.skip(2)
    kept |= {"all_or_none": fields.flag(), "min_quantity": fields.optional_int()}
    fields.skip(1)
    kept |= {"etrade_only": fields.flag(), "firm_quote_only": fields.flag()}
    fields.skip(10)
    if fields.text():
        fields.skip(9)
    else:
        fields.skip(1)


def _read_trailing(fields: Fields, kept: dict[str, object], unsupported: list[str]) -> None:
    fields.skip(2)
    kept |= {"trail_stop_price": fields.decimal(), "trailing_percent": fields.decimal()}
    fields.skip(2)
    step = fields.decimal()
    if step is not None and step > 0:
        fields.skip(7)
        unsupported.append("scale orders")
    fields.skip(3)
    if fields.text():
        fields.skip(1)
        unsupported.append("hedge orders")
    fields.skip(4)
    if fields.flag():
        fields.skip(3)
    if fields.text():
        fields.pairs()
        unsupported.append("algo orders")
    fields.skip(1)
    kept["what_if"] = fields.flag()
    fields.skip(4)


def _read_conditions(fields: Fields, kind: str, unsupported: list[str]) -> None:
    if kind in _PEG_BENCH:
        fields.skip(5)
    conditions = fields.count()
    for _ in range(conditions):
        fields.skip(_CONDITION_FIELDS.get(fields.whole(), 3))
    if conditions:
        fields.skip(2)
        unsupported.append("conditions")


def _read_tail(fields: Fields, kept: dict[str, object], version: int) -> None:
    fields.skip(2)
    kept["limit_offset"] = fields.decimal()
    fields.skip(7)
    kept["cash_quantity"] = fields.decimal()
    fields.skip(8 if version >= 151 else 7)


def _read_later(fields: Fields, kept: dict[str, object], contract: ContractAsked, version: int) -> None:
    """Read what later versions have put at the end."""
    if version >= 158:
        fields.skip(1)
    if version >= 160:
        kept["post_to_ats"] = fields.optional_int()
    fields.skip(sum(version >= since for since in (162, 166, 169)))
    if version < 170:
        return
    if contract.exchange == "IBKRATS":
        fields.skip(1)
    best, mid = kept["type"] in _PEG_BEST, kept["type"] in _PEG_MID
    if best:
        fields.skip(1)
        mid = fields.text() in INFINITE
    if mid:
        fields.skip(2)
