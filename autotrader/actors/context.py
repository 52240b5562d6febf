"""What an incarnation of an actor is given: its name and mailbox, clocks, timers, chance, and whom to report to."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from loguru import logger

from autotrader.actors.handle import Handle
from autotrader.actors.inbox import Inbox
from autotrader.actors.ticker import TickerBase
from autotrader.clock import Clock
from autotrader.messages import Message

if TYPE_CHECKING:
    from autotrader.actors.in_flight import InFlight, Tally
    from autotrader.actors.runtime import Runtime
    from autotrader.actors.spec import ChildSpec

__all__ = ["Context"]


class Context:
    """One per incarnation, given to the factory. ``clock`` and ``ticker`` are the engine's, ``wall`` and ``wall_ticker`` the
    machine's; ``rng`` is seeded by the runtime's seed, the name and the epoch; ``log`` carries name and epoch.
    """  # noqa: D205, D400

    def __init__(self, runtime: Runtime, name: str, epoch: int, *, counted: bool = True) -> None:
        self.runtime = runtime
        self.name = name
        self.epoch = epoch
        self.clock: Clock = runtime.clock
        self.wall: Clock = runtime.wall
        self.ticker: TickerBase = runtime.ticker
        self.wall_ticker: TickerBase = runtime.wall_ticker
        self.in_flight: InFlight | None = runtime.in_flight
        self.tally: Tally | None = self.in_flight.tally() if self.in_flight is not None and counted else None
        self.inbox = Inbox(name, self.tally)
        self.me = runtime.handle(name)
        self.rng = random.Random(None if runtime.seed is None else f"{runtime.seed}/{name}/{epoch}")
        self.log = logger.bind(actor=name, epoch=epoch)
        self.superseded = False

    def handle(self, name: str) -> Handle:
        """Return the handle of that name; it need not run yet."""
        return self.runtime.handle(name)

    def is_current(self) -> bool:
        """Say whether this incarnation still speaks for its name. Ask last, before anything that cannot be undone."""
        return not self.superseded

    def spawn(self, spec: ChildSpec) -> None:
        """Have the supervisor start one more child, without waiting for it. From a handler or any thread."""
        self.runtime.spawn(spec)

    def retire(self, name: str) -> None:
        """Have the supervisor stop a child for good, without waiting for it. From a handler or any thread."""
        self.runtime.retire(name)

    def report(self, message: Message) -> None:
        """Tell the supervisor; without one, nobody listens."""
        self.runtime.report(message)
