from pathlib import Path
from typing import Any

import pytest
from paper_kit import D, Paper, buy, names

from autotrader.errors import ConfigError
from autotrader.execution.adapters.paper import paper_settings
from autotrader.messages import CallsFinished, OrderFilled, OrderReported
from autotrader.model import LinkState, OrderState
from autotrader.simulator.books import FeeAsset
from autotrader.simulator.ledger_view import read_ledger


def paper_with(path: Path, *effects: dict[str, Any], on: str = "submit", **trigger: Any) -> Paper:
    return Paper(path, faults={"rules": [{"on": on, "do": list(effects), **(trigger or {"nth": 1})}]}).start()


def test_a_lost_reply_leaves_the_order_unknown_and_a_query_finds_it(tmp_path: Path) -> None:
    paper = paper_with(tmp_path, {"land": True}, {"reply": "never"})
    order = buy()
    assert names(paper.send(order)) == []
    assert names(paper.wait(1.1)) == ["OrderUnknown"]
    assert names(paper.query(order)) == ["OrderFilled", "OrderReported"]
    assert paper.resiliency.of(CallsFinished)[0].failed == 1
    assert names(paper.send(buy())) == ["OrderAccepted", "OrderFilled"]
    paper.stop()


@pytest.mark.parametrize("reply", ["reset", "cut", "empty", {"status": 502, "body": "<html>"}])
def test_an_answer_that_says_nothing_is_unknown_at_once(tmp_path: Path, reply: Any) -> None:
    paper = paper_with(tmp_path, {"land": False}, {"reply": reply})
    order = buy()
    [unknown] = paper.send(order)
    assert (names([unknown]), unknown.request) == (["OrderUnknown"], "submit")  # type: ignore[attr-defined]
    [report] = paper.query(order)
    assert report.state is None  # type: ignore[attr-defined]
    assert read_ledger(tmp_path / "books")["orders"] == []
    paper.stop()


def test_a_rule_may_reject_limit_or_delay(tmp_path: Path) -> None:
    rules = [
        {"on": "submit", "nth": 1, "do": [{"reject": "-2010"}]},
        {"on": "submit", "nth": 2, "do": [{"rate_limit": {"retry_after_s": 7}}]},
        {"on": "submit", "nth": 3, "do": [{"ban_s": 30}]},
        {"on": "submit", "nth": 4, "do": [{"delay_s": 0.5}]},
    ]
    paper = Paper(tmp_path, faults={"rules": rules}).start()
    [rejected] = paper.send(buy("1", "90"))[:1]
    assert rejected.reason_code == "-2010"  # type: ignore[attr-defined]
    assert names(paper.send(buy(), buy())) == []
    assert paper.failures == [("rate_limited", "RATE_LIMITED"), ("rate_limited", "BANNED")]
    assert max(one.retry_after_s for one in paper.resiliency.of(CallsFinished)) == 30
    assert names(paper.send(buy())) == []
    assert names(paper.wait(0.6)) == ["OrderAccepted", "OrderFilled"]
    paper.stop()


def test_a_partial_fill_leaves_the_rest_of_a_limit_order_working(tmp_path: Path) -> None:
    paper = paper_with(tmp_path, {"partial": 0.25})
    order = buy("1", "101.00")
    told = paper.send(order)
    assert [m.fill.quantity for m in told if isinstance(m, OrderFilled)] == [D("0.25")]
    assert [m.fill.quantity for m in paper.quote("100.00", "100.01") if isinstance(m, OrderFilled)] == [D("0.75")]
    paper.stop()


def test_a_cancel_may_lose_the_race_against_a_fill(tmp_path: Path) -> None:
    paper = paper_with(tmp_path, {"fill_on_cancel": True}, on="cancel")
    order = buy("1", "90.00")
    paper.send(order)
    assert names(paper.cancel(order)) == ["OrderFilled", "CancelRejected"]
    assert [m.state for m in paper.query(order) if isinstance(m, OrderReported)] == [OrderState.FILLED]
    paper.stop()


def test_an_overfill_is_told_and_booked(tmp_path: Path) -> None:
    paper = paper_with(tmp_path, {"overfill": 0.1})
    told = paper.send(buy("1"))
    assert [m.fill.quantity for m in told if isinstance(m, OrderFilled)] == [D(1), D("0.1")]
    assert read_ledger(tmp_path / "books")["positions"]["BTCUSDT"] == "1.1"
    paper.stop()


def test_a_silent_trade_is_in_the_books_and_in_the_snapshot_only(tmp_path: Path) -> None:
    paper = paper_with(tmp_path, {"silent": True})
    assert names(paper.send(buy())) == ["OrderAccepted"]
    assert len(paper.snapshot().snapshot.trades) == 1
    paper.stop()


def test_a_fill_may_come_before_the_acknowledgement_or_later(tmp_path: Path) -> None:
    rules = [{"on": "submit", "nth": 1, "do": [{"fill_before_ack": True}]}, {"on": "submit", "nth": 2, "do": [{"hold_s": 0.5}]}]
    paper = Paper(tmp_path, faults={"rules": rules}).start()
    assert names(paper.send(buy())) == ["OrderFilled", "OrderAccepted"]
    assert names(paper.send(buy())) == ["OrderAccepted"]
    assert names(paper.wait(0.6)) == ["OrderFilled"]
    paper.stop()


def test_a_busted_trade_is_taken_back_and_left_out_of_the_books(tmp_path: Path) -> None:
    paper = paper_with(tmp_path, {"bust": 1})
    assert names(paper.send(buy())) == ["OrderAccepted", "OrderFilled", "TradeBusted"]
    view = read_ledger(tmp_path / "books")
    assert (view["fills"], D(view["positions"]["BTCUSDT"]), D(view["balances"]["USDT"])) == ([], D(0), D(1_000_000))
    paper.stop()


def test_amends_cancels_and_queries_can_be_disturbed_too(tmp_path: Path) -> None:
    rules = [
        {"on": "amend", "nth": 1, "do": [{"reply": "reset"}]},
        {"on": "cancel", "nth": 1, "do": [{"land": False}, {"reply": "reset"}]},
        {"on": "query", "nth": 1, "do": [{"reply": "never"}]}, {"on": "amend", "nth": 2, "do": [{"reject": "X"}]},
        {"on": "cancel", "nth": 2, "do": [{"reject": "X"}]}, {"on": "query", "nth": 2, "do": [{"rate_limit": {}}]},
    ]  # fmt: skip
    paper = Paper(tmp_path, faults={"rules": rules}).start()
    order = buy("1", "90.00")
    paper.send(order)
    assert [(names([m]), m.request) for m in paper.replace(order, "2", "90.00")] == [(["OrderUnknown"], "replace")]  # type: ignore[attr-defined]
    assert paper.actor._desk.exchange.find("PAPER", order.client_order_id).quantity == 2  # type: ignore[union-attr]
    assert [(names([m]), m.request) for m in paper.cancel(order)] == [(["OrderUnknown"], "cancel")]  # type: ignore[attr-defined]
    assert paper.query(order) == paper.query(order) == []
    assert names(paper.replace(order, "3", "90.00")) == ["ReplaceRejected"]
    assert [m.kind for m in paper.cancel(order)] == ["final"]  # type: ignore[attr-defined]
    assert names(paper.query(order)) == ["OrderReported"]
    paper.stop()


def test_a_venue_may_restart_without_its_orders_and_halt_its_market(tmp_path: Path) -> None:
    rules = [
        {"on": "venue", "at_s": 1, "do": [{"restart": {"down_s": 2, "keep_orders": False}}]},
        {"on": "venue", "at_s": 5, "do": [{"market_halt_s": 1}]},
        {"on": "venue", "at_s": 8, "do": [{"maintenance_s": 1}]},
    ]
    paper = Paper(tmp_path, faults={"rules": rules}).start()
    paper.send(buy("1", "90.00"))
    told = paper.wait(3.2)
    assert names(told) == ["LinkChanged", "LinkChanged", "AccountConfirmed", "InstrumentsListed", "SnapshotTaken"]
    assert told[-1].snapshot.orders == ()  # type: ignore[attr-defined]
    paper.wait(2)
    assert [m.reason_code for m in paper.send(buy()) if names([m])] == ["MARKET_HALTED"]  # type: ignore[attr-defined]
    paper.wait(1)
    assert "OrderFilled" in names(paper.send(buy()))
    assert [m.link for m in paper.wait(2)][:1] == [LinkState.DOWN]  # type: ignore[attr-defined]
    paper.stop()


def test_plain_chances_reject_lose_replies_and_take_the_link(tmp_path: Path) -> None:
    paper = Paper(
        tmp_path, reject_probability="0.2", reject_code="NOPE", lost_reply_probability="0.2", outage_probability="0.05",
        outage_s=0.1,
    ).start()  # fmt: skip
    told = []
    for _ in range(100):
        told += paper.send(buy("0.2"))
        told += paper.wait(0.2)
        told += paper.quote("100.00", "100.01")
    seen = names(told)
    for name in ("OrderRejected", "OrderUnknown", "OrderFilled", "LinkChanged", "SnapshotTaken"):
        assert seen.count(name) > 1, name
    assert {m.reason_code for m in told if type(m).__name__ == "OrderRejected"} == {"NOPE"}  # type: ignore[attr-defined]
    paper.stop()


def test_the_same_seed_and_requests_tell_the_same_thing(tmp_path: Path) -> None:
    def run(path: Path) -> list[str]:
        path.mkdir()
        paper = Paper(
            path, reject_probability="0.1", lost_reply_probability="0.1", outage_probability="0.02", outage_s=0.1,
            slippage_bps=20, latency_ms=30,
        ).start()  # fmt: skip
        for number in range(60):
            paper.send(buy("0.2", client_order_id=f"c{number}"))
            paper.wait(0.1)
            paper.quote("100.00", "100.01")
        paper.stop()
        return [repr(message) for message in paper.oms.seen if type(message).__name__ != "OrdersTimed"]

    assert run(tmp_path / "one") == run(tmp_path / "two")


@pytest.mark.parametrize(("values", "words"), [
    ({"reject_probability": 2}, "reject_probability must be from 0 to 1"),
    ({"latency_ms": -1}, "latency_ms must not be negative"),
    ({"depth": 0}, "depth must be at least 1"),
    ({"maker_fee": "much"}, "venues.paper"),
    ({"outages": [[1]]}, "venues.paper"),
    ({"faults": {"rules": [{"on": "stream", "nth": 1, "do": [{"cut": True}]}]}}, "the paper venue has none"),
    ({"faults": "/nonesuch.json"}, "cannot be read"),
])  # fmt: skip
def test_wrong_settings_are_refused_by_name(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        paper_settings(values, ledger="x")


def test_settings_come_from_the_section_with_the_markets_instruments() -> None:
    instrument = paper_settings({}, ledger="x").instruments[0]
    settings = paper_settings(
        {"enabled": True, "breaker": {}, "maker_fee": D("0.001"), "outages": ((1.0, 2.0),), "fee_asset": "BASE", "seed": None,
         "faults": ""},
        ledger="x", instruments=[instrument], seed=9,
    )  # fmt: skip
    assert (settings.maker_fee, settings.seed, settings.fee_asset) == (D("0.001"), 9, FeeAsset.BASE)
    assert settings.opening() == {"BTC": D(100), "USDT": D(1_000_000)}
    with pytest.raises(ConfigError, match="lists BTCUSDT twice"):
        paper_settings({}, ledger="x", instruments=[instrument, instrument])
