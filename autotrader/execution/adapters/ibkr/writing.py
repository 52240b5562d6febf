"""One job onto the wire: into bytes, through the gate, written, and out of the gate."""

from __future__ import annotations

from collections.abc import Callable

from autotrader.actors.gate import Door, Gate
from autotrader.errors import EncodeError, Refused
from autotrader.execution.adapters.ibkr.client import TwsClient
from autotrader.execution.adapters.ibkr.messages import Fate, TwsJob, TwsWritten
from autotrader.execution.adapters.ibkr.socket_line import NotConnected

__all__ = ["GatedWriter"]


class GatedWriter:
    """Of the link's incarnation ``turn``, named ``writer``; used in its thread.

    A job goes through the gate as the broker's incarnation that it names. A write that is cut ends the connection: part of a
    message may be out, and nothing after it would be understood.
    """

    def __init__(
        self, gate: Gate, venue: str, writer: str, turn: int, *, monotonic_ns: Callable[[], int], is_current: Callable[[], bool]
    ) -> None:
        self._gate, self._venue, self._writer, self._turn = gate, venue, writer, turn
        self._monotonic_ns, self._is_current = monotonic_ns, is_current
        self._door: Door | None = None
        self._at_hand: TwsJob | None = None
        self._written_ns = 0

    def write(self, client: TwsClient, job: TwsJob) -> TwsWritten:
        """Write a job and say what became of it."""
        self._at_hand, self._written_ns = job, 0
        try:
            frame = client.frame_of(job.request)
            door = self._enter(client, job)
        except NotConnected as error:
            return self._done("not_sent", "NO_LINK", str(error))
        except EncodeError as error:
            return self._done("refused", "ENCODE", str(error))
        except Refused as no:
            return self._done("refused", no.code, str(no))
        try:
            client.write(frame)
        except NotConnected as error:
            self._written_ns = 0
            return self._done("not_sent", "NO_LINK", str(error))
        except OSError as error:
            client.shut(f"a write was cut: {error}")
            return self._done("unknown", "CUT", str(error))
        finally:
            door.leave()
        return self._done("written")

    def word_on_a_crash(self, job: TwsJob) -> TwsWritten:
        """Return what is to be told of the job over which the link crashed."""
        if self._at_hand is job and self._written_ns:
            return self._done("unknown", "CRASHED", "the link crashed over it")
        return TwsWritten(job.number, job.epoch, "not_sent", "CRASHED", "the link crashed over it")

    def close(self) -> None:
        """Give the door back."""
        if self._door is not None:
            self._gate.forget(self._door)

    def _enter(self, client: TwsClient, job: TwsJob) -> Door:
        """Go through the gate; what raises leaves us outside."""
        door = self._door
        if door is None or door.epoch != job.epoch:
            self.close()
            door = self._door = self._gate.door(self._venue, job.epoch, writer=self._writer, turn=self._turn)
        door.shutter = lambda: client.shut("the kill switch closed over a write")
        if not self._is_current():
            raise Refused(f"{self._writer}: incarnation {self._turn} was given up", code="STALE_EPOCH")
        door.enter(job.write_class, job.receipt, job.attempt)
        self._written_ns = self._monotonic_ns()
        return door

    def _done(self, fate: Fate, code: str = "", reason: str = "") -> TwsWritten:
        job = self._at_hand
        assert job is not None  # noqa: S101
        return TwsWritten(job.number, job.epoch, fate, code, reason, self._written_ns)
