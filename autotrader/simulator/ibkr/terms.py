"""How the simulated TWS is set, and the limits in force: ``--limit NAME=N`` of ``autotrader simulate ibkr``."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from autotrader.errors import ConfigError
from autotrader.model.prepared import prepared

__all__ = ["TwsTerms", "read_terms"]


@prepared
class TwsTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits, and settings as a person would tick them in TWS; 1 is yes, 0 no.

    ``hours``: regular trading hours bind. ``close_s``: so many seconds after the start there is an opening and a closing
    auction besides those of the day; 0: none. ``push_open``: a client that connects is told its open orders, by 2 before
    accounts and next id, as Gateway was recorded in 2026. ``read_only``: no orders are taken. ``live_data``: market data is
    subscribed to. ``fractional_rules``: a client below version 163 gets 10285 in place of quotes of currencies.
    ``data_lost_s``: a loss of connectivity that lasts so long loses subscriptions, too (1101). ``active_orders``: at most
    so many that are open per contract and side; 0: any number.
    """

    messages_per_s: int = 50
    clients: int = 32
    active_orders: int = 20
    hours: int = 0
    close_s: float = 0.0
    push_open: int = 1
    read_only: int = 0
    live_data: int = 1
    fractional_rules: int = 0
    data_lost_s: float = 5.0
    version: int = 178
    first_order_id: int = 1


def read_terms(given: Iterable[str]) -> TwsTerms:
    """Read ``NAME=N`` texts. Raises ConfigError that names them."""
    named = dict(text.partition("=")[::2] for text in given)
    for name in named:
        if name not in TwsTerms.__struct_fields__:
            raise ConfigError(f"--limit {name}: there is no such limit; there are {', '.join(TwsTerms.__struct_fields__)}")
    try:
        terms = msgspec.convert(named, TwsTerms, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"--limit {' '.join(given)}: {error}") from error
    if any(value < 0 for value in msgspec.structs.astuple(terms)) or not terms.messages_per_s or not terms.clients:
        raise ConfigError(f"--limit {' '.join(given)}: a limit must be above zero")
    return terms
