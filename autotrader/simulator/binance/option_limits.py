"""Limits other than the venue's own, for drills: ``orders_10s=5000``, ``life_s=30``."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from autotrader.errors import ConfigError
from autotrader.simulator.binance.limits import LimitTerms
from autotrader.simulator.binance.socket import SocketTerms

__all__ = ["read_limits"]


def read_limits(given: Iterable[str]) -> tuple[LimitTerms, SocketTerms]:
    """Read ``NAME=N`` texts, the fields of ``LimitTerms`` and ``SocketTerms``. Raises ConfigError that names the text."""
    limits: dict[str, str] = {}
    sockets: dict[str, str] = {}
    for text in given:
        name, _, value = text.partition("=")
        found = limits if name in LimitTerms.__struct_fields__ else sockets
        if found is sockets and name not in SocketTerms.__struct_fields__:
            known = ", ".join((*LimitTerms.__struct_fields__, *SocketTerms.__struct_fields__))
            raise ConfigError(f"--limit {text}: there is no limit {name}; there are {known}")
        found[name] = value
    try:
        terms = msgspec.convert(limits, LimitTerms, strict=False), msgspec.convert(sockets, SocketTerms, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"--limit {' '.join(given)}: {error}") from error
    if any(value <= 0 for part in terms for value in msgspec.structs.astuple(part) if value is not None):
        raise ConfigError(f"--limit {' '.join(given)}: limits must be above zero")
    return terms
