from random import Random
from typing import Any

import pytest

from autotrader.execution.adapters.paper import Weather, paper_settings
from autotrader.simulator.fault_script import Effects

NS = 1_000_000_000


def weather(seed: int = 1, **values: Any) -> Weather:
    made = Weather(paper_settings(values, ledger="x"), Random(seed))
    made.begin(100 * NS)
    return made


def meets(made: Weather, count: int, kind: str = "submit") -> list[Effects]:
    return [effects for _ in range(count) if (effects := made.on_request(kind, "S", "c", 100 * NS)) is not None]


def test_nothing_is_disturbed_by_default() -> None:
    made = weather()
    assert made.is_calm
    assert meets(made, 100) == []
    assert made.why_down(10**30) == ""
    assert made.next_change_ns(0) is None


def test_time_counts_from_the_first_begin() -> None:
    made = weather(outages=[[1, 2], [10, 5]])
    made.begin(500 * NS)
    assert [made.why_down(second * NS) != "" for second in (100, 101, 102, 103, 110, 114, 115)] == [
        False, True, True, False, True, True, False,
    ]  # fmt: skip
    assert [made.next_change_ns(second * NS) for second in (100, 101, 105, 112, 120)] == [
        101 * NS, 103 * NS, 110 * NS, 115 * NS, None,
    ]  # fmt: skip


def test_faults_are_not_there_before_the_run() -> None:
    with pytest.raises(RuntimeError, match="not begun"):
        Weather(paper_settings({}, ledger="x"), Random(1)).on_request("submit", "S", "c", 0)


def test_the_script_comes_before_chance() -> None:
    rules = {"rules": [{"on": "submit", "every": 1, "do": [{"reject": "SCRIPT"}]}]}
    made = weather(reject_probability=1, reject_code="CHANCE", faults=rules)
    assert {effects.reject for effects in meets(made, 5)} == {"SCRIPT"}


def test_rejects_are_of_orders_only_and_lost_replies_of_all_but_queries() -> None:
    assert meets(weather(reject_probability=1), 3, "cancel") == []
    assert {effects.reject for effects in meets(weather(reject_probability=1), 3)} == {"PAPER_REJECT"}
    assert meets(weather(lost_reply_probability=1), 3, "query") == []
    assert {effects.reply for effects in meets(weather(lost_reply_probability=1), 3, "amend")} == {"never"}


def test_an_outage_by_chance_takes_the_link_and_the_request_may_have_landed() -> None:
    landed = set()
    for seed in range(12):
        made = weather(seed, outage_probability=1, outage_s=2)
        [effects] = meets(made, 1)
        landed.add(effects.land)
        assert effects.reply == "reset"
        assert made.why_down(101 * NS)
        assert not made.why_down(102 * NS)
    assert landed == {True, False}


def test_the_longer_of_two_outages_counts() -> None:
    made = weather()
    made.go_down(110 * NS, "long")
    made.go_down(105 * NS, "short")
    assert made.why_down(109 * NS)
    made.halt_market(103 * NS)
    assert (made.is_halted(102 * NS), made.is_halted(103 * NS)) == (True, False)
    assert made.next_change_ns(100 * NS) == 103 * NS
