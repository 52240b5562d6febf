"""One run from nothing, as a newcomer starts it: it ends by itself, and everything it prints has the promised form."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from launcher_kit import EXAMPLES, Launched, books_agree, launch, verb

QUICK = ("--set", "engine.cycle_time_ms=5", "--set", "market.rate=100")
STATES = {"DRAFT", "SENT", "UNKNOWN", "OPEN", "PARTIALLY_FILLED", "PENDING_CANCEL", "PENDING_REPLACE", "FILLED", "CANCELED",
          "REJECTED", "EXPIRED", "DENIED"}
PLAIN = re.compile(r"-?\d+(\.\d+)?")
BASES = {"BTCUSDT": "BTC", "ETHUSDT": "ETH", "SOLUSDT": "SOL"}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Launched:
    journal = tmp_path_factory.mktemp("fresh") / "new" / "j.db"
    run = launch(journal, *QUICK, "--until-fills", "8")
    assert run.process.returncode == 0, run.said
    return run


def decimal(value: Any) -> bool:
    return isinstance(value, str) and PLAIN.fullmatch(value) is not None


def decimal_or_null(value: Any) -> bool:
    return value is None or decimal(value)


def text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def nanoseconds(value: Any) -> bool:
    return type(value) is int and value > 1_600_000_000 * 10**9


def one_of(*words: str) -> Any:
    return lambda value: value in words


ORDER = {
    "client_order_id": text, "venue_order_id": text_or_null, "venue": one_of("paper"), "account": text, "symbol": text,
    "side": one_of("BUY", "SELL"), "type": one_of("MARKET", "LIMIT"),
    "time_in_force": one_of("GTC", "DAY", "IOC", "FOK", "GTD"),
    "quantity": decimal, "price": decimal_or_null, "stop_price": decimal_or_null, "state": one_of(*STATES),
    "filled_quantity": decimal, "average_price": decimal_or_null, "reason_code": text_or_null, "reason": text_or_null,
    "strategy": text_or_null, "created_ns": nanoseconds, "updated_ns": nanoseconds,
}
FILL = {
    "trade_id": text, "client_order_id": text, "venue_order_id": text, "venue": one_of("paper"), "symbol": text,
    "side": one_of("BUY", "SELL"), "price": decimal, "quantity": decimal, "fee": decimal, "fee_asset": text,
    "liquidity": one_of("MAKER", "TAKER"), "ts_ns": nanoseconds,
}
POSITION = {
    "venue": one_of("paper"), "account": text, "symbol": text, "quantity": decimal, "average_price": decimal_or_null,
    "realized_pnl": decimal, "unrealized_pnl": decimal_or_null, "currency": text,
}
LEDGER_ORDER = {
    "venue_order_id": text, "client_order_id": text, "symbol": text, "side": one_of("BUY", "SELL"), "type": text,
    "quantity": decimal, "price": decimal_or_null, "status": one_of(*STATES), "filled_quantity": decimal,
    "created_ns": nanoseconds,
}
LEDGER_FILL = {name: FILL[name] for name in FILL if name not in ("venue", "liquidity")}
SUMMARY = {
    "ended": one_of("until_fills"), "orders": int, "fills": int, "denied": int, "rejected": int, "unknown": int,
    "filled_notional": decimal, "fees": dict, "realized_pnl": decimal, "unrealized_pnl": decimal_or_null, "positions": list,
    "latency_us": dict, "started_ns": nanoseconds, "ended_ns": nanoseconds, "clean": one_of(True),
}


def has_form(found: dict[str, Any], form: dict[str, Any], *, exactly: bool = True) -> None:
    assert set(form) <= set(found), f"lacks {set(form) - set(found)}"
    if exactly:
        assert set(found) == set(form)
    for name, holds in form.items():
        good = type(found[name]) is holds if isinstance(holds, type) else holds(found[name])
        assert good, f"{name} is {found[name]!r}"


def test_it_ends_by_itself_and_the_summary_has_the_promised_form(fresh: Launched) -> None:
    summary = fresh.summary
    has_form(summary, SUMMARY, exactly=False)
    assert summary["fills"] >= 8
    assert summary["orders"] >= 8
    assert all(text(asset) and decimal(amount) for asset, amount in summary["fees"].items())
    for path in ("decision_to_ack", "decision_to_fill"):
        assert all(summary["latency_us"][path][point] > 0 for point in ("p50", "p99"))
    for position in summary["positions"]:
        has_form(position, POSITION)
    assert summary["started_ns"] < summary["ended_ns"]


def test_the_summary_on_the_terminal_is_for_people(fresh: Launched) -> None:
    lines = fresh.out.read_text().splitlines()
    assert any(line.startswith("orders") for line in lines)
    assert "clean" in lines[0]
    assert "Traceback" not in fresh.said


@pytest.mark.parametrize(("name", "form"), [("orders", ORDER), ("fills", FILL), ("positions", POSITION)])
def test_lists_have_the_promised_form(name: str, form: dict[str, Any], fresh: Launched) -> None:
    rows = verb(name, journal=fresh.journal)
    assert rows
    for row in rows:
        has_form(row, form)
    times = [row.get("created_ns", row.get("ts_ns", 0)) for row in rows]
    assert times == sorted(times)


def test_the_ledger_has_the_promised_form(fresh: Launched) -> None:
    found = verb("ledger", journal=fresh.journal)
    assert set(found) == {"orders", "fills", "balances", "positions", "requests"}
    for order in found["orders"]:
        has_form(order, LEDGER_ORDER)
    for fill in found["fills"]:
        has_form(fill, LEDGER_FILL)
    assert all(decimal(amount) for amount in (*found["balances"].values(), *found["positions"].values()))
    assert set(found["requests"]) == {"submit", "cancel", "amend", "query", "other"}
    assert found["requests"]["submit"] == len(found["orders"])


def test_status_verify_and_dead_letters_have_the_promised_form(fresh: Launched) -> None:
    status = verb("status", journal=fresh.journal)
    assert {"mode", "engine_id", "kill", "venues", "actors", "orders", "journal"} <= set(status)
    assert status["mode"] == "PAPER"
    assert status["kill"] == {"level": "ARMED", "reason": None, "by": None, "since_ns": None}
    assert set(status["journal"]) == {"path", "sequence", "verified"}
    assert set(status["orders"]) <= STATES
    report = verb("verify", journal=fresh.journal)
    assert set(report) == {"ok", "events", "first_bad_sequence", "detail"}
    assert report["ok"] is True
    assert report["events"] == status["journal"]["sequence"]
    assert verb("dlq", "list", journal=fresh.journal) == []
    for check in verb("doctor", journal=fresh.journal):
        assert set(check) == {"check", "ok", "detail", "fix"}
        assert check["ok"] is True


def test_journal_ledger_and_summary_agree_to_the_last_digit(fresh: Launched) -> None:
    orders, fills = books_agree(fresh.journal, bases=BASES)
    summary = fresh.summary
    assert (orders, fills) == (summary["orders"] + summary["denied"], summary["fills"])
    rows = verb("fills", journal=fresh.journal)
    assert Decimal(summary["filled_notional"]) == sum(Decimal(row["price"]) * Decimal(row["quantity"]) for row in rows)
    for asset, amount in summary["fees"].items():
        assert Decimal(amount) == sum(Decimal(row["fee"]) for row in rows if row["fee_asset"] == asset)
    without = [{**one, "unrealized_pnl": None} for one in summary["positions"]]
    assert without == verb("positions", journal=fresh.journal)


def test_open_narrows_and_every_verb_prints_for_people_too(fresh: Launched) -> None:
    assert verb("orders", "--open", journal=fresh.journal) == []
    for name in ("status", "orders", "fills", "positions", "verify", "doctor"):
        assert verb(name, journal=fresh.journal, as_json=False)


def test_fees_in_the_base_asset_come_off_the_position(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    run = launch(journal, *QUICK, "--until-fills", "6", "--set", "venues.paper.fee_asset=BASE")
    assert run.process.returncode == 0, run.said
    assert set(run.summary["fees"]) == {"BTC"}
    _, fills = books_agree(journal, bases=BASES)
    assert fills == run.summary["fills"]


def test_a_second_run_goes_on_from_the_first(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    strategy = ("--strategy", f"{EXAMPLES}:TwoSidedQuoting", "--set", "strategy.options.rest_ms=0")
    for _ in range(2):
        run = launch(journal, *QUICK, *strategy, "--until-fills", "2", "--set", "stop.policy=leave")
        assert run.process.returncode == 0, run.said
        assert run.summary["fills"] >= 2
    _, fills = books_agree(journal, bases=BASES)
    assert fills >= 4
    assert verb("verify", journal=journal)["ok"] is True
