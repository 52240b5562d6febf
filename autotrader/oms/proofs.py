"""Gathers, order by order, what answers of a venue prove (Rule N and Rule L of the order life cycle)."""

from __future__ import annotations

from autotrader.messages import OrderReported
from autotrader.model import DONE_STATES
from autotrader.oms.desk import Desk
from autotrader.oms.evidence import Evidence
from autotrader.oms.orders import OrderRecord

__all__ = ["Proofs"]


class Proofs:
    """Evidence on the orders that are in doubt; it goes with the doubt."""

    def __init__(self) -> None:
        self._evidence: dict[str, Evidence] = {}
        self._amended: dict[str, int] = {}

    def proves(self, record: OrderRecord, report: OrderReported, desk: Desk, amended_ns: int = 0) -> bool:
        """Take an answer to a query; return whether what it says is proven by now.

        ``amended_ns`` is when the last amend of the order left: its life must be over too before absence is proved.
        """
        settings = desk.settings
        evidence = self._evidence.get(record.client_order_id)
        if evidence is None:
            evidence = Evidence(record.order.created_ns, settings.request_life_ns, settings.lag_ns)
            self._evidence[record.client_order_id] = evidence
        if amended_ns:
            self._count_amend(record.client_order_id, evidence, amended_ns, settings.request_life_ns)
        if desk.heard_since_ns is None:
            evidence.stream_lost()
        else:
            evidence.stream_up(desk.heard_since_ns)
            evidence.snapshot_taken(desk.snapshot_ns)
        if report.state is None:
            evidence.not_found(report.asked_ns)
            return evidence.proves_absence()
        if report.state not in DONE_STATES:
            evidence.works(report.asked_ns)
            return evidence.proves_life(record.last_ns)
        evidence.doubt()
        return False

    def wanted(self) -> dict[str, int]:
        """Return, for each order in doubt that was asked about, from when on one more answer brings a proof nearer; in ns."""
        return {name: evidence.wanted_ns for name, evidence in self._evidence.items()}

    def lacks_snapshot(self, client_order_id: str) -> bool:
        """Say whether a look at the venue's books would bring the proof of an order's absence nearer."""
        evidence = self._evidence.get(client_order_id)
        return evidence is not None and evidence.lacks_snapshot

    def _count_amend(self, client_order_id: str, evidence: Evidence, amended_ns: int, life_ns: int) -> None:
        if self._amended.get(client_order_id) != amended_ns:
            self._amended[client_order_id] = amended_ns
            evidence.request_left(amended_ns, life_ns)

    def keep_only(self, in_doubt: set[str]) -> None:
        """Forget orders that are in doubt no more."""
        self._evidence = {name: evidence for name, evidence in self._evidence.items() if name in in_doubt}
        self._amended = {name: amended_ns for name, amended_ns in self._amended.items() if name in in_doubt}
