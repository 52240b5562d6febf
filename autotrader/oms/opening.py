"""From the journal to a floor: what an order manager begins with, at the first start and after a crash."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

import msgspec

from autotrader.clock import Clock
from autotrader.errors import StartError
from autotrader.messages import Heartbeat, InstrumentsListed, Message, RunStarted, StrategyStopped, SwitchStrategy
from autotrader.model import ClientOrderIds, Instrument
from autotrader.model.ids import is_this_engine
from autotrader.oms.book import Books
from autotrader.oms.desk import Desk, DeskSettings
from autotrader.oms.differences import Policy
from autotrader.oms.floor import Floor, Hooks
from autotrader.oms.journal.commit import Commit, Outlet
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.restore import Restored, load_parts, open_books
from autotrader.oms.metrics import Metrics
from autotrader.risk.limits import Limits

__all__ = [
    "DeskPlan", "flush_journal", "ids_of_run", "is_own_order", "last_heard_ns", "make_floor", "opening_events", "restore_books",
]

FLUSH_S = 5.0
HEARD_KINDS = (
    "OrderAccepted", "OrderFilled", "OrderCanceled", "OrderExpired", "BalanceOpened", "BalanceTransferred", "PositionAdopted",
)


class DeskPlan(msgspec.Struct, frozen=True):
    """One venue of the configuration, with the mailboxes that stand for it."""

    name: str
    account: str
    resiliency: Outlet
    broker: Outlet
    settings: DeskSettings
    policy: Policy


class _Bell:
    """An outlet that rings: what was handed to the journal before it is durable."""

    name = "bell"

    def __init__(self) -> None:
        self.rung = threading.Event()

    def tell(self, message: Message | list[Message], /) -> None:
        """Ring."""
        self.rung.set()


def flush_journal(journal: Outlet) -> None:
    """Wait until all that was handed to the journal is written; for ``on_start``, never for a handler. Raises StartError."""
    bell = _Bell()
    journal.tell(Commit(releases=[(bell, [Heartbeat(0)])], waits=True))
    if not bell.rung.wait(FLUSH_S):
        raise StartError(f"the journal did not write what it was given within {FLUSH_S:g} s")


def restore_books(reader: Reader | None, plans: Iterable[DeskPlan]) -> Restored:
    """Fold the journal, or begin with empty books when there is none."""
    lags = {plan.name: plan.settings.lag_ns for plan in plans}
    if reader is not None:
        return open_books(reader, lag_ns=lags)
    return Restored(Books(lag_ns=lags), 0, {}, [], [], 1, {}, [], [])


def last_heard_ns(reader: Reader | None, venues: Iterable[str]) -> dict[str, int]:
    """Return until when, by the journal, each venue's trades were heard: those since then may be missing.

    Only what a venue says by itself counts, or what a reconciliation adopted: not our own requests, denials and alarms.
    """
    if reader is None:
        return {}
    db = reader.connection()
    since = db.execute("SELECT coalesce(max(seq), 0) FROM checkpoints").fetchone()[0]
    heard: dict[str, int] = msgspec.json.decode(load_parts(reader).get("desks", "{}"), type=dict[str, int])
    query = f"SELECT ts_ns FROM events WHERE seq > ? AND venue = ? AND kind IN {HEARD_KINDS} ORDER BY seq DESC LIMIT 1"
    for venue in venues:
        row = db.execute(query, (since, venue)).fetchone()
        heard[venue] = max(heard.get(venue, 0), 0 if row is None else row[0])
    return heard


def make_floor(
    restored: Restored,
    plans: Iterable[DeskPlan],
    limits: Limits,
    clock: Clock,
    wall: Clock,
    hooks: Hooks,
    *,
    heard_ns: Mapping[str, int],
    instruments: Mapping[str, Iterable[Instrument]],
    closed_kept: int,
) -> Floor:
    """Make the floor and tell the limits all that was restored: orders, positions, balances, blocks, stopped strategies."""
    books, exposure = restored.books, limits.exposure
    desks = {
        plan.name: Desk(
            plan.name, plan.account, plan.resiliency, plan.broker, plan.settings, plan.policy, heard_ns.get(plan.name, 0)
        )
        for plan in plans
    }
    metrics = Metrics(books.instrument, _decided_of(books))
    floor = Floor(books, exposure, limits, metrics, clock, wall, desks, hooks, closed_kept=closed_kept)
    known = books.accounts.instruments()
    for venue in desks:
        exposure.on_instruments(venue, [one for one in known if one.venue == venue])
    for venue, listed in instruments.items():
        floor.list_instruments(InstrumentsListed(venue, tuple(listed)))
    _tell_limits(floor, restored, limits)
    return floor


def _decided_of(books: Books) -> Callable[[str], int]:
    """Return the question when an order was decided, 0 for one that has left memory."""

    def decided_ns(client_order_id: str) -> int:
        record = books.orders.get(client_order_id)
        return 0 if record is None else record.order.decided_ns

    return decided_ns


def _tell_limits(floor: Floor, restored: Restored, limits: Limits) -> None:
    books, exposure = floor.books, floor.exposure
    for record in books.orders.values():
        exposure.on_order(record.update())
    for position in books.positions():
        exposure.on_position(position)
    for desk in floor.desks.values():
        balances = books.balances(desk.name)
        if balances:
            exposure.on_balances(desk.name, desk.account, balances)
    for block in restored.blocks:
        if block.venue in floor.desks:
            floor.desks[block.venue].blocks[block.symbol] = (block.reason, block.until_operator)
            exposure.on_block(block.venue, block.symbol, block.reason)
    if "limits" in restored.parts:
        limits.import_state(restored.parts["limits"])
    for event in restored.others:
        if isinstance(event, StrategyStopped):
            limits.stop_strategy(event.strategy, event.reason)
        elif isinstance(event, SwitchStrategy) and event.on:
            limits.rearm_strategy(event.strategy)


def opening_events(restored: Restored, engine_id: str, mode: str, version: str, clock: Clock) -> list[Message]:
    """Return what begins a run in the journal, before the first id of the run is used."""
    return [RunStarted(engine_id, restored.next_run, mode, version, clock.now_ns())]


def is_own_order(engine_id: str, accounts: Mapping[str, str]) -> Callable[[str, str], bool]:
    """Return the question whether an order at a venue carries this engine's tags."""
    return lambda order_id, venue: is_this_engine(order_id, venue, accounts.get(venue, ""), engine_id)


def ids_of_run(engine_id: str, run: int, accounts: Mapping[str, str], nonce: int) -> dict[str, ClientOrderIds]:
    """Return the maker of ids of each venue for one run; ``nonce`` (16 bits) keeps copies of one journal apart."""
    number = ((run & 0x3FFF) << 16) | (nonce & 0xFFFF)
    return {venue: ClientOrderIds(venue, account, engine_id, number) for venue, account in accounts.items()}


