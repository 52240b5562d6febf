"""The end of trading: how long it waits for orders whose fate is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autotrader.execution import ExecutionConfig, ExecutionDecision, ExecutionEngine
from autotrader.model import Fill, Snapshot


class Once:
    """Places one order."""

    placed = False

    def decide(self, snapshot: Snapshot) -> list[ExecutionDecision]:
        if self.placed or "BTCUSDT" not in snapshot.quotes:
            return []
        self.placed = True
        return [ExecutionDecision("BUY", "BTCUSDT", "0.001")]

    def record_execution(self, fill: Fill) -> None:
        pass


def test_a_stop_after_a_run_that_ended_in_doubt_does_not_wait_for_it_again(tmp_path: Path, monkeypatch: Any) -> None:
    config = ExecutionConfig(
        env={}, journal={"path": str(tmp_path / "j.db")}, stop={"timeout_s": 0.5},
        venues={"paper": {"lost_reply_probability": 1, "reply_timeout_s": 600}},
    )  # fmt: skip
    engine = ExecutionEngine(config)
    engine.connect()
    summary = engine.run_live_trading(Once(), duration_s=0.5)
    assert (summary.orders, summary.clean) == (1, False)
    looks = []
    ask = engine._oms_status
    monkeypatch.setattr(engine, "_oms_status", lambda: looks.append(1) or ask())
    engine.stop()
    assert len(looks) == 1
