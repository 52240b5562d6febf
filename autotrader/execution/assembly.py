"""Puts one engine together: files and locks, gate and kill switch, and the specification of every actor in its tree."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from secrets import randbits

from autotrader.actors import ChildSpec, Context, Handle, RestartPolicy, Runtime
from autotrader.actors.gate import Gate
from autotrader.clock import SystemClock
from autotrader.config import Settings, StrategySection
from autotrader.errors import JournalError, Unavailable
from autotrader.execution.adapters.plan import ConnectionPlan, VenuePlan, plan_venue
from autotrader.execution.alerts import Alerts
from autotrader.execution.front import DispatcherActor, FrontActor
from autotrader.execution.kill_switch import KillSwitch
from autotrader.execution.latch import Latch, kill_file, latch_at_start
from autotrader.execution.market import Market, feed_specs, open_market
from autotrader.execution.watch import Watch
from autotrader.messages import (
    Alerted,
    Message,
    RequestsAbandoned,
    SendCancel,
    SendOrder,
    SendReplace,
    StrategyStopped,
    Subscribe,
)
from autotrader.model import KillLevel
from autotrader.oms.desk import DeskSettings
from autotrader.oms.differences import Policy
from autotrader.oms.evidence import DEFAULT_LIFE_NS, REQUEST_LIFE_NS, lag_of
from autotrader.oms.floor import WATCH, Hooks
from autotrader.oms.journal.actor import JournalActor
from autotrader.oms.journal.lock import AccountLock, state_directory
from autotrader.oms.journal.null import NullStore
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.restore import Restored
from autotrader.oms.journal.store import Store
from autotrader.oms.manager import FloorStart, OrderManagerActor
from autotrader.oms.opening import (
    DeskPlan,
    flush_journal,
    ids_of_run,
    is_own_order,
    last_heard_ns,
    make_floor,
    opening_events,
    restore_books,
)
from autotrader.resiliency.dead_letters import DeadLetters
from autotrader.resiliency.manager import ResiliencyActor
from autotrader.resiliency.settings import ResiliencySettings
from autotrader.risk import Exposure, Limits, ReceiptBook
from autotrader.secrets import redact
from autotrader.strategy.base import StrategyLike
from autotrader.strategy.loading import strategy_maker
from autotrader.strategy.recent import FillMemory
from autotrader.strategy.runner import RunnerSettings, StrategyRunnerActor
from autotrader.version import VERSION

__all__ = ["API", "DISPATCHER", "FRONT", "OMS", "RUN", "Assembly", "StrategyFactory", "journal_path"]

API = "api"
OMS, JOURNAL, DISPATCHER, FRONT = "oms", "journal", "dispatcher", "front"
JOURNAL_START_S = 120.0
"""A restart verifies and folds the whole journal."""
CONNECTION_START_S = 20.0
"""A venue's library may take seconds to import on a busy machine; a connect is not part of it."""
RUN = "run"
"""Handle that the run which waits for its end is bound to."""
StrategyFactory = Callable[[], StrategyLike]


def journal_path(settings: Settings) -> Path:
    """Return where the journal of these settings lies: as configured, else in the user's state directory, by mode.

    A replay without a journal of its own gets a new one each time: its time is not that of other runs.
    """
    if settings.journal.path:
        return Path(settings.journal.path).absolute()
    directory = state_directory() / settings.mode.lower()
    if settings.market.source == "tape":
        return directory / f"replay-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}.db"
    return directory / "journal.db"


class Assembly:
    """All parts of one engine, opened but not started. ``open`` raises ConfigError or JournalError and leaves nothing behind.

    ``strategies`` are (name, factory, section): what ``runner_specs`` makes actors of.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.path = journal_path(settings)
        self.market: Market = open_market(settings)
        self.plans: dict[str, VenuePlan] = {
            name: plan_venue(name, settings, self.market.instruments, str(self.path)) for name in settings.active_venues
        }
        self.accounts = {name: plan.account for name, plan in self.plans.items()}
        self.risk = settings.limits()
        self.seed = settings.ids.seed if settings.ids.seed is not None or not self.market.lock_step else 0
        self.subscriptions: list[Subscribe] = []
        self._folded: tuple[Reader | None, Restored] | None = None  # for the first order manager; later ones fold anew
        self._files = ExitStack()

    # ------------------------------------------------------------ files

    def open(self) -> None:
        """Take the locks, verify and fold the journal, read the latch; the gate is shut if the last run left it so."""
        with ExitStack() as stack:
            self._open_files(stack)
            self._files = stack.pop_all()

    def _open_files(self, stack: ExitStack) -> None:
        settings, clock, wall = self.settings, self.market.clock, SystemClock()
        self._make_folder()
        for name, plan in self.plans.items():
            stack.enter_context(AccountLock(name, plan.place, plan.account))
        self.store = self._open_store()
        stack.callback(self.store.close)
        self.runtime = Runtime(clock, wall, self.seed, name="autotrader", lock_step=self.market.lock_step)
        self.alerts = Alerts(settings.alerts.revealed, settings.kill.revealed)
        stack.callback(self.alerts.close)
        self.receipts = ReceiptBook()
        self.gate = Gate(self.receipts)
        self.latch = Latch(self.path)
        stack.callback(self.latch.close)
        stack.callback(self.gate.attach, bytes(64))
        self.kill = KillSwitch(self.gate, self.latch, self.runtime.broadcast, clock, wall, self.alerts.tell)
        self.watch = Watch(self.plans, self.gate.level)
        self.runtime.handle(WATCH).bind(self.watch.hear)
        self._restore_first_state(stack)
        self.runtime.redact = redact
        self.runtime.polls.append(self.kill.poll)
        self.runtime.on_abandoned = self._abandoned
        self.runtime.on_supervisor_lost = self._supervisor_lost

    def _make_folder(self) -> None:
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise JournalError(f"{folder} cannot be made: {error.strerror}; choose another --journal FILE") from error

    def _open_store(self) -> Store | NullStore:
        section = self.settings.journal
        engine_id: str | None = self.settings.engine.id or None
        if engine_id is None and self.seed is not None and not self.path.exists():
            engine_id = f"{self.seed:032x}"
        if not section.enabled:
            return NullStore(mode=self.settings.mode, engine_id=engine_id)
        return Store(
            self.path, clock=self.market.clock, mode=self.settings.mode, accounts=self.accounts, engine_id=engine_id,
            checkpoint_every=section.checkpoint_events,
        )

    def _fold(self) -> tuple[Reader | None, Restored]:
        """Fold the journal as it is committed now; the books go on reading older fills through the reader."""
        reader = self._reader()
        return reader, restore_books(reader, self._desk_plans())

    def _restore_first_state(self, stack: ExitStack) -> None:
        reader, restored = self._fold()
        if reader is not None:
            stack.callback(reader.close)
        self._folded = (reader, restored)
        self.run = restored.next_run
        nonce = randbits(16) if self.seed is None else self.seed
        self.ids = ids_of_run(self.store.engine_id, self.run, self.accounts, nonce)
        levels, why = latch_at_start(
            self.latch.found, {scope: pull.level for scope, pull in restored.kills.items()}, kill_file(self.path).exists()
        )
        self.kill.restore(levels, why)

    def _reader(self) -> Reader | None:
        return Reader(self.path) if isinstance(self.store, Store) else None

    def subscribe(self, wanted: Subscribe) -> None:
        """Have the order manager, and each later incarnation of it, tell the actor that is named."""
        self.subscriptions.append(wanted)
        self.runtime.handle(OMS).tell(wanted)

    def close(self) -> None:
        """Let go of all files and locks, and end the alerts' threads."""
        self._files.close()

    # ------------------------------------------------------------ the order manager's floor

    def _desk_plans(self) -> list[DeskPlan]:
        runtime, engine_id = self.runtime, self.store.engine_id
        return [
            DeskPlan(
                name, plan.account, runtime.handle(f"resiliency.{name}"), runtime.handle(f"broker.{name}"),
                self._desk_settings(plan), Policy(lag_ns=lag_of(name), engine_id=engine_id),
            )
            for name, plan in self.plans.items()
        ]

    def _desk_settings(self, plan: VenuePlan) -> DeskSettings:
        engine = self.settings.engine
        life_ns = REQUEST_LIFE_NS.get(plan.name, DEFAULT_LIFE_NS)
        return DeskSettings(
            request_life_ns=life_ns if plan.request_life_s is None else round(plan.request_life_s * 1e9),
            lag_ns=lag_of(plan.name), inflight_ns=round(engine.inflight_sweep_s * 1e9), sweep_ns=round(engine.sweep_s * 1e9),
            sweeps=engine.enable_oms_monitoring, bulk_cancel=plan.bulk_cancel, bulk_scope=plan.bulk_scope, utc_day=plan.utc_day,
        )

    def _open_floor(self) -> FloorStart:
        """Make the floor from the journal; in the order manager's thread, for each of its incarnations."""
        runtime, settings, clock = self.runtime, self.settings, self.market.clock
        folded, self._folded = self._folded, None
        if folded is None:
            flush_journal(runtime.handle(JOURNAL))
        reader, restored = folded or self._fold()
        exposure = Exposure(settings.account.currency)
        limits = Limits(
            self.risk, exposure, self.receipts, mode=settings.mode, level_of=self.gate.level,
            passes=self.gate.passes, written_of=self.gate.written,
            tape=self.market.is_tape,
        )
        hooks = Hooks(
            kill=lambda level, scope, reason: self.kill.activate(reason, level, scope, by="limits"),
            alert=self._alert,
            recall=(lambda *_: []) if reader is None else reader.recall,
            look_up=(lambda _: None) if reader is None else reader.order,
            is_own=is_own_order(self.store.engine_id, self.accounts),
            close=(lambda: None) if reader is None else reader.close,
        )
        floor = make_floor(
            restored, self._desk_plans(), limits, clock, runtime.wall, hooks,
            heard_ns=last_heard_ns(reader, self.plans),
            instruments={name: plan.instruments for name, plan in self.plans.items() if plan.instruments},
            closed_kept=100_000 if reader is None else 500 if self.market.lock_step else 5_000,
        )
        floor.routes.update({API: runtime.handle(FRONT), WATCH: runtime.handle(WATCH)})
        floor.subscribe(runtime.handle(DISPATCHER), fills=False, updates=False)
        for wanted in self.subscriptions:
            floor.subscribe(runtime.handle(wanted.name), fills=wanted.fills, updates=wanted.updates)
        letters = DeadLetters()
        for letter in restored.dead_letters:
            letters.apply(letter)
        opening = opening_events(restored, self.store.engine_id, settings.mode, VERSION, clock) if folded else []
        return FloorStart(
            floor, letters, opening, lambda venue: self.ids[venue].next(), self.gate, flatten=settings.kill.flatten
        )

    def _alert(self, alert: Alerted) -> None:
        self.alerts.tell(alert.code, alert.text, alert.venue, alert.client_order_id)

    # ------------------------------------------------------------ the tree

    def specs(self) -> list[ChildSpec]:
        """Return the tree without the runners, in the order of its start."""
        runtime = self.runtime
        oms = runtime.handle(OMS)
        specs = [
            ChildSpec(FRONT, FrontActor, RestartPolicy(intensity=5, period_s=60)),
            ChildSpec(DISPATCHER, DispatcherActor, RestartPolicy(intensity=10, period_s=300), hang_s=None),
            ChildSpec(
                JOURNAL,
                lambda context: JournalActor(context, store=self.store, oms=oms, on_commit_failed=self._commit_failed),
                RestartPolicy(intensity=1, period_s=60, base_s=0, cap_s=0), "rest_for_one",
                on_exhausted=self._pull_all, on_crash=lambda exited: self._pull_all(exited.name, exited.error),
                start_s=JOURNAL_START_S, hang_s=30.0,
            ),
            ChildSpec(
                OMS, lambda context: OrderManagerActor(context, self._open_floor, runtime.handle(JOURNAL)),
                RestartPolicy(intensity=2, period_s=60, base_s=0.1, cap_s=1.0), "rest_for_one", on_exhausted=self._pull_all,
                start_s=JOURNAL_START_S,
            ),
        ]
        for plan in self.plans.values():
            specs += self._venue_specs(plan)
        names = [section.label for section in self.settings.all_strategies]
        targets = [*(f"broker.{name}" for name in self.plans), OMS, *(f"runner.{name}" for name in names)]
        return [*specs, *feed_specs(self.market, runtime, targets, [DISPATCHER, RUN], self._feed_lost)]

    def _venue_specs(self, plan: VenuePlan) -> list[ChildSpec]:
        runtime, name = self.runtime, plan.name
        broker, resiliency, oms = (runtime.handle(one) for one in (f"broker.{name}", f"resiliency.{name}", OMS))
        section = self.settings.venues[name]
        keys = {key: getattr(section, key).model_dump() for key in ("breaker", "retry", "rate")}
        settings = ResiliencySettings.of(keys, enabled=self.settings.engine.enable_resiliency)
        policy = RestartPolicy(intensity=5, period_s=60, base_s=0.25, cap_s=30.0)

        def quarantine(_: str, reason: str) -> None:
            self.kill.activate(f"{name} is quarantined: {reason}", KillLevel.CANCEL, name, by="supervisor")

        return [
            ChildSpec(
                f"resiliency.{name}", lambda context: ResiliencyActor(context, name, broker, oms, settings), policy,
                on_exhausted=quarantine,
            ),
            ChildSpec(
                f"broker.{name}", lambda context: plan.make_broker(context, oms, resiliency, self.gate), policy,
                on_exhausted=quarantine, start_s=self.settings.engine.start_timeout_s,
            ),
            *(self._connection_spec(plan, one, broker, policy, quarantine) for one in plan.connections),
        ]

    def _connection_spec(
        self, plan: VenuePlan, one: ConnectionPlan, broker: Handle, policy: RestartPolicy,
        quarantine: Callable[[str, str], None],
    ) -> ChildSpec:  # fmt: skip
        return ChildSpec(
            f"connection.{plan.name}.{one.name}", lambda context: one.make(context, broker, self.gate), policy,
            on_exhausted=quarantine, start_s=max(CONNECTION_START_S, self.settings.engine.start_timeout_s),
        )

    def runner_spec(self, section: StrategySection, factory: StrategyFactory | None = None) -> ChildSpec:
        """Return a strategy's place in the tree; raises ConfigError when the strategy cannot be found."""
        runtime, settings = self.runtime, self.settings
        make = factory or strategy_maker(section.class_, section.options)
        trigger, cycle_ms = settings.cycle_of(section)
        on_fill = settings.engine.decide_on_fill if section.decide_on_fill is None else section.decide_on_fill
        runner = RunnerSettings(
            cycle_time_ms=cycle_ms, trigger="quote" if self.market.lock_step else trigger, decide_on_fill=on_fill,
            max_decisions=section.max_decisions, hang_s=section.hang_s, timed=not self.market.lock_step,
        )
        memory = FillMemory()

        def begin(context: Context) -> StrategyRunnerActor:
            return StrategyRunnerActor(
                context, strategy=make, oms=runtime.handle(OMS), ids=self.ids, accounts=self.accounts, settings=runner,
                instruments=[one for plan in self.plans.values() for one in plan.instruments], memory=memory,
            )

        policy = RestartPolicy(intensity=3, period_s=300, base_s=1.0, cap_s=60.0)
        return ChildSpec(f"runner.{section.label}", begin, policy, on_exhausted=self._strategy_lost)

    # ------------------------------------------------------------ when something ends

    def _commit_failed(self, reason: str) -> None:
        self.kill.activate(f"the journal cannot be written: {reason}", KillLevel.HALT, by="journal")

    def _pull_all(self, name: str, reason: str) -> None:
        self.kill.activate(f"{name} ended: {reason}", KillLevel.CANCEL, by="supervisor")

    def _feed_lost(self, name: str, venue: str, reason: str) -> None:
        self.kill.activate(f"{name} was given up: {reason}", KillLevel.HALT, venue, by="supervisor")

    def _supervisor_lost(self, reason: str) -> None:
        self.kill.activate(f"the supervisor ended: {reason}", KillLevel.CANCEL, by="supervisor")

    def _strategy_lost(self, name: str, reason: str) -> None:
        stopped = StrategyStopped(name.removeprefix("runner."), "CRASHED", reason, self.market.clock.now_ns())
        with suppress(Unavailable):
            self.runtime.handle(OMS).tell(stopped)

    def _abandoned(self, name: str, messages: list[Message]) -> None:
        """Hand the order manager what an ended actor had taken and not finished, if it was on its way to a venue."""
        if not name.startswith(("resiliency.", "broker.")):
            return
        requests = [message for message in messages if isinstance(message, SendOrder | SendReplace | SendCancel)]
        with suppress(Unavailable):
            if requests:
                self.runtime.handle(OMS).tell(RequestsAbandoned(tuple(requests)))

