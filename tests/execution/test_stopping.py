"""The end of trading: how long it waits for orders whose fate is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support import eventually

from autotrader.execution import ExecutionConfig, ExecutionDecision, ExecutionEngine
from autotrader.execution.assembly import OMS
from autotrader.messages import LinkChanged
from autotrader.model import Fill, LinkState, Snapshot


class Once:
    """Places one order: a market order, or one that rests."""

    def __init__(self, **terms: Any) -> None:
        self.placed, self.terms = False, terms

    def decide(self, snapshot: Snapshot) -> list[ExecutionDecision]:
        if self.placed or "BTCUSDT" not in snapshot.quotes:
            return []
        self.placed = True
        return [ExecutionDecision("BUY", "BTCUSDT", "0.001", **self.terms)]

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
    asked: list[str] = []
    ask = engine._ending._ask
    monkeypatch.setattr(engine._ending, "_ask", lambda *words: asked.append(type(words[1]).__name__) or ask(*words))
    engine.stop()
    assert asked == ["StopTrading", "GetStatus"]


def test_a_cancel_that_the_venue_refuses_is_asked_for_again_while_the_stop_has_time(tmp_path: Path) -> None:
    refused = {"rules": [{"on": "cancel", "nth": 1, "do": [{"reject": "BUSY_TODAY"}]}]}
    config = ExecutionConfig(
        env={}, journal={"path": str(tmp_path / "j.db")}, venues={"paper": {"faults": refused}}, risk={"profile": "open"},
    )  # fmt: skip
    with ExecutionEngine(config) as engine:
        engine.connect()
        summary = engine.run_live_trading(Once(order_type="LIMIT", limit_price="100"), duration_s=0.5)
    assert (summary.orders, summary.rejected, summary.clean) == (1, 0, True)


def test_a_run_that_ends_while_its_venue_is_away_waits_for_it_to_come_back(tmp_path: Path) -> None:
    away = {"rules": [{"on": "venue", "at_s": 0.4, "do": [{"restart": {"down_s": 1.5, "keep_orders": True}}]}]}
    config = ExecutionConfig(env={}, journal={"path": str(tmp_path / "j.db")}, venues={"paper": {"faults": away}})
    with ExecutionEngine(config) as engine:
        engine.connect()
        summary = engine.run_live_trading(Once(), duration_s=0.7)
    assert summary.clean is True


def test_what_was_confirmed_at_the_end_stays_so_when_the_link_is_lost_a_moment_later(tmp_path: Path, monkeypatch: Any) -> None:
    config = ExecutionConfig(env={}, journal={"path": str(tmp_path / "j.db")})
    with ExecutionEngine(config) as engine:
        engine.connect()
        end = engine._ending.end

        def end_and_lose_the_link() -> bool:
            settled = end()
            engine._house.runtime.handle(OMS).tell(LinkChanged("paper", LinkState.DOWN, "cut", engine.now_ns(), 1))
            eventually(lambda: engine.get_status()["venues"][0]["link"] == "DOWN")
            return settled

        monkeypatch.setattr(engine._ending, "end", end_and_lose_the_link)
        assert engine.run_live_trading(Once(), duration_s=0.5).clean is True
