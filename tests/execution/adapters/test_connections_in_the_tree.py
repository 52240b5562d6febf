"""Connections are children of the engine's tree: after their broker, under its policy, each by its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import eventually

from autotrader.actors import Context, Handle, Worker, handles
from autotrader.actors.gate import Gate
from autotrader.config import Settings
from autotrader.execution.adapters.paper import plan as plan_paper
from autotrader.execution.adapters.plan import ConnectionPlan, VenuePlan
from autotrader.execution.facades import PaperTradingAdapter
from autotrader.messages import Message
from autotrader.model import Instrument


class Fall(Message, frozen=True):
    pass


class Connection(Worker):
    made: list[tuple[str, int, str, bool]] = []  # noqa: RUF012

    def __init__(self, context: Context, broker: Handle, gate: Gate) -> None:
        super().__init__(context)
        self.made.append((self.name, self.epoch, broker.name, broker.is_bound and isinstance(gate, Gate)))

    @handles(Fall)
    def _on_fall(self, _: Fall) -> None:
        raise ValueError("a bug")


def plan(settings: Settings, instruments: tuple[Instrument, ...], journal_path: str) -> VenuePlan:
    names = ("order-1", "cancel-1")
    return plan_paper(settings, instruments, journal_path)._replace(
        connections=tuple(ConnectionPlan(name, Connection) for name in names)
    )


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Any]:
    Connection.made.clear()
    venues = {"paper": {"adapter": f"{__name__}:plan"}}
    with PaperTradingAdapter(journal={"path": str(tmp_path / "j.db")}, venues=venues) as adapter:
        yield adapter


def test_they_start_after_the_broker_and_are_given_it_and_the_gate(adapter: Any) -> None:
    assert Connection.made == [
        ("connection.paper.order-1", 1, "broker.paper", True), ("connection.paper.cancel-1", 1, "broker.paper", True),
    ]  # fmt: skip


def test_one_that_crashes_is_restarted_alone(adapter: Any) -> None:
    adapter.engine._house.runtime.handle("connection.paper.order-1").tell(Fall())
    eventually(lambda: len(Connection.made) == 3)
    assert Connection.made[2][:2] == ("connection.paper.order-1", 2)
