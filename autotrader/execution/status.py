"""The status of an engine in the form of ``autotrader status``."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from autotrader.execution.assembly import Assembly
from autotrader.oms.journal.store import Store
from autotrader.oms.snapshot import DeskSnapshot, OmsSnapshot

__all__ = ["engine_status"]

SLOW_TO_BE_HEARD_S = 0.25


def engine_status(house: Assembly, oms: OmsSnapshot) -> dict[str, Any]:
    """Put together what engine, order manager, kill switch and supervisor say; plain values only."""
    kill = house.kill.status()
    actors = [msgspec.to_builtins(status) for status in house.runtime.status()]
    slow = [actor["name"] for actor in actors if actor["oldest_age_s"] > SLOW_TO_BE_HEARD_S]
    return {
        "mode": str(house.settings.mode),
        "engine_id": house.store.engine_id,
        "connected": True,
        "kill": {"level": kill.level.name, "reason": kill.reason, "by": kill.by, "since_ns": kill.since_ns},
        "venues": [_venue(desk) for desk in oms.venues],
        "actors": actors,
        "orders": oms.orders,
        "journal": {
            "path": str(house.path) if isinstance(house.store, Store) else None,
            "sequence": house.store.sequence,
            "verified": isinstance(house.store, Store),
        },
        "equity": None if oms.equity is None else format(oms.equity, "f"),
        "currency": house.settings.account.currency,
        "unpriced": [list(one) for one in oms.unpriced],
        "dead_letters": oms.dead_letters,
        "metrics": oms.metrics,
        "switch_interval_ms": sys.getswitchinterval() * 1e3,
        "slow_to_be_heard": slow,
    }


def _venue(desk: DeskSnapshot) -> dict[str, Any]:
    return {
        "name": desk.name, "account": desk.account, "link": str(desk.link), "breaker": str(desk.breaker), "ready": desk.ready,
        "reason": desk.reason, "blind_s": round(desk.blind_s, 3), "last_heard_ns": desk.last_heard_ns, "blocks": desk.blocks,
    }
