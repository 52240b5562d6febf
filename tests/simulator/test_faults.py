import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from autotrader.errors import ConfigError
from autotrader.simulator.fault_script import Effects, Reply, Restart, load_faults, read_faults
from autotrader.simulator.faults import Faults

NS = 1_000_000_000
EXAMPLE = """
{"seed": 7, "rules": [
  {"name": "lost-reply", "on": "submit", "nth": 3, "do": [{"land": true}, {"reply": "never"}]},
  {"on": "submit", "every": 10, "do": [{"land": false}, {"reply": {"status": 502, "body": "<html>bad gateway</html>"}}]},
  {"on": "submit", "nth": 5, "do": [{"land_after_s": 4.0}, {"reply": "reset"}]},
  {"on": "stream", "at_s": 8, "do": [{"cut": true}]},
  {"on": "venue", "at_s": 20, "do": [{"restart": {"down_s": 3, "keep_orders": true}}]}
]}
"""


def rule(**fields: Any) -> dict[str, Any]:
    return {"rules": [{"on": "submit", "nth": 1, "do": [{"land": False}], **fields}]}


def fired(faults: Faults, count: int, kind: str = "submit", symbol: str = "S", client_id: str = "c") -> list[int]:
    """Return which of so many requests, one a second, meet a rule."""
    return [n for n in range(1, count + 1) if faults.on_request(kind, symbol, client_id, n * NS) is not None]


def test_the_documented_example_is_read_and_acts_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text(EXAMPLE)
    faults = Faults(load_faults(tmp_path / "faults.json"), 0)
    effects = {n: faults.on_request("submit", "S", "c", n * NS) for n in range(1, 11)}
    assert {n: effect for n, effect in effects.items() if effect} == {
        3: Effects(land=True, reply="never"),
        5: Effects(land_after_s=4.0, reply="reset"),
        10: Effects(land=False, reply=Reply(502, "<html>bad gateway</html>")),
    }
    assert faults.next_due_ns() == 8 * NS
    assert faults.due("stream", 7 * NS) == []
    assert faults.due("stream", 8 * NS) == [Effects(cut=True)]
    assert faults.due("stream", 9 * NS) == []
    assert faults.due("venue", 20 * NS) == [Effects(restart=Restart(3, True))]
    assert faults.next_due_ns() is None
    assert faults.status()["rules"][0] == {"name": "lost-reply", "on": "submit", "fired": 1}


def test_a_script_may_be_toml(tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text('seed = 3\n[[rules]]\non = "cancel"\nprobability = 0.5\ndo = [{partial = 0.25}]\n')
    script = load_faults(tmp_path / "f.toml")
    assert (script.seed, script.rules[0].probability, script.rules[0].do.partial) == (3, 0.5, Decimal("0.25"))


def test_counts_run_per_rule_after_narrowing_whoever_wins() -> None:
    script = read_faults({"rules": [
        {"on": "submit", "nth": 1, "do": [{"land": False}]},
        {"on": "submit", "nth": 2, "symbol": "A", "do": [{"reject": "R"}]},
        {"on": "submit", "nth": 1, "client_order_id": "x", "do": [{"reply": "cut"}]},
    ]})  # fmt: skip
    faults = Faults(script, 0)
    requests = [("A", "c"), ("B", "c"), ("A", "c"), ("B", "x")]
    seen = [faults.on_request("submit", symbol, client_id, 0) for symbol, client_id in requests]
    assert seen == [Effects(land=False), None, Effects(reject="R"), Effects(reply="cut")]


def test_the_first_rule_that_is_due_wins_and_only_it_counts_as_fired() -> None:
    faults = Faults(read_faults({"rules": [
        {"on": "submit", "every": 2, "do": [{"land": False}]}, {"on": "submit", "every": 4, "do": [{"reject": "R"}]},
    ]}), 0)  # fmt: skip
    assert fired(faults, 8) == [2, 4, 6, 8]
    assert [one["fired"] for one in faults.status()["rules"]] == [4, 0]


@pytest.mark.parametrize(("fields", "expected"), [
    ({"nth": 3}, [3]), ({"nth": None, "every": 4}, [4, 8, 12]), ({"nth": None, "every": 2, "times": 2}, [2, 4]),
    ({"nth": None, "every": 1, "until_s": 3}, [1, 2, 3]), ({"nth": None, "at_s": 5}, [5]),
    ({"nth": None, "probability": 1}, [*range(1, 13)]), ({"nth": None, "probability": 0}, []),
])  # fmt: skip
def test_triggers_and_narrowing(fields: dict[str, Any], expected: list[int]) -> None:
    wanted = {key: value for key, value in rule(**fields)["rules"][0].items() if value is not None}
    assert fired(Faults(read_faults({"rules": [wanted]}), 0), 12) == expected


def test_chance_comes_from_the_scripts_seed() -> None:
    def run(seed: int) -> list[int]:
        script = {"seed": seed, "rules": [{"on": "query", "probability": 0.3, "do": [{"delay_s": 1}]}]}
        return fired(Faults(read_faults(script), 0), 60, "query")

    assert run(1) == run(1) != run(2)
    assert 5 < len(run(1)) < 40


def test_other_kinds_of_requests_are_left_alone() -> None:
    faults = Faults(read_faults(rule(nth=1)), 0)
    assert faults.on_request("cancel", "S", "c", 0) is None
    assert bool(faults)
    assert not Faults(read_faults({}), 0)


@pytest.mark.parametrize(("script", "words"), [
    ([], "must be an object"),
    ({"rule": []}, "no field rule"),
    ({"rules": {}}, "rules must be a list"),
    ({"seed": -1}, "seed must be"),
    ({"rules": ["x"]}, "rule 1 must be an object"),
    (rule(on="stroll"), "rule 1: on must be one of"),
    (rule(every=2), "one of nth, every, probability, at_s is needed, nth and every is given"),
    ({"rules": [{"on": "submit", "do": [{"land": True}]}]}, "none is given"),
    (rule(name="boom", nth=0), r"rule 1 \(boom\): nth must be a whole number of at least 1"),
    (rule(nth=True), "nth must be"),
    (rule(name=5), "name must be text"),
    (rule(colour="red"), "no field colour"),
    (rule(symbol=5), "symbol must be text"),
    (rule(times=0), "times must be"),
    (rule(until_s="soon"), "until_s must be a number"),
    (rule(do=[]), "do must be a list"),
    (rule(do=[5]), "do must be an object"),
    (rule(do=[{"explode": True}]), "no effect explode"),
    (rule(do=[{"cut": True}]), "cut does not go with on = submit"),
    (rule(do=[{"land": "yes"}]), "land must be true or false"),
    (rule(do=[{"partial": 2}]), "partial is out of range"),
    (rule(do=[{"overfill": 0}]), "overfill is out of range"),
    (rule(do=[{"delay_s": -1}]), "delay_s is out of range"),
    (rule(do=[{"reply": "maybe"}]), "reply must be one of"),
    (rule(do=[{"reply": {"body": "x"}}]), "reply: status must be"),
    (rule(do=[{"reply": {"status": 500, "body": 5}}]), "body must be text"),
    (rule(do=[{"reply": {"status": 500, "colour": 5}}]), "no field colour"),
    (rule(do=[{"rate_limit": 5}]), "rate_limit must be an object"),
    (rule(do=[{"reject": ""}]), "reject must be text"),
    (rule(on="venue"), "nth does not go with on = venue"),
    ({"rules": [{"on": "venue", "at_s": 1, "do": [{"restart": {}}]}]}, "down_s must be a number"),
])  # fmt: skip
def test_a_wrong_script_is_refused_by_rule_and_field(script: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_faults(script)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    for name in ("bad.json", "missing.json"):
        with pytest.raises(ConfigError, match=name):
            load_faults(tmp_path / name)


def test_every_effect_of_the_form_is_accepted() -> None:
    wanted = {
        "submit": {"land": False, "land_after_s": 1, "delay_s": 2, "reply": "slow", "reject": -2010,
                   "rate_limit": {"retry_after_s": 3}, "ban_s": 4,
                   "partial": 0.5, "fill_before_ack": True, "fill_on_cancel": True, "overfill": 0.1,
                   "silent": True, "bust": 1, "hold_s": 5},
        "stream": {"cut": True, "stall_s": 1, "drop": 1, "duplicate": 2, "reorder": 3, "garbage": "xx", "slow_bps": 10},
        "venue": {"restart": {"down_s": 1, "keep_orders": False, "keep_session": True}, "clock_skew_s": -2.5,
                  "maintenance_s": 1, "market_halt_s": 2},
    }  # fmt: skip
    rules = [{"on": kind, "at_s": 1, "do": [{key: value} for key, value in each.items()]} for kind, each in wanted.items()]
    submit, stream, venue = (one.do for one in read_faults(json.loads(json.dumps({"rules": rules}))).rules)
    assert (submit.reject, submit.rate_limit, submit.partial, submit.overfill) == ("-2010", 3.0, Decimal("0.5"), Decimal("0.1"))
    assert (stream.drop, stream.duplicate, stream.reorder, stream.garbage) == (1, 2, 3, "xx")
    assert (venue.clock_skew_s, venue.restart) == (-2.5, Restart(1, False, True))
