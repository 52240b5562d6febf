"""The first thing that an embedding program does after ``connect`` is an order."""

from __future__ import annotations

from pathlib import Path

from autotrader.execution import ExecutionConfig, ExecutionDecision, ExecutionEngine
from autotrader.model import OrderState


def test_a_decision_right_after_connect_finds_a_quote(tmp_path: Path) -> None:
    for number in range(5):
        with ExecutionEngine(ExecutionConfig(env={}, journal={"path": str(tmp_path / f"{number}.db")})) as engine:
            engine.connect()
            update = engine.execute_decision(ExecutionDecision("BUY", "BTCUSDT", "0.01")).wait_done(10)
        assert update.state is OrderState.FILLED, update.reason
