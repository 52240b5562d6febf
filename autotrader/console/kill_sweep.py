"""Which venues ``autotrader kill`` sweeps over its own connections, and with what it knows of their orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from autotrader.config import Settings
from autotrader.console.own_sweep import Swept, sweep_all
from autotrader.errors import AutotraderError, JournalError
from autotrader.execution.adapters.outside import hands_of
from autotrader.model import OrderUpdate
from autotrader.oms.journal.reader import Reader

__all__ = ["sweep_venues"]

PAPER = "paper"


def sweep_venues(
    outline: Callable[[], Settings], whole: Callable[[], Settings], journal: Path, scope: str, limit_s: float
) -> list[Swept]:
    """Sweep the venues in scope, side by side, and return how it went; paper, which lies inside the engine, is left out.

    ``outline`` gives the settings without secrets, ``whole`` with them. A venue that cannot be begun is not clean, nor one that
    the journal trades on and the configuration does not reach.
    """
    accounts, orders = _journal_says(journal)
    on_record, active = _in_scope(accounts, scope), list[str]()
    try:
        active = _in_scope(outline().active_venues, scope)
        settings = whole() if active else None
    except AutotraderError as error:
        return [_not_swept(name, str(error)) for name in dict.fromkeys([*active, *on_record]) or [scope]]
    swept = [] if settings is None else sweep_all(active, lambda venue: hands_of(venue, settings), orders, limit_s)
    why = "the configuration does not reach it: give its --config, or --simulator READY_FILE"
    return [*swept, *(_not_swept(name, why) for name in on_record if name not in active)]


def _in_scope(names: Iterable[str], scope: str) -> list[str]:
    return [name for name in names if name != PAPER and scope in ("all", name)]


def _not_swept(venue: str, why: str) -> Swept:
    return Swept(venue, False, 0, 0, 0, f"not swept from here: {why}")


def _journal_says(journal: Path) -> tuple[dict[str, str], list[OrderUpdate]]:
    """Return venue to account, and the orders that are not done; nothing when there is no journal that can be read."""
    if not journal.exists():
        return {}, []
    try:
        with Reader(journal) as reader:
            return dict(reader.meta().accounts), [one for one in reader.open_orders() if not one.foreign]
    except JournalError:
        return {}, []
