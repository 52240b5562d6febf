"""The part of the broker that writes: jobs to the link, one word for each back, and what to say of those that got none.

What TWS answers comes apart from that, as events, and may come first: a word that something may not have left says nothing of
what was heard of since. Source: ibkr.md section 3.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Final, Literal, NamedTuple

from autotrader.actors import Context, Handle, handles
from autotrader.actors.gate import Gate
from autotrader.errors import Unavailable
from autotrader.execution.adapters.base import BrokerActor
from autotrader.execution.adapters.ibkr.answering import AnsweringFollower
from autotrader.execution.adapters.ibkr.config import VENUE, IbkrSettings
from autotrader.execution.adapters.ibkr.listing import Listing
from autotrader.execution.adapters.ibkr.messages import DropLink, Request, TwsJob, TwsWritten
from autotrader.execution.adapters.ibkr.order_ids import OrderIds, ReadIds
from autotrader.execution.adapters.ibkr.registry import Known
from autotrader.execution.adapters.wire import CallRoll
from autotrader.messages import Message, Receipt, SendCancel, SendOrder, SendReplace
from autotrader.model import WriteClass

__all__ = ["LINK", "Job", "LinkingBroker", "Memory"]

LINK: Final = "tws"
"""The link's name at the venue: its actor is ``connection.ibkr.tws``."""
SECOND: Final = 1_000_000_000
WORD_NS: Final = 2 * SECOND
Command = SendOrder | SendReplace | SendCancel
JobKind = Literal["order", "replace", "cancel", "cancel_all", "read"]


class Memory:
    """What outlives an incarnation of the broker within one run; one thread at a time.

    ``heard_ns``: when TWS was heard last, so that a successor marks the gap. ``ids`` are the order ids of our client id.
    """

    def __init__(self, ids: OrderIds) -> None:
        self.heard_ns = 0
        self.ids = ids
        self.read_ids = ReadIds()


class Job(NamedTuple):
    """A job that is out at the link; ``late_ns`` is when no word is waited for any more, on the machine's monotonic clock."""

    kind: JobKind
    command: Command | None
    known: Known | None
    late_ns: int


class LinkingBroker(BrokerActor):
    """Writes by the link, and keeps what is out."""

    def __init__(
        self, context: Context, *, settings: IbkrSettings, memory: Memory, oms: Handle, resiliency: Handle, gate: Gate
    ) -> None:
        super().__init__(context, venue=VENUE, account=settings.account, oms=oms, resiliency=resiliency, gate=gate)
        self.settings, self.memory = settings, memory
        self.listing = Listing(settings.symbols)
        self.follower = AnsweringFollower(VENUE, settings.account, settings.client_id, self.listing.symbol_of)
        self.jobs: dict[int, Job] = {}
        self.connection = 0
        self._numbers = 0
        self._link = context.handle(f"connection.{VENUE}.{LINK}")

    def on_start(self) -> None:
        """Ask whether the link is there; one that is not yet says so by itself."""
        super().on_start()
        self._tell_link(CallRoll(self.epoch))

    @abstractmethod
    def on_written(self, job: Job, word: TwsWritten) -> None:
        """Take what became of a job."""

    # ------------------------------------------------------------ out

    def write(
        self, request: Request, write_class: WriteClass = WriteClass.QUERY, *, kind: JobKind = "read",
        command: Command | None = None, known: Known | None = None, receipt: Receipt | None = None, attempt: int = 1,
        within_s: float = 0.0, urgent: bool = False,
    ) -> None:  # fmt: skip
        """Have a request written, ``within_s`` seconds or not at all (0: whenever)."""
        self._numbers += 1
        now_ns = self.wall.monotonic_ns()
        until_ns = now_ns + round(within_s * SECOND) if within_s else 0
        job = Job(kind, command, known, (until_ns or now_ns + round(self.settings.deadline_s * SECOND)) + WORD_NS)
        self.jobs[self._numbers] = job
        told = TwsJob(self._numbers, self.epoch, request, write_class, receipt, attempt, until_ns, urgent)
        if not self._tell_link(told):
            del self.jobs[self._numbers]
            self.on_written(job, TwsWritten(self._numbers, self.epoch, "not_sent", "NO_LINK", "the link to TWS is not there"))

    def drop_link(self, reason: str) -> None:
        """Have the connection given up, and another made."""
        self._tell_link(DropLink(reason))

    def _tell_link(self, message: TwsJob | CallRoll | DropLink) -> bool:
        try:
            self._link.tell(message)
        except Unavailable:
            return False
        return True

    # ------------------------------------------------------------ back

    @handles(TwsWritten)
    def _on_word(self, word: TwsWritten) -> None:
        job = self.jobs.pop(word.number, None) if word.epoch == self.epoch else None
        if job is not None:
            self.on_written(job, word)

    def give_up_jobs(self, reason: str) -> None:
        """Say of all that is out that it may have left: the link that had it is gone."""
        for number in list(self.jobs):
            self._lose(number, "CONNECTION_LOST", reason)

    def watch_jobs(self, now_ns: int) -> None:
        """Say of what got no word for too long that it may have left."""
        for number, job in list(self.jobs.items()):
            if now_ns > job.late_ns:
                self._lose(number, "NO_WORD", "the link said nothing until past the deadline")

    def _lose(self, number: int, code: str, reason: str) -> None:
        job = self.jobs.pop(number)
        self.on_written(job, TwsWritten(number, self.epoch, "unknown", code, reason))

    # ------------------------------------------------------------ what is told

    def on_flush(self) -> None:
        """Tell what TWS told, in its order, after what was gathered here."""
        self.take_told()
        super().on_flush()

    def take_told(self) -> None:
        """Put what the follower gathered into what is told."""
        told, self.follower.told = self.follower.told, []
        self.told += told
        answered, self.follower.answered = self.follower.answered, []
        for known, recv_ns in answered:
            self.on_acknowledged(known, recv_ns)

    @abstractmethod
    def on_acknowledged(self, known: Known, recv_ns: int) -> None:
        """Note that TWS answered a new order."""

    def tell(self, message: Message) -> None:
        """Tell the order manager, after all that TWS told before."""
        self.take_told()
        self.told.append(message)

    def since(self, recv_ns: int) -> int:
        """Return a time of the engine's clock on the machine's monotonic one."""
        return self.wall.monotonic_ns() - max(self.clock.now_ns() - recv_ns, 0)


